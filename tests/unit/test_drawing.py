"""Boxes are drawn where they are, named and in the colour of their category."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.detections import found

from renderer.inspect.contact_sheet import category_colors
from train_eval.drawing import draw_detections

GREY = 120
NAMES = ("red", "Dame ♠", "würfel", "骰子")


def grey(height_px: int = 200, width_px: int = 300) -> np.ndarray:
    return np.full((height_px, width_px, 3), GREY, dtype=np.uint8)


def drawn(boxes, scores=None, labels=None, image=None) -> np.ndarray:
    scores = [0.5] * len(boxes) if scores is None else scores
    labels = [1] * len(boxes) if labels is None else labels
    return draw_detections(grey() if image is None else image, found(1, boxes, scores, labels), NAMES)


def color_of(label: int) -> tuple[int, int, int]:
    return category_colors(NAMES)[NAMES[label - 1]]


def is_color(picture: np.ndarray, label: int) -> np.ndarray:
    return (picture == color_of(label)).all(axis=2)


def test_lines_are_the_first_and_last_pixels_inside_the_box():
    box = is_color(drawn([[40, 60, 120, 150]]), 1)
    assert box[60, 40:120].all()
    assert box[149, 40:120].all()
    assert box[60:150, 40].all()
    assert box[60:150, 119].all()
    assert not box[61:149, 41:119].any()
    assert not box[150:].any()
    assert not box[:, 120:].any()
    assert not box[:, :40].any()


def test_name_stands_above_the_box_on_black():
    picture = drawn([[40, 60, 120, 150]])
    black = np.argwhere((picture == 0).all(axis=2))
    assert black[:, 0].max() < 60
    assert black[:, 0].min() >= 40
    assert black[:, 1].min() >= 40
    assert is_color(picture, 1)[40:60, 40:120].any()


def test_categories_have_their_own_colours():
    boxes = [[10 + 70 * i, 60, 60 + 70 * i, 150] for i in range(4)]
    picture = drawn(boxes, labels=[1, 2, 3, 4])
    assert [is_color(picture, label)[149, 30 + 70 * (label - 1)] for label in (1, 2, 3, 4)] == [True] * 4
    assert len({color_of(label) for label in (1, 2, 3, 4)}) == 4


def test_surest_detection_is_on_top_wherever_it_stands_in_the_list():
    for scores, top in (([0.9, 0.4], 1), ([0.4, 0.9], 2)):
        picture = drawn([[40, 60, 120, 150]] * 2, scores=scores, labels=[1, 2])
        assert is_color(picture, top)[149, 80]


def test_names_of_boxes_in_one_place_are_all_legible():
    boxes = [[40, 80, 120, 150]] * 3
    picture = drawn(boxes, scores=[0.9, 0.8, 0.7], labels=[1, 2, 3])
    rows = [np.flatnonzero(is_color(picture, label)[:79].any(axis=1)) for label in (1, 2, 3)]
    assert all(len(row) > 4 for row in rows)
    assert rows[0].min() > rows[1].max() > rows[1].min() > rows[2].max()


@pytest.mark.parametrize(
    "corner", [[0, 0, 60, 60], [280, 0, 300, 60], [280, 170, 300, 200], [0, 170, 60, 200]]
)
def test_name_of_a_box_in_a_corner_is_on_the_picture_whole(corner):
    middle = drawn([[100, 80, 180, 140]], labels=[3])
    at_corner = drawn([corner], labels=[3])
    assert (at_corner == 0).all(axis=2).sum() >= 0.9 * (middle == 0).all(axis=2).sum()


def test_nothing_found_leaves_the_picture_as_it_is():
    np.testing.assert_array_equal(drawn([]), grey())


def test_given_image_is_left_as_it_is():
    image = grey()
    drawn([[40, 60, 120, 150]], image=image)
    np.testing.assert_array_equal(image, grey())


def test_text_grows_with_the_picture():
    small = (drawn([[40, 60, 120, 150]]) == 0).all(axis=2).sum()
    large = (drawn([[160, 240, 480, 600]], image=grey(1600, 400)) == 0).all(axis=2).sum()
    assert large > 5 * small


@settings(max_examples=15)
@given(st.integers(0, 2**32), st.integers(0, 20), st.integers(1, 120), st.integers(1, 120))
def test_any_boxes_on_any_picture_can_be_drawn(seed, count, height_px, width_px):
    rng = np.random.default_rng(seed)
    corners = np.sort(rng.uniform(0, 1, (count, 2, 2)), axis=1) * [width_px, height_px]
    image = grey(height_px, width_px)
    picture = drawn(corners.reshape(-1, 4), rng.random(count), rng.integers(1, 5, count), image)
    assert picture.shape == image.shape
    assert picture.dtype == np.uint8
