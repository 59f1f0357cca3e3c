"""What is left of an image once it was a JPEG file, bit for bit as libjpeg leaves it."""

from collections.abc import Sequence

import torch
from jaxtyping import Int32, UInt8
from torch import Tensor

from renderer.sensor.batch import apply
from renderer.sensor.dct import forward_dct, inverse_dct
from renderer.sensor.quantization import scaled_tables
from renderer.sensor.ycc import CENTRE, doubled, extended, halved, rgb_of_ycc, ycc_of_rgb

FACTORS_HW = {"4:4:4": (1, 1), "4:2:2": (1, 2), "4:2:0": (2, 2)}  # pixels for each sample of chroma


def compress(
    image: UInt8[Tensor, "b 3 h w"],
    qualities: Sequence[float],
    tables: Sequence[str],
    subsamplings: Sequence[str],
) -> UInt8[Tensor, "b 3 h w"]:
    """Encode and decode as baseline JPEG (ITU-T T.81, JFIF) with libjpeg's accurate integer transform.

    All is done in integers, so that any device gives the same bytes. Entropy coding loses nothing and is
    left out.

    Args:
        image: sRGB.
        qualities: from 1 to 100, rounded to whole numbers.
        tables: names of `quantization.TABLES`.
        subsamplings: names of FACTORS_HW.
    """
    for name in sorted(set(subsamplings)):
        chosen = [name if subsampling == name else None for subsampling in subsamplings]
        image = apply(_compress, image, chosen, qualities, tables)
    return image


def _compress(
    image: UInt8[Tensor, "b 3 h w"],
    subsamplings: Sequence[str],
    qualities: Sequence[float],
    tables: Sequence[str],
) -> UInt8[Tensor, "b 3 h w"]:
    """The images of one subsampling."""
    factors_hw = FACTORS_HW[subsamplings[0]]
    steps = torch.stack([scaled_tables(*pair) for pair in zip(tables, qualities, strict=True)])
    steps = steps.to(image.device)
    height, width = image.shape[-2:]
    chroma_hw = [-(-size // factor) for size, factor in zip((height, width), factors_hw, strict=True)]
    luma, *chroma = ycc_of_rgb(image.int())
    luma = _quantized(extended(luma, (8, 8)), steps[:, 0])[:, :height, :width]
    samples = [_quantized(halved(plane, factors_hw), steps[:, 1]) for plane in chroma]
    cropped = [plane[:, : chroma_hw[0], : chroma_hw[1]] for plane in samples]
    blue, red = (doubled(plane, factors_hw)[:, :height, :width] for plane in cropped)
    return rgb_of_ycc(luma, blue, red).to(torch.uint8)


def _quantized(plane: Int32[Tensor, "b h w"], steps: Int32[Tensor, "b 8 8"]) -> Int32[Tensor, "b h w"]:
    """Samples after their blocks' coefficients were rounded to whole steps, halves away from 0."""
    shape = plane.shape
    blocks = plane.reshape(shape[0], shape[1] // 8, 8, shape[2] // 8, 8).permute(2, 4, 0, 1, 3)
    coefficients = forward_dct((blocks - CENTRE).contiguous())
    step = steps.permute(1, 2, 0)[..., None, None]
    # Single precision is exact here: numbers below 2^15, and torch divides integers slowly.
    levels = ((coefficients.abs() + 4 * step) / (8 * step).float()).floor().int()
    samples = inverse_dct(levels * coefficients.sign() * step).add_(CENTRE)
    return samples.clamp_(0, 255).permute(2, 3, 0, 4, 1).reshape(shape)
