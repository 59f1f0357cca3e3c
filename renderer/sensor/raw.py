"""The raw image: what the sensor counts, with its noise and its limit, and what development makes of it."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from renderer.scene import SensorValues
from renderer.sensor.batch import apply, per_image
from renderer.sensor.mosaic import demosaic, mosaic
from renderer.sensor.noise import add_noise

# What daylight needs of red and blue over green: the middles of the ranges of Brooks et al., Unprocessing
# Images for Learned Raw Denoising (2019).
DAYLIGHT_GAINS = (2.15, 1.0, 1.7)
Gains = tuple[float, float, float]


def is_raw(values: SensorValues) -> bool:
    """Whether the values say anything of a raw image; without one, light has no limit."""
    return any(value is not None for value in (values.iso, values.gain_ev, values.mosaic))


def white_level(values: SensorValues) -> float:
    """The linear level that no light exceeds: the amplified saturation, and none without a raw image."""
    return 2.0 ** (values.gain_ev or 0.0) if is_raw(values) else math.inf


def wrong_balance(values: SensorValues) -> Gains | None:
    """The gains of red, green and blue over the right ones, or None."""
    red, blue = values.white_balance_red, values.white_balance_blue
    if red is None and blue is None:
        return None
    return (1.0 if red is None else red, 1.0, 1.0 if blue is None else blue)


def balance(linear: Float[Tensor, "b 3 h w"], gains: Sequence[Gains]) -> Float[Tensor, "b 3 h w"]:
    """Amplify each channel."""
    return linear * _per_channel(gains, linear)


def through_raw(
    light: Float[Tensor, "b 3 h w"], values: Sequence[SensorValues], noise_seeds: Sequence[int]
) -> Float[Tensor, "b 3 h w"]:
    """Record and develop images that either all have a mosaic or all have none.

    Red and blue fall on the sensor weaker than green by DAYLIGHT_GAINS, get noise and are cut at saturation
    like it. Only then are they amplified, by DAYLIGHT_GAINS and by what the balance is wrong by: so they
    are noisier than green, a wrong balance is one of the raw image, and what is saturated in all
    channels is white unless the balance is far off. That is cut at green's saturation, as raw converters do;
    without it, highlights would be magenta. Balancing comes before demosaicing, whose filters expect a grey
    to be grey.
    """
    daylight = [DAYLIGHT_GAINS] * len(values)
    gains = [_product(DAYLIGHT_GAINS, wrong_balance(v) or (1.0, 1.0, 1.0)) for v in values]
    sensitivities, amplifications = (_per_channel(g, light) for g in (daylight, gains))
    patterns = [v.mosaic for v in values if v.mosaic is not None]
    if patterns:
        sensitivities, amplifications, light = (
            mosaic(each.expand_as(light), patterns) for each in (sensitivities, amplifications, light)
        )
    raw = light / sensitivities
    columns = [[v.iso for v in values], [v.full_well_e for v in values], [v.read_noise_e for v in values]]
    raw = apply(add_noise, raw, *columns, noise_seeds).clamp(max=1)
    balanced = (raw * amplifications).clamp(max=1) * per_image([white_level(v) for v in values], light)
    return demosaic(balanced, patterns, [v.demosaic or "malvar" for v in values]) if patterns else balanced


def _product(first: Gains, second: Gains) -> Gains:
    return (first[0] * second[0], first[1] * second[1], first[2] * second[2])


def _per_channel(gains: Sequence[Gains], like: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 1 1"]:
    return torch.tensor(list(gains), dtype=like.dtype, device=like.device)[:, :, None, None]
