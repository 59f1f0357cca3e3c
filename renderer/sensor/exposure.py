"""How much light an image gets: the meter, the exposure, and what of the image is neither white nor black."""

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

METERED_LEVEL = 0.22  # linear level of the metered mean: a little over 18 % grey, as phones expose
METERED_SHARE = 0.98  # of the pixels; brighter ones count like these: lamps in view do not darken the rest
LUMINANCE = (0.2126, 0.7152, 0.0722)  # Rec. 709
CLIPPED, CRUSHED = 250, 5  # luma of 8 bits from which on, and down to which, a pixel shows nothing
BRIGHTEST = 1e6  # saturations; white in any image, and finite in the sums of a blur


def expose(radiance: Float[Tensor, "b 3 h w"], exposure_ev: Float[Tensor, " b"]) -> Float[Tensor, "b 3 h w"]:
    """Meter each image and scale it by one gain: 1 is where the sensor saturates.

    Args:
        radiance: linear Rec. 709.
        exposure_ev: stops over (or under, if negative) what the meter suggests.
    """
    gain = meter(radiance) * torch.exp2(exposure_ev)
    return (radiance.clamp(min=0) * gain[:, None, None, None]).clamp(max=BRIGHTEST)


def meter(radiance: Float[Tensor, "b 3 h w"]) -> Float[Tensor, " b"]:
    """The gain that brings the mean luminance of each image, without its highlights, to METERED_LEVEL."""
    weights = torch.tensor(LUMINANCE, dtype=radiance.dtype, device=radiance.device)
    luminance = (radiance.clamp(min=0) * weights[:, None, None]).sum(dim=1).flatten(1)
    rank = max(1, round(METERED_SHARE * luminance.shape[1]))
    ceiling = luminance.kthvalue(rank, dim=1, keepdim=True).values
    metered = torch.minimum(luminance, ceiling).to(widest_float(radiance.device)).mean(dim=1)
    return METERED_LEVEL / metered.to(radiance.dtype).clamp(min=1e-9)


def exposed_shares(images: UInt8[Tensor, "b 3 h w"]) -> Float[Tensor, " b"]:
    """The share of each image's pixels that are neither clipped (luma >= 250) nor crushed (luma <= 5).

    Luma is the sum of the 8-bit channels, weighted as LUMINANCE.
    """
    weights = torch.tensor(LUMINANCE, device=images.device)
    luma = (images * weights[:, None, None]).sum(dim=1).flatten(1)
    return ((luma < CLIPPED) & (luma > CRUSHED)).float().mean(dim=1)


def widest_float(device: torch.device) -> torch.dtype:
    """Double precision, for long sums, where the device has it: Apple's GPUs do not."""
    return torch.float32 if device.type == "mps" else torch.float64
