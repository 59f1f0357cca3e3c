"""Lights: where they stand, where they aim, how bright a sun must be to equal a lamp."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.recipes import dice_recipe

from renderer.catalog.library import open_library
from renderer.randomize.draws import DrawRecorder
from renderer.randomize.lights import draw_lights, draw_sky, sun_irradiance
from renderer.randomize.streams import FrameAddress
from renderer.rotation import rotation_matrix
from renderer.scene import Light, LightType, Sky

LIBRARY = open_library(dice_recipe())
LAMP = "lighting.lights.lamp"
DICE = dice_recipe()
ALWAYS = {kind: dice_recipe(**{f"{LAMP}.count": 4, f"{LAMP}.type": kind.value}) for kind in LightType}
indices = st.integers(0, 10**6)
few = settings(max_examples=25)


def lights_of(recipe, index: int) -> tuple[tuple[Light, ...], dict[str, object]]:
    draws = DrawRecorder(seed=0, address=FrameAddress(scene=index))
    return draw_lights(draws, recipe.lighting), draws.record


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


def test_scenes_have_0_to_4_lights_of_every_type():
    scenes = [lights_of(DICE, index)[0] for index in range(60)]
    assert {len(lights) for lights in scenes} == {0, 1, 2, 3, 4}
    assert {light.type for lights in scenes for light in lights} == set(LightType)


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
