"""Gives units to a crew, and lets no frame be lost by a crash, a hang or missing memory of its worker."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from renderer.errors import InfrastructureError
from renderer.execution.crew import Crew
from renderer.execution.units import units
from renderer.execution.work import Event, Job, Lost, Outcome, Retried, done_before

WAIT_S = 0.5
IN_FLIGHT = 3  # scenes that a worker is busy with at most: one is finished, one traced, one drawn


def supervise(job: Job, frames: Sequence[int], crew: Crew) -> Iterator[Event]:
    """Have frames rendered, in order; yields what becomes of each, and closes the crew.

    What may be at fault that a unit failed is given out again, each frame on its own: only the one at fault
    fails a second time, and is left to the next run.

    Raises:
        InputError: the user's input cannot be used, such as a full disk.
        InfrastructureError: nothing at all succeeds.
    """
    run = _Run(job=job, crew=crew, scenes=units(frames, job.recipe.views, job.recipe.shots), left=len(frames))
    try:
        run.give_out()
        while run.under_way:
            for outcome in crew.wait(WAIT_S):
                yield from run.events_of(outcome)
            run.give_out()
    finally:
        crew.close()


@dataclass(slots=True, kw_only=True)
class _Run:
    """Where a run stands.

    Attributes:
        scenes: frames that were not given out, by scene; `returned` come before them.
        left: how many these are.
        again: frames that failed once and wait to be given out again, before anything new.
        failed: all frames that failed once.
        failures: outcomes that failed before the first frame was done; None from then on.
    """

    job: Job
    crew: Crew
    scenes: Iterator[list[int]]
    left: int
    returned: deque[list[int]] = field(default_factory=deque)
    under_way: int = 0
    again: deque[int] = field(default_factory=deque)
    failed: set[int] = field(default_factory=set)
    failures: int | None = 0

    def give_out(self) -> None:
        """Give units out while the crew has idle workers."""
        while self.under_way < self.crew.size:
            unit = [self.again.popleft()] if self.again else self._next_unit()
            if not unit:
                return
            self.crew.start(unit)
            self.under_way += 1

    def _next_unit(self) -> list[int]:
        """Frames of the next scenes; fewer towards the end, so that no worker ends long before another."""
        fair = self.left if self.crew.size == 1 else self.left // (2 * self.crew.size)
        unit: list[int] = []
        while (scene := self._next_scene()) is not None:
            if unit and len(unit) + len(scene) > min(fair, self.crew.unit_frames):
                self.returned.appendleft(scene)
                break
            unit += scene
        self.left -= len(unit)
        return unit

    def _next_scene(self) -> list[int] | None:
        return self.returned.popleft() if self.returned else next(self.scenes, None)

    def events_of(self, outcome: Outcome) -> Iterator[Event]:
        """What an outcome means for each of its frames."""
        self.under_way -= not outcome.is_partial
        if outcome.error is not None:
            raise outcome.error
        if outcome.report is not None:
            assert [done.frame for done in outcome.report.done] == list(outcome.frames), "a frame is missing"
            self.failures = None
            yield from outcome.report.done
        else:
            yield from self._events_of_failure(outcome)

    def _events_of_failure(self, outcome: Outcome) -> Iterator[Event]:
        reason = outcome.failure or "failed for an unknown reason"
        left = []
        for frame in outcome.frames:
            done = done_before(self.job.store, frame)
            if done is None:
                left.append(frame)
            else:
                self.failures = None
                yield done
        left = self._suspects(left, 1 if outcome.is_told else IN_FLIGHT)
        for frame in left:
            kind = Lost if frame in self.failed else Retried
            yield kind(frame=frame, reason=reason, details=outcome.details)
        self.again.extend(frame for frame in left if frame not in self.failed)
        self.failed.update(left)
        self._give_up_if_nothing_succeeds(reason)

    def _suspects(self, undone: Sequence[int], scenes: int) -> list[int]:
        """Of what a failed unit left undone, what had begun; the rest waits as if nothing had happened."""
        of_scenes = list(units(undone, self.job.recipe.views, self.job.recipe.shots))
        self.returned.extendleft(reversed(of_scenes[scenes:]))
        self.left += sum(map(len, of_scenes[scenes:]))
        return [frame for scene in of_scenes[:scenes] for frame in scene]

    def _give_up_if_nothing_succeeds(self, reason: str) -> None:
        if self.failures is None:
            return
        self.failures += 1
        if self.failures >= 2 * self.crew.size + 2:
            raise InfrastructureError(
                f"no frame could be rendered: {self.failures} attempts failed, the last because {reason}"
            )
