"""What became of the frames of a run, and where its time went: what `run.json` says."""

import time
from dataclasses import dataclass, field
from typing import Any

from renderer.execution.profile import Profile
from renderer.execution.work import Done, Event, Lost, Retried, Started
from renderer.stopwatch import added


@dataclass(slots=True, kw_only=True)
class Account:
    """Counts over the events of one run.

    Attributes:
        wanted: frames that the recipe asks for.
        there: those of them that earlier runs had done.
        timed: frames whose seconds are known; those of a worker that died later are not.
        began: the time of the start; so `first_done`. Both by `time.monotonic`.
        profile: keeps the seconds of every frame; None where it is not asked for.
    """

    wanted: int
    there: int
    started: Started | None = None
    rendered: int = 0
    rejected: int = 0
    timed: int = 0
    retried: list[Retried] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    first_done: float | None = None
    profile: Profile | None = None

    @property
    def done(self) -> int:
        """Frames that are done, by this run or an earlier one."""
        return self.there + self.rendered

    def add(self, event: Event) -> None:
        """Count an event."""
        match event:
            case Started():  # again by a second array of the same run, which is smaller
                self.started = self.started or event
            case Retried():
                self.retried.append(event)
            case Lost():
                self.lost.append(event)
            case Done():
                self._add_done(event)

    def _add_done(self, done: Done) -> None:
        if self.first_done is None:
            self.first_done = time.monotonic()
        self.rendered += 1
        self.rejected += done.status != "ok"
        self.timed += bool(done.seconds or done.beside)
        if self.profile is not None:
            self.profile.add(done)
        self.seconds = added(self.seconds, added(done.seconds, done.beside))

    def recount(self, done: int) -> None:
        """Count also what was committed and not yet reported when the run was interrupted.

        Args:
            done: frames that are wanted and have a record.
        """
        self.rendered = max(self.rendered, done - self.there)

    def note(self) -> str:
        """How fast it goes since the first frame, and how often it failed: `0.43 frames/s, 1 failure`."""
        failures = len(self.retried) + len(self.lost)
        parts = []
        if self.rendered > 1 and self.first_done is not None:
            elapsed_s = max(time.monotonic() - self.first_done, 1e-9)
            parts = [f"{(self.rendered - 1) / elapsed_s:.3g} frames/s"]
        if failures:
            parts.append(f"{failures} failure{'s' if failures > 1 else ''}")
        return ", ".join(parts)

    @property
    def workers(self) -> int:
        """How many there are; 0 before they start."""
        return self.started.workers if self.started else 0

    @property
    def frames_per_s(self) -> float:
        """Over all of the run until now, the starts of Blender included."""
        return self.rendered / max(time.monotonic() - self.began, 1e-9)

    def means(self) -> dict[str, float]:
        """Seconds of a frame, by stage."""
        return {stage: total / self.timed for stage, total in self.seconds.items()}

    def report(self, status: str, error: str | None) -> dict[str, Any]:
        """The run as plain data.

        Args:
            status: complete, interrupted or failed.
            error: what ended the run, in one sentence.
        """
        crew = self.started or Started(workers=0, threads=None)
        means = self.means()
        return {
            "status": status,
            "error": error,
            "frames": {
                "wanted": self.wanted,
                "there": self.there,
                "rendered": self.rendered,
                "rejected": self.rejected,
                "lost": len(self.lost),
            },
            "lost": [_failure(lost) for lost in self.lost],
            "retried": [_failure(retried) for retried in self.retried],
            "workers": crew.workers,
            "threads": crew.threads,
            "gpus": list(crew.gpus),
            "wall_s": time.monotonic() - self.began,
            "frames_per_s": self.frames_per_s,
            "stages": {
                stage: {"total_s": total, "mean_s": means[stage]} for stage, total in self.seconds.items()
            },
            "profile": None if self.profile is None else self.profile.report(),
        }


def _failure(event: Lost | Retried) -> dict[str, Any]:
    return {"frame": event.frame, "reason": event.reason, "details": event.details}
