"""A scene goes to JSON and back without loss, and is plain data."""

import json
from dataclasses import fields, is_dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.recipes import cards_recipe, dice_recipe
from unit.strategies import card, card_values, die, die_values, primitive, scene_of, unit_quaternions

from renderer.catalog.library import open_library
from renderer.randomize.scenes import sample_scene
from renderer.scene import Pose, Scene, SceneObject, scene_from_json, scene_to_json
from renderer.settle import settle

RECIPES = {
    "dice in a tray": dice_recipe(**{"surface.tray.presence": True}),
    "dice on a table": dice_recipe(**{"surface.tray.presence": False}),
    "cards": cards_recipe(),
    "nothing": dice_recipe(**{"objects.die.count": 0, "objects.clutter.count": 0, "lighting.lights": {}}),
    "views and shots": dice_recipe(views=2, shots=3),
}
LIBRARY = open_library(dice_recipe())
finite = st.floats(allow_nan=False, allow_infinity=False)


def drawn(name: str, index: int) -> Scene:
    recipe = RECIPES[name]
    return sample_scene(recipe, LIBRARY, index)


def plain(node: object) -> bool:
    """Whether a scene holds nothing but dataclasses, tuples, dicts and what JSON knows."""
    if is_dataclass(node):
        return all(plain(getattr(node, f.name)) for f in fields(node))
    if isinstance(node, dict):
        return all(type(key) is str and plain(value) for key, value in node.items())
    if type(node) in (tuple, list):
        return all(plain(value) for value in node)  # type: ignore[union-attr]
    return node is None or type(node) in (bool, int, float, str) or type(node).__module__ == "renderer.scene"


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("index", [0, 3])
def test_a_scene_comes_back_from_json_as_it_was(name, index):
    for scene in (drawn(name, index), settle(drawn(name, index), LIBRARY)):
        text = scene_to_json(scene)
        restored = scene_from_json(text)
        assert restored == scene
        assert scene_to_json(restored) == text


@pytest.mark.parametrize("name", RECIPES)
def test_a_scene_is_plain_data(name):
    assert plain(drawn(name, 1))
    assert plain(settle(drawn(name, 1), LIBRARY))


def test_the_scenes_of_these_tests_are_with_and_without_a_tray():
    assert drawn("dice in a tray", 0).ground.tray is not None
    assert drawn("dice on a table", 0).ground.tray is None
    assert drawn("nothing", 0).objects == drawn("nothing", 0).lights == ()


def test_json_is_one_line_with_sorted_keys():
    text = scene_to_json(drawn("dice in a tray", 0))
    assert "\n" not in text
    assert json.dumps(json.loads(text), sort_keys=True) == text


@given(st.tuples(finite, finite, finite), unit_quaternions(), die_values, card_values)
def test_every_float_comes_back_to_the_last_bit(position_m, rotation_wxyz, die_parameters, card_parameters):
    pose = Pose(position_m=position_m, rotation_wxyz=rotation_wxyz)  # type: ignore[arg-type]
    items: list[SceneObject] = [die(**die_parameters), card(**card_parameters), primitive(stack=True)]
    scene = scene_of(*(replace(item, pose=pose) for item in items), tray_half_m=(0.1, 0.2))
    text = scene_to_json(scene)
    assert scene_from_json(text) == scene
    assert scene_to_json(scene_from_json(text)) == text


def test_an_entity_is_named_by_its_kind_and_slot():
    assert die(slot=3).name == "die[3]"
