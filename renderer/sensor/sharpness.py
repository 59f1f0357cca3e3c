"""Sharpening, and the loss of detail by a digital zoom."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import interpolate, pad

from renderer.sensor.batch import per_image
from renderer.sensor.blur import weighted_sum

LUMA = (0.299, 0.587, 0.114)  # Rec. 601, as in JPEG
REACH_SIGMA = 4  # of the Gaussian: what it leaves out is 6e-5


def sharpen(
    encoded: Float[Tensor, "b 3 h w"], strengths: Sequence[float], radii_px: Sequence[float]
) -> Float[Tensor, "b 3 h w"]:
    """Add what a blur takes away from luma, as cameras do: an unsharp mask that colours no edge.

    Args:
        encoded: sRGB in [0, 1].
        strengths: factor on the difference between luma and its blur.
        radii_px: standard deviation of the Gaussian.
    """
    weights = torch.tensor(LUMA, dtype=encoded.dtype, device=encoded.device)
    luma = (encoded * weights[:, None, None]).sum(dim=1, keepdim=True)
    blurred = torch.stack([_blur(image, radius) for image, radius in zip(luma, radii_px, strict=True)])
    return (encoded + per_image(strengths, encoded) * (luma - blurred)).clamp(0, 1)


def _blur(luma: Float[Tensor, "1 h w"], sigma_px: float) -> Float[Tensor, "1 h w"]:
    kernel = gaussian(sigma_px)
    reach = len(kernel) // 2
    padded = pad(luma[None], (reach, reach, reach, reach), mode="replicate")[0]
    return weighted_sum(weighted_sum(padded, kernel[None, :]), kernel[:, None])


def gaussian(sigma_px: float) -> Float[Tensor, " k"]:
    """A Gaussian of sum 1, integrated over each pixel: exact for edges between pixels."""
    reach = math.ceil(REACH_SIGMA * sigma_px)
    edges = torch.arange(-reach, reach + 2, dtype=torch.float64) - 0.5
    kernel = torch.erf(edges / (sigma_px * math.sqrt(2))).diff()
    return kernel / kernel.sum()


def rescale(encoded: Float[Tensor, "b 3 h w"], fractions: Sequence[float]) -> Float[Tensor, "b 3 h w"]:
    """Make images smaller, averaging, and as large again as they were, bicubically: a digital zoom.

    Args:
        encoded: sRGB in [0, 1].
        fractions: of width and height that the smaller image has.
    """
    return torch.cat([_rescale(image[None], f) for image, f in zip(encoded, fractions, strict=True)])


def _rescale(image: Float[Tensor, "1 3 h w"], fraction: float) -> Float[Tensor, "1 3 h w"]:
    height, width = image.shape[-2:]
    small = (max(1, round(fraction * height)), max(1, round(fraction * width)))
    if small == (height, width):
        return image
    reduced = interpolate(image, small, mode="bilinear", align_corners=False, antialias=True)
    return interpolate(reduced, (height, width), mode="bicubic", align_corners=False).clamp(0, 1)
