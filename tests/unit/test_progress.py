"""Progress in a log file: a line now and then, told by a clock that is handed in."""

import io
import sys
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.commands.progress import SECONDS_BETWEEN_LINES, Detail, duration_text, track, track_in_lines


class Terminal(io.StringIO):
    """Somewhere a bar can be drawn."""

    def isatty(self) -> bool:
        return True


def ticking(seconds: float) -> Callable[[], float]:
    """A clock that goes on by some seconds whenever it is looked at."""
    times: Iterator[float] = (seconds * number for number in range(10**6))
    return lambda: next(times)


def lines_of(count: int, seconds: float, total: int | None) -> list[str]:
    file = io.StringIO()
    items = track_in_lines(iter(range(count)), "train", total, file=file, clock=ticking(seconds))
    assert list(items) == list(range(count))
    return file.getvalue().splitlines()


def test_line_says_how_much_is_done_and_how_long_it_takes_yet():
    assert lines_of(100, 1.0, total=100) == [
        "train: 30 of 100, 1:10 to go",
        "train: 60 of 100, 0:40 to go",
        "train: 90 of 100, 0:10 to go",
    ]


def test_items_without_a_known_number_are_counted():
    assert lines_of(3, 40.0, total=None) == ["train: 2", "train: 3"]


def test_short_work_says_nothing():
    assert lines_of(20, 1.0, total=20) == []


def test_time_before_the_first_item_does_not_count():
    file = io.StringIO()
    times = iter([0.0, 100.0, 131.0])
    list(track_in_lines("ab", "detect", 10, file=file, clock=lambda: next(times)))
    assert file.getvalue() == "detect: 2 of 10, 4:08 to go\n"


@given(st.integers(0, 400), st.floats(0.01, 100))
def test_lines_are_thirty_seconds_apart_or_more(count, seconds):
    done = [int(line.split()[1]) for line in lines_of(count, seconds, total=count)]
    gaps = [(after - before) * seconds for before, after in zip([0, *done], done, strict=False)]
    assert all(gap >= SECONDS_BETWEEN_LINES - 1e-6 for gap in gaps)


def test_nothing_is_asked_of_items_before_they_are_wanted():
    def items() -> Iterator[int]:
        yield 1
        raise AssertionError

    tracked = track_in_lines(items(), "train", 2, file=io.StringIO(), clock=ticking(1.0))
    assert next(tracked) == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (4.6, "0:05"), (59.6, "1:00"), (130, "2:10"), (3599.7, "1:00:00"), (36610, "10:10:10")],
)
def test_durations_read_like_a_clock(seconds, text):
    assert duration_text(seconds) == text


def test_bar_is_drawn_on_a_terminal_only(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    for variable in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(variable, raising=False)
    drawn = {}
    for kind in (Terminal, io.StringIO):
        file = kind()
        monkeypatch.setattr(sys, "stderr", file)
        assert list(track([1, 2, 3], "detect")) == [1, 2, 3]
        drawn[kind] = file.getvalue()
    assert "3/3" in drawn[Terminal]
    assert drawn[io.StringIO] == ""


def test_items_that_are_none_of_the_total_do_not_count_and_a_note_is_added():
    file = io.StringIO()
    detail = Detail(counts=lambda item: item > 0, note=lambda: "2 failures")
    list(track_in_lines([0, 1, 0, 0, 2], "render", 4, detail, file=file, clock=ticking(20.0)))
    assert file.getvalue() == "render: 2 of 4, 2:00 to go, 2 failures\n"
