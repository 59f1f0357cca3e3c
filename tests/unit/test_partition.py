"""Shards and stages: no frame lost, no scene split, no second counted twice."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.execution.partition import shards
from renderer.execution.stopwatch import Stopwatch

workers = st.integers(1, 64)
scene_frames = st.integers(1, 40)
some_frames = st.sets(st.integers(0, 2000), max_size=300).map(sorted)
all_frames = st.integers(1, 2000).map(lambda count: list(range(count)))
frame_sets = some_frames | all_frames


@given(frame_sets, workers, scene_frames)
def test_every_frame_is_in_one_shard_in_order(frames, workers, scene_frames):
    assert list(itertools.chain.from_iterable(shards(frames, workers, scene_frames))) == frames


@given(frame_sets, workers, scene_frames)
def test_no_scene_is_split(frames, workers, scene_frames):
    scenes = [{frame // scene_frames for frame in part} for part in shards(frames, workers, scene_frames)]
    for one, other in itertools.pairwise(scenes):
        assert not one & other


@given(frame_sets, workers, scene_frames)
def test_shard_is_small_unless_one_scene_is_larger(frames, workers, scene_frames):
    for part in shards(frames, workers, scene_frames):
        assert 0 < len(part) <= max(16, scene_frames)


@given(st.integers(1, 2000), st.integers(0, 500), workers, scene_frames)
def test_there_is_work_for_every_worker_while_scenes_last(count, first, workers, scene_frames):
    frames = range(first, first + count)
    scenes = len({frame // scene_frames for frame in frames})
    assert len(shards(frames, workers, scene_frames)) >= min(workers, scenes)


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
