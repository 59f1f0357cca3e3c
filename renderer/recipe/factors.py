"""Factor slots: a value or a distribution, checked against what the factor may be."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from renderer.errors import RecipeError
from renderer.recipe.distributions import (
    AxisRotation,
    BlackBody,
    Choice,
    ColorBox,
    Constant,
    DirectionCap,
    Distribution,
    Integer,
    Range,
    Sometimes,
    UniformRotation,
    parse_distribution,
    read_sometimes,
)
from renderer.recipe.keys import Factor, FactorSpec, Kind, bounds_text
from renderer.recipe.settings import check_value, is_number, number_hint, show, unit_text

HEX_COLOR = re.compile(r"#[0-9a-fA-F]{6}")

_CONTINUOUS: Mapping[Kind, tuple[type, ...]] = {
    Kind.COLOR: (ColorBox, BlackBody),
    Kind.DIRECTION: (DirectionCap,),
    Kind.ROTATION: (UniformRotation, AxisRotation),
    Kind.INTEGER: (Integer,),
    Kind.FLAG: (),
    Kind.NAME: (),
}
_FORMS: Mapping[Kind, str] = {
    Kind.NUMBER: "a number",
    Kind.INTEGER: "a whole number",
    Kind.FLAG: "true or false",
    Kind.NAME: "a name",
    Kind.COLOR: "a colour '#rrggbb'",
    Kind.DIRECTION: "a direction [x, y, z]",
    Kind.ROTATION: "a rotation, such as [rotation_about, [0, 0, 1], 0, 360]",
}


def parse_factor(spec: FactorSpec, value: Any, name: str) -> Factor:
    """Read and check one factor slot.

    Raises:
        RecipeError: the message begins with the factor's name.
    """
    try:
        distribution = _read(spec, value)
    except RecipeError as error:
        raise RecipeError(f"{name}: {error}") from None
    _check_distribution(spec, distribution, name)
    if spec.kind is Kind.DIRECTION:
        distribution = _with_unit_vectors(distribution)
    return Factor(name=name, distribution=distribution, spec=spec)


def _read(spec: FactorSpec, value: Any) -> Distribution:
    if isinstance(value, list | tuple) and value and value[0] == "sometimes":
        return read_sometimes(value[1:], partial(_read, spec))
    return _constant_vector(spec, value) or parse_distribution(value)


def _constant_vector(spec: FactorSpec, value: Any) -> Constant | None:
    """A plain direction [x, y, z] is a constant, although it is a list without a distribution's name."""
    is_vector = spec.kind is Kind.DIRECTION and isinstance(value, list | tuple) and len(value) == 3
    return Constant(value=list(value)) if is_vector and all(is_number(v) for v in value) else None


def _with_unit_vectors(distribution: Distribution) -> Distribution:
    """Constant directions, and choices among them, at unit length."""
    if isinstance(distribution, Constant):
        return Constant(value=_unit_vector(distribution.value))
    if isinstance(distribution, Choice):
        return replace(distribution, options=tuple(_unit_vector(v) for v in distribution.options))
    if isinstance(distribution, Sometimes):
        return replace(distribution, distribution=_with_unit_vectors(distribution.distribution))
    return distribution


def _unit_vector(vector: Sequence[float]) -> list[float]:
    """At unit length; what is that long but for rounding stays as it is, so that written is read again."""
    length = math.hypot(*vector)
    return [float(v) for v in vector] if abs(length - 1) < 1e-15 else [v / length for v in vector]


def _check_distribution(spec: FactorSpec, distribution: Distribution, name: str) -> None:
    if isinstance(distribution, Sometimes):
        if not spec.optional:
            raise RecipeError(f"{name} must always have a value, got 'sometimes': it cannot be switched off")
        _check_distribution(spec, distribution.distribution, name)
    elif isinstance(distribution, Constant):
        _check_factor_value(spec, distribution.value, name)
    elif isinstance(distribution, Choice):
        for option in distribution.options:
            _check_factor_value(spec, option, name)
    elif spec.kind is Kind.NUMBER:
        if not isinstance(distribution, Range) or isinstance(
            distribution, BlackBody | DirectionCap | AxisRotation
        ):
            raise RecipeError(f"{name} must be a number, but its distribution draws none")
        _check_range(spec, distribution, name)
    elif isinstance(distribution, _CONTINUOUS[spec.kind]):
        if isinstance(distribution, Integer):
            _check_range(spec, distribution, name)
    else:
        raise RecipeError(f"{name} must be {_FORMS[spec.kind]}, but its distribution draws none")


def _check_range(spec: FactorSpec, bounds: Range, name: str) -> None:
    for value in (bounds.low, bounds.high):
        if (spec.low is not None and value < spec.low) or (spec.high is not None and value > spec.high):
            raise RecipeError(
                f"{name} must be {bounds_text(spec)}{unit_text(spec)}, got [{bounds.low:g}, {bounds.high:g}]"
            )


def _check_factor_value(spec: FactorSpec, value: Any, name: str) -> None:
    _check_form(spec, value, name)
    check_value(spec, value, name)


def _check_form(spec: FactorSpec, value: Any, name: str) -> None:
    fits = {
        Kind.NUMBER: is_number(value),
        Kind.INTEGER: is_number(value) and float(value).is_integer(),
        Kind.FLAG: isinstance(value, bool),
        Kind.NAME: isinstance(value, str),
        Kind.COLOR: isinstance(value, str) and HEX_COLOR.fullmatch(value) is not None,
        Kind.DIRECTION: isinstance(value, list | tuple) and len(value) == 3 and all(map(is_number, value)),
        Kind.ROTATION: False,
    }
    if not fits[spec.kind]:
        hint = number_hint(spec, value) if spec.kind in (Kind.NUMBER, Kind.INTEGER) else ""
        raise RecipeError(f"{name} must be {_FORMS[spec.kind]}, got {show(value)}{hint}")
    if spec.kind is Kind.DIRECTION and not 0 < math.hypot(*value) < math.inf:
        raise RecipeError(f"{name} must be a direction of finite length above 0, got {show(value)}")
