"""Rule 1 of the design: a frame never depends on who rendered it, nor a draw on any other factor."""

import functools
import os
import pickle
import re
import subprocess
import sys
from typing import Any

import pytest
from unit.recipes import cards_recipe, dice_recipe, recipe_of, with_leaf

from renderer.catalog.library import open_library
from renderer.randomize.scenes import sample_scene
from renderer.recipe.keys import Factor, Kind
from renderer.recipe.schema import Recipe
from renderer.recipe.validation import iter_factors, parse_factor
from renderer.scene import Scene, scene_to_json

LIBRARY = open_library(dice_recipe())
NAMES = ("dice", "cards")
BASES = {"dice": dice_recipe(), "cards": cards_recipe()}
# A few of everything, close together, so that places are drawn again.
CROWD = {
    "dice": {
        "objects.die.count": ["integer", 3, 6],
        "objects.clutter.count": ["integer", 2, 4],
        "lighting.lights.lamp.count": ["integer", 1, 4],
        "layout.half_width_m": ["uniform", 0.03, 0.05],
        "layout.half_depth_m": ["uniform", 0.03, 0.05],
    },
    "cards": {
        "objects.card.count": ["integer", 2, 4],
        "objects.occluder.count": ["integer", 2, 4],
        "lighting.lights.lamp.count": ["integer", 1, 4],
    },
}
CROWDS = {name: recipe_of(name, **values) for name, values in CROWD.items()}
COMPARED = 2  # index of a dice scene with a tray

# Draws that may change when a factor does, since they are drawn again until they meet a condition.
OTHER_PLACES = r"\.[xy]_fraction\[[1-9]\d*\]"  # the first object of a kind always has its place
AGAIN = {
    r"objects\.die\.(color|color_2|swirl|pip_color)": r"objects\.die\.(pip_color|color_2)\[\d+\]",
    r"objects\.die\.(edge_m|corner_fraction|[xy]_fraction)": rf"objects\.die{OTHER_PLACES}",
    r"objects\.clutter\.(shape|size_m|[xy]_fraction)": rf"objects\.clutter{OTHER_PLACES}",
    r"layout\.half_(width|depth)_m": rf"objects\.(die|clutter){OTHER_PLACES}",
}
# Draws that come and go with a factor, since what they belong to does.
COMES_AND_GOES = {
    r"objects\.(\w+)\.count": r"objects\.{0}\..*",
    r"lighting\.lights\.(\w+)\.count": r"lighting\.lights\.{0}\..*\[\d+\]",
    r"surface\.tray\.(presence)": r"surface\.tray\..*",
}


RELATED = {
    "conditions": {
        "a": {"factor": "camera.tilt_deg", "when": "surface.tray.presence", "draw": ["uniform", 0, 10]},
        "b": {"factor": "objects.die.roughness", "when": "objects.die.face < 4", "draw": 0.1},
        "c": {"factor": "sensor.exposure_ev", "when": "camera.tilt_deg > 20", "draw": 0.5},
    },
    "correlations": {
        "a": {"factors": {"layout.half_width_m": 0.9, "camera.field_width_m": 0.9}},
        "b": {"factors": {"objects.die.edge_m": 0.9, "objects.die.corner_fraction": -0.5}},
    },
    "constraints": {
        "a": "camera.field_width_m >= 2.5 * layout.half_width_m",
        "b": "objects.die.corner_fraction * objects.die.edge_m < 0.002",
        "c": "layout.half_width_m > 0.1 and layout.half_depth_m > 0.1",
    },
}  # fmt: skip
RELATED_FACTORS = re.compile(
    r".*(camera\.(tilt_deg|field_width_m)|objects\.die\.(roughness|edge_m|corner_fraction|[xy]_fraction)"
    r"|sensor\.exposure_ev|layout\.half_(width|depth)_m|objects\.\w+\.[xy]_fraction)(\[\d+\])?"
)  # places follow the sizes
RELATIVES = dice_recipe(**RELATED)


def scene_of(recipe: Recipe, index: int = 0) -> Scene:
    return sample_scene(recipe, LIBRARY, index)


def all_draws(scene: Scene) -> dict[str, Any]:
    draws = dict(scene.draws)
    for number, view in enumerate(scene.views):
        draws |= {f"view {number}: {key}": value for key, value in view.draws.items()}
        draws[f"view {number}: cycles_seed"] = view.cycles_seed
        for shot_number, shot in enumerate(view.shots):
            draws |= {f"view {number} shot {shot_number}: {key}": value for key, value in shot.draws.items()}
    return draws


def factor_of(draw: str) -> str:
    """The factor's name in the key of a draw."""
    return draw.rpartition(" ")[2].partition("[")[0]


def allowed(table: dict[str, str], factor: str) -> re.Pattern[str]:
    for pattern, draws in table.items():
        match = re.fullmatch(pattern, factor)
        if match:
            return re.compile(draws.replace("{0}", match[1]))
    return re.compile("(?!)")  # nothing


def constant_like(factor: Factor, scene: Scene) -> Any:
    """A constant in factor syntax: the factor's first draw in a scene, or some other value of its kind."""
    if factor.spec.kind is Kind.COLOR:
        return "#6080a0"
    if factor.spec.kind is Kind.ROTATION:
        return ["rotation_about", [0, 0, 1], 30, 30]
    drawn = (value for draw, value in all_draws(scene).items() if factor_of(draw) == factor.name)
    options = factor.spec.options or (factor.spec.low,)
    return next(drawn, [0, 0, 1] if factor.spec.kind is Kind.DIRECTION else options[0])


@functools.cache
def crowd(recipe: str, index: int) -> Scene:
    return scene_of(CROWDS[recipe], index)


def strays(factor: Factor, recipe: str) -> set[str]:
    """Draws that change, come or go when a factor is frozen, although they have no reason to."""
    constant = parse_factor(factor.spec, constant_like(factor, crowd(recipe, 0)), factor.name)
    frozen = with_leaf(CROWDS[recipe], factor.name, constant)
    again, comes = allowed(AGAIN, factor.name), allowed(COMES_AND_GOES, factor.name)
    old, new = all_draws(crowd(recipe, COMPARED)), all_draws(scene_of(frozen, COMPARED))
    changed = {draw for draw in old.keys() & new.keys() if old[draw] != new[draw]}
    changed = {draw for draw in changed if factor_of(draw) != factor.name and not again.fullmatch(draw)}
    return changed | {draw for draw in old.keys() ^ new.keys() if not comes.fullmatch(draw)}


@pytest.mark.parametrize("recipe", NAMES)
def test_freezing_any_factor_leaves_every_draw_that_does_not_depend_on_it(recipe):
    factors = list(iter_factors(BASES[recipe]))
    assert len(factors) >= 70
    found = {factor.name: strays(factor, recipe) for factor in factors}
    assert {name: draws for name, draws in found.items() if draws} == {}


@pytest.mark.parametrize("recipe", NAMES)
def test_the_scene_that_is_compared_has_every_factor_drawn(recipe):
    drawn = {factor_of(draw) for draw in all_draws(crowd(recipe, COMPARED))} - {"cycles_seed"}
    trays = {f.name for f in iter_factors(BASES[recipe].surface.tray)} - {"surface.tray.presence"}
    idle = re.compile(  # what they need is off, or what is scattered does not take them
        r"camera\.(distortion\..*|crop\..*|target_object|motion_angle_deg)|objects\.\w+\.tumble"
        r"|surface\.(photo|table|shelf|room|beneath)\b|lighting\.sky\."
        r"|layout\.(center_[xy]_fraction|turn_deg|spacing|disorder|stack_height|pile_radius_fraction"
        r"|drop_height_m|fan_.*|held_.*|finger_width_m|skin_color)"
    )
    expected = {f.name for f in iter_factors(BASES[recipe]) if not f.spec.needs and not idle.match(f.name)}
    absent = {*trays, "layout.gap_m"}  # no tray in this scene, and sheets may overlap
    assert drawn == (expected if recipe == "dice" else expected - absent)


@pytest.mark.parametrize(("recipe", "kind"), [(n, kind) for n in NAMES for kind in BASES[n].objects])
def test_one_more_object_of_a_kind_leaves_every_other_draw(recipe, kind):
    count = f"objects.{kind}.count"
    few, more = (all_draws(scene_of(recipe_of(recipe, **{count: n}), 3)) for n in (4, 5))
    assert {draw: more[draw] for draw in few if draw != count} == {d: few[d] for d in few if d != count}
    assert all(
        draw.startswith(f"objects.{kind}.") and draw.endswith("[4]") for draw in more.keys() - few.keys()
    )
    assert len(more) > len(few)


@pytest.mark.parametrize(("recipe", "kind"), [("dice", "clutter"), ("cards", "occluder")])
def test_leaving_a_kind_out_leaves_every_other_draw(recipe, kind):
    option = {"clutter": "dice", "occluder": "cards"}[kind]
    without = all_draws(scene_of(recipe_of(recipe, f"objects=[{option}]"), 3))
    whole = all_draws(scene_of(BASES[recipe], 3))
    assert without == {draw: v for draw, v in whole.items() if not draw.startswith(f"objects.{kind}.")}


@pytest.mark.parametrize("recipe", NAMES)
def test_more_views_and_shots_leave_the_scene_and_what_was_there(recipe):
    one = scene_of(BASES[recipe], 2)
    many = scene_of(recipe_of(recipe, views=3, shots=2), 2)
    assert (one.draws, one.objects, one.ground, one.lights, one.sky) == (
        many.draws, many.objects, many.ground, many.lights, many.sky,
    )  # fmt: skip
    assert one.views[0].camera == many.views[0].camera
    assert all_draws(one).items() <= all_draws(many).items()
    assert [len(view.shots) for view in many.views] == [2, 2, 2]


def test_relations_change_the_draws_of_their_own_factors_only():
    for index in range(6):
        plain, related = (all_draws(scene_of(recipe, index)) for recipe in (BASES["dice"], RELATIVES))
        changed = {draw for draw in plain.keys() | related.keys() if plain.get(draw) != related.get(draw)}
        assert changed
        assert {draw for draw in changed if not RELATED_FACTORS.fullmatch(draw)} == set()


@pytest.mark.parametrize(
    "other",
    [
        {"objects.clutter.count": 3, "lighting.environment.strength": 1.0},
        {"camera.roll_deg": 5, "camera.focal_length_mm": 30, "sensor.tone_curve": "hard"},
        {"surface.appearance.roughness": 0.5, "objects.die.swirl": 0.0, "lighting.lights.lamp.count": 2},
        {"execution.workers": 7, "engine.samples": 1, "frames": 3},
    ],
    ids=["objects", "camera", "surface", "run"],
)
def test_related_draws_do_not_depend_on_other_factors(other):
    for index in range(3):
        related, frozen = (
            all_draws(scene_of(recipe, index)) for recipe in (RELATIVES, dice_recipe(**RELATED, **other))
        )
        mine = [d for d in related if RELATED_FACTORS.fullmatch(d) and "clutter" not in d]
        assert {draw: frozen[draw] for draw in mine} == {draw: related[draw] for draw in mine}


def test_related_draws_do_not_depend_on_the_number_of_views_shots_and_objects():
    more = dice_recipe(**RELATED, views=3, shots=2)
    for index in range(3):
        assert all_draws(scene_of(RELATIVES, index)).items() <= all_draws(scene_of(more, index)).items()
    few, many = (all_draws(scene_of(dice_recipe(**RELATED, **{"objects.die.count": n}), 3)) for n in (4, 5))
    assert {d: v for d, v in few.items() if d != "objects.die.count"}.items() <= many.items()


def test_relations_hold_in_every_scene_view_and_shot():
    recipe = dice_recipe(**RELATED, views=2, shots=2)
    for index in range(8):
        scene = scene_of(recipe, index)
        assert min(scene.draws["layout.half_width_m"], scene.draws["layout.half_depth_m"]) > 0.1
        for slot in range(scene.draws["objects.die.count"]):
            corner, edge, roughness, face = (
                scene.draws[f"objects.die.{name}[{slot}]"]
                for name in ("corner_fraction", "edge_m", "roughness", "face")
            )
            assert corner * edge < 0.002
            assert face >= 4 or roughness <= 0.1
        for view in scene.views:
            assert view.draws["camera.field_width_m"] >= 2.5 * scene.draws["layout.half_width_m"]
            assert not scene.draws["surface.tray.presence"] or view.draws["camera.tilt_deg"] <= 10
            for shot in view.shots:
                assert view.draws["camera.tilt_deg"] <= 20 or shot.draws["sensor.exposure_ev"] == 0.5


def test_each_draw_is_recorded_once_at_its_own_level():
    scene = scene_of(RELATIVES, 1)
    levels = [scene.draws.keys(), scene.views[0].draws.keys(), scene.views[0].shots[0].draws.keys()]
    assert len(set().union(*levels)) == sum(map(len, levels))
    assert all(key.startswith(("objects.", "layout.", "surface.", "lighting.")) for key in levels[0])
    assert all(key.startswith("camera.") for key in levels[1])
    assert all(key.startswith("sensor.") for key in levels[2])


def test_views_and_shots_have_draws_of_their_own():
    scene = scene_of(dice_recipe(views=3, shots=2))
    assert len({view.camera.pose for view in scene.views}) == 3
    assert len({view.cycles_seed for view in scene.views}) == 3
    assert len({shot.sensor.exposure_ev for view in scene.views for shot in view.shots}) == 6


@pytest.mark.parametrize("recipe", [*BASES.values(), RELATIVES], ids=[*NAMES, "related"])
def test_a_scene_is_equal_alone_in_any_order_and_after_others(recipe):
    alone = scene_of(recipe, 5)
    upwards = [scene_of(recipe, index) for index in range(7)]
    downwards = [scene_of(recipe, index) for index in reversed(range(7))]
    assert upwards == downwards[::-1]
    assert upwards[5] == alone
    assert len({scene_to_json(scene) for scene in upwards}) == 7


@pytest.mark.parametrize("recipe", [BASES["dice"], RELATIVES], ids=["dice", "related"])
def test_a_scene_is_equal_in_another_process_with_another_hash_seed(recipe):
    code = (
        "import pickle, sys; from renderer.randomize.scenes import sample_scene; "
        "from renderer.scene import scene_to_json; "
        "print(scene_to_json(sample_scene(*pickle.load(sys.stdin.buffer))))"
    )
    there = subprocess.run(
        [sys.executable, "-c", code],
        input=pickle.dumps((recipe, LIBRARY, 5)),
        env=os.environ | {"PYTHONHASHSEED": "4711"},
        capture_output=True,
        check=True,
    )
    assert there.stdout.decode().strip() == scene_to_json(scene_of(recipe, 5))


@pytest.mark.parametrize("recipe", NAMES)
def test_seeds_and_indices_give_scenes_of_their_own(recipe):
    scenes = [scene_of(recipe_of(recipe, seed=seed), index) for seed in (0, 1, 2**40) for index in (0, 1)]
    assert len({scene_to_json(scene) for scene in scenes}) == 6
    assert len({view.cycles_seed for scene in scenes for view in scene.views}) == 6


@pytest.mark.parametrize(
    "other",
    [
        {"execution.workers": 7, "out": "elsewhere", "frames": 3, "first_frame": 2, "dry_run": True},
        {"execution.engine": "slurm", "store": "webdataset", "shard_frames": 7, "name": "other"},
        {"engine.device": "cpu", "labels.device": "cpu", "engine.samples": 1, "labels.min_pixels": 3},
    ],
    ids=["run", "cluster", "engine"],
)
def test_how_much_where_and_by_whom_change_no_scene(other):
    assert scene_of(dice_recipe(**other), 4) == scene_of(BASES["dice"], 4)


def test_a_name_of_a_kind_is_part_of_its_draws():
    config = {"objects.die2": {"source": "die"}, "objects.die3": {"source": "die"}}
    draws = scene_of(dice_recipe(**config)).draws
    assert draws["objects.die2.edge_m[0]"] != draws["objects.die3.edge_m[0]"]
