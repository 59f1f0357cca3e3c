"""What a lens does to light before it falls on the sensor, and what moves while it does."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from renderer.sensor.batch import per_image
from renderer.sensor.blur import convolve

POINTS_PER_PX = 8  # of a smear; each falls on four pixels, so its ends are soft


def chromatic_aberration(
    light: Float[Tensor, "b 3 h w"], shifts_px: Sequence[float]
) -> Float[Tensor, "b 3 h w"]:
    """Stretch red and shrink blue about the image's centre.

    Args:
        light: linear.
        shifts_px: how far the red light that arrives in the corner pixels has come outwards, and the blue
            inwards.
    """
    height, width = light.shape[-2:]
    shares = torch.tensor(list(shifts_px), dtype=light.dtype, device=light.device) / _radius(height, width)
    red = _zoom(light[:, 0:1], 1 - shares)
    blue = _zoom(light[:, 2:3], 1 + shares)
    return torch.cat([red, light[:, 1:2], blue], dim=1)


def _zoom(channel: Float[Tensor, "b 1 h w"], scales: Float[Tensor, " b"]) -> Float[Tensor, "b 1 h w"]:
    """What lies at `scale` times a pixel's place about the centre; the border goes on outside."""
    matrices = scales.new_zeros(len(scales), 2, 3)
    matrices[:, 0, 0] = matrices[:, 1, 1] = scales
    grid = affine_grid(matrices, list(channel.shape), align_corners=False)
    return grid_sample(channel, grid, mode="bilinear", padding_mode="border", align_corners=False)


def vignette(light: Float[Tensor, "b 3 h w"], losses: Sequence[float]) -> Float[Tensor, "b 3 h w"]:
    """Darken towards the corners by the cosine-fourth law, 1 / (1 + tan(angle)^2)^2.

    (Kingslake, Optics in Photography, 1992.) The tangent grows with the distance from the centre.

    Args:
        light: linear.
        losses: share of light that the corner pixels lose.
    """
    height, width = light.shape[-2:]
    y = torch.arange(height, dtype=light.dtype, device=light.device) - (height - 1) / 2
    x = torch.arange(width, dtype=light.dtype, device=light.device) - (width - 1) / 2
    squares = (y[:, None] ** 2 + x**2) / _radius(height, width) ** 2
    tangents = per_image([(1 - loss) ** -0.5 - 1 for loss in losses], light)
    return light / (1 + tangents * squares) ** 2


def _radius(height: int, width: int) -> float:
    """From the centre of the image to that of a corner pixel, in pixels."""
    return math.hypot(height - 1, width - 1) / 2


def defocus(light: Float[Tensor, "b 3 h w"], radii_px: Sequence[float]) -> Float[Tensor, "b 3 h w"]:
    """Spread each point into a disk: the image of an open aperture, out of focus."""
    blurred = [convolve(image, disk(radius)) for image, radius in zip(light, radii_px, strict=True)]
    return torch.stack(blurred)


def motion_blur(
    light: Float[Tensor, "b 3 h w"], lengths_px: Sequence[float], angles_deg: Sequence[float]
) -> Float[Tensor, "b 3 h w"]:
    """Smear each point along a line about its middle; angles go from right to down."""
    kernels = (line(length, angle) for length, angle in zip(lengths_px, angles_deg, strict=True))
    return torch.stack([convolve(image, kernel) for image, kernel in zip(light, kernels, strict=True)])


def disk(radius_px: float) -> Float[Tensor, "k k"]:
    """A disk of sum 1, its edge a ramp of one pixel; up to half a pixel it is a single point."""
    reach = math.ceil(radius_px - 0.5)
    places = torch.arange(-reach, reach + 1, dtype=torch.float64)
    distances = torch.hypot(places[:, None], places)
    kernel = (radius_px + 0.5 - distances).clamp(0, 1)
    return kernel / kernel.sum()


def line(length_px: float, angle_deg: float) -> Float[Tensor, "k k"]:
    """A line of sum 1: the mean of points evenly along it, each shared bilinearly by four pixels."""
    count = max(1, math.ceil(POINTS_PER_PX * length_px))
    steps = ((torch.arange(count, dtype=torch.float64) + 0.5) / count - 0.5) * length_px
    right, down = (round(part, 9) for part in _direction(angle_deg))  # along an axis, exactly so
    reach = math.ceil(length_px / 2)
    places = torch.arange(-reach, reach + 1, dtype=torch.float64)
    columns = (1 - (places - steps[:, None] * right).abs()).clamp(min=0)
    rows = (1 - (places - steps[:, None] * down).abs()).clamp(min=0)
    return rows.T @ columns / count


def _direction(angle_deg: float) -> tuple[float, float]:
    return math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
