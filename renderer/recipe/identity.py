"""What makes two recipes describe the same dataset."""

import enum
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from renderer.recipe.distributions import Distribution
from renderer.recipe.keys import Factor
from renderer.recipe.objects import Meshes
from renderer.recipe.schema import DEVICE_KEYS, EXPORT_KEYS, FOLDER_KEYS, RUN_KEYS, Recipe


def recipe_identity(recipe: Recipe) -> dict[str, Any]:
    """The scene-relevant keys of a recipe as a flat map; equal maps describe equal datasets.

    Left out are the keys that say how much, where and by whom is rendered and what is exported of it, and the
    folders of the user's files: what is in them counts, not where they lie.
    """
    flat = dict(_flatten(recipe, ""))
    left_out = RUN_KEYS | EXPORT_KEYS | DEVICE_KEYS | FOLDER_KEYS | mesh_path_keys(recipe)
    return {
        name: value
        for name, value in sorted(flat.items())
        if name not in left_out and not name.startswith("execution.")
    }


def mesh_path_keys(recipe: Recipe) -> frozenset[str]:
    """The keys that say where the user's meshes lie."""
    kinds = recipe.objects.items()
    return frozenset(f"objects.{name}.path" for name, kind in kinds if isinstance(kind, Meshes))


def _flatten(node: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(node, Factor):
        return [(path, _plain(node.distribution))]
    if isinstance(node, Distribution):
        return [(path, _plain(node))]
    if is_dataclass(node):
        children: Mapping[str, Any] = {f.name: getattr(node, f.name) for f in fields(node)}
    elif isinstance(node, Mapping):
        children = node
    else:
        return [(path, _plain(node))]
    join = f"{path}." if path else ""
    return [pair for name, child in children.items() for pair in _flatten(child, f"{join}{name}")]


def _plain(value: Any) -> Any:
    """Distributions as JSON: the name first, then the arguments in the order of their names."""
    if is_dataclass(value):
        arguments = {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
        return [type(value).__name__, dict(sorted(arguments.items()))]
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value.value if isinstance(value, enum.Enum) else value
