"""The identity of a recipe: every key that changes a frame is in it, and no other."""

import json
from dataclasses import replace
from typing import Any

import pytest
from unit.recipes import cards_recipe, config_of, dice_recipe, leaves, with_leaf

from renderer.recipe.distributions import Constant
from renderer.recipe.identity import recipe_identity
from renderer.recipe.keys import Factor, Kind
from renderer.recipe.schema import DEVICE_KEYS, EXPORT_KEYS, FOLDER_KEYS, RUN_KEYS
from renderer.recipe.validation import parse_recipe

RECIPES = {"dice": dice_recipe(), "cards": cards_recipe()}
LEFT_OUT = {
    "name",
    "frames",
    "first_frame",
    "out",
    "store",
    "shard_frames",
    "dry_run",
    "profile",
    "engine.device",
    "labels.device",
    "lighting.environment.folder",  # what is in these folders counts, by content
    "surface.image_folder",
    "surface.pbr_folder",
    "surface.photo_folder",
    "labels.box",
}
OTHER_CONSTANTS = {
    Kind.NUMBER: 0.123,
    Kind.INTEGER: 3,
    Kind.FLAG: True,
    Kind.NAME: "other",
    Kind.COLOR: "#123456",
    Kind.DIRECTION: [0.0, 0.0, 1.0],
    Kind.ROTATION: [1.0, 0.0, 0.0, 0.0],
}


def other_than(value: Any) -> Any:
    if isinstance(value, Factor):
        other = Constant(value=OTHER_CONSTANTS[value.spec.kind])
        return replace(value, distribution=Constant(value=False) if value.distribution == other else other)
    if isinstance(value, bool):
        return not value
    if isinstance(value, list):
        return value[:-1] if value else ["other"]
    return f"{value}x" if value is None or isinstance(value, str) else value + 1


@pytest.mark.parametrize("name", RECIPES)
def test_a_key_is_in_the_identity_unless_it_says_how_much_where_or_by_whom(name):
    recipe, identity = RECIPES[name], recipe_identity(RECIPES[name])
    changed = {key: with_leaf(recipe, key, other_than(leaf)) for key, leaf in leaves(recipe).items()}
    assert len(changed) > 80
    assert {key for key, other in changed.items() if other == recipe} == set()
    left_out = {key for key, other in changed.items() if recipe_identity(other) == identity}
    of_execution = {key for key in changed if key.startswith("execution.")}
    assert len(of_execution) > 10
    assert left_out == LEFT_OUT | of_execution


def test_the_keys_left_out_are_named_in_the_schema():
    assert RUN_KEYS | EXPORT_KEYS | DEVICE_KEYS | FOLDER_KEYS == LEFT_OUT


@pytest.mark.parametrize("name", RECIPES)
def test_the_identity_goes_to_json_and_back(name):
    identity = recipe_identity(RECIPES[name])
    assert json.loads(json.dumps(identity)) == identity
    assert list(identity) == sorted(identity)


def test_the_order_in_which_keys_are_written_does_not_matter():
    config = config_of("dice")
    turned = {
        key: dict(reversed(v.items())) if isinstance(v, dict) else v for key, v in reversed(config.items())
    }
    assert recipe_identity(parse_recipe(turned)) == recipe_identity(RECIPES["dice"])


def test_one_more_kind_of_objects_is_another_identity():
    more = dice_recipe("objects=[dice,clutter,occluders]")
    assert recipe_identity(more) != recipe_identity(RECIPES["dice"])


def test_equal_numbers_in_another_distribution_are_another_identity():
    uniform, log_uniform = (
        recipe_identity(dice_recipe(**{"objects.die.edge_m": [name, 0.01, 0.02]}))
        for name in ("uniform", "log_uniform")
    )
    assert uniform != log_uniform
