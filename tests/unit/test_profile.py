"""The profile of a run: stages and shares add up to the frames' wall time."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.commands.profile_table import print_profile
from renderer.execution.profile import OTHER, RENDER, STAGES, Profile, in_order
from renderer.execution.work import Done

stage_seconds = st.dictionaries(st.sampled_from(STAGES[:-1]), st.floats(0.001, 100), min_size=1)


def profile_of(*frames: dict[str, float], beyond_s: float = 0.5) -> Profile:
    """A profile of frames that took half a second more than their stages."""
    profile = Profile()
    for number, seconds in enumerate(frames):
        wall_s = sum(seconds.values()) + beyond_s
        profile.add(Done(frame=number, status="ok", seconds=seconds, wall_s=wall_s))
    return profile


@given(st.lists(stage_seconds, min_size=1))
def test_stages_add_up_to_the_wall_time(frames):
    profile = profile_of(*frames)
    stages = profile.stages().values()
    assert sum(time.share for time in stages) == pytest.approx(1)
    assert sum(time.mean_ms for time in stages) == pytest.approx(profile.wall().mean_ms)
    inside = [seconds.get(name, 0.0) for seconds in frames for name in RENDER]
    assert profile.around_trace() == pytest.approx(1 - sum(inside) / sum(profile.walls_s))


def test_median_is_over_frames_and_a_frame_without_a_stage_spent_nothing_on_it():
    profile = profile_of({"trace": 1.0}, {"trace": 3.0, "clear": 9.0}, {"trace": 8.0})
    stages = profile.stages()
    assert list(stages) == ["trace", "clear", OTHER]
    assert (stages["trace"].median_ms, stages["trace"].mean_ms) == (3000, 4000)
    assert (stages["clear"].median_ms, stages["clear"].mean_ms) == (0, 3000)
    assert stages[OTHER].median_ms == pytest.approx(500)


def test_frames_of_unknown_time_are_left_out():
    profile = Profile()
    profile.add(Done(frame=0, status="ok", seconds={}))
    assert profile.report() == {"frames": 0}
    print_profile(profile)


def test_report_is_plain_data_and_the_table_has_a_line_for_each_stage(capsys):
    profile = profile_of({"trace": 1.0, "write": 0.5})
    report = json.loads(json.dumps(profile.report()))
    assert report["frames"] == 1
    assert report["around_trace"] == 0.5
    assert report["stages"]["write"] == {"median_ms": 500, "mean_ms": 500, "share": 0.25}
    print_profile(profile)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1:] == [
        ["trace", "1000.0", "1000.0", "50.0%"],
        ["write", "500.0", "500.0", "25.0%"],
        ["other", "500.0", "500.0", "25.0%"],
        ["a", "frame", "2000.0", "2000.0", "100.0%"],
        ["around", "the", "trace:", "50.0%", "of", "a", "worker's", "time"],
    ]


def test_stages_stand_in_the_order_in_which_a_frame_meets_them():
    assert in_order({"write": 1, "zeal": 1, "trace": 1, "sample": 1}) == ["sample", "trace", "write", "zeal"]
