"""Quantile functions: how correlated factors are drawn, each exactly from its own distribution."""

import functools
import math
from collections.abc import Callable

from renderer.randomize.sampling import (
    Value,
    black_body_color,
    choice_quantile,
    in_form,
    log_uniform_quantile,
    truncated_normal_from_uniform,
)
from renderer.recipe.distributions import (
    BlackBody,
    Choice,
    Constant,
    Distribution,
    Integer,
    LogUniform,
    Sometimes,
    TruncatedNormal,
    Uniform,
)
from renderer.recipe.keys import FactorSpec

Quantile = Callable[[float], Value]


@functools.singledispatch
def quantile_of(distribution: Distribution, spec: FactorSpec) -> Quantile:
    """The value below which a share of a distribution lies, for shares in [0, 1]."""
    raise AssertionError(f"{type(distribution).__name__} has no order")


@quantile_of.register
def _constant(distribution: Constant, spec: FactorSpec) -> Quantile:
    value = in_form(distribution.value, spec)
    return lambda u: value


@quantile_of.register
def _uniform(distribution: Uniform, spec: FactorSpec) -> Quantile:
    low, width = distribution.low, distribution.high - distribution.low
    return lambda u: low + width * u


@quantile_of.register
def _log_uniform(distribution: LogUniform, spec: FactorSpec) -> Quantile:
    return log_uniform_quantile(distribution)


@quantile_of.register
def _truncated_normal(distribution: TruncatedNormal, spec: FactorSpec) -> Quantile:
    from_uniform, is_mirrored = truncated_normal_from_uniform(distribution)
    return (lambda u: from_uniform(1 - u)) if is_mirrored else from_uniform


@quantile_of.register
def _integer(distribution: Integer, spec: FactorSpec) -> Quantile:
    low, high = distribution.low, distribution.high
    return lambda u: in_form(min(low + math.floor(u * (high - low + 1)), high), spec)


@quantile_of.register
def _choice(distribution: Choice, spec: FactorSpec) -> Quantile:
    """The options in the order of their size, whatever the order they are written in."""
    pairs = sorted(zip(distribution.options, distribution.weights, strict=True))
    return choice_quantile([in_form(option, spec) for option, _ in pairs], [weight for _, weight in pairs])


@quantile_of.register
def _sometimes(distribution: Sometimes, spec: FactorSpec) -> Quantile:
    """Null lies below every value."""
    value_at, off = quantile_of(distribution.distribution, spec), 1 - distribution.probability
    return lambda u: None if u < off or off == 1 else value_at((u - off) / distribution.probability)


@quantile_of.register
def _black_body(distribution: BlackBody, spec: FactorSpec) -> Quantile:
    low, width = distribution.low, distribution.high - distribution.low
    return lambda u: black_body_color(low + width * u)
