"""The colours of JPEG files: luma and chroma, and chroma at half the resolution. Bit for bit as libjpeg."""

from collections.abc import Sequence

import torch
from jaxtyping import Int32
from torch import Tensor

FRACTION_BITS = 16
HALF = 1 << (FRACTION_BITS - 1)
CENTRE = 128  # the chroma of grey


def _fixed(number: float) -> int:
    return int(number * (1 << FRACTION_BITS) + 0.5)


# ITU-T T.871 (JFIF), section 7, in fixed point.
Y_OF_RGB = (_fixed(0.299), _fixed(0.587), _fixed(0.114))
CB_OF_RGB = (-_fixed(0.16874), -_fixed(0.33126), HALF)
CR_OF_RGB = (HALF, -_fixed(0.41869), -_fixed(0.08131))


def ycc_of_rgb(rgb: Int32[Tensor, "b 3 h w"]) -> list[Int32[Tensor, "b h w"]]:
    """Luma, blue and red chroma, all in [0, 255]; halves are rounded up in luma and down in chroma."""
    chroma_offset = (CENTRE << FRACTION_BITS) + HALF - 1
    sums = (
        _combined(rgb.unbind(1), weights, offset)
        for weights, offset in ((Y_OF_RGB, HALF), (CB_OF_RGB, chroma_offset), (CR_OF_RGB, chroma_offset))
    )
    return [total >> FRACTION_BITS for total in sums]


def rgb_of_ycc(
    y: Int32[Tensor, "b h w"], cb: Int32[Tensor, "b h w"], cr: Int32[Tensor, "b h w"]
) -> Int32[Tensor, "b 3 h w"]:
    """The inverse, cut at 0 and 255."""
    cb, cr = cb - CENTRE, cr - CENTRE
    red = y + (_combined([cr], [_fixed(1.402)], HALF) >> FRACTION_BITS)
    green = y + (_combined([cb, cr], [-_fixed(0.34414), -_fixed(0.71414)], HALF) >> FRACTION_BITS)
    blue = y + (_combined([cb], [_fixed(1.772)], HALF) >> FRACTION_BITS)
    return torch.stack([red, green, blue], dim=1).clamp_(0, 255)


def _combined(
    parts: Sequence[Int32[Tensor, "b h w"]], weights: Sequence[int], offset: int
) -> Int32[Tensor, "b h w"]:
    total = parts[0] * weights[0] + offset
    for part, weight in zip(parts[1:], weights[1:], strict=True):
        total.add_(part, alpha=weight)
    return total


def extended(plane: Int32[Tensor, "b h w"], multiple_hw: tuple[int, int]) -> Int32[Tensor, "b m n"]:
    """Repeat the last row and column until height and width are multiples of these."""
    for axis, multiple in zip((1, 2), multiple_hw, strict=True):
        missing = -plane.shape[axis] % multiple
        if missing:
            last = plane.narrow(axis, plane.shape[axis] - 1, 1)
            plane = torch.cat([plane, last.repeat_interleave(missing, dim=axis)], dim=axis)
    return plane


def halved(plane: Int32[Tensor, "b h w"], factors_hw: tuple[int, int]) -> Int32[Tensor, "b m n"]:
    """Average chroma over pixels that lie beside each other, or two by two, in blocks of 8 samples.

    What is half is rounded down in one column and up in the next. Beyond the border a row repeats the last
    mean, a column the last pixel.
    """
    if factors_hw == (1, 1):
        return extended(plane, (8, 8))
    down, across = factors_hw
    pixels = extended(plane, (down, 8 * across))
    parts = [pixels[:, y::down, x::across] for y in range(down) for x in range(across)]
    column = torch.arange(parts[0].shape[-1], dtype=torch.int32, device=plane.device) % 2
    bits = len(parts) // 2
    total = _combined(parts, [1] * len(parts), bits - 1)
    return extended((total + column) >> bits, (8, 1))


def doubled(plane: Int32[Tensor, "b m n"], factors_hw: tuple[int, int]) -> Int32[Tensor, "b h w"]:
    """Interpolate chroma: each pixel takes three parts of its own sample and one of the next nearest."""
    if factors_hw == (1, 1):
        return plane
    if factors_hw == (1, 2):
        return _interpolated(plane, (1, 2), 2)
    above = torch.cat([plane[:, :1], plane[:, :-1]], dim=1)
    below = torch.cat([plane[:, 1:], plane[:, -1:]], dim=1)
    rows = torch.stack([3 * plane + above, 3 * plane + below], dim=2).flatten(1, 2)
    return _interpolated(rows, (8, 7), 4)


def _interpolated(
    samples: Int32[Tensor, "b h n"], roundings: tuple[int, int], bits: int
) -> Int32[Tensor, "b h w"]:
    """Two pixels for each sample of a row, of four parts each; the first and last one have no neighbour."""
    left = torch.cat([samples[..., :1], samples[..., :-1]], dim=-1)
    right = torch.cat([samples[..., 1:], samples[..., -1:]], dim=-1)
    pairs = [3 * samples + left + roundings[0], 3 * samples + right + roundings[1]]
    return torch.stack(pairs, dim=-1).flatten(-2) >> bits
