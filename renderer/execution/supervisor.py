"""Gives units to a crew, and lets no frame be lost by a crash, a hang or missing memory of its worker."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from renderer.errors import InfrastructureError
from renderer.execution.crew import Crew
from renderer.execution.units import units
from renderer.execution.work import Event, Job, Lost, Outcome, Retried, done_before

WAIT_S = 0.5


def supervise(job: Job, frames: Sequence[int], crew: Crew) -> Iterator[Event]:
    """Have frames rendered, in order; yields what becomes of each, and closes the crew.

    What a failed unit left undone is given out again, each frame on its own: only the one at fault fails
    a second time, and is left to the next run.

    Raises:
        InputError: the user's input cannot be used, such as a full disk.
        InfrastructureError: nothing at all succeeds.
    """
    run = _Run(job=job, crew=crew, units=units(frames, job.recipe.views, job.recipe.shots))
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
        again: frames that failed once and wait to be given out again, before anything new.
        failed: all frames that failed once.
        failures: outcomes that failed before the first frame was done; None from then on.
    """

    job: Job
    crew: Crew
    units: Iterator[list[int]]
    under_way: int = 0
    again: deque[int] = field(default_factory=deque)
    failed: set[int] = field(default_factory=set)
    failures: int | None = 0

    def give_out(self) -> None:
        """Give units out while the crew has idle workers."""
        while self.under_way < self.crew.size:
            unit = [self.again.popleft()] if self.again else next(self.units, None)
            if unit is None:
                return
            self.crew.start(unit)
            self.under_way += 1

    def events_of(self, outcome: Outcome) -> Iterator[Event]:
        """What an outcome means for each of its frames."""
        self.under_way -= 1
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
        for frame in left:
            kind = Lost if frame in self.failed else Retried
            yield kind(frame=frame, reason=reason, details=outcome.details)
        self.again.extend(frame for frame in left if frame not in self.failed)
        self.failed.update(left)
        self._give_up_if_nothing_succeeds(reason)

    def _give_up_if_nothing_succeeds(self, reason: str) -> None:
        if self.failures is None:
            return
        self.failures += 1
        if self.failures >= 2 * self.crew.size + 2:
            raise InfrastructureError(
                f"no frame could be rendered: {self.failures} attempts failed, the last because {reason}"
            )
