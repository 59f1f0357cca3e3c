"""What casts shadows from outside the view: where it stands, and what it looks like."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.recipes import dice_recipe

from renderer.catalog.casters import caster_model
from renderer.catalog.daylight import sun_direction
from renderer.catalog.library import open_library
from renderer.errors import RecipeError
from renderer.inspect.idle import idle_factors
from renderer.randomize.casters import NEARER_THAN_LIGHT
from renderer.randomize.scenes import sample_scene
from renderer.rotation import rotation_matrix
from renderer.scene import Caster, CasterShape, LightType, Pose, scene_from_json, scene_to_json

LIBRARY = open_library(dice_recipe())
KEY = "lighting.casters.shade"
indices = st.integers(0, 10**6)
few = settings(max_examples=15)


def scene_with(index: int, **values):
    """A scene with two casters that stand on the line to what they block."""
    straight = {"offset_x_fraction": 0.0, "offset_y_fraction": 0.0, "count": 2} | values
    lamps = {"lighting.lights.lamp.count": 2, "lighting.environment.kind": "sky"}
    recipe = dice_recipe(**lamps | {f"{KEY}.{key}": value for key, value in straight.items()})
    return sample_scene(recipe, LIBRARY, index)


@few
@given(indices)
def test_a_caster_stands_between_the_sun_and_the_layout_and_faces_it(index):
    scene = scene_with(index, blocks="sun")
    to_sun = np.array(sun_direction(scene.sky.atmosphere))
    for slot, caster in enumerate(scene.casters):
        distance_m = scene.draws[f"{KEY}.distance_m[{slot}]"]
        assert np.array(caster.pose.position_m) == pytest.approx(distance_m * to_sun, abs=1e-9)
        assert rotation_matrix(caster.pose.rotation_wxyz)[:, 2] == pytest.approx(to_sun, abs=1e-9)


@few
@given(indices)
def test_each_caster_stands_before_a_lamp_of_its_own_and_never_behind_it(index):
    scene = scene_with(index, blocks="lamp", distance_m=["uniform", 0.3, 3])
    for light, caster in zip(scene.lights, scene.casters, strict=True):
        lamp, place = np.array(light.pose.position_m), np.array(caster.pose.position_m)
        assert np.cross(lamp, place) == pytest.approx([0, 0, 0], abs=1e-9)
        assert lamp @ place > 0
        if light.type is not LightType.SUN:
            nearest = NEARER_THAN_LIGHT * np.linalg.norm(lamp)
            assert np.linalg.norm(place) <= nearest + 1e-9


@few
@given(indices)
def test_a_caster_that_blocks_nothing_has_a_direction_of_its_own(index):
    scene = scene_with(index)
    for slot, caster in enumerate(scene.casters):
        direction = scene.draws[f"{KEY}.direction[{slot}]"]
        distance_m = scene.draws[f"{KEY}.distance_m[{slot}]"]
        assert np.array(caster.pose.position_m) == pytest.approx(distance_m * np.array(direction))


@few
@given(indices)
def test_a_caster_is_upright_and_moves_aside_by_its_fractions_of_its_size(index):
    straight = scene_with(index, turn_deg=0.0)
    moved = scene_with(index, turn_deg=0.0, offset_x_fraction=0.5, offset_y_fraction=-1.0)
    for before, after in zip(straight.casters, moved.casters, strict=True):
        axes = rotation_matrix(before.pose.rotation_wxyz)
        assert axes[2, 0] == pytest.approx(0, abs=1e-9)
        assert axes[2, 1] >= -1e-9
        step = np.subtract(after.pose.position_m, before.pose.position_m) @ axes
        assert step == pytest.approx([0.5 * before.size_m, -before.size_m, 0], abs=1e-9)


@pytest.mark.parametrize(
    "values",
    [
        {"lighting.environment.kind": "overcast", f"{KEY}.blocks": "sun"},
        {"lighting.environment.kind": "sky", "lighting.sky.sun": False, f"{KEY}.blocks": "sun"},
        {"lighting.lights.lamp.count": 0, f"{KEY}.blocks": "lamp"},
    ],
    ids=str,
)
def test_there_is_no_caster_where_what_it_blocks_is_not_there(values):
    recipe = dice_recipe(**values | {f"{KEY}.count": 2})
    scene = sample_scene(recipe, LIBRARY, 0)
    assert scene.casters == ()
    drawn = {name.partition("[")[0] for name in scene.draws if name.startswith(KEY)}
    idle = {name for name in idle_factors(recipe) if name.startswith(KEY)}
    assert drawn == {f"{KEY}.count"}
    assert f"{KEY}.size_m" in idle
    assert not drawn & idle


def test_a_scene_with_casters_goes_to_json_and_back():
    scene = scene_with(3, blocks="sun")
    assert len(scene.casters) == 2
    assert scene_from_json(scene_to_json(scene)) == scene


def test_casters_change_no_other_draw():
    with_casters, without = scene_with(5, blocks="sun"), scene_with(5, blocks="sun", count=0)
    rest = {key: v for key, v in with_casters.draws.items() if not key.startswith(KEY)}
    assert rest == {key: v for key, v in without.draws.items() if not key.startswith(KEY)}
    assert with_casters.objects == without.objects
    assert with_casters.lights == without.lights


def test_what_is_blocked_must_be_there_in_the_recipe():
    with pytest.raises(RecipeError, match=r"lighting\.casters\.shade\.blocks 'lmap' is unknown.*'lamp'"):
        dice_recipe(**{f"{KEY}.blocks": "lmap"})


def caster(shape: CasterShape, shape_seed: int, size_m: float = 0.5) -> Caster:
    return Caster(name="c[0]", shape=shape, pose=Pose(), size_m=size_m, shape_seed=shape_seed)


@few
@given(st.sampled_from(CasterShape), st.integers(0, 999999), st.floats(0.01, 5))
def test_a_shape_is_flat_centred_and_as_large_as_it_says(shape, shape_seed, size_m):
    mesh = caster_model(caster(shape, shape_seed, size_m)).mesh
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    assert (high - low).max() == pytest.approx(size_m)
    assert low + high == pytest.approx([0, 0, 0], abs=1e-9)
    assert not mesh.vertices[:, 2].any()


@pytest.mark.parametrize("shape", CasterShape)
def test_a_shape_covers_some_of_its_frame_and_its_seed_varies_it(shape):
    first, second = (caster_model(caster(shape, seed)).mesh for seed in (1, 2))
    corners = first.vertices[first.triangles][..., :2]
    edges = corners[:, 1:] - corners[:, :1]
    area = np.abs(np.linalg.det(edges)).sum() / 2
    assert 0.02 < area / 0.5**2 < 1.5
    assert first.vertices.shape != second.vertices.shape or not np.allclose(first.vertices, second.vertices)


def test_a_hand_has_gaps_between_its_fingers():
    mesh = caster_model(caster(CasterShape.HAND, 4)).mesh
    top = mesh.vertices[:, 1].max()
    corners = mesh.vertices[mesh.triangles][..., :2]
    line = [is_covered(corners, (x, top - 0.06)) for x in np.linspace(-0.25, 0.25, 200)]
    assert sum(a != b for a, b in pairwise(line)) >= 4


def is_covered(corners: np.ndarray, point: tuple[float, float]) -> bool:
    a, b, c = (corners[:, n] - np.array(point) for n in range(3))

    def turn(first, second):
        return first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]

    sides = np.stack([turn(a, b), turn(b, c), turn(c, a)])
    return bool(((sides > 0).all(axis=0) | (sides < 0).all(axis=0)).any())
