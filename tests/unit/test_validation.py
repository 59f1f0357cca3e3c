"""Validation: what a recipe may not be, and that one sentence says so with the key's name first."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.recipes import cards_recipe, config_of, dice_recipe, recipe_of

from renderer.errors import RecipeError
from renderer.recipe.distributions import PARSERS, Choice, Constant
from renderer.recipe.keys import Factor
from renderer.recipe.schema import Recipe
from renderer.recipe.validation import iter_factors, parse_factor, parse_recipe

FACTORS = {f.name: f for recipe in (dice_recipe(), cards_recipe()) for f in iter_factors(recipe)}


def refusal(recipe: str, key: str, value: Any) -> str:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(config_of(recipe, **{key: value}))
    return str(caught.value)


@pytest.mark.parametrize(
    ("recipe", "key", "nearest"),
    [
        ("dice", "objects.die.edge", "objects.die.edge_m"),
        ("dice", "objects.die.colour", "objects.die.color"),
        ("dice", "objects.clutter.appearance.rougness", "objects.clutter.appearance.roughness"),
        ("dice", "camera.width", "camera.width_px"),
        ("dice", "lighting.lights.lamp.energy", "lighting.lights.lamp.energy_w"),
        ("dice", "lightning", "lighting"),
        ("cards", "objects.card.ranks", "objects.card.rank"),
        ("cards", "engine.sample", "engine.samples"),
    ],
)
def test_an_unknown_key_names_the_nearest_one(recipe, key, nearest):
    assert refusal(recipe, key, 1) == f"key '{key}' is unknown; did you mean '{nearest}'?"


SETTINGS = [
    ("frames", -1, "must be in [1, 1e+09], got -1"),
    ("frames", 0, "must be in [1, 1e+09], got 0"),
    ("frames", 2.0, "must be a whole number, got 2.0"),
    ("frames", True, "must be a whole number, got True"),
    ("frames", "8", "must be a whole number, got '8'"),
    ("frames", None, "must be a whole number, got None"),
    ("seed", -1, "must be in [0, 9.22337e+18], got -1"),
    ("out", 3, "must be a text, got 3"),
    ("dry_run", "yes", "must be true or false, got 'yes'"),
    ("profile", 1, "must be true or false, got 1"),
    ("camera.width_px", 8, "must be in [16, 16384] px, got 8"),
    ("camera.pixel_aspect", "wide", "must be a number, got 'wide'"),
    ("camera.pixel_aspect", float("nan"), "must be in [0.1, 10], got nan"),
    ("labels.min_pixels", 0, "must be 1 or more px, got 0"),
    (
        "engine.samples",
        ["uniform", 1, 8],
        "must be a whole number, got ['uniform', 1, 8]: a setting takes no distribution",
    ),
    ("engine.device", "cuda", "'cuda' is unknown; did you mean 'cpu'? (known: cpu, gpu, auto)"),
    (
        "objects.die.source",
        "dye",
        "'dye' is unknown; did you mean 'die'? (known: die, mesh, primitive, foreground, playing_card)",
    ),
    ("objects.clutter.stack", "no", "must be true or false, got 'no'"),
]  # fmt: skip
FACTOR_VALUES = [
    ("objects.die.edge_m", [], ": a list must begin with a distribution's name, got []"),
    ("objects.die.edge_m", "big", " must be a number, got 'big'"),
    ("objects.die.edge_m", True, " must be a number, got True"),
    ("objects.die.edge_m", None, " must be a number, got None"),
    ("objects.die.edge_m", 3, " must be in [0.002, 0.2] m, got 3"),
    ("objects.die.edge_m", float("inf"), " must be in [0.002, 0.2] m, got inf"),
    ("objects.die.edge_m", ["uniform", 0, 0.1], " must be in [0.002, 0.2] m, got [0, 0.1]"),
    ("objects.die.edge_m", ["choice", [0.01, 1]], " must be in [0.002, 0.2] m, got 1"),
    ("objects.die.edge_m", ["choice", [0.01, "x"]], " must be a number, got 'x'"),
    ("objects.die.edge_m", ["uniform", 2, 1], ": low must not exceed high, got 2 > 1: swap them"),
    ("objects.die.count", 2.5, " must be a whole number, got 2.5"),
    ("objects.die.count", ["integer", 1, 201], " must be in [0, 200], got [1, 201]"),
    ("objects.die.chirality", 1, " must be a name, got 1"),
    (
        "objects.die.chirality",
        "rigth",
        " 'rigth' is unknown; did you mean 'right'? (known: right, left)",
    ),
    ("objects.die.color", "red", " must be a colour '#rrggbb', got 'red'"),
    ("objects.die.color", "#fff", " must be a colour '#rrggbb', got '#fff'"),
    ("objects.die.color", "#gg0000", " must be a colour '#rrggbb', got '#gg0000'"),
    ("objects.die.color", ["choice", {"#ff0000": 1, "#0000": 1}], " must be a colour '#rrggbb', got '#0000'"),
    ("surface.tray.presence", 1, " must be true or false, got 1"),
    (
        "objects.die.rotation",
        30,
        " must be a rotation, such as [rotation_about, [0, 0, 1], 0, 360], got 30",
    ),
]
LAMP = "lighting.lights.lamp.direction"
ZERO = " must be a direction of finite length above 0, got [0, 0, 0]"
DIRECTIONS = [
    (LAMP, [0, 0, 0], ZERO),
    (LAMP, ["constant", 0, 0, 0], ZERO),
    (LAMP, ["choice", [[0, 0, 1], [0, 0, 0]]], ZERO),
    (LAMP, ["choice", [["x", 0, 0]]], " must be a direction [x, y, z], got ['x', 0, 0]"),
    (LAMP, ["constant", 0, 1], " must be a direction [x, y, z], got [0, 1]"),
    (LAMP, 3, " must be a direction [x, y, z], got 3"),
]
NAMED = " must begin with a letter and go on with letters, digits, '-' and '_'"
GROUPS = [
    ("objects", {}, " must name at least one kind of object, got none"),
    ("objects", 3, " must be a map from names to groups of keys, got 3"),
    ("objects.die", None, " must be a group of keys, got None"),
    ("objects.clutter.appearance", 3, " must be a group of keys, got 3"),
    ("surface.tray", False, " must be a group of keys, got False"),
    ("surface.tray", [], " must be a group of keys, got []"),
    ("lighting.lights", None, " must be a map from names to groups of keys, got None"),
    ("lighting.lights.lamp", 1, " must be a group of keys, got 1"),
]


@pytest.mark.parametrize(
    ("key", "value", "rest"),
    [(key, value, f" {rest}") for key, value, rest in SETTINGS] + FACTOR_VALUES + DIRECTIONS + GROUPS,
    ids=lambda case: str(case)[:50],
)
def test_a_refusal_begins_with_the_key_and_says_must_and_got(key, value, rest):
    assert refusal("dice", key, value) == key + rest


@pytest.mark.parametrize("name", ["3d", "", "a b", "a.b", "_x", "ä", True, None, 7])
def test_a_name_in_a_map_is_a_word(name):
    assert refusal("dice", "lighting.lights", {name: {}, "lamp": {}}) == f"lighting.lights.{name}{NAMED}"


def test_an_unknown_category_names_the_nearest_rank():
    message = refusal("cards", "objects.card.categories", ["nine", "quen"])
    assert message.startswith("objects.card.categories 'quen' is unknown; did you mean 'queen'? (known: ")
    assert refusal("cards", "objects.card.categories", "nine") == (
        "objects.card.categories must be a list, got 'nine'"
    )


DRAWS_NONE = [
    ("objects.die.edge_m", "a number", ["hsv", "blackbody", "direction_cap", "rotation_uniform"]),
    ("objects.die.count", "a whole number", ["uniform", "log_uniform", "truncated_normal", "hsv"]),
    ("objects.die.chirality", "a name", ["uniform", "integer", "srgb", "direction_cap", "rotation_uniform"]),
    ("surface.tray.presence", "true or false", ["uniform", "integer", "blackbody", "rotation_about"]),
    ("objects.die.color", "a colour '#rrggbb'", ["uniform", "integer", "direction_cap", "rotation_uniform"]),
    (LAMP, "a direction [x, y, z]", ["uniform", "hsv", "blackbody", "rotation_uniform", "rotation_about"]),
    (
        "objects.die.rotation",
        "a rotation, such as [rotation_about, [0, 0, 1], 0, 360]",
        ["uniform", "integer", "hsv", "blackbody", "direction_cap"],
    ),
]  # fmt: skip
EXAMPLES: dict[str, Any] = {
    "uniform": ["uniform", 0.01, 0.02],
    "log_uniform": ["log_uniform", 0.01, 0.02],
    "truncated_normal": ["truncated_normal", 0.015, 0.01, 0.01, 0.02],
    "integer": ["integer", 1, 2],
    "srgb": ["srgb", 0, 0, 0],
    "hsv": ["hsv", 0, 0, 0],
    "blackbody": ["blackbody", 2000, 3000],
    "direction_cap": ["direction_cap", 10],
    "rotation_uniform": ["rotation_uniform"],
    "rotation_about": ["rotation_about", [0, 0, 1], 0, 1],
}


@pytest.mark.parametrize(
    ("key", "form", "name"), [(key, form, name) for key, form, names in DRAWS_NONE for name in names]
)
def test_a_distribution_of_another_kind_is_refused(key, form, name):
    assert refusal("dice", key, EXAMPLES[name]) == f"{key} must be {form}, but its distribution draws none"


@pytest.mark.parametrize("value", [[0, 0, 5], ["constant", 0, 0, 5], ["choice", [[0, 0, 5], [0, 0, 0.1]]]])
def test_constant_directions_get_unit_length(value):
    distribution = recipe_of("dice", **{LAMP: value}).lighting.lights["lamp"].direction.distribution
    vectors = [distribution.value] if isinstance(distribution, Constant) else distribution.options
    assert all(vector == [0.0, 0.0, 1.0] for vector in vectors)


def test_an_empty_group_has_the_defaults_of_the_schema():
    recipe = dice_recipe(camera=None, sensor={})
    assert recipe.camera.width_px == 640
    assert recipe.sensor.exposure_ev == dice_recipe(sensor=None).sensor.exposure_ev


junk = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)
slot_values = junk | st.builds(
    lambda name, rest: [name, *rest], st.sampled_from(sorted(PARSERS)), st.lists(junk, max_size=4)
)


def outcome(parse: Callable[[], Any]) -> Any:
    try:
        return parse()
    except RecipeError as error:
        return str(error)


@given(st.sampled_from(sorted(FACTORS)), slot_values)
def test_whatever_stands_in_a_factor_slot_is_a_factor_or_one_sentence_about_it(name, value):
    parsed = outcome(lambda: parse_factor(FACTORS[name].spec, value, name))
    assert isinstance(parsed, Factor) or parsed.startswith(name)


@settings(max_examples=40)
@given(
    st.sampled_from(
        ["frames", "out", "camera", "camera.width_px", "objects", "objects.die", "lighting.lights"]
    ),
    junk,
)
def test_whatever_stands_at_a_key_is_a_recipe_or_one_sentence_about_it(key, value):
    parsed = outcome(lambda: recipe_of("dice", **{key: value}))
    assert isinstance(parsed, Recipe) or parsed.removeprefix("key '").startswith(key)


def test_choices_keep_what_their_kind_asks_for():
    distribution = dice_recipe().surface.tray.presence.distribution
    assert isinstance(distribution, Choice)
    assert distribution.options == (True, False)
