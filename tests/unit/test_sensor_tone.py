"""Tone curves, the S-curve of contrast, sharpening and digital zoom."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from renderer.sensor.sharpness import gaussian, rescale, sharpen
from renderer.sensor.tone import (
    FILMIC_WHITE,
    MID_GREY,
    SHOULDER,
    contrast,
    encode_srgb,
    filmic,
    hard,
    soft,
)

CURVES = {"soft": soft, "filmic": filmic, "hard": lambda linear, _: hard(linear)}
whites = st.one_of(st.floats(1, 1024), st.just(math.inf))


def row(values: list[float] | np.ndarray) -> torch.Tensor:
    """Grey pixels beside each other."""
    return torch.as_tensor(np.asarray(values), dtype=torch.float64).expand(1, 3, 1, -1)


def hable(x: float) -> float:
    """As published: shoulder, linear part and toe (GDC 2010)."""
    a, b, c, d, e, f = 0.15, 0.50, 0.10, 0.20, 0.02, 0.30
    return ((x * (a * x + c * b) + d * e) / (x * (a * x + b) + d * f)) - e / f


def stripes(size: int, frequency: float) -> torch.Tensor:
    """Vertical stripes, in periods a pixel."""
    wave = 0.5 + 0.4 * torch.cos(2 * math.pi * frequency * (torch.arange(size) + 0.5))
    return wave.expand(1, 3, size, size)


@pytest.mark.parametrize("name", CURVES)
@given(white=whites)
def test_tone_curves_rise_from_black_to_white(name, white):
    levels = np.linspace(0, min(white, 50), 4001)
    toned = CURVES[name](row(levels), [white])[0, 0, 0].numpy()
    assert toned[0] == pytest.approx(0, abs=1e-9)
    assert (np.diff(toned) >= -1e-12).all()
    if math.isfinite(white) and name != "hard":
        assert CURVES[name](row([white]), [white]).max().item() == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("name", CURVES)
@given(white=whites)
def test_tone_curves_keep_mid_grey(name, white):
    assert CURVES[name](row([MID_GREY]), [white]).mean().item() == pytest.approx(MID_GREY, abs=1e-9)


@given(whites)
def test_soft_curve_is_straight_up_to_its_shoulder_and_smooth_there(white):
    step = 1e-6
    below, at, above = soft(row([SHOULDER - step, SHOULDER, SHOULDER + step]), [white])[0, 0, 0].tolist()
    assert (below, at) == (SHOULDER - step, SHOULDER)
    assert (above - at) / step == pytest.approx(1, abs=1e-3)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_soft_curve_leaves_light_alone_that_was_cut_at_white(levels):
    torch.testing.assert_close(soft(row(levels), [1.0]), row(levels))


@pytest.mark.parametrize("white", [1.0, 2.0, FILMIC_WHITE, 100.0])
def test_filmic_curve_is_hables_at_an_exposure_that_keeps_mid_grey(white):
    scale = optimize.brentq(lambda k: hable(k * MID_GREY) / hable(k * white) - MID_GREY, 1e-3, 1e3)
    levels = np.linspace(0, white, 50)
    expected = [hable(scale * level) / hable(scale * white) for level in levels]
    np.testing.assert_allclose(filmic(row(levels), [white])[0, 0, 0].numpy(), expected, atol=1e-7)


@given(st.floats(-1, 1))
def test_contrast_is_monotone_and_fixes_black_mid_grey_and_white(strength):
    mid = encode_srgb(torch.tensor(MID_GREY, dtype=torch.float64)).item()
    bent = contrast(row([0, mid, 1]), [strength])[0, 0, 0].tolist()
    assert bent == pytest.approx([0, mid, 1], abs=1e-12)
    assert (np.diff(contrast(row(np.linspace(0, 1, 2001)), [strength])[0, 0, 0].numpy()) > 0).all()


@given(st.floats(0.01, 1))
def test_more_contrast_is_steeper_in_the_middle_and_less_is_flatter(strength):
    around = row([0.44, 0.48])
    steep, flat = (contrast(around, [sign * strength])[0, 0, 0].diff().item() for sign in (1, -1))
    assert flat < 0.04 < steep


def test_no_contrast_is_the_identity():
    values = torch.linspace(0, 1, 1000).expand(1, 3, 1, -1)
    assert torch.equal(contrast(values, [0.0]), values)


@pytest.mark.parametrize("radius_px", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("strength", [0.5, 2.0])
def test_sharpening_overshoots_at_an_edge_as_the_error_function_says(radius_px, strength):
    low, high, width = 0.4, 0.5, 60
    edge = row(np.where(np.arange(width) < width // 2, low, high)).expand(1, 3, 20, width)
    distances = np.arange(width) + 0.5 - width / 2
    blurred = low + (high - low) * stats.norm.cdf(distances / radius_px)
    expected = edge[0, 0, 0].numpy() * (1 + strength) - strength * blurred
    sharp = sharpen(edge, [strength], [radius_px])[0, 1, 10].numpy()
    np.testing.assert_allclose(sharp, expected, atol=1e-4 * strength)


@given(st.tuples(*[st.floats(0, 1)] * 3), st.floats(0, 10), st.floats(0.1, 20))
def test_sharpening_leaves_a_constant_alone(color, strength, radius_px):
    flat = torch.tensor(color)[None, :, None, None].expand(1, 3, 16, 17)
    torch.testing.assert_close(sharpen(flat, [strength], [radius_px]), flat, atol=1e-5, rtol=0)


def test_sharpening_changes_luma_and_no_difference_between_channels():
    image = 0.4 + 0.2 * torch.rand(1, 3, 20, 20, generator=torch.Generator().manual_seed(0))
    sharp = sharpen(image, [0.5], [1.0])
    torch.testing.assert_close(sharp[:, 0] - sharp[:, 1], image[:, 0] - image[:, 1], atol=1e-6, rtol=0)
    assert (sharp - image).abs().max() > 0.01


@given(st.floats(0.1, 20))
def test_the_gaussian_sums_to_one_and_has_its_standard_deviation(sigma_px):
    kernel = gaussian(sigma_px).numpy()
    places = np.arange(len(kernel)) - len(kernel) // 2
    assert kernel.sum() == pytest.approx(1)
    if sigma_px >= 1:  # a narrow one lies between pixels
        variance = sigma_px**2 + 1 / 12  # the pixel's own width adds a twelfth
        assert (kernel * places**2).sum() == pytest.approx(variance, rel=5e-3)


@given(st.floats(0.05, 1), st.floats(0, 1), st.integers(16, 40), st.integers(16, 40))
def test_rescaling_leaves_a_constant_and_the_size_alone(fraction, level, height, width):
    flat = torch.full((1, 3, height, width), level)
    torch.testing.assert_close(rescale(flat, [fraction]), flat, atol=1e-5, rtol=0)


@pytest.mark.parametrize("fraction", [0.3, 0.5])
def test_rescaling_kills_what_the_smaller_image_cannot_hold_and_keeps_the_rest(fraction):
    fine, coarse = (rescale(stripes(120, f), [fraction])[..., 20:-20, 20:-20] for f in (0.45, 0.02))
    assert fine.std() < 0.15 * stripes(120, 0.45).std()
    assert coarse.std() > 0.9 * stripes(120, 0.02).std()


def test_rescaling_to_the_same_size_is_the_identity():
    image = torch.rand(1, 3, 20, 20, generator=torch.Generator().manual_seed(0))
    assert torch.equal(rescale(image, [1.0]), image)
