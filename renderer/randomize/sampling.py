"""Drawing from distributions. Values are plain JSON: numbers, names, lists; colours are linear RGB."""

import bisect
import colorsys
import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from renderer.recipe.distributions import (
    AxisRotation,
    BlackBody,
    Choice,
    ColorBox,
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
from renderer.recipe.keys import FactorSpec, Kind
from renderer.rotation import quaternion_about

Value = float | int | str | bool | list[float] | None
Sampler = Callable[[np.random.Generator], Value]


def sample(rng: np.random.Generator, distribution: Distribution, spec: FactorSpec) -> Value:
    """Draw one value of a factor, in the form its kind asks for."""
    return sampler_of(distribution, spec)(rng)


@functools.singledispatch
def sampler_of(distribution: Distribution, spec: FactorSpec) -> Sampler:
    """What draws values of a factor; all that is the same for each of them is worked out here."""
    raise AssertionError(f"no sampler for {type(distribution).__name__}")


@sampler_of.register
def _constant(distribution: Constant, spec: FactorSpec) -> Sampler:
    value = in_form(distribution.value, spec)
    return lambda rng: value


@sampler_of.register
def _uniform(distribution: Uniform, spec: FactorSpec) -> Sampler:
    low, width = distribution.low, distribution.high - distribution.low
    return lambda rng: low + width * rng.random()


@sampler_of.register
def _log_uniform(distribution: LogUniform, spec: FactorSpec) -> Sampler:
    quantile = log_uniform_quantile(distribution)
    return lambda rng: quantile(rng.random())


def log_uniform_quantile(distribution: LogUniform) -> Callable[[float], float]:
    """The inverse of the distribution function."""
    low, high = distribution.low, distribution.high
    log_low, log_width = math.log(low), math.log(high) - math.log(low)
    return lambda u: min(max(math.exp(log_low + log_width * u), low), high)


@sampler_of.register
def _truncated_normal(distribution: TruncatedNormal, spec: FactorSpec) -> Sampler:
    from_uniform, _ = truncated_normal_from_uniform(distribution)
    return lambda rng: from_uniform(rng.random())


def truncated_normal_from_uniform(distribution: TruncatedNormal) -> tuple[Callable[[float], float], bool]:
    """What makes a draw of a uniform number, and whether that falls where the number rises.

    In the upper tail the distribution function is 1 to machine precision: it is mirrored to the lower one.
    """
    mean, sd, lowest, highest = distribution.mean, distribution.sd, distribution.low, distribution.high
    low, high = (lowest - mean) / sd, (highest - mean) / sd
    is_mirrored = low > 0
    if is_mirrored:
        low, high, sd = -high, -low, -sd
    start = float(ndtr(low))
    width = float(ndtr(high)) - start
    return lambda u: min(max(mean + sd * float(ndtri(start + width * u)), lowest), highest), is_mirrored


@sampler_of.register
def _integer(distribution: Integer, spec: FactorSpec) -> Sampler:
    low, high = int(distribution.low), int(distribution.high)
    form = float if spec.kind is Kind.NUMBER else int
    return lambda rng: form(rng.integers(low, high, endpoint=True))


@sampler_of.register
def _choice(distribution: Choice, spec: FactorSpec) -> Sampler:
    options = [in_form(option, spec) for option in distribution.options]
    quantile = choice_quantile(options, distribution.weights)
    return lambda rng: quantile(rng.random())


@sampler_of.register
def _sometimes(distribution: Sometimes, spec: FactorSpec) -> Sampler:
    """The value is drawn first and then perhaps dropped: it is the same at any probability."""
    draw, probability = sampler_of(distribution.distribution, spec), distribution.probability

    def sampler(rng: np.random.Generator) -> Value:
        value = draw(rng)
        return value if rng.random() < probability else None

    return sampler


@sampler_of.register
def _color_box(distribution: ColorBox, spec: FactorSpec) -> Sampler:
    (a, da), (b, db), (c, dc) = ((axis.low, axis.high - axis.low) for axis in distribution.axes)
    is_hsv = distribution.space == "hsv"

    def sampler(rng: np.random.Generator) -> Value:
        color = (a + da * rng.random(), b + db * rng.random(), c + dc * rng.random())
        red, green, blue = colorsys.hsv_to_rgb(*color) if is_hsv else color
        return [linear_from_srgb(red), linear_from_srgb(green), linear_from_srgb(blue)]

    return sampler


@sampler_of.register
def _black_body(distribution: BlackBody, spec: FactorSpec) -> Sampler:
    low, width = distribution.low, distribution.high - distribution.low
    return lambda rng: black_body_color(low + width * rng.random())


@sampler_of.register
def _direction_cap(distribution: DirectionCap, spec: FactorSpec) -> Sampler:
    low = math.cos(math.radians(distribution.high))
    height = math.cos(math.radians(distribution.low)) - low

    def sampler(rng: np.random.Generator) -> Value:
        z = low + height * rng.random()
        azimuth = 2 * math.pi * rng.random()
        radius = math.sqrt(max(0.0, 1 - z * z))
        return [radius * math.cos(azimuth), radius * math.sin(azimuth), z]

    return sampler


@sampler_of.register
def _uniform_rotation(distribution: UniformRotation, spec: FactorSpec) -> Sampler:
    """A normalised 4D Gaussian is uniform on the unit quaternions (Muller 1959)."""

    def sampler(rng: np.random.Generator) -> Value:
        quaternion = rng.standard_normal(4)
        return [float(v) for v in quaternion / np.linalg.norm(quaternion)]

    return sampler


@sampler_of.register
def _axis_rotation(distribution: AxisRotation, spec: FactorSpec) -> Sampler:
    axis, low, width = distribution.axis, distribution.low, distribution.high - distribution.low
    return lambda rng: list(quaternion_about(axis, math.radians(low + width * rng.random())))


def choice_quantile(options: Sequence[Value], weights: Sequence[float]) -> Callable[[float], Value]:
    """The option at each share of the sum of the weights."""
    cumulative, last = list(itertools.accumulate(weights)), len(options) - 1
    return lambda u: options[min(bisect.bisect_right(cumulative, u * cumulative[-1]), last)]


def in_form(value: Any, spec: FactorSpec) -> Value:
    """A value as a draw of a factor's kind has it; null stays null."""
    if spec.kind is Kind.COLOR and isinstance(value, str):
        return linear_from_hex(value)
    if spec.kind is Kind.INTEGER and value is not None:
        return int(value)
    if spec.kind is Kind.NUMBER and value is not None:
        return float(value)
    form: Value = value
    return form


def linear_from_srgb(value: float) -> float:
    """Linear light of an sRGB component in [0, 1] (IEC 61966-2-1)."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def linear_from_hex(color: str) -> list[float]:
    """Linear RGB of '#rrggbb'."""
    return [linear_from_srgb(int(color[i : i + 2], 16) / 255) for i in (1, 3, 5)]


def black_body_color(temperature_k: float) -> list[float]:
    """Linear RGB of a black body between 1667 and 25000 K, largest component 1.

    Chromaticity by the cubic splines of Kim et al. (US patent 7024034, 2006).
    """
    t = 1000 / temperature_k
    if temperature_k <= 4000:
        x = -0.2661239 * t**3 - 0.2343589 * t**2 + 0.8776956 * t + 0.179910
    else:
        x = -3.0258469 * t**3 + 2.1070379 * t**2 + 0.2226347 * t + 0.240390
    if temperature_k <= 2222:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif temperature_k <= 4000:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    xyz = np.array([x / y, 1.0, (1 - x - y) / y])
    rgb = np.maximum(_LINEAR_SRGB_FROM_XYZ @ xyz, 0)
    return [float(v) for v in rgb / rgb.max()]


# IEC 61966-2-1, D65 white.
_LINEAR_SRGB_FROM_XYZ = np.array(
    [
        [3.2406255, -1.5372080, -0.4986286],
        [-0.9689307, 1.8757561, 0.0415175],
        [0.0557101, -0.2040211, 1.0569959],
    ]
)
