"""Pasted objects hide what is under them, and the labels say so."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.samples import box_mask, noise_image, preset_of, sample_of

from renderer.errors import DataError
from train_eval.augment.copy_paste import REACH_PX, copy_paste

SIZE = 80
SETTINGS = preset_of("none", copy_paste_probability=1.0, copy_paste_max=100)  # all objects of a donor, mostly
BLACK, WHITE = (np.full((SIZE, SIZE, 3), value, np.uint8) for value in (0, 255))


def mask(box):
    return box_mask(SIZE, SIZE, box)


def pasted_onto(receiver, donor, seed=0):
    return copy_paste(np.random.default_rng(seed), receiver, donor, SETTINGS)


def of_one(donor_box):
    return sample_of(WHITE, masks=[mask(donor_box)])


def test_pasted_object_shows_the_donor_and_all_else_the_receiver():
    pasted = pasted_onto(sample_of(BLACK), of_one((20, 30, 50, 60))).image
    assert (pasted[30 + REACH_PX : 60 - REACH_PX, 20 + REACH_PX : 50 - REACH_PX] == 255).all()
    outside = 1 - mask((20 - REACH_PX, 30 - REACH_PX, 50 + REACH_PX, 60 + REACH_PX))
    assert (pasted[outside > 0] == 0).all()
    assert np.array_equal(BLACK, np.zeros_like(BLACK))


def test_edge_of_a_pasted_object_is_soft_and_in_place():
    row = pasted_onto(sample_of(BLACK), of_one((20, 30, 50, 60))).image[45, :, 0].astype(float)
    assert 0 < row[19] < row[20] < 255
    assert row.sum() / 255 == pytest.approx(30, abs=0.1)


def test_pasted_object_brings_its_box_label_and_mask():
    receiver = sample_of(BLACK, masks=[mask((60, 60, 70, 70))])
    pasted = pasted_onto(receiver, of_one((20, 30, 50, 60)))
    assert pasted.boxes_xyxy.tolist() == [[60, 60, 70, 70], [20, 30, 50, 60]]
    assert pasted.labels.tolist() == [1, 1]
    assert np.array_equal(pasted.masks, [mask((60, 60, 70, 70)), mask((20, 30, 50, 60))])


@pytest.mark.parametrize("masked", [False, True])
def test_object_that_is_covered_wholly_is_gone(masked):
    boxes = [(25, 35, 45, 55), (60, 60, 70, 70)]
    receiver = sample_of(BLACK, boxes, masks=[mask(box) for box in boxes] if masked else None)
    pasted = pasted_onto(receiver, of_one((20, 30, 50, 60)))
    assert pasted.labels.tolist() == [2, 1]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("covered_px", "is_ignored"), [(6, False), (7, True)])
def test_object_that_is_covered_mostly_is_ignored(masked, covered_px, is_ignored):
    box = (10, 10, 20, 30)
    receiver = sample_of(BLACK, [box], masks=[mask(box)] if masked else None)
    pasted = pasted_onto(receiver, of_one((10, 5, 10 + covered_px, 40)))
    assert pasted.ignore.tolist() == [is_ignored, False]
    assert pasted.boxes_xyxy[0].tolist() == ([10 + covered_px, 10, 20, 30] if masked else [10, 10, 20, 30])
    assert (pasted.masks is not None) == masked


def test_box_that_a_pasted_object_does_not_touch_keeps_its_fractions():
    receiver = sample_of(BLACK, [(60.25, 60.5, 69.75, 69.5)], masks=[mask((60, 60, 70, 70))])
    pasted = pasted_onto(receiver, of_one((20, 30, 50, 60)))
    assert pasted.boxes_xyxy[0].tolist() == [60.25, 60.5, 69.75, 69.5]


def test_ignored_and_hidden_objects_of_the_donor_are_not_pasted():
    masks = [mask((10, 10, 20, 20)), mask((30, 30, 40, 40)), np.zeros((SIZE, SIZE))]
    donor = sample_of(
        WHITE, [(10, 10, 20, 20), (30, 30, 40, 40), (50, 50, 60, 60)], masks, [True, False, False]
    )
    for seed in range(5):
        assert pasted_onto(sample_of(BLACK), donor, seed).labels.tolist() == [2]


def test_donor_without_objects_changes_nothing():
    receiver = sample_of(BLACK, [(60, 60, 70, 70)])
    empty = sample_of(WHITE, masks=np.zeros((0, SIZE, SIZE)))
    assert pasted_onto(receiver, empty) is receiver


@given(seed=st.integers(0, 1000), most=st.integers(1, 6))
def test_no_more_objects_are_pasted_than_the_settings_say(seed, most):
    donor = sample_of(WHITE, masks=[mask((10 * k, 10, 10 * k + 8, 30)) for k in range(5)])
    settings = preset_of("none", copy_paste_max=most)
    pasted = copy_paste(np.random.default_rng(seed), sample_of(BLACK), donor, settings)
    assert 1 <= len(pasted.labels) <= min(most, 5)
    assert len(set(pasted.labels.tolist())) == len(pasted.labels)


@given(seed=st.integers(0, 10**6))
def test_masks_after_pasting_do_not_overlap_and_agree_with_boxes(seed):
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 50, (4, 2))
    boxes = np.concatenate([corners, corners + rng.integers(3, 30, (4, 2))], axis=1).tolist()
    receiver = sample_of(noise_image(SIZE, SIZE), masks=[mask(boxes[0]), mask(boxes[1]) & ~mask(boxes[0])])
    if not receiver.masks.any(axis=(1, 2)).all():
        return
    donor = sample_of(WHITE, masks=[mask(boxes[2]), mask(boxes[3]) & ~mask(boxes[2])])
    pasted = pasted_onto(receiver, donor, seed)
    assert pasted.masks.sum(axis=0).max() == 1
    for box, shown in zip(pasted.boxes_xyxy, pasted.masks, strict=True):
        rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
        assert box.tolist() == [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]


def test_donor_without_masks_is_refused_in_one_sentence():
    with pytest.raises(DataError, match=r"^augmentation.copy_paste_probability needs masks.*set it to 0$"):
        pasted_onto(sample_of(BLACK), sample_of(WHITE, [(10, 10, 20, 20)]))
