"""The profile of a run: stages and shares add up to the frames' wall time."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.commands.profile_table import print_profile
from renderer.execution.profile import BESIDE, MAIN, RENDER, Profile, in_order
from renderer.execution.work import Done
from renderer.stopwatch import OTHER

seconds_of_main = st.dictionaries(st.sampled_from(MAIN), st.floats(0.001, 100), min_size=1)
seconds_beside = st.dictionaries(st.sampled_from(BESIDE), st.floats(0.001, 100))


def profile_of(*frames: tuple[dict[str, float], dict[str, float]]) -> Profile:
    """A profile of frames with these seconds of the main thread and of the one beside it."""
    profile = Profile()
    for number, (seconds, beside) in enumerate(frames):
        profile.add(Done(frame=number, status="ok", seconds=seconds, beside=beside))
    return profile


@given(st.lists(st.tuples(seconds_of_main, seconds_beside), min_size=1))
def test_stages_of_the_main_thread_add_up_to_the_wall_time(frames):
    profile = profile_of(*frames)
    stages = profile.stages().values()
    assert sum(time.share for time in stages) == pytest.approx(1)
    assert sum(time.mean_ms for time in stages) == pytest.approx(profile.wall().mean_ms)
    wall_s = sum(sum(seconds.values()) for seconds, _ in frames)
    inside_s = sum(seconds.get(name, 0.0) for seconds, _ in frames for name in RENDER)
    assert profile.around_trace() == pytest.approx(1 - inside_s / wall_s)
    assert set(profile.stages_beside()) == {name for _, beside in frames for name in beside}


def test_median_is_over_frames_and_a_frame_without_a_stage_spent_nothing_on_it():
    profile = profile_of(({"trace": 1.0}, {}), ({"trace": 3.0, "clear": 9.0}, {}), ({"trace": 8.0}, {}))
    stages = profile.stages()
    assert list(stages) == ["trace", "clear"]
    assert (stages["trace"].median_ms, stages["trace"].mean_ms) == (3000, 4000)
    assert (stages["clear"].median_ms, stages["clear"].mean_ms) == (0, 3000)


def test_frames_of_unknown_time_are_left_out():
    profile = profile_of(({}, {}))
    assert profile.report() == {"frames": 0}
    print_profile(profile)


def test_report_is_plain_data_and_the_table_has_a_line_for_each_stage(capsys):
    profile = profile_of(({"trace": 1.0, OTHER: 1.0}, {"write": 0.5}))
    report = json.loads(json.dumps(profile.report()))
    assert report["frames"] == 1
    assert report["around_trace"] == 0.5
    assert report["stages"]["trace"] == {"median_ms": 1000, "mean_ms": 1000, "share": 0.5}
    assert report["beside"] == {"write": {"median_ms": 500, "mean_ms": 500, "share": 0.25}}
    print_profile(profile)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1:] == [
        ["trace", "1000.0", "1000.0", "50.0%"],
        ["other", "1000.0", "1000.0", "50.0%"],
        ["a", "frame", "2000.0", "2000.0", "100.0%"],
        ["beside:", "write", "500.0", "500.0", "25.0%"],
        ["around", "the", "trace:", "50.0%", "of", "a", "worker's", "time"],
    ]


def test_stages_stand_in_the_order_of_their_thread():
    assert in_order({"write": 1, "zeal": 1, "trace": 1, "sample": 1}) == ["trace", "sample", "write", "zeal"]
