"""Light of shots: gains multiply powers and colours, and a trace of several shots starves no light."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from unit.recipes import dice_recipe

from renderer.buffers import LightGroups
from renderer.catalog.library import open_library
from renderer.illumination import (
    LEAST_SHARE,
    balancing_gains,
    illuminated,
    irradiance,
    keeps_lights_apart,
    shot_gains,
)
from renderer.randomize.scenes import sample_scene
from renderer.scene import ENVIRONMENT, Light, LightGain, LightType, Pose
from renderer.sensor.relighting import relight

CPU = torch.device("cpu")
RELIT = {
    "lighting.lights.lamp.count": 2,
    "+lighting.lights.lamp.gain_ev": ["uniform", -3, 3],
    "+lighting.lights.lamp.lit": ["choice", [True, False]],
    "+lighting.lights.lamp.tint": ["blackbody", 2500, 9000],
    "lighting.environment.gain_ev": ["uniform", -1, 1],
}
powers = st.floats(min_value=1e-3, max_value=1e4)


def relit_recipe(**changes):
    values = {name.removeprefix("+"): value for name, value in (RELIT | changes).items()}
    return dice_recipe(**values)


@pytest.fixture(scope="module")
def scene():
    recipe = relit_recipe(shots=4)
    return sample_scene(recipe, open_library(recipe), 0)


def lamp(energy_w: float, number: int = 0) -> Light:
    return Light(
        name=f"lamp[{number}]", type=LightType.POINT, pose=Pose(position_m=(0.0, 0.0, 1.0)),
        energy_w=energy_w, color=(1.0, 0.5, 0.25), size_m=0.1,
    )  # fmt: skip


def test_gains_multiply_power_and_colour(scene):
    dark = replace(scene, lights=(lamp(8.0), lamp(4.0, 1)))
    found = illuminated(dark, {"lamp[0]": (1.0, 4.0, 2.0), ENVIRONMENT: (0.5, 0.5, 0.25)})
    first, second = found.lights
    assert np.allclose(np.multiply(first.energy_w, first.color), np.multiply(8.0, (1.0, 2.0, 0.5)))
    assert max(first.color) == 1.0
    assert second == dark.lights[1]
    assert np.allclose(
        np.multiply(found.sky.strength, found.sky.tint), np.multiply(scene.sky.strength, (0.5, 0.5, 0.25))
    )


def test_light_that_is_off_gives_nothing(scene):
    found = illuminated(replace(scene, lights=(lamp(8.0),)), {"lamp[0]": (0.0, 0.0, 0.0)})
    assert found.lights[0].energy_w == 0.0


@given(st.lists(powers, min_size=1, max_size=5), st.floats(min_value=0, max_value=10))
def test_trace_gives_every_light_its_share_by_powers_of_two(energies, strength):
    recipe = relit_recipe()
    plain = sample_scene(recipe, open_library(recipe), 0)
    lights = tuple(lamp(energy, n) for n, energy in enumerate(energies))
    scene = replace(plain, lights=lights, sky=replace(plain.sky, strength=strength))
    gains = balancing_gains(scene)
    assert set(gains) == {ENVIRONMENT, *(light.name for light in lights)}
    for gain in gains.values():
        assert gain[0] == gain[1] == gain[2] >= 1
        assert math.frexp(gain[0])[0] == 0.5
    balanced = [irradiance(light) for light in illuminated(scene, gains).lights]
    assert min(balanced) >= LEAST_SHARE * max(balanced) * (1 - 1e-9)


def test_light_too_faint_for_its_share_is_raised_as_far_as_numbers_go(scene):
    faint = replace(scene, lights=(lamp(104.0),), sky=replace(scene.sky, strength=5e-324))
    assert balancing_gains(faint)[ENVIRONMENT] == (2.0**64,) * 3


def test_irradiance_of_lamps_is_that_of_their_power_at_their_distance():
    at_2_m = replace(lamp(10.0), pose=Pose(position_m=(0.0, 2.0, 0.0)), color=(1.0, 1.0, 1.0))
    assert irradiance(at_2_m) == pytest.approx(10 / (4 * math.pi) / 4)
    assert irradiance(replace(at_2_m, type=LightType.AREA)) == pytest.approx(10 / math.pi / 4)
    assert irradiance(replace(at_2_m, type=LightType.SUN)) == 10


def test_lights_are_kept_apart_where_several_shots_change_them_alone(scene):
    view = scene.views[0]
    assert keeps_lights_apart(view)
    assert not keeps_lights_apart(replace(view, shots=view.shots[:1]))
    unlit = tuple(replace(shot, light_gains=()) for shot in view.shots)
    assert not keeps_lights_apart(replace(view, shots=unlit))


def test_shots_draw_a_gain_for_each_light_and_no_shot_knows_how_many_there_are(scene):
    recipe = relit_recipe(shots=2)
    fewer = sample_scene(recipe, open_library(recipe), 0)
    assert scene.views[0].shots[:2] == fewer.views[0].shots
    assert replace(scene, views=()) == replace(fewer, views=())
    for shot in scene.views[0].shots:
        assert set(shot_gains(shot)) == {ENVIRONMENT, "lamp[0]", "lamp[1]"}
    drawn = scene.views[0].shots[0].draws
    gain = shot_gains(scene.views[0].shots[0])["lamp[1]"]
    lit, ev = drawn["lighting.lights.lamp.lit[1]"], drawn["lighting.lights.lamp.gain_ev[1]"]
    tint = np.array(drawn["lighting.lights.lamp.tint[1]"])
    assert np.allclose(gain, 2.0**ev * tint if lit else 0.0)


def test_gains_that_are_off_change_no_other_draw():
    names = (name.removeprefix("+") for name in RELIT if name != "lighting.lights.lamp.count")
    plain = dice_recipe(**{"lighting.lights.lamp.count": 2}, **dict.fromkeys(names))
    recipe = relit_recipe()
    off = sample_scene(plain, open_library(plain), 0)
    on = sample_scene(recipe, open_library(recipe), 0)
    assert off.views[0].shots[0].light_gains == ()
    assert replace(off, views=()) == replace(on, views=())
    assert off.views[0].shots[0].sensor == on.views[0].shots[0].sensor


def test_relit_image_is_the_weighted_sum_of_what_each_light_gives():
    rng = np.random.default_rng(0)
    images = rng.random((3, 4, 5, 3), dtype=np.float32)
    groups = LightGroups(lights=(ENVIRONMENT, "", "lamp[0]"), radiance=images, guides=None)
    gains = {ENVIRONMENT: (0.0, 0.0, 0.0), "lamp[0]": (1.0, 2.0, 4.0)}
    expected = images[1] + images[2] * np.float32([1, 2, 4])
    assert np.array_equal(relight(groups, gains, CPU).numpy(), expected)


def test_shot_gains_are_read_by_the_names_of_lights(scene):
    shot = replace(scene.views[0].shots[0], light_gains=(LightGain(light="lamp[0]", gain=(1.0, 2.0, 3.0)),))
    assert shot_gains(shot) == {"lamp[0]": (1.0, 2.0, 3.0)}
