"""Idle factors: those that no scene draws, and no others."""

import pytest
from unit.recipes import recipe_of

from renderer.catalog.library import open_library
from renderer.inspect.idle import idle_factors
from renderer.randomize.scenes import sample_scene
from renderer.recipe.validation import iter_factors

SCENES = 25


def drawn_factors(recipe) -> set[str]:
    library = open_library(recipe)
    names = set()
    for index in range(SCENES):
        scene = sample_scene(recipe, library, index)
        shots = [shot for view in scene.views for shot in view.shots]
        for part in (scene, *scene.views, *shots):
            names |= {name.partition("[")[0] for name in part.draws}
    return names


@pytest.mark.parametrize("name", ["dice", "cards"])
@pytest.mark.parametrize(
    "values",
    [
        {},
        {"sensor.iso": 800, "sensor.jpeg_quality": ["uniform", 40, 95], "sensor.mosaic": "rggb"},
        {"surface.tray.presence": False, "lighting.lights.lamp.count": 0},
        {"surface.tray.presence": True, "sensor.sharpening": 1.0, "sensor.motion_blur_px": 3},
        {"camera.fov_deg": 60, "camera.distance_m": 1, "camera.direction": ["direction_cap", 30]},
        {"camera.K": [500, 500, 320, 240], "camera.height_m": 1, "camera.f_stop": 4},
        {"camera.motion_m": 0.01, "camera.distortion.model": "fisheye", "sensor.defocus_px": 1},
        {"camera.rig": {"left": {}, "right": {}}, "views": 2, "camera.distortion.model": "brown_conrady"},
        {"camera.rig": {"left": {"focal_length_mm": 35}}},
        {"layout.object_free": True},
        {"objects.front": {"source": "foreground", "count": 2}},
        {"objects.front": {"source": "foreground", "count": 0}},
        {"surface.place": ["choice", ["table", "floor"]], "surface.room.presence": False},
        {"surface.place": "shelf"},
        {"surface.place": "floor", "surface.tray": {"presence": True, "wall_height_fraction": 0.5}},
        {"lighting.environment.kind": "sky", "lighting.casters.shade": {"count": 1, "blocks": "sun"}},
        {"lighting.environment.kind": ["choice", ["map", "sky"]], "lighting.casters.shade": {"count": 1}},
        {"lighting.environment.kind": "overcast", "lighting.casters.shade": {"count": 1, "blocks": "sun"}},
        {"lighting.lights.lamp.count": 2, "lighting.casters.shade": {"count": 1, "blocks": "lamp"}},
        {"lighting.rig": ["choice", ["a", "b"]], "lighting.casters.shade": {"count": 0}},
    ],
    ids=str,
)
def test_the_factors_that_are_not_idle_are_those_that_are_drawn(name, values):
    recipe = recipe_of(name, **values)
    there = {factor.name for factor in iter_factors(recipe)} - set(idle_factors(recipe))
    assert there == drawn_factors(recipe)


K = [500, 500, 320, 240]


@pytest.mark.parametrize(
    ("key", "value", "idle"),
    [
        ("camera.fov_deg", 60, {"focal_length_mm"}),
        ("camera.K", K, {"focal_length_mm"}),
        ("camera.distance_m", 1, {"field_width_m"}),
        ("camera.height_m", 1, {"field_width_m"}),
        ("camera.direction", ["direction_cap", 60], {"tilt_deg", "azimuth_deg"}),
        ("camera.f_stop", 2.8, set()),
        (
            "camera.rig",
            {"left": {"K": K}},
            {
                "focal_length_mm", "field_width_m", "tilt_deg", "azimuth_deg", "roll_deg", "target_object",
                "target_x_fraction", "target_y_fraction", "target_height_m",
            },
        ),
    ],
)  # fmt: skip
def test_what_takes_the_place_of_a_factor_makes_it_idle(key, value, idle):
    bare, changed = (
        {name for name in idle_factors(recipe) if name.startswith("camera.")}
        for recipe in (recipe_of("dice"), recipe_of("dice", **{key: value}))
    )
    assert changed - bare | {f"camera.{n}" for n in ("target_object",) if n in idle} == {
        f"camera.{name}" for name in idle
    }


@pytest.mark.parametrize(
    ("values", "awake"),
    [
        ({"camera.look_at": "die"}, {"camera.target_object"}),
        ({"camera.motion_m": 0.01}, {"camera.motion_angle_deg"}),
        ({"camera.f_stop": 4}, {"camera.focus_fraction"}),
    ],
)
def test_what_a_factor_needs_wakes_it(values, awake):
    assert idle_factors(recipe_of("dice")).keys() - idle_factors(recipe_of("dice", **values)).keys() == awake


def test_the_reason_names_what_is_off():
    assert idle_factors(recipe_of("dice"))["sensor.demosaic"] == "sensor.mosaic is off"
    reasons = idle_factors(recipe_of("dice", **{"objects.die.count": 0, "surface.tray.presence": False}))
    assert reasons["objects.die.face"] == "objects.die.count is 0"
    assert reasons["surface.tray.appearance.color"] == "surface.tray.presence is false"


def test_a_condition_that_opens_a_kind_of_sky_or_a_count_wakes_what_it_needs():
    condition = {"factor": "lighting.environment.kind", "when": "layout.half_width_m > 0.1", "draw": "sky"}
    values = {"lighting.casters.shade": {"count": 1, "blocks": "sun"}}
    assert "lighting.casters.shade.size_m" in idle_factors(recipe_of("dice", **values))
    opened = idle_factors(recipe_of("dice", **values | {"conditions.sunny": condition}))
    assert not {name for name in opened if name.startswith("lighting.")} - {
        "lighting.casters.shade.direction"
    }
