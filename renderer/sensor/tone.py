"""Tone: how linear light ends in white, the sRGB curve, and contrast."""

import math
from collections.abc import Sequence
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from renderer.sensor.batch import per_image

SHOULDER = 0.7  # linear level from which the soft curve compresses highlights
MID_GREY = 0.18  # linear
MID_GREY_ENCODED: float = 1.055 * MID_GREY ** (1 / 2.4) - 0.055
FILMIC_WHITE = 5.6  # Hable's 11.2 at his exposure of 2: what is white where nothing else sets it
STEEPEST = 1.6  # of the S-curve's cubic; from 1.856 on its end would fall


Number = TypeVar("Number", float, Tensor)


def soft(linear: Float[Tensor, "b 3 h w"], whites: Sequence[float]) -> Float[Tensor, "b 3 h w"]:
    """Identity up to SHOULDER, then a hyperbola with the same slope that ends in white.

    That is the curve with a white point of Reinhard et al., Photographic Tone Reproduction for Digital
    Images (2002), equation 4, fitted into the room between SHOULDER and 1.

    Args:
        linear: light, 1 where the sensor saturates.
        whites: the level that becomes 1, at least 1; infinity tends to it.
    """
    room = 1 - SHOULDER
    reach = per_image([white - SHOULDER for white in whites], linear)
    excess = (linear - SHOULDER).clamp(min=0)
    curve = 1 - room**2 / (excess + room) * (1 - (excess / reach) ** 2)
    return torch.where(linear > SHOULDER, curve, linear)


def hard(linear: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """Light as it is, cut at 1."""
    return linear.clamp(0, 1)


def filmic(linear: Float[Tensor, "b 3 h w"], whites: Sequence[float]) -> Float[Tensor, "b 3 h w"]:
    """The curve of film, with a toe and a shoulder; mid grey stays mid grey.

    That of John Hable, Uncharted 2: HDR Lighting (GDC 2010), exposed so that MID_GREY is kept.

    Args:
        linear: light, 1 where the sensor saturates.
        whites: the level that becomes 1, at least 1; infinity is FILMIC_WHITE.
    """
    finite = [white if math.isfinite(white) else FILMIC_WHITE for white in whites]
    scales = [_filmic_scale(white) for white in finite]
    top = [_hable(scale * white) for scale, white in zip(scales, finite, strict=True)]
    curve: Tensor = _hable(linear.clamp(min=0) * per_image(scales, linear))
    return curve / per_image(top, linear)


def _hable(x: Number) -> Number:
    """A x^2 + C B x + D E over A x^2 + B x + D F, less E / F, with his constants."""
    return (x * (0.15 * x + 0.05) + 0.004) / (x * (0.15 * x + 0.5) + 0.06) - 0.02 / 0.3


def _filmic_scale(white: float) -> float:
    """The exposure at which mid grey becomes mid grey: by halving, for the curve's share of white grows."""
    low, high = 1e-3, 1e3
    for _ in range(60):
        middle = math.sqrt(low * high)
        if _hable(middle * MID_GREY) < MID_GREY * _hable(middle * white):
            low = middle
        else:
            high = middle
    return low


def encode_srgb(linear: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """The sRGB transfer function (IEC 61966-2-1) for values in [0, 1]."""
    curve: Tensor = 1.055 * linear.clamp(min=0.0031308).pow(1 / 2.4) - 0.055
    return torch.where(linear <= 0.0031308, 12.92 * linear, curve).clamp(0, 1)


def contrast(encoded: Float[Tensor, "b 3 h w"], strengths: Sequence[float]) -> Float[Tensor, "b 3 h w"]:
    """Bend values along a cubic S-curve through black, mid grey and white, monotone for any strength.

    Args:
        encoded: sRGB in [0, 1].
        strengths: from -1, flat in the middle, over 0, the identity, to 1, steep in the middle.
    """
    amount = per_image([STEEPEST * strength for strength in strengths], encoded)
    return (encoded + amount * encoded * (1 - encoded) * (encoded - MID_GREY_ENCODED)).clamp(0, 1)
