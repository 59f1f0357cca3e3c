"""Boxes, masks and pixels of an augmented image go through one and the same map."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.samples import box_mask, ellipse_mask, noise_image, preset_of, sample_of

from train_eval.augment.geometry import STRIDE_PX, Resize, boxes_in_image, draw_transform, letterbox
from train_eval.augment.warp import GREY, warp_boxes, warp_image, warp_masks, warp_sample

IDENTITY = np.array([[1.0, 0, 0], [0, 1, 0]])
SCALES = st.floats(0.2, 3)
TURNS = st.floats(-math.pi, math.pi)


def affine(scale_x=1.0, scale_y=1.0, turn=0.0, keep=(100.0, 80.0), put=(160.0, 160.0)):
    """The map that scales, then turns, and brings the point `keep` of the image to `put`."""
    c, s = math.cos(turn), math.sin(turn)
    linear = np.array([[c, -s], [s, c]]) @ np.diag([scale_x, scale_y])
    return np.column_stack([linear, np.array(put) - linear @ keep])


def shift(x, y):
    return np.array([[1.0, 0, x], [0, 1, y]])


def iou(a, b):
    sides = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None)
    common = np.prod(sides)
    return common / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - common)


def turned_rectangle_bounds(center, sides, turn):
    corners = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]]) * np.array(sides) / 2
    c, s = math.cos(turn), math.sin(turn)
    points = corners @ np.array([[c, s], [-s, c]]) + center
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


# pixels


def test_identity_changes_no_pixel():
    image = noise_image(48, 64)
    assert np.array_equal(warp_image(image, IDENTITY, (48, 64)), image)


@given(x=st.integers(-70, 70), y=st.integers(-50, 50))
def test_a_shift_by_whole_pixels_is_a_slice(x, y):
    image = noise_image(48, 64)
    expected = np.full((148, 204, 3), GREY, np.uint8)
    expected[50 + y : 98 + y, 70 + x : 134 + x] = image
    assert np.array_equal(warp_image(image, shift(70 + x, 50 + y), (148, 204)), expected)


def test_a_mirror_and_a_quarter_turn_are_those_of_numpy():
    image = noise_image(48, 64)
    mirror = np.array([[-1.0, 0, 64], [0, 1, 0]])
    clockwise = np.array([[0.0, -1, 48], [1, 0, 0]])
    assert np.array_equal(warp_image(image, mirror, (48, 64)), image[:, ::-1])
    assert np.array_equal(warp_image(image, clockwise, (64, 48)), np.rot90(image, -1))


def blob_displacement(canvas_from_image):
    """Where the centroid of a smooth blob is, minus where the map takes its centre."""
    center, (y, x) = np.array([100.3, 79.6]), np.mgrid[:160, :200] + 0.5
    blob = np.exp(-((x - center[0]) ** 2 + (y - center[1]) ** 2) / (2 * 9.0**2))
    image = np.repeat(np.rint(255 * blob).astype(np.uint8)[..., None], 3, axis=2)
    weights = warp_image(image, canvas_from_image, (320, 320), fill=0)[..., 0].astype(np.float64)
    v, u = np.mgrid[:320, :320] + 0.5
    centroid = np.array([(u * weights).sum(), (v * weights).sum()]) / weights.sum()
    return centroid - canvas_from_image @ [*center, 1]


@given(scale_x=SCALES, scale_y=SCALES, turn=TURNS, put_x=st.floats(150, 170))
def test_a_warped_blob_is_where_its_centre_is_mapped_to(scale_x, scale_y, turn, put_x):
    displacement = blob_displacement(affine(scale_x, scale_y, turn, put=(put_x, 160)))
    assert np.abs(displacement).max() < 0.04  # px; OpenCV rounds to 1/32 px, 8 bits do the rest


def test_warped_blobs_are_not_displaced_on_average():
    rng = np.random.default_rng(0)
    displacements = [
        blob_displacement(affine(*rng.uniform(0.3, 2, 2), rng.uniform(-3, 3), put=rng.uniform(150, 170, 2)))
        for _ in range(60)
    ]
    assert np.abs(np.mean(displacements, axis=0)).max() < 0.01  # px


@pytest.mark.parametrize("scale", [0.1, 0.23, 0.37, 0.49])
@pytest.mark.parametrize("turn", [0.0, 0.3])
def test_fine_patterns_do_not_alias_when_an_image_shrinks_a_lot(scale, turn):
    checker = (np.indices((400, 400)).sum(axis=0) % 2 * 255).astype(np.uint8)
    image = np.repeat(checker[..., None], 3, axis=2)
    shrunk = warp_image(image, affine(scale, scale, turn, keep=(200, 200), put=(16, 16)), (32, 32))
    inner = slice(6, 26)
    assert np.abs(shrunk[inner, inner].astype(float) - 127.5).max() < 40  # a sampled checker has 127.5


# boxes


@given(scale_x=SCALES, scale_y=SCALES, x=st.floats(-50, 50), y=st.floats(-50, 50))
def test_box_of_an_image_that_is_not_turned_is_the_warped_box(scale_x, scale_y, x, y):
    warped = warp_boxes(
        np.array([[10, 20, 50, 90]], np.float32), np.array([[-scale_x, 0, x], [0, scale_y, y]])
    )
    expected = [x - 50 * scale_x, y + 20 * scale_y, x - 10 * scale_x, y + 90 * scale_y]
    np.testing.assert_allclose(warped[0], expected, atol=1e-9)


@given(scale_x=st.floats(0.6, 1.5), scale_y=st.floats(0.6, 1.5), turn=TURNS)
def test_box_of_a_turned_ellipse_agrees_with_its_pixels_with_and_without_masks(scale_x, scale_y, turn):
    mask = ellipse_mask(160, 200, (70, 50, 140, 110))
    image, box = noise_image(160, 200), [70, 50, 140, 110]
    canvas_from_image = affine(scale_x, scale_y, turn)
    pixels = warp_masks(mask[None], canvas_from_image, 320)[0]
    rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    seen = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
    for sample in (sample_of(image, [box]), sample_of(image, [box], masks=[mask])):
        warped = warp_sample(sample, canvas_from_image, 320, 0.35)
        assert np.abs(warped.boxes_xyxy[0] - seen).max() < 1.5


@given(turn=TURNS, scale=st.floats(0.6, 1.5))
def test_box_of_a_turned_rectangle_is_that_of_its_mask(turn, scale):
    mask = box_mask(160, 200, (60, 60, 140, 100))
    warped = warp_sample(
        sample_of(noise_image(160, 200), masks=[mask]), affine(scale, scale, turn), 320, 0.35
    )
    expected = turned_rectangle_bounds((160, 160), (80 * scale, 40 * scale), turn)
    assert np.abs(warped.boxes_xyxy[0] - expected).max() < 0.35 * scale


def test_ellipse_fits_objects_that_lie_at_random_better_than_turned_corners_do():
    rng = np.random.default_rng(1)
    ellipse, corners = [], []
    for _ in range(2000):
        sides, lies, turn = (rng.uniform(20, 80, 2), *rng.uniform(-math.pi, math.pi, 2))
        box = turned_rectangle_bounds((0, 0), sides, lies)
        truth = turned_rectangle_bounds((0, 0), sides, lies + turn)
        ellipse.append(iou(truth, warp_boxes(box[None], affine(turn=turn, keep=(0, 0), put=(0, 0)))[0]))
        corners.append(iou(truth, turned_rectangle_bounds((0, 0), box[2:] - box[:2], turn)))
    assert np.mean(ellipse) > np.mean(corners) + 0.1


# the canvas cuts


def test_box_is_cut_at_the_edge_and_keeps_its_label():
    warped = warp_sample(
        sample_of(noise_image(64, 64), [[0, 0, 5, 5], [50, 10, 60, 20]]), shift(-4, 0), 52, 0.1
    )
    assert warped.boxes_xyxy.tolist() == [[0, 0, 1, 5], [46, 10, 52, 20]]
    assert warped.labels.tolist() == [1, 2]
    assert not warped.ignore.any()


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("cut_px", "is_ignored"), [(6, False), (7, True)])
def test_object_of_which_too_little_is_left_is_ignored(masked, cut_px, is_ignored):
    box = (0, 10, 10, 30)
    sample = sample_of(noise_image(64, 64), [box], masks=[box_mask(64, 64, box)] if masked else None)
    warped = warp_sample(sample, shift(-cut_px, 0), 64, 0.35)
    assert warped.boxes_xyxy.tolist() == [[0, 10, 10 - cut_px, 30]]
    assert warped.ignore.tolist() == [is_ignored]


@pytest.mark.parametrize("x", [-10, -11, 64, 65])
@pytest.mark.parametrize("masked", [False, True])
def test_object_outside_of_the_canvas_is_gone(x, masked):
    boxes = [(0, 10, 10, 30), (30, 10, 40, 30)][:1]
    masks = [box_mask(64, 64, box) for box in boxes] if masked else None
    warped = warp_sample(sample_of(noise_image(64, 64), boxes, masks=masks), shift(x, 0), 64, 0.35)
    assert len(warped.labels) == len(warped.boxes_xyxy) == len(warped.ignore) == 0
    assert warped.masks is None or warped.masks.shape == (0, 64, 64)


def test_cut_object_has_the_box_of_what_its_mask_shows():
    foot = box_mask(64, 64, (10, 40, 50, 50)) | box_mask(64, 64, (10, 10, 20, 50))  # an L
    warped = warp_sample(sample_of(noise_image(64, 64), masks=[foot]), shift(0, 24), 64, 0.1)
    assert warped.boxes_xyxy.tolist() == [[10, 34, 20, 64]]


def test_object_thinner_than_a_pixel_is_ignored():
    sample = sample_of(noise_image(64, 64), [[10, 10, 11.5, 30], [10, 10, 13, 30]])
    assert warp_sample(sample, affine(0.5, 0.5), 320, 0.35).ignore.tolist() == [True, False]


def test_ignored_objects_stay_ignored():
    sample = sample_of(noise_image(64, 64), [[10, 10, 20, 30], [30, 10, 50, 30]], ignore=[True, False])
    assert warp_sample(sample, IDENTITY, 64, 0.35).ignore.tolist() == [True, False]


# drawn transforms

SIZES = st.tuples(st.integers(40, 400), st.integers(40, 400))


def corners_on_canvas(canvas_from_image, size_hw):
    height, width = size_hw
    corners = canvas_from_image @ np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]])
    return corners.min(axis=1), corners.max(axis=1)


@given(size_hw=SIZES, seed=st.integers(0, 1000), preset=st.sampled_from(["none", "standard", "strong"]))
def test_an_image_lies_inside_of_the_canvas_or_covers_it_along_each_axis(size_hw, seed, preset):
    sample = sample_of(np.zeros((*size_hw, 3), np.uint8), [[10, 10, 30, 30]])
    for mode in Resize:
        rng = np.random.default_rng(seed)
        low, high = corners_on_canvas(draw_transform(rng, sample, preset_of(preset), 128, mode), size_hw)
        inside, covers = (low > -1e-6) & (high < 128 + 1e-6), (low < 1e-6) & (high > 128 - 1e-6)
        assert (inside | covers).all()


@given(size_hw=SIZES, seed=st.integers(0, 1000))
def test_fitted_image_without_jitter_has_a_side_as_long_as_the_canvas(size_hw, seed):
    sample, rng = sample_of(np.zeros((*size_hw, 3), np.uint8)), np.random.default_rng(seed)
    low, high = corners_on_canvas(draw_transform(rng, sample, preset_of("none"), 128, Resize.FIT), size_hw)
    assert (high - low).max() == pytest.approx(128)
    assert low.min() > -1e-6
    assert high.max() < 128 + 1e-6


@given(seed=st.integers(0, 1000))
def test_crop_around_objects_holds_one_that_is_not_ignored(seed):
    boxes = np.array([[20, 300, 80, 350], [300, 10, 350, 60], [5, 5, 30, 30]], np.float32)
    sample = sample_of(np.zeros((400, 500, 3), np.uint8), boxes, ignore=[False, False, True])
    settings = preset_of("none", object_crop_probability=1.0)
    transform = draw_transform(np.random.default_rng(seed), sample, settings, 96, Resize.NATIVE)
    on_canvas = warp_boxes(boxes[:2], transform)
    assert ((on_canvas > -1e-3) & (on_canvas < 96 + 1e-3)).all(axis=1).any()


def test_crop_anywhere_lies_anywhere():
    sample = sample_of(np.zeros((400, 500, 3), np.uint8), [[20, 300, 80, 350]])
    settings = preset_of("none", object_crop_probability=0.0)
    rng = np.random.default_rng(0)
    places = np.array([draw_transform(rng, sample, settings, 96, Resize.NATIVE)[:, 2] for _ in range(2000)])
    shares = -places / [404, 304]
    assert (
        np.abs(np.quantile(shares, [0, 0.25, 0.5, 0.75, 1], axis=0).T - [0, 0.25, 0.5, 0.75, 1]).max() < 0.04
    )


def test_crop_around_objects_is_taken_anywhere_where_there_are_none():
    sample, settings = (
        sample_of(np.zeros((400, 500, 3), np.uint8)),
        preset_of("none", object_crop_probability=1.0),
    )
    rng = np.random.default_rng(0)
    places = [draw_transform(rng, sample, settings, 96, Resize.NATIVE)[:, 2] for _ in range(50)]
    assert np.ptp(places, axis=0).min() > 200


# evaluation


@given(size_hw=SIZES)
def test_letterbox_holds_the_image_in_multiples_of_the_stride_and_no_larger(size_hw):
    image = noise_image(*size_hw)
    for mode, longer_px in ((Resize.FIT, 320), (Resize.NATIVE, max(size_hw))):
        canvas, transform = letterbox(image, 320, mode)
        shape, needed = np.array(canvas.shape[:2]), np.array(size_hw) * longer_px / max(size_hw)
        assert (shape % STRIDE_PX == 0).all()
        assert (shape > needed - 1e-3).all()
        assert (shape < needed + STRIDE_PX).all()
        low, high = corners_on_canvas(transform, size_hw)
        np.testing.assert_allclose([low, high], [[0, 0], needed[::-1]], atol=1e-6)


def test_native_letterbox_shows_every_pixel_of_the_image():
    image = noise_image(70, 90)
    canvas, _ = letterbox(image, 320, Resize.NATIVE)
    assert np.array_equal(canvas[:70, :90], image)
    assert (canvas[70:] == GREY).all()
    assert (canvas[:, 90:] == GREY).all()


def test_evaluation_resamples_as_training_does():
    image = noise_image(300, 320)
    trained = warp_image(image, np.array([[0.5, 0, 0], [0, 0.5, 0]]), (160, 160))
    canvas, _ = letterbox(image, 160, Resize.FIT)
    assert np.array_equal(canvas, trained)


@given(size_hw=SIZES, mode=st.sampled_from(Resize))
def test_boxes_come_back_from_the_letterbox(size_hw, mode):
    boxes = np.array([[1.5, 2, 20, 38], [0, 0, size_hw[1], size_hw[0]]], np.float32)
    _, transform = letterbox(np.zeros((*size_hw, 3), np.uint8), 320, mode)
    on_canvas = warp_boxes(boxes, transform).astype(np.float32)
    np.testing.assert_allclose(boxes_in_image(on_canvas, transform, size_hw), boxes, atol=1e-3)


def test_boxes_found_in_the_padding_are_cut_at_the_image():
    _, transform = letterbox(np.zeros((100, 200, 3), np.uint8), 320, Resize.FIT)
    found = np.array([[-5, -5, 400, 192]], np.float32)
    assert boxes_in_image(found, transform, (100, 200)).tolist() == [[0, 0, 200, 100]]
