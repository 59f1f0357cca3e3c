"""A thread beside the one in which Blender must stay: what it does costs no time while that one traces."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from renderer.stopwatch import stage

WAIT = "wait"  # of the main thread, for what is done beside it
Given = TypeVar("Given")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Does one piece of work after another, in the order in which they are given to it."""

    pool: ThreadPoolExecutor

    def start(self, work: Callable[[Given], Result], given: Given) -> Future[Result]:
        """Give it a piece of work."""
        return self.pool.submit(work, given)

    def ahead(self, work: Callable[[Given], Result], items: Iterable[Given]) -> Iterator[Result]:
        """What becomes of items, one after another; that of the next one is begun before it is asked for."""
        begun: Future[Result] | None = None
        for item in items:
            next_one = self.start(work, item)
            if begun is not None:
                yield awaited(begun)
            begun = next_one
        if begun is not None:
            yield awaited(begun)


def awaited(begun: Future[Result]) -> Result:
    """What came out of a piece of work, or is raised that was raised there."""
    with stage(WAIT):
        return begun.result()


@contextmanager
def open_pipeline() -> Iterator[Pipeline]:
    """A pipeline that is at rest in the end; what it had not begun is dropped then."""
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="beside")
    try:
        yield Pipeline(pool=pool)
    finally:
        pool.shutdown(cancel_futures=True)
