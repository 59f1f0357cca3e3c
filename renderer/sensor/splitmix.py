"""Random numbers that depend on a seed and a place, and on no device, batch or order."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor

GOLDEN = 0x9E3779B97F4A7C15  # SplitMix64's step: 2^64 over the golden ratio, made odd
HALF_BITS = 32


def normals(
    seeds: Sequence[int], count: int, like: Tensor
) -> tuple[Float[Tensor, "b n"], Float[Tensor, "b n"]]:
    """Two independent standard normal numbers for each of `count` places of each image.

    The method of Box and Muller (1958) on the two halves of one 64-bit number.

    Args:
        seeds: of each image.
        count: number of places.
        like: gives type and device.
    """
    bits = random_bits(seeds, count, like.device)
    mask = (1 << HALF_BITS) - 1
    high, low = (((half & mask).to(like.dtype) + 0.5) / 2**HALF_BITS for half in (bits >> HALF_BITS, bits))
    length, angle = torch.sqrt(-2 * torch.log(high)), 2 * math.pi * low
    return length * torch.cos(angle), length * torch.sin(angle)


def random_bits(seeds: Sequence[int], count: int, device: torch.device) -> Int64[Tensor, "b n"]:
    """The first `count` numbers of SplitMix64 from each seed, as signed integers.

    Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators (2014). The seed itself is mixed
    first, so that near seeds do not give shifted copies of one sequence.
    """
    starts = torch.tensor([_signed(seed) for seed in seeds], dtype=torch.int64, device=device)
    steps = torch.arange(1, count + 1, dtype=torch.int64, device=device)
    return mix(mix(starts)[:, None] + steps * _signed(GOLDEN))


def mix(numbers: Int64[Tensor, "..."]) -> Int64[Tensor, "..."]:
    """SplitMix64's finalizer; products wrap around at 2^64."""
    numbers = (numbers ^ _shifted(numbers, 30)) * _signed(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ _shifted(numbers, 27)) * _signed(0x94D049BB133111EB)
    return numbers ^ _shifted(numbers, 31)


def _shifted(numbers: Int64[Tensor, "..."], bits: int) -> Int64[Tensor, "..."]:
    """To the right, zeros coming in: torch shifts the sign in."""
    return (numbers >> bits) & ((1 << (64 - bits)) - 1)


def _signed(number: int) -> int:
    """The same 64 bits, read as a signed integer."""
    return (number + 2**63) % 2**64 - 2**63
