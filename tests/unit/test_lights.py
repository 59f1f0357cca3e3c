"""Lights: where they stand, where they aim, how bright a sun must be to equal a lamp."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.recipes import dice_recipe

from renderer.catalog.daylight import sun_direction, sun_light
from renderer.catalog.library import open_library
from renderer.randomize.draws import DrawRecorder, recorder
from renderer.randomize.lights import draw_lights, draw_sky, sun_irradiance
from renderer.randomize.scenes import sample_scene
from renderer.randomize.streams import FrameAddress
from renderer.rotation import rotation_matrix
from renderer.scene import Atmosphere, Light, LightType, Sky, SkyKind, scene_from_json, scene_to_json

LIBRARY = open_library(dice_recipe())
LAMP = "lighting.lights.lamp"
DICE = dice_recipe()
HALF_SIZE_M = (0.1, 0.2)
ALWAYS = {kind: dice_recipe(**{f"{LAMP}.count": 4, f"{LAMP}.type": kind.value}) for kind in LightType}
indices = st.integers(0, 10**6)
few = settings(max_examples=25)


def lights_of(recipe, index: int) -> tuple[tuple[Light, ...], dict[str, object]]:
    draws = DrawRecorder(seed=0, address=FrameAddress(scene=index))
    return draw_lights(draws, recipe.lighting, HALF_SIZE_M), draws.record


def sky_of(index: int) -> Sky:
    return draw_sky(DrawRecorder(seed=0, address=FrameAddress(scene=index)), DICE.lighting, LIBRARY)


@few
@given(st.sampled_from(LightType), indices)
def test_a_light_stands_in_its_direction_and_distance_and_aims_at_the_middle(kind, index):
    lights, draws = lights_of(ALWAYS[kind], index)
    for slot, light in enumerate(lights):
        position = np.array(light.pose.position_m)
        distance_m = draws[f"{LAMP}.distance_m[{slot}]"]
        assert np.linalg.norm(position) == pytest.approx(distance_m)
        assert position / distance_m == pytest.approx(draws[f"{LAMP}.direction[{slot}]"])
        aim = -rotation_matrix(light.pose.rotation_wxyz)[:, 2]
        assert aim == pytest.approx(-position / distance_m, abs=1e-9)


@few
@given(indices)
def test_lights_come_from_within_70_degrees_of_overhead(index):
    for light in lights_of(DICE, index)[0]:
        height = light.pose.position_m[2] / np.linalg.norm(light.pose.position_m)
        assert height >= math.cos(math.radians(70)) - 1e-9


def test_scenes_have_0_to_4_lights_of_the_types_that_the_recipe_names():
    scenes = [lights_of(DICE, index)[0] for index in range(60)]
    assert {len(lights) for lights in scenes} == {0, 1, 2, 3, 4}
    types = {light.type for lights in scenes for light in lights}
    assert types == {LightType.AREA, LightType.POINT, LightType.SUN}


@few
@given(st.sampled_from([LightType.AREA, LightType.POINT]), indices)
def test_a_lamp_has_the_power_color_and_size_that_were_drawn(kind, index):
    lights, draws = lights_of(ALWAYS[kind], index)
    for slot, light in enumerate(lights):
        assert light.name == f"lamp[{slot}]"
        assert light.type is kind
        assert light.energy_w == draws[f"{LAMP}.energy_w[{slot}]"]
        assert list(light.color) == draws[f"{LAMP}.color[{slot}]"]
        assert light.size_m == draws[f"{LAMP}.size_m[{slot}]"]


@few
@given(indices)
def test_a_sun_has_the_irradiance_that_a_lamp_of_its_power_gives_at_the_middle(index):
    lights, draws = lights_of(ALWAYS[LightType.SUN], index)
    for slot, light in enumerate(lights):
        energy_w, distance_m = draws[f"{LAMP}.energy_w[{slot}]"], draws[f"{LAMP}.distance_m[{slot}]"]
        assert light.energy_w == sun_irradiance(energy_w, distance_m)


@given(st.floats(1e-3, 1e6), st.floats(0.05, 100))
def test_the_irradiance_on_the_whole_sphere_around_a_lamp_adds_to_its_power(energy_w, distance_m):
    sphere_m2 = 4 * math.pi * distance_m**2
    assert sun_irradiance(energy_w, distance_m) * sphere_m2 == pytest.approx(energy_w)


def test_the_type_of_a_light_changes_none_of_its_other_draws():
    by_kind = [lights_of(ALWAYS[kind], 3)[1] for kind in LightType]
    rest = [{key: v for key, v in draws.items() if ".type[" not in key} for draws in by_kind]
    assert rest[0] == rest[1] == rest[2]


def test_lights_of_two_kinds_are_drawn_on_their_own():
    two = dice_recipe(**{f"{LAMP}.count": 1, "lighting.lights.window": {"count": 2}})
    lights, draws = lights_of(two, 0)
    assert [light.name for light in lights] == ["lamp[0]", "window[0]", "window[1]"]
    assert (
        draws[f"{LAMP}.energy_w[0]"]
        == lights_of(dice_recipe(**{f"{LAMP}.count": 1}), 0)[1][f"{LAMP}.energy_w[0]"]
    )


def test_a_recipe_without_lights_has_its_sky_only():
    assert lights_of(dice_recipe(**{"lighting.lights": {}}), 0) == ((), {})


@few
@given(indices)
def test_a_sky_is_a_map_of_the_library_turned_about_the_vertical(index):
    sky = sky_of(index)
    assert sky.image in LIBRARY.skies
    assert rotation_matrix(sky.rotation_wxyz)[:, 2] == pytest.approx([0, 0, 1], abs=1e-9)
    assert 0.3 <= sky.strength <= 2


def test_every_sky_of_the_library_is_drawn():
    assert {sky_of(index).image for index in range(80)} == set(LIBRARY.skies)


AIMED = {"lighting.lights.lamp.aim_x_fraction": 0.5, "lighting.lights.lamp.aim_y_fraction": -1.0}


@few
@given(st.sampled_from([LightType.AREA, LightType.POINT, LightType.SPOT]), indices)
def test_a_lamp_that_is_aimed_beside_the_middle_points_there(kind, index):
    recipe = dice_recipe(**{f"{LAMP}.count": 2, f"{LAMP}.type": kind.value} | AIMED)
    plain = lights_of(ALWAYS[kind], index)[0]
    for light, straight in zip(lights_of(recipe, index)[0], plain, strict=False):
        assert light.pose.position_m == straight.pose.position_m
        way = np.array([0.5 * HALF_SIZE_M[0], -HALF_SIZE_M[1], 0]) - light.pose.position_m
        aim = -rotation_matrix(light.pose.rotation_wxyz)[:, 2]
        assert aim == pytest.approx(way / np.linalg.norm(way), abs=1e-9)


def test_a_sun_shines_as_it_does_wherever_it_is_aimed():
    recipe = dice_recipe(**{f"{LAMP}.count": 4, f"{LAMP}.type": "sun"} | AIMED)
    assert lights_of(recipe, 1)[0] == lights_of(ALWAYS[LightType.SUN], 1)[0]


@few
@given(st.sampled_from(["rectangle", "square", "ellipse"]), indices)
def test_the_longer_side_of_a_lamp_is_level_until_it_is_turned(shape, index):
    for turn_deg in (0.0, 90.0):
        values = {f"{LAMP}.{key}": v for key, v in {"shape": shape, "turn_deg": turn_deg, "count": 1}.items()}
        light = lights_of(dice_recipe(**values | {f"{LAMP}.type": "area"}), index)[0][0]
        level = rotation_matrix(light.pose.rotation_wxyz)[:, 0 if turn_deg == 0 else 1]
        assert level[2] == pytest.approx(0, abs=1e-9)


KEY = "lighting.environment.kind"
CLEAR = dice_recipe(**{KEY: "sky"})


def sky_of_recipe(recipe, index: int) -> tuple[Sky, dict[str, object]]:
    draws = recorder(recipe, FrameAddress(scene=index))
    return draw_sky(draws, recipe.lighting, LIBRARY), draws.record


@pytest.mark.parametrize(
    ("azimuth_deg", "elevation_deg", "direction"),
    [
        (0, 0, (1, 0, 0)),
        (90, 0, (0, 1, 0)),
        (180, 30, (-math.sqrt(0.75), 0, 0.5)),
        (-45, 60, (math.sqrt(1 / 8), -math.sqrt(1 / 8), math.sqrt(0.75))),
        (123, 90, (0, 0, 1)),
    ],
)
def test_the_sun_stands_at_its_azimuth_from_x_towards_y_and_its_elevation(
    azimuth_deg, elevation_deg, direction
):
    keys = {"sun_azimuth_deg": azimuth_deg, "sun_elevation_deg": elevation_deg}
    recipe = dice_recipe(**{KEY: "sky"} | {f"lighting.sky.{key}": value for key, value in keys.items()})
    assert sun_direction(sky_of_recipe(recipe, 0)[0].atmosphere) == pytest.approx(direction, abs=1e-12)


@few
@given(indices)
def test_a_clear_sky_has_the_sun_and_the_air_that_were_drawn(index):
    sky, draws = sky_of_recipe(CLEAR, index)
    assert sky.kind is SkyKind.CLEAR
    assert math.degrees(sky.atmosphere.sun_elevation_rad) == pytest.approx(
        draws["lighting.sky.sun_elevation_deg"]
    )
    assert sky.atmosphere.dust == draws["lighting.sky.dust"]
    assert sky.strength == draws["lighting.environment.strength"]


def test_the_kind_of_a_sky_changes_none_of_the_other_draws():
    library = LIBRARY
    scenes = [sample_scene(dice_recipe(**{KEY: kind}), library, 4) for kind in ("map", "sky", "overcast")]
    own = ("lighting.sky.", "lighting.environment.kind", "lighting.environment.image")
    own = (*own, "lighting.environment.rotation")
    rest = [{k: v for k, v in scene.draws.items() if not k.startswith(own)} for scene in scenes]
    assert rest[0] == rest[1] == rest[2]
    assert all(scene_from_json(scene_to_json(scene)) == scene for scene in scenes)
    assert [scene.sky.kind for scene in scenes] == list(SkyKind)


@given(st.floats(0.5, 89), st.floats(0.5, 80), st.floats(0, 10), st.floats(0, 10))
def test_a_higher_sun_in_clearer_air_is_brighter_and_bluer(elevation_deg, rise, air, dust):
    higher_deg = min(elevation_deg + rise, 90)
    atmosphere = Atmosphere(
        sun_shows=True, sun_elevation_rad=math.radians(elevation_deg), sun_azimuth_rad=0.0,
        sun_size_rad=0.01, air=air, dust=dust, ozone=1.0, altitude_m=0.0,
    )  # fmt: skip
    low, high, clear = (
        np.array(sun_light(a))
        for a in (
            atmosphere,
            replace(atmosphere, sun_elevation_rad=math.radians(higher_deg)),
            replace(atmosphere, air=0.0, dust=0.0),
        )
    )
    assert (low <= high * (1 + 1e-9)).all()
    assert (high <= clear * (1 + 1e-9)).all()
    assert low[2] * high[0] <= high[2] * low[0] * (1 + 1e-9)


def test_a_rig_is_drawn_once_and_decides_what_its_conditions_say():
    recipe = dice_recipe("lighting=anywhere")
    rigs = Counter()
    for index in range(150):
        scene = sample_scene(recipe, LIBRARY, index)
        rig = scene.draws["lighting.rig"]
        rigs[rig] += 1
        assert (scene.sky.kind is SkyKind.CLEAR) == (rig == "sun")
        assert (scene.sky.kind is SkyKind.OVERCAST) == (rig == "overcast")
        names = {light.name.partition("[")[0] for light in scene.lights}
        assert names <= RIG_LAMPS[rig]
        assert names or rig in ("sun", "overcast", "varied")
    assert set(rigs) == set(RIG_LAMPS)


RIG_LAMPS = {
    "sun": set(), "overcast": set(), "varied": {"lamp"}, "desk_lamp": {"desk"}, "evening": {"bulb"},
    "office": {"panel", "daylight"}, "window": {"window", "sunbeam"}, "studio": {"key", "fill", "rim"},
}  # fmt: skip


@pytest.mark.parametrize("rig", sorted(set(RIG_LAMPS) - {"sun", "overcast", "varied"}))
def test_a_rig_of_anywhere_is_that_of_its_own_file(rig):
    """Lamps and counts; the environment is near to it."""
    alone, among = dice_recipe(f"lighting={rig}"), dice_recipe("lighting=anywhere", f"lighting.rig={rig}")
    for index in range(12):
        one, other = (sample_scene(recipe, LIBRARY, index) for recipe in (alone, among))
        assert one.lights == other.lights
        assert one.casters == other.casters
