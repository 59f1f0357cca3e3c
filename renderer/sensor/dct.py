"""The discrete cosine transform of 8 x 8 blocks in integers, bit for bit that of libjpeg."""

import torch
from jaxtyping import Int32
from torch import Tensor

# sqrt(2) cos((2 x + 1) k pi / 16) for frequency k and sample x, and 1 for k = 0, in 13 bits behind the point.
# libjpeg adds rounded factors, after Loeffler, Ligtenberg and Moschytz (1989), and their sums are now and
# then one off: these. The other four columns mirror the first four.
FRACTION_BITS = 13
HALF_BASIS = (
    (8192, 8192, 8192, 8192),
    (11363, 9633, 6437, 2260),
    (10703, 4433, -4433, -10703),
    (9633, -2259, -11362, -6436),
    (8192, -8192, -8192, 8192),
    (6437, -11362, 2261, 9633),
    (4433, -10704, 10704, -4433),
    (2260, -6436, 9633, -11363),
)
KEPT_BITS = 2  # behind the point between the two passes


def forward_dct(blocks: Int32[Tensor, "8 8 *n"]) -> Int32[Tensor, "8 8 *n"]:
    """Eight times the orthonormal transform of samples about 0: rows first, then columns."""
    across = _analysed(blocks.transpose(0, 1), FRACTION_BITS - KEPT_BITS).transpose(0, 1)
    return _analysed(across, FRACTION_BITS + KEPT_BITS)


def inverse_dct(coefficients: Int32[Tensor, "8 8 *n"]) -> Int32[Tensor, "8 8 *n"]:
    """Samples about 0 from orthonormal coefficients: columns first, then rows."""
    down = _synthesized(coefficients, FRACTION_BITS - KEPT_BITS)
    return _synthesized(down.transpose(0, 1), FRACTION_BITS + KEPT_BITS + 3).transpose(0, 1)


def _analysed(samples: Int32[Tensor, "8 *n"], dropped_bits: int) -> Int32[Tensor, "8 *n"]:
    """Frequencies from samples, both along the first axis; even ones see sums of mirrored samples only."""
    mirrored = samples.flip(0)[:4]
    halves = (samples[:4] + mirrored, samples[:4] - mirrored)
    rows = [_weighted(halves[k % 2], HALF_BASIS[k]) for k in range(8)]
    return _dropped(torch.stack(rows), dropped_bits)


def _synthesized(frequencies: Int32[Tensor, "8 *n"], dropped_bits: int) -> Int32[Tensor, "8 *n"]:
    """Samples from frequencies, both along the first axis."""
    columns = list(zip(*HALF_BASIS, strict=True))
    even = torch.stack([_weighted(frequencies[0::2], column[0::2]) for column in columns])
    odd = torch.stack([_weighted(frequencies[1::2], column[1::2]) for column in columns])
    return _dropped(torch.cat([even + odd, (even - odd).flip(0)]), dropped_bits)


def _weighted(parts: Int32[Tensor, "4 *n"], weights: tuple[int, ...]) -> Int32[Tensor, "*n"]:
    """The sum of four parts, each times its weight."""
    total = parts[0] * weights[0]
    for part, weight in zip(parts[1:], weights[1:], strict=True):
        total.add_(part, alpha=weight)
    return total


def _dropped(numbers: Int32[Tensor, "*n"], bits: int) -> Int32[Tensor, "*n"]:
    """Rounded to fewer bits behind the point, halves upwards."""
    return numbers.add_(1 << (bits - 1)) >> bits
