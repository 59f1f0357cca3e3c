"""Every YAML of `configs/` composes and parses, and the schema behind them is complete."""

import re
from dataclasses import fields
from typing import Any

import pytest
import yaml
from unit.recipes import recipe_of

from renderer.catalog.cards import DECK_STYLES, Rank, Suit
from renderer.catalog.dice import CATEGORIES
from renderer.catalog.library import open_library
from renderer.catalog.sources import categories
from renderer.commands.compose import config_folder, run_jobs
from renderer.commands.job import ResolvedJob, schema_of
from renderer.recipe.keys import FactorSpec, Kind, Level
from renderer.recipe.lighting import (
    AREA_SHAPES,
    CASTER_SHAPES,
    LIGHT_TYPES,
    SKY_KINDS,
    Casters,
    Lamps,
)
from renderer.recipe.objects import DECKS, OBJECT_SOURCES, RANKS, SUITS
from renderer.recipe.schema import DEVICE_KEYS, RUN_KEYS, Recipe
from renderer.recipe.validation import (
    iter_factors,
    iter_specs,
    parse_recipe,
    parse_settings,
    recipe_defaults,
    schema_defaults,
)
from renderer.scene import AreaShape, CasterShape, LightType, SkyKind
from train_eval.settings import Evaluation, Export, Gap, Prediction, Training

CONFIGS = config_folder()
LIBRARY = open_library(recipe_of("dice"))
GROUPS = ("camera", "engine", "execution", "layout", "lighting", "objects", "sensor", "surface")
TRAINING_GROUPS = ("augmentation", "model", "optimization")
COMMANDS = {
    "train": Training,
    "gap": Gap,
    "evaluate": Evaluation,
    "predict": Prediction,
    "export_model": Export,
}
RECIPES = sorted(path.stem for path in (CONFIGS / "recipe").glob("*.yaml"))
KINDS = sorted((CONFIGS / "objects").glob("*.yaml"))
UNITS = {
    "m": "m",
    "mm": "mm",
    "px": "px",
    "pixels": "px",
    "deg": "deg",
    "s": "s",
    "min": "min",
    "gb": "GB",
    "w": "W",
    "ev": "EV",
    "e": "e-",
    "K": "px",
}


SPECS = {
    f"{schema.__name__}.{key}": spec
    for schema in (Recipe, Lamps, Casters, *OBJECT_SOURCES.values(), *COMMANDS.values())
    for key, spec in iter_specs(schema)
}


def leaf_keys(config: dict[str, Any], path: str = "") -> set[str]:
    return {
        key
        for name, child in config.items()
        for key in (
            leaf_keys(child, f"{path}{name}.") if isinstance(child, dict) and child else {f"{path}{name}"}
        )
    }


def test_every_folder_is_a_group_that_is_tested_here():
    assert {path.name for path in CONFIGS.iterdir() if path.is_dir()} == {*GROUPS, *TRAINING_GROUPS, "recipe"}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_composes_and_bears_its_files_name(name):
    recipe = recipe_of(name)
    assert recipe.name == name
    assert recipe.out == f"outputs/{name}"


@pytest.mark.parametrize(
    ("group", "option"),
    [(group, path.stem) for group in GROUPS for path in sorted((CONFIGS / group).glob("*.yaml"))],
)
def test_every_option_of_a_group_fits_into_a_recipe(group, option):
    chosen = recipe_of("dice", f"{group}={option}")
    written = yaml.safe_load((CONFIGS / group / f"{option}.yaml").read_text(encoding="utf-8"))
    written = written.get(group, written)  # a file of package _global_ names its group
    assert set(written) - {"defaults", "path"} <= set(
        getattr(chosen, group) if group == "objects" else (f.name for f in fields(getattr(chosen, group)))
    )


@pytest.mark.parametrize(
    ("group", "option"),
    [(group, path.stem) for group in TRAINING_GROUPS for path in sorted((CONFIGS / group).glob("*.yaml"))],
)
def test_every_option_of_a_group_fits_into_a_training(group, option):
    composed: list[ResolvedJob[Training]] = []
    run_jobs(
        ["data=a", f"{group}={option}"], schema=schema_of(Training), config_name="train",
        check=composed.append, work=lambda job: 0,
    )  # fmt: skip
    chosen = getattr(composed[0].settings, group)
    written = yaml.safe_load((CONFIGS / group / f"{option}.yaml").read_text(encoding="utf-8"))
    written.pop("defaults", None)
    assert written
    assert {key: getattr(chosen, key) for key in written} == written


@pytest.mark.parametrize("group", TRAINING_GROUPS)
def test_a_training_group_begins_with_the_command_that_chooses_it(group):
    for path in (CONFIGS / group).glob("*.yaml"):
        first_line = path.read_text(encoding="utf-8").splitlines()[0]
        assert f"{first_line} ".startswith(f"# gapless train data=SET {group}={path.stem} ")


@pytest.mark.parametrize(("command", "schema"), COMMANDS.items())
def test_the_yaml_of_a_command_begins_with_it_and_repeats_the_defaults_of_its_schema(command, schema):
    text = (CONFIGS / f"{command}.yaml").read_text(encoding="utf-8")
    assert text.startswith(f"# gapless {command.replace('_', '-')} ")
    written = yaml.safe_load(text)
    del written["defaults"]
    defaults = schema_defaults(schema)
    assert written == {key: defaults[key] for key in written}
    assert {key for key, spec in iter_specs(schema) if getattr(spec, "required", "")} <= set(written)


def test_the_standard_groups_are_the_defaults_of_the_schema():
    defaults = parse_settings(Training, {})
    for group, option in {"model": "fcos", "optimization": "standard", "augmentation": "standard"}.items():
        written = yaml.safe_load((CONFIGS / group / f"{option}.yaml").read_text(encoding="utf-8"))
        assert written == schema_defaults(type(getattr(defaults, group)))


def test_a_layout_begins_with_the_command_that_chooses_it():
    for path in (CONFIGS / "layout").glob("*.yaml"):
        first_line = path.read_text(encoding="utf-8").splitlines()[0]
        assert re.match(rf"# gapless render recipe=\w+ layout={path.stem}[ :]", first_line)


@pytest.mark.parametrize("name", RECIPES)
def test_a_layout_leaves_the_half_sizes_of_the_recipe(name):
    bare = recipe_of(name).layout
    for path in (CONFIGS / "layout").glob("*.yaml"):
        chosen = recipe_of(name, f"layout={path.stem}").layout
        assert chosen.half_width_m.distribution == bare.half_width_m.distribution
        assert chosen.half_depth_m.distribution == bare.half_depth_m.distribution


def test_kinds_of_objects_can_be_put_together_at_will():
    recipe = recipe_of("dice", "objects=[cards,dice,occluders,clutter]")
    assert list(recipe.objects) == ["card", "clutter", "die", "occluder"]
    assert categories(recipe, LIBRARY) == (
        "nine",
        "ten",
        "jack",
        "queen",
        "king",
        "ace",
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
    )


def test_the_categories_are_those_of_the_real_photographs():
    assert categories(recipe_of("dice"), LIBRARY) == CATEGORIES
    assert categories(recipe_of("cards"), LIBRARY) == ("nine", "ten", "jack", "queen", "king", "ace")


@pytest.mark.parametrize("path", KINDS, ids=lambda path: path.stem)
def test_a_kind_of_objects_lists_every_key_of_its_schema(path):
    kinds = yaml.safe_load(path.read_text(encoding="utf-8"))
    kinds.pop("path", None)  # shared by kinds of source mesh
    for config in kinds.values():
        schema = OBJECT_SOURCES[config["source"]]
        assert leaf_keys(config) == {key for key, _ in iter_specs(schema)}


@pytest.mark.parametrize("path", sorted(CONFIGS.rglob("*.yaml")), ids=lambda path: str(path.name))
def test_a_yaml_begins_with_a_comment_that_says_what_it_is(path):
    assert path.read_text(encoding="utf-8").startswith("#")


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_begins_with_the_command_that_runs_it(name):
    second_line = (CONFIGS / "recipe" / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[1]
    assert second_line.startswith(f"# gapless render recipe={name} ")


def test_the_schemas_own_defaults_are_a_recipe_once_it_has_objects():
    objects = {source: {"source": source} for source in OBJECT_SOURCES}
    config = recipe_defaults() | {"objects": objects}
    config["lighting"] |= {"lights": {"lamp": {}}, "casters": {"shade": {}}}
    recipe = parse_recipe(config)
    assert set(recipe.objects) == set(OBJECT_SOURCES)
    assert len({factor.name for factor in iter_factors(recipe)}) == len(list(iter_factors(recipe)))


def test_every_key_has_a_line_of_help():
    assert [key for key, spec in SPECS.items() if len(spec.help) <= 3 or "\n" in spec.help] == []


def test_a_key_has_the_unit_that_its_name_ends_in():
    named = {key: UNITS.get(re.split(r"[_.]", key)[-1], "") for key in SPECS}
    assert {key: spec.unit for key, spec in SPECS.items()} == named


def test_a_factor_is_drawn_per_view_in_and_before_the_camera_per_shot_where_shots_differ_and_else_per_scene():
    rooms = {"camera": Level.VIEW, "sensor": Level.SHOT}
    before_the_camera = ("distance_fraction", "edge_fraction", "edge_angle_deg", "rotation")
    levels = {key: spec.level for key, spec in SPECS.items() if isinstance(spec, FactorSpec)}
    expected = {key: rooms.get(key.split(".")[1], Level.SCENE) for key in levels}
    of_shots = (
        "Lamps.gain_ev",
        "Lamps.lit",
        "Lamps.tint",
        "Recipe.lighting.environment.gain_ev",
        "Recipe.lighting.environment.tint",
        "Recipe.camera.crop.x_fraction",
        "Recipe.camera.crop.y_fraction",
    )
    expected |= {f"Foreground.{key}": Level.VIEW for key in before_the_camera}
    assert levels == expected | dict.fromkeys(of_shots, Level.SHOT)


def test_every_whole_number_has_bounds_that_a_generator_can_draw_between():
    bounds = {
        k: (s.low, s.high) for k, s in SPECS.items() if isinstance(s, FactorSpec) and s.kind is Kind.INTEGER
    }
    assert bounds
    assert {k for k, (low, high) in bounds.items() if low is None or high is None or high > 2**53} == set()


def test_the_schemas_names_are_those_of_the_catalog():
    assert set(DECKS) == set(DECK_STYLES)
    assert list(RANKS) == [rank.value for rank in Rank]
    assert list(SUITS) == [suit.value for suit in Suit]
    for names, kinds in (
        (LIGHT_TYPES, LightType), (AREA_SHAPES, AreaShape), (SKY_KINDS, SkyKind), (CASTER_SHAPES, CasterShape)
    ):  # fmt: skip
        assert sorted(names) == sorted(kind.value for kind in kinds)


def test_run_and_device_keys_are_keys_of_the_schema():
    assert {f"Recipe.{key}" for key in RUN_KEYS | DEVICE_KEYS} <= set(SPECS)
