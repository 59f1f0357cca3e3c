"""Progress on standard error: a bar on a terminal, a line now and then in a log file."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass
from typing import Generic, TextIO, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Item = TypeVar("Item")

SECONDS_BETWEEN_LINES = 30.0
MANY = 2000  # records or so: reading them takes over a second


def _every(_: object) -> bool:
    return True


def _nothing() -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail(Generic[Item]):
    """What else progress shows.

    Attributes:
        counts: whether an item is one of the total.
        note: words to add, asked for whenever an item has come: `0.43 frames/s`.
    """

    counts: Callable[[Item], bool] = _every
    note: Callable[[], str] = _nothing


def track(
    items: Iterable[Item], what: str, total: int | None = None, detail: Detail[Item] | None = None
) -> Iterator[Item]:
    """Yield `items` under a bar with the time to go; where no terminal shows one, print lines.

    Args:
        total: how many items there are, where `items` has no length.
    """
    console = Console(file=sys.stderr)
    detail = detail or Detail()
    if total is None and isinstance(items, Sized):
        total = len(items)
    if not console.is_terminal:
        yield from track_in_lines(items, what, total, detail, file=sys.stderr, clock=time.monotonic)
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )  # fmt: skip
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(what, total=total, note="")
        for item in items:
            yield item
            progress.update(task, advance=int(detail.counts(item)), note=detail.note())


def track_if_many(items: Iterable[Item], what: str, total: int) -> Iterable[Item]:
    """As `track`, where there are so many quick items that they take long; else just them."""
    return track(items, what, total) if total >= MANY else items


def track_in_lines(  # noqa: PLR0913 - where and by which clock is for tests to say
    items: Iterable[Item],
    what: str,
    total: int | None,
    detail: Detail[Item] | None = None,
    *,
    file: TextIO,
    clock: Callable[[], float],
) -> Iterator[Item]:
    """Yield `items` and print `train: 100 of 300, 2:10 to go`, at most every 30 s.

    Args:
        clock: the time in seconds, from any start.
    """
    detail = detail or Detail()
    first_at = printed_at = clock()
    done = 0
    for item in items:
        now = clock()
        if detail.counts(item):
            done += 1
            if done == 1:
                first_at = now  # what had to be loaded before the first item says nothing of the others
            elif now - printed_at >= SECONDS_BETWEEN_LINES:
                printed_at = now
                line = _line(what, done, total, (now - first_at) / (done - 1))
                print(", ".join(filter(None, [line, detail.note()])), file=file, flush=True)
        yield item


def _line(what: str, done: int, total: int | None, seconds_each: float) -> str:
    if total is None:
        return f"{what}: {done}"
    return f"{what}: {done} of {total}, {duration_text((total - done) * seconds_each)} to go"


def duration_text(seconds: float) -> str:
    """Such as '0:05', '2:10' or '1:02:10'."""
    minutes, whole_seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{whole_seconds:02}" if hours else f"{minutes}:{whole_seconds:02}"
