"""The noise of a raw image: photons that arrive one by one, and the electronics that read them."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from renderer.sensor.batch import per_image
from renderer.sensor.splitmix import normals

BASE_ISO = 100
EXACT_BELOW = 10.0  # electrons expected; more are drawn by an approximation that is good there
MOST_COUNTED = 34  # electrons; what 10 expected ones exceed once in 10^9 times
SUREST = 1 - 2e-6  # share beyond which single precision cannot tell sums of probabilities from 1


def add_noise(
    raw: Float[Tensor, "b c h w"],
    isos: Sequence[float],
    full_wells_e: Sequence[float],
    read_noises_e: Sequence[float],
    seeds: Sequence[int],
) -> Float[Tensor, "b c h w"]:
    """Add Poisson-Gaussian noise of variance `a x + b` to a signal x.

    a is the inverse of the electrons at saturation, b the square of the read noise in parts of it
    (EMVA 1288; Foi et al., Practical Poissonian-Gaussian Noise Modeling and Fitting, 2008). Values below 0
    and above 1 are left in: the sensor's pedestal keeps the former, its saturation cuts the latter.

    Args:
        raw: light in parts of saturation.
        isos: the saturation takes BASE_ISO / iso as many electrons as the full well holds.
        full_wells_e: electrons of a saturated pixel at BASE_ISO.
        read_noises_e: standard deviation, in electrons.
        seeds: of each image.
    """
    first, second = (n.reshape(raw.shape) for n in normals(seeds, raw[0].numel(), raw))
    capacities = [full * BASE_ISO / iso for full, iso in zip(full_wells_e, isos, strict=True)]
    capacity = per_image(capacities, raw)
    electrons = poisson(raw * capacity, first) + per_image(read_noises_e, raw) * second
    return electrons / capacity


def poisson(expected: Float[Tensor, "*s"], normal: Float[Tensor, "*s"]) -> Float[Tensor, "*s"]:
    """Counts of a Poisson distribution, each at the quantile that its standard normal number has.

    Exact below EXACT_BELOW, but for quantiles beyond SUREST. Above, it is the expansion of Cornish and
    Fisher (1937) to the second order, rounded; rounding adds a variance of 1/12 (Sheppard), which is taken
    off before. Mean and variance are right to 1 part in 1000.
    """
    spread = (expected - 1 / 12).clamp(min=0).sqrt()
    skewed = expected + spread * normal + (normal**2 - 1) / 6
    tailed = skewed + (normal - normal**3) / (72 * spread.clamp(min=1))
    counts = torch.round(tailed).clamp(min=0)
    few = expected < EXACT_BELOW
    counts[few] = _poisson_by_counting(expected[few], normal[few])
    return counts


def _poisson_by_counting(expected: Float[Tensor, " n"], normal: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """The least count up to which the distribution holds at least the normal number's share."""
    share = (torch.erfc(normal * -math.sqrt(0.5)) / 2).clamp(max=SUREST)
    probability = torch.exp(-expected)
    reached = probability.clone()
    counts = torch.zeros_like(expected)
    for count in range(1, MOST_COUNTED + 1):
        counts += share > reached
        probability *= expected / count
        reached += probability
    return counts
