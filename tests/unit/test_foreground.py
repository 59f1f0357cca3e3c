"""Shapes before the camera: where a view puts them, what they keep clear of, and whom they leave alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.recipes import dice_recipe
from unit.strategies import foreground

from renderer.catalog.library import open_library
from renderer.catalog.primitives import primitive_ball, primitive_mesh
from renderer.randomize.cameras import Aimed, camera_rotation
from renderer.randomize.draws import DrawRecorder
from renderer.randomize.foreground import ROOM, draw_foreground
from renderer.randomize.scenes import sample_scene
from renderer.randomize.streams import FrameAddress
from renderer.recipe.objects import FOREGROUND_SHAPES
from renderer.recipe.schema import Recipe
from renderer.rotation import transform
from renderer.scene import Camera, Contact, Placement, Pose, Scene, View
from renderer.settle import settle

FRONT = "objects.foreground"
LIBRARY = open_library(dice_recipe())


def recipe_with(count: int = 3, **values) -> Recipe:
    return dice_recipe("objects=[dice,clutter,foreground]", **{f"{FRONT}.count": count}, **values)


def floating(scene: Scene) -> dict[str, dict]:
    return {i.name: dict(i.parameters) for i in scene.objects if i.contact is Contact.FLOAT}


def middle_and_radius(placement: Placement, parameters: dict) -> tuple[np.ndarray, float]:
    """Of a ball about the shape in the world, from its vertices."""
    world_from_object = transform(placement.pose)
    vertices = placement.scale * primitive_mesh(parameters).vertices
    world = vertices @ world_from_object[:3, :3].T + world_from_object[:3, 3]
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    middle = world_from_object[:3, :3] @ ((low + high) / 2) + world_from_object[:3, 3]
    return middle, float(np.linalg.norm(world - middle, axis=1).max())


def shapes_of(view: View, scene: Scene) -> list[tuple[str, np.ndarray, float]]:
    parameters = floating(scene)
    return [(p.name, *middle_and_radius(p, parameters[p.name])) for p in view.foreground]


@pytest.mark.parametrize("shape", FOREGROUND_SHAPES)
def test_the_ball_holds_its_shape_and_touches_it(shape):
    parameters = dict(foreground(shape=shape, size_m=0.05, flatness=0.4).parameters)
    middle, radius = primitive_ball(parameters)
    distances = np.linalg.norm(primitive_mesh(parameters).vertices - middle, axis=1)
    assert distances.max() == pytest.approx(radius)


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.floats(0.002, 1), st.floats(0, 60), st.floats(0.05, 0.95))
def test_no_shape_holds_the_camera_or_reaches_the_ground(seed, size_m, tilt_deg, fraction):
    values = {f"{FRONT}.size_m": size_m, f"{FRONT}.distance_fraction": fraction, "camera.tilt_deg": tilt_deg}
    scene = sample_scene(recipe_with(seed=seed, **values), LIBRARY, 0)
    (view,) = scene.views
    assert len(view.foreground) == 3
    for _, middle, radius in shapes_of(view, scene):
        assert radius <= ROOM * np.linalg.norm(middle - view.camera.pose.position_m) * (1 + 1e-9)
        assert radius <= ROOM * middle[2] * (1 + 1e-9)


def test_a_shape_that_has_room_keeps_its_size():
    scene = sample_scene(recipe_with(**{f"{FRONT}.size_m": 0.002}), LIBRARY, 0)
    assert [p.scale for p in scene.views[0].foreground] == [1.0] * 3


def test_a_shape_appears_at_the_place_that_was_drawn():
    keys = {f"{FRONT}.edge_fraction": 0.5, f"{FRONT}.edge_angle_deg": 90, f"{FRONT}.distance_fraction": 0.5}
    scene = sample_scene(recipe_with(1, **keys, **{"camera.tilt_deg": 0, "camera.roll_deg": 0}), LIBRARY, 0)
    (view,) = scene.views
    ((_, middle, _),) = shapes_of(view, scene)
    camera = view.camera
    x, y, z = np.linalg.inv(transform(camera.pose))[:3] @ (*middle, 1)
    assert z == pytest.approx(camera.pose.position_m[2] / 2)
    assert camera.fx_px * x / z + camera.cx_px == pytest.approx(camera.width_px / 2)
    assert camera.fy_px * y / z + camera.cy_px == pytest.approx(0.75 * camera.height_px)


def test_where_the_ground_is_nearer_than_the_target_the_way_ends_there():
    recipe = recipe_with(1, **{f"{FRONT}.edge_fraction": 0.9, f"{FRONT}.edge_angle_deg": 90})
    rotation = camera_rotation(azimuth_deg=0, tilt_deg=85, roll_deg=0)
    camera = Camera(
        width_px=100, height_px=100, fx_px=100, fy_px=100, cx_px=50, cy_px=50,
        pose=Pose(position_m=(0, 0, 0.2), rotation_wxyz=rotation),
    )  # fmt: skip
    draws = DrawRecorder(seed=0, address=FrameAddress(scene=0, view=0))
    item = foreground()
    far = Aimed(camera=camera, distance_m=50.0, followed=None)
    (placement,) = draw_foreground(draws, recipe, far, [item])
    middle, _ = middle_and_radius(placement, dict(item.parameters))
    assert middle[2] == pytest.approx(0.2 * (1 - draws.record[f"{FRONT}.distance_fraction[0]"]))


def test_views_have_the_same_shapes_at_places_of_their_own():
    one, two = (sample_scene(recipe_with(views=views), LIBRARY, 4) for views in (1, 2))
    assert floating(one) == floating(two)
    assert one.views[0] == two.views[0]
    first, second = ([p.pose for p in view.foreground] for view in two.views)
    assert len(first) == 3
    assert not any(pose in second for pose in first)
    assert [p.name for p in two.views[0].foreground] == [p.name for p in two.views[1].foreground]


def test_what_floats_is_in_nobodys_way():
    scene = sample_scene(recipe_with(8), LIBRARY, 2)
    bare = sample_scene(dice_recipe(), LIBRARY, 2)
    settled = settle(scene, LIBRARY)
    assert settled.objects[:-8] == settle(bare, LIBRARY).objects
    assert settled.objects[-8:] == tuple(i for i in scene.objects if i.contact is Contact.FLOAT)
    assert settled.views == scene.views


def test_shapes_go_along_with_a_camera_that_follows_an_object():
    keys = {"camera.look_at": "die", "objects.die.count": 25, "layout.half_width_m": 0.03}
    scene = sample_scene(recipe_with(**keys, **{"layout.half_depth_m": 0.03}), LIBRARY, 1)
    settled = settle(scene, LIBRARY)
    (before,), (after,) = scene.views, settled.views
    shift = np.subtract(after.camera.pose.position_m, before.camera.pose.position_m)
    assert np.linalg.norm(shift) > 1e-4
    for was, now in zip(before.foreground, after.foreground, strict=True):
        assert np.subtract(now.pose.position_m, was.pose.position_m) == pytest.approx(shift)
        assert (now.pose.rotation_wxyz, now.scale) == (was.pose.rotation_wxyz, was.scale)


def test_foreground_leaves_every_other_draw_as_it_was():
    with_it, without = (sample_scene(r, LIBRARY, 3) for r in (recipe_with(2, views=2), dice_recipe(views=2)))
    assert without.draws.items() <= with_it.draws.items()
    for seen, bare in zip(with_it.views, without.views, strict=True):
        assert bare.draws.items() <= seen.draws.items()
        assert {key for key in seen.draws.keys() - bare.draws.keys() if not key.startswith(FRONT)} == set()
        assert (seen.camera, seen.cycles_seed, seen.shots) == (bare.camera, bare.cycles_seed, bare.shots)


def test_the_place_in_a_view_may_depend_on_the_shape_and_on_the_camera():
    near, far = ["uniform", 0.1, 0.2], ["uniform", 0.8, 0.9]
    conditions = {
        "a": {"factor": f"{FRONT}.distance_fraction", "when": f"{FRONT}.size_m < 0.05", "draw": near},
        "b": {"factor": f"{FRONT}.edge_fraction", "when": "camera.tilt_deg < 15", "draw": far},
    }
    recipe = recipe_with(conditions=conditions, views=2)
    seen = set()
    for index in range(8):
        scene = sample_scene(recipe, LIBRARY, index)
        for view in scene.views:
            for slot in range(3):
                is_small = scene.draws[f"{FRONT}.size_m[{slot}]"] < 0.05
                is_steep = view.draws["camera.tilt_deg"] < 15
                assert (view.draws[f"{FRONT}.distance_fraction[{slot}]"] <= 0.2) == is_small
                edge = view.draws[f"{FRONT}.edge_fraction[{slot}]"]
                assert not is_steep or 0.8 <= edge <= 0.9
                seen.add((is_small, is_steep))
    assert len(seen) == 4


def test_a_constraint_holds_for_each_shape_in_each_view():
    rule = {"a": f"{FRONT}.edge_fraction > 0.9 or {FRONT}.distance_fraction < 0.5 or {FRONT}.size_m < 0.05"}
    recipe = recipe_with(constraints=rule, views=2)
    for index in range(6):
        scene = sample_scene(recipe, LIBRARY, index)
        free = sample_scene(recipe_with(views=2), LIBRARY, index)
        assert scene.draws == free.draws  # of the scene, which is given
        for view in scene.views:
            for slot in range(3):
                edge, distance = (
                    view.draws[f"{FRONT}.{k}[{slot}]"] for k in ("edge_fraction", "distance_fraction")
                )
                assert edge > 0.9 or distance < 0.5 or scene.draws[f"{FRONT}.size_m[{slot}]"] < 0.05
