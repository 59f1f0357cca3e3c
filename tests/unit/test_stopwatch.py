"""Stages: no second counted twice."""

import pytest

from renderer.execution.stopwatch import Stopwatch


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes by what the test adds to it."""
    now = [100.0]
    monkeypatch.setattr("renderer.execution.stopwatch.time.perf_counter", lambda: now[0])
    return now


def test_seconds_add_up_by_stage(clock):
    watch = Stopwatch()
    for stage, duration in (("trace", 2.0), ("label", 0.5), ("trace", 1.0)):
        with watch.stage(stage):
            clock[0] += duration
        clock[0] += 10  # between the stages, nobody counts
    assert watch.take() == {"trace": 3.0, "label": 0.5}


def test_taking_starts_anew(clock):
    watch = Stopwatch()
    with watch.stage("build"):
        clock[0] += 1
    watch.take()
    assert watch.take() == {}


def test_stage_that_fails_is_counted(clock):
    watch = Stopwatch()

    def fail():
        with watch.stage("trace"):
            clock[0] += 4
            raise RuntimeError("Blender said no")

    with pytest.raises(RuntimeError):
        fail()
    assert watch.take() == {"trace": 4.0}
