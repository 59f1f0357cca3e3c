"""The distributions of the factor syntax, as plain data: `[log_uniform, 50, 500]` -> LogUniform.

Declared and checked here; drawn from in `renderer.randomize.sampling`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from renderer.errors import RecipeError, unknown_name_message


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise RecipeError(message)


def _number(value: Any, name: str) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    _require(is_number and math.isfinite(value), f"{name} must be a finite number, got {value!r}")
    return float(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A closed interval [low, high]."""

    low: float
    high: float

    def __post_init__(self) -> None:
        _require(
            self.low <= self.high,
            f"low must not exceed high, got {self.low:g} > {self.high:g}: swap them",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """Always the same value."""

    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniform(Range):
    """Uniform on [low, high)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogUniform(Range):
    """Uniform in the logarithm, on [low, high)."""

    def __post_init__(self) -> None:
        Range.__post_init__(self)
        _require(self.low > 0, f"low of log_uniform must be above 0, got {self.low:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TruncatedNormal(Range):
    """Normal with `mean` and standard deviation `sd` before it is cut to [low, high]."""

    mean: float
    sd: float

    def __post_init__(self) -> None:
        Range.__post_init__(self)
        _require(self.sd > 0, f"sd of truncated_normal must be above 0, got {self.sd:g}")
        _require(
            self.low - 8 * self.sd <= self.mean <= self.high + 8 * self.sd,
            f"mean {self.mean:g} of truncated_normal must lie within 8 sd of [{self.low:g}, {self.high:g}]",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Integer(Range):
    """Whole numbers from low to high, both included."""

    def __post_init__(self) -> None:
        Range.__post_init__(self)
        _require(
            self.low.is_integer() and self.high.is_integer(),
            f"bounds of integer must be whole numbers, got {self.low:g} and {self.high:g}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of `options`, with probabilities proportional to `weights`."""

    options: tuple[Any, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        _require(len(self.options) > 0, "choice must have at least one option, got none")
        _require(
            len(self.options) == len(self.weights),
            f"choice must have one weight per option, got {len(self.options)} options and "
            f"{len(self.weights)} weights",
        )
        _require(
            all(weight >= 0 for weight in self.weights) and sum(self.weights) > 0,
            f"weights of choice must be 0 or more and not all 0, got {list(self.weights)}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ColorBox:
    """A colour uniform in a box of sRGB or HSV coordinates, each in [0, 1]."""

    space: str
    axes: tuple[Range, Range, Range]

    def __post_init__(self) -> None:
        for axis, letter in zip(self.axes, self.space[-3:], strict=True):
            _require(
                0 <= axis.low and axis.high <= 1,
                f"{letter} of {self.space} must be in [0, 1], got [{axis.low:g}, {axis.high:g}]",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class BlackBody(Range):
    """The colour of a black body at a temperature uniform on [low, high), kelvin."""

    def __post_init__(self) -> None:
        Range.__post_init__(self)
        _require(
            1667 <= self.low and self.high <= 25000,
            f"temperatures of blackbody must be in [1667, 25000] K, got [{self.low:g}, {self.high:g}]",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectionCap(Range):
    """A unit vector uniform in solid angle between two angles from +Z, degrees."""

    def __post_init__(self) -> None:
        Range.__post_init__(self)
        _require(
            0 <= self.low and self.high <= 180,
            f"angles of direction_cap must be in [0, 180], got [{self.low:g}, {self.high:g}]",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UniformRotation:
    """A rotation uniform on SO(3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisRotation(Range):
    """A rotation about a fixed axis by an angle uniform on [low, high), degrees."""

    axis: tuple[float, float, float]

    def __post_init__(self) -> None:
        Range.__post_init__(self)
        _require(any(self.axis), f"axis of rotation_about must not be zero, got {list(self.axis)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sometimes:
    """Drawn from `distribution` with a probability, null in the other cases; for optional factors only."""

    probability: float
    distribution: "Distribution"

    def __post_init__(self) -> None:
        _require(
            0 <= self.probability <= 1,
            f"probability of sometimes must be in [0, 1], got {self.probability:g}",
        )
        _require(
            not isinstance(self.distribution, Sometimes),
            "sometimes must not stand in sometimes: multiply the probabilities",
        )


Distribution = (
    Constant
    | Uniform
    | LogUniform
    | TruncatedNormal
    | Integer
    | Choice
    | ColorBox
    | BlackBody
    | DirectionCap
    | UniformRotation
    | AxisRotation
    | Sometimes
)


def _two(kind: type[Range]) -> Callable[[Sequence[Any]], Any]:
    def build(arguments: Sequence[Any]) -> Any:
        _require(len(arguments) == 2, f"low and high are due, got {list(arguments)}")
        return kind(low=_number(arguments[0], "low"), high=_number(arguments[1], "high"))

    return build


def _truncated_normal(arguments: Sequence[Any]) -> TruncatedNormal:
    _require(len(arguments) == 4, f"mean, sd, low and high are due, got {list(arguments)}")
    mean, sd, low, high = (
        _number(a, n) for a, n in zip(arguments, ("mean", "sd", "low", "high"), strict=True)
    )
    return TruncatedNormal(mean=mean, sd=sd, low=low, high=high)


def _choice(arguments: Sequence[Any]) -> Choice:
    _require(len(arguments) in (1, 2), f"a list or map of options is due, got {list(arguments)}")
    if isinstance(arguments[0], Mapping):
        _require(len(arguments) == 1, "weights stand in the map already: drop the second list")
        options, weights = tuple(arguments[0]), tuple(arguments[0].values())
    else:
        _require(isinstance(arguments[0], list | tuple), f"options must be a list, got {arguments[0]!r}")
        options = tuple(arguments[0])
        weights = (1.0,) * len(options)
        if len(arguments) == 2:
            _require(isinstance(arguments[1], list | tuple), f"weights must be a list, got {arguments[1]!r}")
            weights = tuple(arguments[1])
    return Choice(options=options, weights=tuple(_number(w, "weight") for w in weights))


def _axis(value: Any) -> Range:
    if isinstance(value, list | tuple):
        _require(len(value) == 2, f"a colour axis must be a number or [low, high], got {list(value)}")
        return Range(low=_number(value[0], "low"), high=_number(value[1], "high"))
    return Range(low=_number(value, "colour axis"), high=_number(value, "colour axis"))


def _color_box(space: str) -> Callable[[Sequence[Any]], ColorBox]:
    def build(arguments: Sequence[Any]) -> ColorBox:
        _require(len(arguments) == 3, f"three colour axes are due, got {list(arguments)}")
        first, second, third = (_axis(a) for a in arguments)
        return ColorBox(space=space, axes=(first, second, third))

    return build


def _direction_cap(arguments: Sequence[Any]) -> DirectionCap:
    _require(len(arguments) in (1, 2), f"[max] or [min, max] degrees are due, got {list(arguments)}")
    low, high = (0.0, arguments[0]) if len(arguments) == 1 else arguments
    return DirectionCap(low=_number(low, "low"), high=_number(high, "high"))


def _uniform_rotation(arguments: Sequence[Any]) -> UniformRotation:
    _require(len(arguments) == 0, f"rotation_uniform takes nothing, got {list(arguments)}")
    return UniformRotation()


def _axis_rotation(arguments: Sequence[Any]) -> AxisRotation:
    _require(
        len(arguments) == 3 and isinstance(arguments[0], list | tuple) and len(arguments[0]) == 3,
        f"[x, y, z], low and high degrees are due, got {list(arguments)}",
    )
    x, y, z = (_number(a, "axis") for a in arguments[0])
    low, high = _number(arguments[1], "low"), _number(arguments[2], "high")
    return AxisRotation(axis=(x, y, z), low=low, high=high)


def read_sometimes(arguments: Sequence[Any], read: Callable[[Any], Distribution]) -> Sometimes:
    """The arguments of `sometimes`: a probability, and what `read` makes of a value or a distribution."""
    _require(len(arguments) == 2, f"a probability and a distribution are due, got {list(arguments)}")
    return Sometimes(probability=_number(arguments[0], "probability"), distribution=read(arguments[1]))


PARSERS: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    "constant": lambda arguments: Constant(value=arguments[0] if len(arguments) == 1 else list(arguments)),
    "uniform": _two(Uniform),
    "log_uniform": _two(LogUniform),
    "truncated_normal": _truncated_normal,
    "integer": _two(Integer),
    "choice": _choice,
    "srgb": _color_box("srgb"),
    "hsv": _color_box("hsv"),
    "blackbody": _two(BlackBody),
    "direction_cap": _direction_cap,
    "rotation_uniform": _uniform_rotation,
    "rotation_about": _axis_rotation,
    "sometimes": lambda arguments: read_sometimes(arguments, parse_distribution),
}


def parse_distribution(value: Any) -> Distribution:
    """Read the value of a factor slot: a plain value, or a list that begins with a distribution's name.

    Raises:
        RecipeError: the name is unknown or its arguments do not fit; the message lacks the key's
            name, which the caller puts in front.
    """
    if not isinstance(value, list | tuple):
        return Constant(value=value)
    name = value[0] if value else None
    _require(isinstance(name, str), f"a list must begin with a distribution's name, got {list(value)}")
    if name not in PARSERS:
        raise RecipeError(unknown_name_message("distribution", str(name), PARSERS))
    parsed: Distribution = PARSERS[str(name)](value[1:])
    return parsed


def can_draw(distribution: Distribution, value: Any) -> bool:
    """Whether a distribution of names or flags can give one of them."""
    if isinstance(distribution, Choice):
        options = zip(distribution.options, distribution.weights, strict=True)
        return any(option == value and weight > 0 for option, weight in options)
    return isinstance(distribution, Constant) and bool(distribution.value == value)
