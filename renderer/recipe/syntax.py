"""Factor syntax, written: a distribution as plain data and as text. The inverse of `parse_distribution`."""

import functools
import math
import re
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import yaml

from renderer.recipe.distributions import (
    AxisRotation,
    BlackBody,
    Choice,
    ColorBox,
    Constant,
    DirectionCap,
    Distribution,
    Range,
    TruncatedNormal,
    UniformRotation,
)

LINE_BREAKS = (
    "\x85\u2028\u2029"  # of YAML, besides the usual ones: it folds them where it does not escape them
)
WORD_STARTS = re.compile(r"(?<!^)(?=[A-Z])")  # within a name like LogUniform
LARGEST_EXACT = 2**53  # floats up to here hold every whole number: beyond, one is not written as such


def syntax_of(distribution: Distribution) -> Any:
    """A distribution as `parse_distribution` reads it: a plain value, or a list that begins with a name."""
    return _syntax(distribution)


def value_text(value: Any) -> str:
    """Plain data as one line of YAML, which Hydra's command line reads too but for some quotes."""
    text = _dumped(value, allow_unicode=True)
    if any(character in text for character in LINE_BREAKS):
        text = _dumped(value, allow_unicode=False)
    return text.removesuffix("\n").removesuffix("...").removesuffix("\n")


def _dumped(value: Any, *, allow_unicode: bool) -> str:
    return str(
        yaml.safe_dump(
            value, default_flow_style=True, sort_keys=False, allow_unicode=allow_unicode, width=math.inf
        )
    )


def syntax_text(distribution: Distribution) -> str:
    """A distribution as one line of text, such as '[uniform, 0, 35]'."""
    return value_text(syntax_of(distribution))


@functools.singledispatch
def _syntax(distribution: Distribution) -> Any:
    """The name, and the arguments in the order of the fields: what most distributions are written as."""
    name = WORD_STARTS.sub("_", type(distribution).__name__).lower()
    return [name, *(_argument(getattr(distribution, field.name)) for field in fields(distribution))]


def _argument(value: Any) -> Any:
    return syntax_of(value) if isinstance(value, Distribution) else _number(value)


@_syntax.register
def _constant(distribution: Constant) -> Any:
    value = distribution.value
    return ["constant", list(value)] if isinstance(value, list | tuple) else value


@_syntax.register
def _truncated_normal(distribution: TruncatedNormal) -> Any:
    return [
        "truncated_normal", _number(distribution.mean), _number(distribution.sd), *_bounds(distribution)
    ]  # fmt: skip


@_syntax.register
def _choice(distribution: Choice) -> Any:
    options = [list(o) if isinstance(o, list | tuple) else o for o in distribution.options]
    weights = [_number(w) for w in distribution.weights]
    if all(weight == 1 for weight in weights):
        return ["choice", options]
    if _can_be_keys(options):
        return ["choice", dict(zip(options, weights, strict=True))]
    return ["choice", options, weights]


def _can_be_keys(options: Sequence[Any]) -> bool:
    """Whether options are still told apart as the keys of a map: 1, 1.0 and true are one key."""
    return all(isinstance(o, str | int | float) for o in options) and len(set(options)) == len(options)


@_syntax.register
def _color_box(distribution: ColorBox) -> Any:
    return [distribution.space, *(_axis(axis) for axis in distribution.axes)]


def _axis(axis: Range) -> Any:
    return _number(axis.low) if axis.low == axis.high else _bounds(axis)


@_syntax.register
def _black_body(distribution: BlackBody) -> Any:
    return ["blackbody", *_bounds(distribution)]


@_syntax.register
def _direction_cap(distribution: DirectionCap) -> Any:
    low, high = _bounds(distribution)
    return ["direction_cap", *([] if low == 0 else [low]), high]


@_syntax.register
def _uniform_rotation(distribution: UniformRotation) -> Any:
    return ["rotation_uniform"]


@_syntax.register
def _axis_rotation(distribution: AxisRotation) -> Any:
    return ["rotation_about", [_number(v) for v in distribution.axis], *_bounds(distribution)]


def _bounds(bounds: Range) -> list[float]:
    return [_number(bounds.low), _number(bounds.high)]


def _number(value: float) -> float:
    """A whole number without its '.0'; it is read as a float again."""
    return int(value) if float(value).is_integer() and abs(value) < LARGEST_EXACT else value
