"""Drawing from distributions. Values are plain JSON: numbers, names, lists; colours are linear RGB."""

import colorsys
import functools
import math

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
    TruncatedNormal,
    Uniform,
    UniformRotation,
)
from renderer.recipe.keys import FactorSpec, Kind
from renderer.rotation import quaternion_about

Value = float | int | str | bool | list[float]


def sample(rng: np.random.Generator, distribution: Distribution, spec: FactorSpec) -> Value:
    """Draw one value of a factor, in the form its kind asks for."""
    value = _sample(distribution, rng)
    if spec.kind is Kind.COLOR and isinstance(value, str):
        return linear_from_hex(value)
    if spec.kind is Kind.INTEGER and isinstance(value, float | int):
        return int(value)
    if spec.kind is Kind.NUMBER and isinstance(value, float | int):
        return float(value)
    return value


@functools.singledispatch
def _sample(distribution: Distribution, rng: np.random.Generator) -> Value:
    raise AssertionError(f"no sampler for {type(distribution).__name__}")


@_sample.register
def _constant(distribution: Constant, rng: np.random.Generator) -> Value:
    value: Value = distribution.value
    return value


@_sample.register
def _uniform(distribution: Uniform, rng: np.random.Generator) -> Value:
    return float(rng.uniform(distribution.low, distribution.high))


@_sample.register
def _log_uniform(distribution: LogUniform, rng: np.random.Generator) -> Value:
    value = math.exp(rng.uniform(math.log(distribution.low), math.log(distribution.high)))
    return min(max(value, distribution.low), distribution.high)


@_sample.register
def _truncated_normal(distribution: TruncatedNormal, rng: np.random.Generator) -> Value:
    low = (distribution.low - distribution.mean) / distribution.sd
    high = (distribution.high - distribution.mean) / distribution.sd
    # In the upper tail the distribution function is 1 to machine precision: mirror it to the lower one.
    mirror = -1.0 if low > 0 else 1.0
    if mirror < 0:
        low, high = -high, -low
    score = mirror * float(ndtri(rng.uniform(ndtr(low), ndtr(high))))
    value = distribution.mean + distribution.sd * score
    return min(max(value, distribution.low), distribution.high)


@_sample.register
def _integer(distribution: Integer, rng: np.random.Generator) -> Value:
    return int(rng.integers(int(distribution.low), int(distribution.high), endpoint=True))


@_sample.register
def _choice(distribution: Choice, rng: np.random.Generator) -> Value:
    cumulative = np.cumsum(distribution.weights)
    chosen = int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))
    value: Value = distribution.options[min(chosen, len(distribution.options) - 1)]
    return value


@_sample.register
def _color_box(distribution: ColorBox, rng: np.random.Generator) -> Value:
    first, second, third = (float(rng.uniform(axis.low, axis.high)) for axis in distribution.axes)
    if distribution.space == "hsv":
        first, second, third = colorsys.hsv_to_rgb(first, second, third)
    return [linear_from_srgb(v) for v in (first, second, third)]


@_sample.register
def _black_body(distribution: BlackBody, rng: np.random.Generator) -> Value:
    return black_body_color(rng.uniform(distribution.low, distribution.high))


@_sample.register
def _direction_cap(distribution: DirectionCap, rng: np.random.Generator) -> Value:
    low, high = math.radians(distribution.low), math.radians(distribution.high)
    z = float(rng.uniform(math.cos(high), math.cos(low)))
    azimuth = float(rng.uniform(0, 2 * math.pi))
    radius = math.sqrt(max(0.0, 1 - z * z))
    return [radius * math.cos(azimuth), radius * math.sin(azimuth), z]


@_sample.register
def _uniform_rotation(distribution: UniformRotation, rng: np.random.Generator) -> Value:
    """A normalised 4D Gaussian is uniform on the unit quaternions (Muller 1959)."""
    quaternion = rng.standard_normal(4)
    return [float(v) for v in quaternion / np.linalg.norm(quaternion)]


@_sample.register
def _axis_rotation(distribution: AxisRotation, rng: np.random.Generator) -> Value:
    angle_rad = math.radians(rng.uniform(distribution.low, distribution.high))
    return list(quaternion_about(distribution.axis, angle_rad))


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
