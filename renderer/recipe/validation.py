"""From a composed configuration (a plain nested dict) to checked settings, a `Recipe` above all."""

import operator
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from functools import partial
from typing import Any, TypeVar

from renderer.errors import RecipeError, nearest_first, unknown_name_message
from renderer.recipe.contradictions import check_camera, check_casters
from renderer.recipe.factors import parse_factor
from renderer.recipe.imaging import RigCamera
from renderer.recipe.keys import Factor, FactorSpec, SettingSpec
from renderer.recipe.lighting import Casters, Lamps
from renderer.recipe.objects import OBJECT_SOURCES
from renderer.recipe.relations import parse_relations
from renderer.recipe.schema import Recipe
from renderer.recipe.settings import parse_setting, show

Settings = TypeVar("Settings")

MAP_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def parse_recipe(config: Mapping[str, Any]) -> Recipe:
    """Check a composed configuration against the schema and turn it into dataclasses.

    Raises:
        RecipeError: one sentence that names the key, what it must be, what it is and a way out.
    """
    recipe = parse_settings(Recipe, _with_shared_path(config))
    if not recipe.objects:
        raise RecipeError("objects must name at least one kind of object, got none")
    check_camera(recipe)
    check_casters(recipe.lighting)
    return parse_relations(recipe)


def _with_shared_path(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The configuration with `objects.path` given to kinds of source mesh without a path of their own."""
    objects = config.get("objects")
    if not isinstance(objects, Mapping) or "path" not in objects:
        return config
    kinds, path = {name: kind for name, kind in objects.items() if name != "path"}, objects["path"]
    if path is None:
        return {**config, "objects": kinds}
    if not isinstance(path, str):
        raise RecipeError(f"objects.path must be a text, got {show(path)}")
    meshes = {n: k for n, k in kinds.items() if isinstance(k, Mapping) and k.get("source") == "mesh"}
    if not meshes:
        raise RecipeError(
            f"objects.path must go to objects of source mesh, and there are none, got '{path}': take "
            "recipe=tabletop, or add meshes to the list that objects=[...] names"
        )
    shared = {name: {**kind, "path": path} for name, kind in meshes.items() if kind.get("path") is None}
    return {**config, "objects": kinds | shared}


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
    "casters": partial(_parse_group, Casters),
    "rig": partial(_parse_group, RigCamera),
    "relation": lambda config, path: config,  # what it says is checked when all factors are known
}
