"""From linear radiance to a camera image, batched in torch, the same code on CPU and GPU."""

import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor

METERED_LEVEL = 0.22  # linear level of the metered mean: a little over 18 % grey, as phones expose
METERED_SHARE = 0.98  # of the pixels; brighter ones count like these: lamps in view do not darken the rest
SHOULDER = 0.7  # linear level from which highlights are compressed
LUMINANCE = (0.2126, 0.7152, 0.0722)  # Rec. 709


def expose(
    radiance: Float32[Tensor, "b 3 h w"], exposure_ev: Float32[Tensor, " b"]
) -> UInt8[Tensor, "b 3 h w"]:
    """Meter, expose, compress highlights and encode as 8-bit sRGB (IEC 61966-2-1).

    Args:
        radiance: linear Rec. 709.
        exposure_ev: stops over (or under, if negative) what the meter suggests.
    """
    gain = meter(radiance) * torch.exp2(exposure_ev)
    linear = _compress(radiance.clamp(min=0) * gain[:, None, None, None])
    return (encode_srgb(linear) * 255).round().to(torch.uint8)


def meter(radiance: Float32[Tensor, "b 3 h w"]) -> Float32[Tensor, " b"]:
    """The gain that brings the mean luminance of each image, without its highlights, to METERED_LEVEL."""
    weights = torch.tensor(LUMINANCE, device=radiance.device)
    luminance = (radiance.clamp(min=0) * weights[:, None, None]).sum(dim=1).flatten(1)
    rank = max(1, round(METERED_SHARE * luminance.shape[1]))
    ceiling = luminance.kthvalue(rank, dim=1, keepdim=True).values
    metered = torch.minimum(luminance, ceiling).double().mean(dim=1).float()
    return METERED_LEVEL / metered.clamp(min=1e-9)


def _compress(linear: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Identity up to SHOULDER, then a hyperbola with the same slope that tends to 1."""
    room = 1 - SHOULDER
    excess = (linear - SHOULDER).clamp(min=0)
    return torch.where(linear > SHOULDER, 1 - room**2 / (excess + room), linear)


def encode_srgb(linear: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """The sRGB transfer function for values in [0, 1]."""
    curve = 1.055 * linear.clamp(min=0.0031308).pow(1 / 2.4) - 0.055
    return torch.where(linear <= 0.0031308, 12.92 * linear, curve).clamp(0, 1)
