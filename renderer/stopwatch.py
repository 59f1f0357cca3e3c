"""Where the time of a frame goes: seconds by stage, none of them counted twice."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

OTHER = "other"  # of the time that went by, what no stage is


class Stopwatch:
    """Seconds by stage; those of a stage inside another are not the outer one's."""

    def __init__(self) -> None:
        """Start with nothing measured."""
        self.seconds: dict[str, float] = {}
        self._inside = [0.0]  # seconds of the stages inside, for each one that is open
        self._begun = time.perf_counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time spent inside to a stage."""
        self._inside.append(0.0)
        start = time.perf_counter()
        try:
            yield
        finally:
            duration = time.perf_counter() - start
            self._add(name, duration - self._inside.pop())
            self._inside[-1] += duration

    def spend(self, name: str, duration: float) -> None:
        """Count seconds of the stage that is open as those of one inside it."""
        self._add(name, duration)
        self._inside[-1] += duration

    def _add(self, name: str, duration: float) -> None:
        self.seconds[name] = self.seconds.get(name, 0.0) + duration

    def take(self) -> dict[str, float]:
        """What was measured since the last take; while no stage is open."""
        taken, self.seconds = self.seconds, {}
        return taken

    def lap(self) -> dict[str, float]:
        """The same with the rest of the time since the last lap, so that the sum is all that went by."""
        begun, self._begun = self._begun, time.perf_counter()
        taken = self.take()
        return {**taken, OTHER: self._begun - begun - sum(taken.values())}


def added(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    """Seconds of both, by stage."""
    return {name: first.get(name, 0.0) + second.get(name, 0.0) for name in {**first, **second}}


_current: ContextVar[Stopwatch | None] = ContextVar("stopwatch", default=None)


@contextmanager
def measured_by(watch: Stopwatch) -> Iterator[None]:
    """Let the stages inside, in this thread, count for a stopwatch; nothing may be yielded inside."""
    token = _current.set(watch)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Add the time spent inside to a stage of whoever measures, if anybody does; also a decorator."""
    watch = _current.get()
    if watch is None:
        yield
        return
    with watch.stage(name):
        yield


def spend(name: str, duration: float) -> None:
    """Count seconds of the stage that is open as those of one inside it, if anybody measures."""
    watch = _current.get()
    if watch is not None:
        watch.spend(name, duration)
