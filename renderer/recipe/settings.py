"""Checks of settings: fixed values, lists and ranges of them, and maps of names."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Never

from renderer.errors import RecipeError, unknown_name_message
from renderer.recipe.keys import FactorSpec, SettingSpec, bounds_text

NUMBER_WITH_UNIT = re.compile(r"\s*[-+]?\d[\d.]*\s*(?:[^\W\d_]+|[%°])\s*")  # 5 cm, 640px, 50%
_FORMS: Mapping[type, str] = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
_PLURALS: Mapping[type, str] = {int: "whole numbers", float: "numbers", str: "texts", bool: "true and false"}


def parse_setting(spec: SettingSpec, value: Any, name: str) -> Any:
    """Read and check one setting.

    A required setting that is null stays empty: `validation.check_given` complains about it last.

    Raises:
        RecipeError: the message begins with the setting's name.
    """
    if value is None and spec.optional:
        return None
    if value is None and spec.required:
        return spec.type()
    if spec.type is dict:
        return _parse_names({} if value is None else value, name)
    if spec.type is list:
        return _parse_list(spec, value, name)
    if not _fits(spec.type, value):
        hint = ": a setting takes no distribution" if isinstance(value, list) else number_hint(spec, value)
        raise RecipeError(f"{name} must be {_FORMS[spec.type]}, got {show(value)}{hint}")
    check_value(spec, value, name)
    if spec.suffix and not value.endswith(spec.suffix):
        raise RecipeError(f"{name} must end in {spec.suffix}, got {show(value)}")
    return float(value) if spec.type is float else value


def _parse_list(spec: SettingSpec, value: Any, name: str) -> list[Any]:
    item = spec.item
    if spec.scalar and item is not None and _fits(item, value):
        value = [value]
    length = 2 if spec.interval else spec.length
    if not isinstance(value, list) or length not in (None, len(value)):
        _refuse_list(spec, value, name)
    if item is not None and not all(_fits(item, v) for v in value):
        _refuse_list(spec, value, name)
    for v in value:
        check_value(spec, v, name)
    if spec.options and len(set(value)) < len(value):
        raise RecipeError(f"{name} must not name anything twice, got {show(value)}")
    if spec.interval and value[0] > value[1]:
        raise RecipeError(f"{name}: low must not exceed high, got {value[0]:g} > {value[1]:g}: swap them")
    return [float(v) for v in value] if item is float else value


def _refuse_list(spec: SettingSpec, value: Any, name: str) -> Never:
    form = "a list"
    if spec.interval:
        form = "a range [low, high]"
    elif spec.length is not None and spec.item is not None:
        form = f"a list of {spec.length} {_PLURALS[spec.item]}"
    elif spec.item is not None and spec.scalar:
        form = f"{_FORMS[spec.item]} or a list of {_PLURALS[spec.item]}"
    elif spec.item is not None and isinstance(value, list):
        form = f"a list of {_PLURALS[spec.item]}"
    raise RecipeError(f"{name} must be {form}, got {show(value)}")


def _parse_names(value: Any, name: str) -> dict[str, str | None]:
    """A map from names to names or null; numbers are names too: categories may be called 1 and 2."""
    if not isinstance(value, Mapping):
        raise RecipeError(f"{name} must be a map {{name: name}}, got {show(value)}")
    for key, other in value.items():
        if not _is_name(key):
            raise RecipeError(f"{name} must have names as its keys, got {show(key)}")
        if other is not None and not _is_name(other):
            raise RecipeError(f"{name}.{key} must be a name or null, got {show(other)}")
    return {str(key): None if other is None else str(other) for key, other in value.items()}


def _is_name(value: Any) -> bool:
    return isinstance(value, str) or _fits(int, value)


def _fits(kind: type, value: Any) -> bool:
    if kind is float:
        return is_number(value)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def is_number(value: Any) -> bool:
    """Whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def check_value(spec: FactorSpec | SettingSpec, value: Any, name: str) -> None:
    """Check one value against the options or the range of its specification.

    Raises:
        RecipeError: the message begins with `name`.
    """
    if spec.options and value not in spec.options:
        raise RecipeError(unknown_name_message(name, str(value), [str(o) for o in spec.options]))
    if not is_number(value):
        return
    too_low = spec.low is not None and value < spec.low
    if too_low or (spec.high is not None and value > spec.high) or not math.isfinite(value):
        raise RecipeError(f"{name} must be {bounds_text(spec)}{unit_text(spec)}, got {value:g}")


def number_hint(spec: FactorSpec | SettingSpec, value: Any) -> str:
    """What to write for a number with a unit, such as '5 cm'; nothing for other values."""
    if not isinstance(value, str) or not NUMBER_WITH_UNIT.fullmatch(value):
        return ""
    return f": write the number alone{f', in {spec.unit}' if spec.unit else ''}"


def unit_text(spec: FactorSpec | SettingSpec) -> str:
    """The unit after a space, or nothing."""
    return f" {spec.unit}" if spec.unit else ""


def show(value: Any) -> str:
    """A value as messages show it: texts in quotes, at any depth of lists."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(show(v) for v in value) + "]"
    return f"'{value}'" if isinstance(value, str) else str(value)
