"""Units: no frame lost, no trace made twice, few frames at stake at once."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from renderer.execution.units import LARGEST_UNIT, units

views = st.integers(1, 40)
shots = st.integers(1, 40)
some_frames = st.sets(st.integers(0, 2000), max_size=300).map(sorted)
all_frames = st.integers(1, 2000).map(lambda count: list(range(count)))
frame_sets = some_frames | all_frames


@given(frame_sets, views, shots)
def test_every_frame_is_in_one_unit_in_order(frames, views, shots):
    assert list(itertools.chain.from_iterable(units(frames, views, shots))) == frames


@given(frame_sets, views, shots)
def test_unit_has_frames_of_one_scene(frames, views, shots):
    for unit in units(frames, views, shots):
        assert len({frame // (views * shots) for frame in unit}) == 1


@given(frame_sets, views, shots)
def test_shots_of_a_view_stay_together(frames, views, shots):
    of_units = [{frame // shots for frame in unit} for unit in units(frames, views, shots)]
    assert sum(map(len, of_units)) == len({frame // shots for frame in frames})


@given(frame_sets, views, shots)
def test_unit_is_small_unless_one_view_is_larger(frames, views, shots):
    for unit in units(frames, views, shots):
        assert 0 < len(unit) <= max(LARGEST_UNIT, shots)


@given(st.integers(1, 300), views, shots)
def test_a_scene_that_fits_is_one_unit(scenes, views, shots):
    if views * shots <= LARGEST_UNIT:
        frames = range(scenes * views * shots)
        assert sum(1 for _ in units(frames, views, shots)) == scenes
