"""What a recipe declares of a factor's draws: the share of each bin, or of each value."""

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

from scipy.special import ndtr

from renderer.recipe.distributions import (
    AxisRotation,
    Choice,
    Constant,
    DirectionCap,
    Distribution,
    Integer,
    LogUniform,
    Sometimes,
    TruncatedNormal,
    Uniform,
    UniformRotation,
)


def when_on(distribution: Distribution) -> Distribution:
    """What is drawn from where the factor is on: the inner distribution of `sometimes`."""
    return distribution.distribution if isinstance(distribution, Sometimes) else distribution


def declared_shares(distribution: Distribution, edges: Sequence[float]) -> list[float] | None:
    """The share of draws in each bin; None where no density is declared.

    Args:
        edges: of the bins, one more than there are bins; of directions the angle from +Z, of rotations that
            about the axis, both in degrees.
    """
    below = [_share_below(when_on(distribution), edge) for edge in edges]
    shares = [b - a for a, b in itertools.pairwise(below)]
    return None if any(math.isnan(share) for share in shares) else shares


def declared_weights(distribution: Distribution, form: Callable[[Any], Any]) -> dict[str, float] | None:
    """The share of each value of a discrete distribution, in its order; None for others.

    Args:
        form: from an option to the value that is drawn of it.
    """
    distribution = when_on(distribution)
    if isinstance(distribution, Constant):
        return {str(form(distribution.value)): 1.0}
    if isinstance(distribution, Integer):
        values = range(int(distribution.low), int(distribution.high) + 1)
        return {str(value): 1 / len(values) for value in values}
    if not isinstance(distribution, Choice):
        return None
    total = math.fsum(distribution.weights)
    pairs = zip(distribution.options, distribution.weights, strict=True)
    return {str(form(option)): weight / total for option, weight in pairs}


@functools.singledispatch
def _share_below(distribution: Distribution, value: float) -> float:
    """The cumulative distribution function; NaN where there is none."""
    return math.nan


@_share_below.register(Uniform)
@_share_below.register(AxisRotation)
def _uniform(distribution: Uniform | AxisRotation, value: float) -> float:
    return _fraction(value, distribution.low, distribution.high)


@_share_below.register
def _log_uniform(distribution: LogUniform, value: float) -> float:
    low, high = distribution.low, distribution.high
    return _fraction(math.log(max(value, low)), math.log(low), math.log(high))


@_share_below.register
def _integer(distribution: Integer, value: float) -> float:
    """Of bins that each hold whole numbers from their lower edge on."""
    count = min(max(math.ceil(value) - distribution.low, 0), distribution.high - distribution.low + 1)
    return count / (distribution.high - distribution.low + 1)


@_share_below.register
def _truncated_normal(distribution: TruncatedNormal, value: float) -> float:
    mean, sd = distribution.mean, distribution.sd
    low, high = (float(ndtr((edge - mean) / sd)) for edge in (distribution.low, distribution.high))
    inside = min(max(value, distribution.low), distribution.high)
    return (float(ndtr((inside - mean) / sd)) - low) / (high - low) if low < high else math.nan


@_share_below.register
def _direction_cap(distribution: DirectionCap, value: float) -> float:
    """Solid angle grows as one minus the cosine of the angle from the axis."""
    low, high, inside = (
        -math.cos(math.radians(v)) for v in (distribution.low, distribution.high, value)
    )  # fmt: skip
    return _fraction(inside, low, high)


@_share_below.register
def _uniform_rotation(distribution: UniformRotation, value: float) -> float:
    """Of the angle of a rotation uniform on SO(3): (angle - sin angle) / pi (Miles 1965)."""
    angle = math.radians(min(max(value, 0.0), 180.0))
    return (angle - math.sin(angle)) / math.pi


def _fraction(value: float, low: float, high: float) -> float:
    """How far a value is on its way from low to high, in [0, 1]; NaN where that is no way."""
    return min(max((value - low) / (high - low), 0.0), 1.0) if low < high else math.nan
