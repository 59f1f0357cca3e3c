"""From a composed configuration (a plain nested dict) to checked settings, a `Recipe` above all."""

import math
import operator
import re
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import Field, fields, is_dataclass, replace
from functools import partial
from typing import Any, TypeVar

from renderer.errors import RecipeError, nearest_first, unknown_name_message
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
    UniformRotation,
    parse_distribution,
)
from renderer.recipe.keys import Factor, FactorSpec, Kind, SettingSpec, bounds_text
from renderer.recipe.schema import OBJECT_SOURCES, Lamps, Recipe, RigCamera
from renderer.recipe.settings import check_value, is_number, number_hint, parse_setting, show, unit_text

Settings = TypeVar("Settings")

HEX_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
MAP_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")

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


def parse_recipe(config: Mapping[str, Any]) -> Recipe:
    """Check a composed configuration against the schema and turn it into dataclasses.

    Raises:
        RecipeError: one sentence that names the key, what it must be, what it is and a way out.
    """
    recipe = parse_settings(Recipe, config)
    if not recipe.objects:
        raise RecipeError("objects must name at least one kind of object, got none")
    return recipe


def parse_settings(schema: type[Settings], config: Mapping[str, Any]) -> Settings:
    """Check a composed configuration against a schema and turn it into dataclasses.

    What is required and was not given stays empty, see `check_given`.

    Raises:
        RecipeError: one sentence that names the key, what it must be, what it is and a way out.
    """
    settings: Settings = _parse_group(schema, config, "")
    return settings


def check_given(settings: Any) -> None:
    """Check that whatever a command must be told was given.

    Args:
        settings: a parsed dataclass.

    Raises:
        RecipeError: a required key is empty.
    """
    for name, spec in iter_specs(type(settings)):
        if isinstance(spec, SettingSpec) and spec.required:
            value = operator.attrgetter(name)(settings)
            if not value or (isinstance(value, list) and not all(value)):
                raise RecipeError(f"{name} must be given: {name}={spec.required} ({spec.help})")


def iter_specs(schema: type, path: str = "") -> Iterator[tuple[str, FactorSpec | SettingSpec]]:
    """Dotted key and specification of every factor and setting; maps are left to their own schemas."""
    types = typing.get_type_hints(schema)
    for field in fields(schema):
        if "group" in field.metadata:
            yield from iter_specs(types[field.name], _join(path, field.name))
        elif "map" not in field.metadata:
            yield _join(path, field.name), field.metadata["spec"]


def recipe_defaults() -> dict[str, Any]:
    """The defaults of a recipe, see `schema_defaults`."""
    return schema_defaults(Recipe)


def schema_defaults(schema: type) -> dict[str, Any]:
    """The schema's defaults as a plain nested dict, with empty maps."""
    types = typing.get_type_hints(schema)
    return {
        f.name: schema_defaults(types[f.name]) if "group" in f.metadata else f.metadata["default"]
        for f in fields(schema)
    }


def iter_factors(node: Any) -> Iterator[Factor]:
    """All factors of a parsed recipe, or of a part of it, in the order of the schema."""
    if isinstance(node, Factor):
        yield node
    elif isinstance(node, Mapping):
        for value in node.values():
            yield from iter_factors(value)
    elif is_dataclass(node):
        for f in fields(node):
            yield from iter_factors(getattr(node, f.name))


def _parse_group(schema: type, config: Any, path: str) -> Any:
    if not isinstance(config, Mapping):
        raise RecipeError(f"{path} must be a group of keys, got {config!r}")
    known = {f.name: f for f in fields(schema)}
    for key in config:
        if key not in known:
            raise RecipeError(_unknown_key_message(_join(path, str(key)), str(key), known, path))
    types = typing.get_type_hints(schema)
    return schema(**{n: _parse_field(f, types[n], config, _join(path, n)) for n, f in known.items()})


def _unknown_key_message(name: str, key: str, known: Mapping[str, Any], path: str) -> str:
    """Names the nearest key of the group, or one of this very name in another group of a recipe."""
    elsewhere = [other for other, _ in iter_specs(Recipe) if other.endswith(f".{key}")]
    is_of_recipe = path.partition(".")[0] in {f.name for f in fields(Recipe)}
    nearest = _join(path, nearest_first(key, known)[0])
    if is_of_recipe and elsewhere:
        nearest = nearest_first(name, elsewhere)[0]
    return f"key '{name}' is unknown; did you mean '{nearest}'?"


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _parse_field(field: Field[Any], schema: Any, config: Mapping[str, Any], name: str) -> Any:
    metadata = field.metadata
    if "group" in metadata:
        value = config.get(field.name)
        return _parse_group(schema, {} if value is None else value, name)
    value = config.get(field.name, metadata["default"])
    if "map" in metadata:
        return _parse_map(metadata["map"], value, name)
    if isinstance(metadata["spec"], SettingSpec):
        return parse_setting(metadata["spec"], value, name)
    if value is None and metadata["spec"].optional:
        return None
    return parse_factor(metadata["spec"], value, name)


def _parse_map(item: str, config: Any, path: str) -> dict[str, Any]:
    if not isinstance(config, Mapping):
        raise RecipeError(f"{path} must be a map from names to groups of keys, got {config!r}")
    for name in config:
        if not isinstance(name, str) or not MAP_NAME.fullmatch(name):
            raise RecipeError(
                f"{path}.{name} must begin with a letter and go on with letters, digits, '-' and '_'"
            )
    parse = _MAP_ITEMS[item]
    return {name: parse(value, _join(path, name)) for name, value in sorted(config.items())}


def _parse_object_kind(config: Any, path: str) -> Any:
    if not isinstance(config, Mapping):
        raise RecipeError(f"{path} must be a group of keys, got {config!r}")
    if config.get("source") is None:
        raise RecipeError(f"{path}.source must be given: one of {', '.join(OBJECT_SOURCES)}")
    source = str(config["source"])
    if source not in OBJECT_SOURCES:
        raise RecipeError(unknown_name_message(f"{path}.source", source, OBJECT_SOURCES))
    return _parse_group(OBJECT_SOURCES[source], config, path)


_MAP_ITEMS: Mapping[str, Callable[[Any, str], Any]] = {
    "objects": _parse_object_kind,
    "lights": partial(_parse_group, Lamps),
    "rig": partial(_parse_group, RigCamera),
}


def parse_factor(spec: FactorSpec, value: Any, name: str) -> Factor:
    """Read and check one factor slot.

    Raises:
        RecipeError: the message begins with the factor's name.
    """
    try:
        distribution = _constant_vector(spec, value) or parse_distribution(value)
    except RecipeError as error:
        raise RecipeError(f"{name}: {error}") from None
    _check_distribution(spec, distribution, name)
    if spec.kind is Kind.DIRECTION:
        distribution = _with_unit_vectors(distribution)
    return Factor(name=name, distribution=distribution, spec=spec)


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
    return distribution


def _unit_vector(vector: Sequence[float]) -> list[float]:
    """At unit length; what is that long but for rounding stays as it is, so that written is read again."""
    length = math.hypot(*vector)
    return [float(v) for v in vector] if abs(length - 1) < 1e-15 else [v / length for v in vector]


def _check_distribution(spec: FactorSpec, distribution: Distribution, name: str) -> None:
    if isinstance(distribution, Constant):
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
