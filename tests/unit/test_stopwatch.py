"""Stages: no second counted twice."""

import pytest

from renderer.stopwatch import OTHER, Stopwatch, added, measured_by, spend, stage


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes by what the test adds to it."""
    now = [100.0]
    monkeypatch.setattr("renderer.stopwatch.time.perf_counter", lambda: now[0])
    return now


def test_seconds_add_up_by_stage(clock):
    watch = Stopwatch()
    for name, duration in (("trace", 2.0), ("label", 0.5), ("trace", 1.0)):
        with watch.stage(name):
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


def test_stage_inside_another_is_not_counted_twice(clock):
    watch = Stopwatch()
    with watch.stage("build"):
        clock[0] += 1
        with watch.stage("trace"):
            clock[0] += 5
            with watch.stage("read"):
                clock[0] += 0.25
        clock[0] += 2
    assert watch.take() == {"read": 0.25, "trace": 5.0, "build": 3.0}


def test_seconds_that_were_measured_otherwise_are_taken_from_the_open_stage(clock):
    watch = Stopwatch()
    with watch.stage("build"), watch.stage("trace"):
        clock[0] += 5
        watch.spend("denoise", 2.0)
    assert watch.take() == {"denoise": 2.0, "trace": 3.0, "build": 0.0}


def test_stages_count_for_whoever_measures_and_for_nobody_else(clock):
    @stage("encode")
    def encode():
        clock[0] += 1
        spend("hash", 0.25)

    encode()
    first, second = Stopwatch(), Stopwatch()
    with measured_by(first):
        encode()
        with measured_by(second):
            encode()
        encode()
    encode()
    assert first.take() == {"encode": 1.5, "hash": 0.5}
    assert second.take() == {"encode": 0.75, "hash": 0.25}


def test_laps_add_up_to_all_that_went_by(clock):
    watch = Stopwatch()
    clock[0] += 1
    with watch.stage("build"):
        clock[0] += 2
    clock[0] += 0.5
    first = watch.lap()
    clock[0] += 4
    assert first == {"build": 2.0, OTHER: 1.5}
    assert watch.lap() == {OTHER: 4.0}


def test_seconds_of_two_are_added_by_stage():
    assert added({"a": 1.0, "b": 2.0}, {"b": 0.5, "c": 4.0}) == {"a": 1.0, "b": 2.5, "c": 4.0}
