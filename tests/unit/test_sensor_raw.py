"""The raw image: noise of each channel by its sensitivity, saturation that is white, gain over all of it."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from renderer.scene import SensorValues
from renderer.sensor.raw import DAYLIGHT_GAINS, balance, through_raw, white_level, wrong_balance

NOISY = SensorValues(iso=1600.0, full_well_e=6000.0, read_noise_e=6.0)
MOSAIC = SensorValues(mosaic="rggb", demosaic="bilinear")
QUIET = SensorValues(gain_ev=0.0)


def flat(*levels: float, size: int = 16) -> torch.Tensor:
    return torch.tensor(levels)[None, :, None, None].expand(1, 3, size, size)


def developed(light: torch.Tensor, values: SensorValues) -> torch.Tensor:
    return through_raw(light, [values], [3])[0]


@pytest.mark.parametrize("values", [QUIET, MOSAIC])
@given(st.tuples(*[st.floats(0, 1)] * 3))
def test_light_below_saturation_comes_out_as_it_was(values, color):
    torch.testing.assert_close(developed(flat(*color), values), flat(*color)[0], atol=1e-6, rtol=0)


@pytest.mark.parametrize("values", [QUIET, MOSAIC])
@given(st.floats(0.5, 3), st.floats(0.6, 3), st.floats(-3, 3))
def test_what_saturates_all_channels_is_white_where_the_balance_is_not_far_off(values, red, blue, gain_ev):
    values = dataclasses.replace(values, white_balance_red=red, white_balance_blue=blue, gain_ev=gain_ev)
    light = developed(flat(100.0, 100.0, 100.0), values)
    torch.testing.assert_close(light, torch.full_like(light, white_level(values)))


def test_what_saturates_is_coloured_where_the_balance_is_far_off():
    red, green, _ = developed(flat(9.0, 9.0, 9.0), dataclasses.replace(QUIET, white_balance_red=0.2))[:, 0, 0]
    assert red.item() == pytest.approx(0.2 * DAYLIGHT_GAINS[0], rel=1e-5)
    assert green == 1


@given(st.floats(-10, 10), st.just(0.0) | st.floats(1e-6, 5))
def test_gain_amplifies_the_raw_image_with_its_clipped_highlights(gain_ev, level):
    values = dataclasses.replace(QUIET, gain_ev=gain_ev)
    light = developed(flat(level, level, level), values)
    torch.testing.assert_close(light, torch.full_like(light, min(level, 1) * 2**gain_ev), rtol=1e-5, atol=0)


@pytest.mark.parametrize("mosaic", [None, "gbrg"])
def test_noise_of_each_channel_is_that_of_its_own_electrons_amplified(mosaic):
    level, red_off = 0.3, 1.4
    values = dataclasses.replace(NOISY, white_balance_red=red_off, mosaic=mosaic, demosaic="bilinear")
    light = developed(flat(level, level, level, size=400), values)
    if mosaic:  # pixels that kept their channel
        light = torch.stack([light[0, 1::2, 0::2], light[1, 0::2, 0::2], light[2, 0::2, 1::2]])
    slope, offset = 16 / 6000, (6 * 16 / 6000) ** 2
    for channel, daylight, off in zip(light, DAYLIGHT_GAINS, (red_off, 1.0, 1.0), strict=True):
        variance = (daylight * off) ** 2 * (slope * level / daylight + offset)
        assert channel.mean().item() == pytest.approx(level * off, rel=0.01)
        assert channel.var().item() == pytest.approx(variance, rel=0.03)


def test_noise_about_black_keeps_its_mean():
    dark = developed(flat(0.0, 0.0, 0.0, size=300), NOISY)
    assert dark.min() < 0
    assert abs(dark.mean().item()) < 4 * dark.std().item() / 90_000**0.5


@given(st.floats(0, 50))
def test_nothing_is_brighter_than_the_amplified_saturation(level):
    values = dataclasses.replace(NOISY, gain_ev=1.0)
    assert developed(flat(level, level, level), values).max() <= 2


def test_a_wrong_balance_is_that_of_the_channels_it_names():
    assert wrong_balance(SensorValues()) is None
    assert wrong_balance(SensorValues(white_balance_blue=1.5)) == (1.0, 1.0, 1.5)
    balanced = balance(flat(0.2, 0.3, 0.4), [(2.0, 1.0, 0.5)])[0, :, 0, 0]
    np.testing.assert_allclose(balanced.numpy(), [0.4, 0.3, 0.2], rtol=1e-6)


def test_light_has_no_limit_without_a_raw_image():
    assert white_level(SensorValues()) == float("inf")
    assert white_level(dataclasses.replace(NOISY, gain_ev=-1.0)) == 0.5
