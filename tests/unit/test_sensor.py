"""The sensor: the sRGB curve of IEC 61966-2-1, a meter that is blind to scale, highlights that bend."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from renderer.scene import SensorValues
from renderer.sensor import develop
from renderer.sensor.exposure import METERED_LEVEL
from renderer.sensor.tone import SHOULDER, encode_srgb

REC_709 = (0.2126, 0.7152, 0.0722)  # weights of luminance
sizes = st.integers(1, 12)
radiances = npst.arrays(
    np.float32,
    st.tuples(st.just(1), st.just(3), sizes, sizes),
    elements=st.floats(0.0078125, 128, width=32),
)


def iec_encoded(linear: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1, forward."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.power(linear, 1 / 2.4) - 0.055)


def iec_decoded(encoded: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1, backward."""
    return np.where(encoded <= 0.04045, encoded / 12.92, np.power((encoded + 0.055) / 1.055, 2.4))


def expose(radiance: torch.Tensor, *exposures_ev: float) -> torch.Tensor:
    """Pictures with nothing but an exposure."""
    return develop(radiance, [SensorValues(exposure_ev=ev) for ev in exposures_ev], [0] * len(exposures_ev))


def exposed(radiance: np.ndarray, exposure_ev: float = 0.0) -> np.ndarray:
    """One picture, as integers that can be subtracted."""
    return expose(torch.from_numpy(radiance), exposure_ev)[0].numpy().astype(int)


def grey(*levels: float, repeat: int = 1) -> np.ndarray:
    """One row of grey pixels."""
    row = np.repeat(np.array(levels, dtype=np.float32), repeat)
    return np.ascontiguousarray(np.broadcast_to(row, (1, 3, 1, row.size)))


def test_srgb_curve_is_that_of_the_standard():
    linear = np.linspace(0, 1, 100_001)
    encoded = encode_srgb(torch.from_numpy(linear)).numpy()
    np.testing.assert_allclose(encoded, iec_encoded(linear), atol=1e-12)


def test_srgb_curve_in_single_precision_is_exact_to_a_hundredth_of_a_level():
    linear = np.linspace(0, 1, 100_001, dtype=np.float32)
    encoded = encode_srgb(torch.from_numpy(linear)).numpy()
    np.testing.assert_allclose(encoded, iec_encoded(linear.astype(np.float64)), atol=0.01 / 255)


def test_every_8_bit_level_survives_decoding_and_encoding():
    levels = np.arange(256)
    encoded = encode_srgb(torch.from_numpy(iec_decoded(levels / 255).astype(np.float32)))
    assert (encoded * 255).round().int().tolist() == levels.tolist()


@pytest.mark.parametrize("level", [1e-3, 0.05, 1, 20, 1e4])
def test_flat_grey_is_exposed_to_the_metered_level(level):
    expected = round(255 * float(iec_encoded(np.array(METERED_LEVEL))))
    assert set(exposed(grey(level, repeat=20)).ravel().tolist()) == {expected}


@pytest.mark.parametrize("color", [(0.3, 0.5, 0.4), (2, 1, 1.5), (0.05, 0.02, 0.04)])
def test_luminance_of_a_flat_colour_is_the_metered_level(color):
    radiance = np.tile(np.array(color, dtype=np.float32).reshape(1, 3, 1, 1), (1, 1, 4, 4))
    linear = iec_decoded(exposed(radiance)[:, 0, 0] / 255)
    assert linear.max() < SHOULDER
    assert float(linear @ np.array(REC_709)) == pytest.approx(METERED_LEVEL, abs=0.004)  # half a level


@given(radiances, st.integers(-6, 6))
def test_picture_does_not_change_when_all_light_is_scaled_by_a_power_of_two(radiance, power):
    np.testing.assert_array_equal(exposed(radiance), exposed(radiance * np.float32(2.0**power)))


@given(radiances, st.floats(0.0078125, 128, width=32))
def test_picture_changes_by_rounding_only_when_all_light_is_scaled(radiance, factor):
    difference = exposed(radiance) - exposed(radiance * np.float32(factor))
    assert np.abs(difference).max() <= 1


@given(st.floats(-6, 0.6))
def test_one_ev_doubles_linear_light_below_the_shoulder(exposure_ev):
    lower, upper = (int(exposed(grey(1.0), ev)[0, 0, 0]) for ev in (exposure_ev, exposure_ev + 1))
    darkest, brightest = (2 * iec_decoded(np.array((lower + half) / 255)) for half in (-0.5, 0.5))
    assert darkest - 1e-4 <= iec_decoded(np.array((upper + 0.5) / 255))
    assert brightest + 1e-4 >= iec_decoded(np.array((upper - 0.5) / 255))


def test_exposure_of_each_picture_of_a_batch_is_its_own():
    radiance = torch.from_numpy(np.repeat(grey(1.0), 2, axis=0))
    darker, brighter = expose(radiance, 0.0, 1.0).float().mean(dim=(1, 2, 3)).tolist()
    linear = iec_decoded(np.array([darker, brighter]) / 255)
    assert linear[1] / linear[0] == pytest.approx(2, abs=0.05)


@given(st.lists(st.floats(0, 1e4, width=32), min_size=2, max_size=40), st.floats(-5, 5))
def test_more_light_is_never_darker(levels, exposure_ev):
    picture = exposed(grey(*sorted(levels)), exposure_ev)
    assert (np.diff(picture[:, 0]) >= 0).all()


def test_every_level_of_the_picture_is_reached_in_a_smooth_ramp():
    levels = np.concatenate([np.ones(100_000), np.geomspace(1e-5, 200, 100_000)])
    assert set(exposed(grey(*levels), 3.0)[0, 0].tolist()) == set(range(256))


def test_light_beyond_white_is_compressed_and_stays_below_the_brightest_level():
    middle = [1.0] * 90
    picture = exposed(grey(*middle, 1.5, 3, 6, 12, 1e6))[0, 0]
    highlights = picture[len(middle) :].tolist()
    assert highlights == sorted(set(highlights))  # each brighter than the one before
    assert highlights[-1] == 255


@pytest.mark.parametrize("brightest", [1e10, 1e30, 3e38])
def test_brightest_finite_light_is_white(brightest):
    picture = exposed(grey(*[1.0] * 20, brightest), 10.0)[0, 0]
    assert picture[-1] == 255


def test_levels_below_the_shoulder_are_left_alone():
    levels = np.array([0.1] * 3 + np.linspace(0.1, 1.9, 97).tolist() + [1.9] * 3)  # their mean is 1
    linear = levels * METERED_LEVEL
    assert linear.max() < SHOULDER
    expected = np.round(255 * iec_encoded(linear)).astype(int)
    np.testing.assert_array_equal(exposed(grey(*levels))[0, 0], expected)


def test_black_is_black():
    assert exposed(np.zeros((1, 3, 5, 6), dtype=np.float32), 10.0).max() == 0


def test_negative_light_is_black_and_does_not_disturb_the_meter():
    clean, disturbed = exposed(grey(0, *[1.0] * 9)), exposed(grey(-5, *[1.0] * 9))
    np.testing.assert_array_equal(clean, disturbed)
    assert disturbed[0, 0, 0] == 0


def test_bright_lamp_of_few_pixels_does_not_darken_the_rest():
    rest = np.random.default_rng(0).uniform(0.5, 1.5, 990).tolist()
    without, with_lamp = exposed(grey(*rest, *[1.0] * 10)), exposed(grey(*rest, *[1e5] * 10))
    linear_without, linear_with = (iec_decoded(p[0, 0, :990] / 255) for p in (without, with_lamp))
    assert linear_with.mean() > 0.9 * linear_without.mean()
    assert (with_lamp[0, 0, 990:] == 255).all()


def test_batch_equals_its_pictures_one_by_one():
    rng = np.random.default_rng(1)
    radiance = (rng.gamma(1.0, 1.0, (4, 3, 11, 9)) * rng.uniform(0.1, 10, (4, 1, 1, 1))).astype(np.float32)
    ev = (-1.0, 0.0, 0.5, 2.0)
    together = expose(torch.from_numpy(radiance), *ev)
    assert together.dtype == torch.uint8
    for number in range(4):
        alone = expose(torch.from_numpy(radiance[number : number + 1]), ev[number])
        assert torch.equal(together[number], alone[0])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU that torch can use")
def test_picture_on_the_gpu_equals_that_on_the_cpu_up_to_rounding():
    radiance = torch.from_numpy(np.random.default_rng(2).gamma(1.0, 1.0, (2, 3, 60, 80)).astype(np.float32))
    difference = expose(radiance, 0.0, 1.0).int() - expose(radiance.cuda(), 0.0, 1.0).cpu().int()
    assert difference.abs().max() <= 1
