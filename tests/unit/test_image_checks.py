"""Certification of images: black, white, of one colour, or not where the masks are; all else passes."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.labels.alignment import REACH_PX, align
from renderer.labels.image_checks import certify_image

HEIGHT, WIDTH = 120, 160


@pytest.fixture(scope="module")
def ids():
    """Disks and boxes, in rows, that do not touch."""
    ids = np.zeros((HEIGHT, WIDTH), dtype=np.int32)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    for number, (row, column) in enumerate([(a, b) for a in (22, 58, 95) for b in (20, 60, 100, 138)], 1):
        radius = 9 + number % 4
        ids[(x - column) ** 2 + (y - row) ** 2 <= radius**2] = number
    return ids


@pytest.fixture(scope="module")
def image(ids):
    """Each object in a colour of its own on grey, with stripes that run through all of it, and noise."""
    rng = np.random.default_rng(3)
    colors = rng.integers(20, 236, size=(ids.max() + 1, 3))
    colors[0] = 120
    stripes = 12 * (np.arange(WIDTH) // 7 % 2)[None, :, None]
    noisy = colors[ids] + stripes + rng.normal(0, 4, size=(HEIGHT, WIDTH, 3))
    return noisy.clip(0, 255).astype(np.uint8)


def shifted(ids, right, down):
    return np.roll(ids, (down, right), axis=(0, 1))


def test_image_that_fits_its_masks_passes_with_its_figures(image, ids):
    certificate = certify_image(image, ids)
    assert certificate.fault is None
    assert certificate.figures == {"black_share": 0.0, "white_share": 0.0, "alignment": 1.0}


@pytest.mark.parametrize("share", [0.97, 0.99])
@pytest.mark.parametrize(("value", "name"), [(2, "black"), (254, "white")])
def test_image_is_refused_when_almost_all_of_it_is_clipped(image, ids, value, name, share):
    clipped = image.copy()
    clipped[: round(share * HEIGHT)] = value
    certificate = certify_image(clipped, ids)
    assert certificate.figures[f"{name}_share"] == pytest.approx(share, abs=0.01)
    if share > 0.98:
        assert certificate.fault.check == "exposure"
        assert certificate.fault.reason.endswith(f"of the image is {name}")
    else:
        assert certificate.fault is None


@pytest.mark.parametrize("color", [(255, 0, 255), (0, 0, 255), (200, 200, 200)])
def test_saturated_colour_is_neither_black_nor_white_but_an_image_of_it_alone_is_refused(image, ids, color):
    plain = np.full_like(image, color)
    certificate = certify_image(plain, ids)
    assert certificate.figures["black_share"] == certificate.figures["white_share"] == 0
    assert (certificate.fault.check, certificate.fault.reason) == ("exposure", "the image is of one colour")
    plain[:20, :20] = image[:20, :20]
    assert certify_image(plain, ids).fault is None


@pytest.mark.parametrize("scale", [0.1, 0.3])
def test_dark_image_passes(image, ids, scale):
    assert certify_image((image * scale).astype(np.uint8), ids).fault is None


def test_image_without_edges_of_masks_has_no_score(image):
    certificate = certify_image(image, np.zeros((HEIGHT, WIDTH), dtype=np.int32))
    assert certificate.fault is None
    assert certificate.figures["alignment"] is None


@pytest.mark.parametrize("size_hw", [(8, 8), (12, 40), (13, 13)])
def test_image_smaller_than_the_shifts_has_no_score(size_hw):
    ids = np.zeros(size_hw, dtype=np.int32)
    ids[3:5, 3:5] = 1
    assert align(np.zeros((*size_hw, 3), dtype=np.uint8), ids).score is None


@given(
    st.sampled_from([(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)]), st.integers(3, 6)
)
def test_masks_off_by_three_pixels_or_more_are_found_with_their_shift(image, ids, direction, step):
    right, down = (step * part for part in direction)
    certificate = certify_image(image, shifted(ids, right, down))
    assert certificate.fault.check == "alignment"
    assert certificate.figures["alignment"] < 0.9
    found = align(image, shifted(ids, right, down)).shift_px
    assert max(abs(found[0] + right), abs(found[1] + down)) <= 1


@given(st.integers(-1, 1), st.integers(-1, 1))
def test_masks_off_by_a_pixel_are_not_told_from_right_ones(image, ids, right, down):
    assert certify_image(image, shifted(ids, right, down)).fault is None


@pytest.mark.parametrize("sigma_px", [0.8, 2.0, 4.0])
@pytest.mark.parametrize("noise", [0, 25])
@pytest.mark.parametrize("quality", [95, 15])
def test_blur_noise_and_jpeg_do_not_make_right_masks_wrong(image, ids, sigma_px, noise, quality):
    rng = np.random.default_rng(noise)
    blurred = cv2.GaussianBlur(image, (0, 0), sigma_px) + rng.normal(0, noise, image.shape)
    _, code = cv2.imencode(".jpg", blurred.clip(0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert certify_image(cv2.imdecode(code, cv2.IMREAD_COLOR), ids).fault is None


def test_noise_alone_does_not_make_masks_wrong(ids):
    for seed in range(20):
        noise = np.random.default_rng(seed).integers(0, 256, size=(HEIGHT, WIDTH, 3)).astype(np.uint8)
        assert certify_image(noise, ids).fault is None


def test_cost_is_bounded_for_masks_that_are_all_edges():
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 9, size=(400, 400)).astype(np.int32)
    image = np.repeat((ids * 28).astype(np.uint8)[..., None], 3, axis=2)
    alignment = align(image, ids)
    assert alignment.score == 1.0
    off = align(image, shifted(ids, REACH_PX - 2, 0))
    assert off.shift_px == (2 - REACH_PX, 0)
    assert off.is_off
