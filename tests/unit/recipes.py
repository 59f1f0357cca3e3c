"""The recipes of `configs/`, composed by Hydra as the commands do it, with a few keys changed."""

import copy
import functools
import itertools
from dataclasses import fields, is_dataclass, replace
from typing import Any

import hydra
from omegaconf import OmegaConf

from renderer.commands.compose import config_folder, register_schema
from renderer.commands.job import RECIPE
from renderer.recipe.keys import Factor
from renderer.recipe.schema import Recipe
from renderer.recipe.validation import parse_recipe


def dice_recipe(*overrides: str, **values: Any) -> Recipe:
    """The recipe `dice`, see `recipe_of`."""
    return recipe_of("dice", *overrides, **values)


def cards_recipe(*overrides: str, **values: Any) -> Recipe:
    """The recipe `cards`, see `recipe_of`."""
    return recipe_of("cards", *overrides, **values)


def recipe_of(name: str, /, *overrides: str, **values: Any) -> Recipe:
    """A recipe of `configs/recipe`: overrides as Hydra reads them, then values under their dotted keys.

    `dice_recipe("surface=household", seed=3, **{"engine.samples": 1, "objects.die.count": 4})`
    """
    return parse_recipe(config_of(name, *overrides, **values))


def config_of(name: str, /, *overrides: str, **values: Any) -> dict[str, Any]:
    """The composed configuration, as a plain nested dict of the caller's own."""
    config = copy.deepcopy(_composed(name, overrides))
    for key, value in values.items():
        set_key(config, key, value)
    return config


def set_key(config: dict[str, Any], key: str, value: Any) -> None:
    """Set a dotted key of a nested dict; groups that are not there are made."""
    *groups, last = key.split(".")
    for group in groups:
        config = config.setdefault(group, {})
    config[last] = value


def leaves(node: Any, path: str = "") -> dict[str, Any]:
    """Factors and settings of a recipe by their dotted keys."""
    if isinstance(node, Factor) or not (is_dataclass(node) or isinstance(node, dict)):
        return {path.removesuffix("."): node}
    children = node if isinstance(node, dict) else {f.name: getattr(node, f.name) for f in fields(node)}
    parts = [leaves(child, f"{path}{name}.") for name, child in children.items()]
    return dict(itertools.chain.from_iterable(part.items() for part in parts))


def with_leaf(node: Any, key: str, leaf: Any) -> Any:
    """A recipe with another factor or setting, unchecked."""
    name, _, rest = key.partition(".")
    child = node[name] if isinstance(node, dict) else getattr(node, name)
    changed = with_leaf(child, rest, leaf) if rest else leaf
    return node | {name: changed} if isinstance(node, dict) else replace(node, **{name: changed})


@functools.cache
def _composed(name: str, overrides: tuple[str, ...]) -> dict[str, Any]:
    """What `gapless render recipe=NAME OVERRIDES` composes."""
    register_schema(RECIPE)
    with hydra.initialize_config_dir(version_base="1.3", config_dir=str(config_folder())):
        composed = hydra.compose("render", overrides=[f"recipe={name}", *overrides])
    plain: Any = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
    return dict(plain)
