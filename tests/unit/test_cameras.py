"""Every way to declare a camera: intrinsics, shells, heights, objects, rigs, focus, motion and lenses."""

import functools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.recipes import dice_recipe

from renderer.catalog.library import open_library
from renderer.errors import RecipeError
from renderer.lens.source import lens_fault
from renderer.randomize.cameras import camera_rotation, direction_angles_deg
from renderer.randomize.scenes import sample_scene
from renderer.randomize.streams import FrameAddress
from renderer.randomize.views import draw_view
from renderer.recipe.schema import Recipe
from renderer.rotation import rotation_matrix, transform
from renderer.scene import Camera, Scene, scene_from_json, scene_to_json
from renderer.settle import settle

LIBRARY = open_library(dice_recipe())
CENTRED = {"camera.target_x_fraction": 0, "camera.target_y_fraction": 0}
few = settings(max_examples=25)
indices = st.integers(0, 10**6)


def scene_of(index: int = 0, **values) -> Scene:
    return sample_scene(parsed(json.dumps(values)), LIBRARY, index)


@functools.lru_cache(maxsize=8)
def parsed(values: str) -> Recipe:
    return dice_recipe(**json.loads(values))


def camera_of(index: int = 0, **values) -> Camera:
    return scene_of(index, **values).views[0].camera


def position(camera: Camera) -> np.ndarray:
    return np.array(camera.pose.position_m)


def project(camera: Camera, point_world) -> np.ndarray:
    x, y, z, _ = np.linalg.inv(transform(camera.pose)) @ [*point_world, 1]
    return np.array([camera.fx_px * x / z + camera.cx_px, camera.fy_px * y / z + camera.cy_px])


def test_a_field_of_view_spans_the_width():
    camera = camera_of(**{"camera.fov_deg": 90})
    assert camera.fx_px == pytest.approx(camera.width_px / 2)
    assert "camera.focal_length_mm" not in scene_of(**{"camera.fov_deg": 90}).views[0].draws


def test_a_calibration_is_taken_as_it_is():
    camera = camera_of(**{"camera.K": [600, 610, 300, 250], "camera.pixel_aspect": 1.3})
    assert (camera.fx_px, camera.fy_px, camera.cx_px, camera.cy_px) == (600, 610, 300, 250)


@few
@given(indices)
def test_a_shell_keeps_its_distance_in_every_direction(index):
    values = {"camera.distance_m": ["uniform", 0.4, 0.6], "camera.direction": ["direction_cap", 60]}
    view = scene_of(index, **CENTRED, **values).views[0]
    away = position(view.camera)
    assert np.linalg.norm(away) == pytest.approx(view.draws["camera.distance_m"])
    assert away / np.linalg.norm(away) == pytest.approx(view.draws["camera.direction"])
    assert project(view.camera, (0, 0, 0)) == pytest.approx((320, 240))


def test_directions_of_a_shell_are_uniform_on_their_cap():
    values = {"camera.direction": ["direction_cap", 60], "camera.distance_m": 0.5}
    recipe = dice_recipe(**CENTRED, **values)
    heights = [
        position(draw_view(recipe, FrameAddress(scene=index, view=0), (0.1, 0.1)).camera)[2] / 0.5
        for index in range(400)
    ]
    assert min(heights) >= math.cos(math.radians(60)) - 1e-9
    assert np.mean(heights) == pytest.approx(0.75, abs=0.02)


@few
@given(indices, st.floats(-0.05, 0.2))
def test_a_height_is_that_above_the_target(index, target_height_m):
    values = {"camera.height_m": ["uniform", 0.3, 0.5], "camera.target_height_m": target_height_m}
    view = scene_of(index, **values).views[0]
    above = view.camera.pose.position_m[2] - target_height_m
    assert above == pytest.approx(view.draws["camera.height_m"])


@few
@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1))
def test_a_direction_is_that_of_the_tilted_and_turned_camera(x, y, z):
    length = math.hypot(x, y, z)
    direction = (x / length, y / length, z / length) if length > 0.01 else (0.0, 0.0, 1.0)
    azimuth_deg, tilt_deg = direction_angles_deg(direction)
    rotation = camera_rotation(azimuth_deg=azimuth_deg, tilt_deg=tilt_deg, roll_deg=0)
    assert -rotation_matrix(rotation)[:, 2] == pytest.approx(direction, abs=1e-9)


@few
@given(st.integers(0, 1000))
def test_a_camera_that_looks_at_an_object_has_it_in_the_middle_even_after_settling(index):
    crowded = {"camera.look_at": "clutter", "objects.clutter.count": 4, "layout.half_width_m": 0.06}
    scene = settle(scene_of(index, **CENTRED, **crowded), LIBRARY)
    view = scene.views[0]
    seen = {item.name: item for item in scene.objects}.get(view.follows)
    if seen is not None:  # one that finds no place is left out
        assert project(view.camera, seen.pose.position_m) == pytest.approx((320, 240), abs=1e-6)


def test_each_object_of_the_kind_is_looked_at_in_some_scene():
    values = {"camera.look_at": "die", "objects.die.count": 3}
    followed = {scene_of(index, **values).views[0].follows for index in range(40)}
    assert followed == {"die[0]", "die[1]", "die[2]"}


def test_without_an_object_of_the_kind_a_camera_looks_at_the_layout():
    empty = {"camera.look_at": "clutter", "objects.clutter.count": 0}
    view = scene_of(2, **empty).views[0]
    assert view.follows is None
    assert view.camera.pose == scene_of(2, **{"objects.clutter.count": 0}).views[0].camera.pose


RIG = {
    "left": {"position_m": [-0.5, 0, 0.5], "target_m": [0, 0, 0.1], "K": [500, 510, 300, 200]},
    "right": {"position_m": [0.5, 0.1, 0.4], "target_m": [0, 0, 0], "focal_length_mm": 36, "roll_deg": 10},
    "top": {"position_m": [0, 0, 1]},
}


def test_a_rig_is_a_view_for_each_camera_the_same_in_every_scene():
    first, second = (scene_of(index, views=3, **{"camera.rig": RIG}).views for index in (0, 1))
    assert [view.camera.pose for view in first] == [view.camera.pose for view in second]
    left, right, top = (view.camera for view in first)
    assert (left.fx_px, left.fy_px, left.cx_px, left.cy_px) == (500, 510, 300, 200)
    assert right.fx_px == right.width_px
    assert top.fx_px != second[2].camera.fx_px  # the recipe's own focal length, drawn for each view
    for camera, name in ((left, "left"), (right, "right"), (top, "top")):
        assert camera.pose.position_m == tuple(RIG[name]["position_m"])
        target = RIG[name].get("target_m", [0, 0, 0])
        assert project(camera, target) == pytest.approx((camera.cx_px, camera.cy_px), abs=1e-9)


def test_a_camera_of_a_rig_has_the_sky_above():
    camera = scene_of(views=1, **{"camera.rig": RIG}).views[0].camera
    assert project(camera, (0, 0, 0.2))[1] < project(camera, (0, 0, 0.1))[1]


def test_the_aperture_is_the_focal_length_over_the_f_stop():
    values = {"camera.f_stop": 2.0, "camera.focus_fraction": 0.5, "camera.focal_length_mm": 36}
    camera = camera_of(**values, **{"camera.distance_m": 0.8})
    assert camera.aperture_m == pytest.approx(0.018)
    assert camera.focus_m == pytest.approx(0.4)


def test_without_an_f_stop_all_is_sharp_and_no_focus_is_drawn():
    view = scene_of().views[0]
    assert view.camera.aperture_m == 0
    assert "camera.focus_fraction" not in view.draws


@few
@given(st.floats(-180, 180), st.floats(0.1, 20))
def test_a_pan_turns_the_axis_towards_its_direction(angle_deg, pan_deg):
    values = {"camera.motion_deg": pan_deg, "camera.motion_angle_deg": angle_deg, "camera.motion_m": 0.01}
    motion = camera_of(**values).motion
    from scipy.spatial.transform import Rotation

    axis = Rotation.from_rotvec(motion.rotation_rad).apply([0, 0, 1])
    across = math.sin(math.radians(pan_deg))
    towards = np.array([math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))])
    assert axis[:2] == pytest.approx(towards * across, abs=1e-9)
    assert motion.translation_m == pytest.approx((*(towards * 0.01), 0.0))


@pytest.mark.parametrize(
    ("model", "names"),
    [("brown_conrady", ["k1", "k2", "p1", "p2", "k3"]), ("fisheye", ["k1", "k2", "k3", "k4"])],
)
def test_a_lens_has_the_coefficients_of_its_model_in_opencvs_order(model, names):
    values = {f"camera.distortion.{name}": 0.001 * (i + 1) for i, name in enumerate(names)}
    view = scene_of(**values, **{"camera.distortion.model": model}).views[0]
    assert view.camera.lens.coefficients == pytest.approx([0.001 * (i + 1) for i in range(len(names))])
    drawn = {draw for draw in view.draws if draw.startswith("camera.distortion.")}
    assert drawn == {f"camera.distortion.{name}" for name in names}


@few
@given(indices)
def test_a_lens_that_folds_is_drawn_again(index):
    values = {"camera.distortion.model": "brown_conrady", "camera.distortion.k1": ["uniform", -2, 0.5]}
    assert lens_fault(camera_of(index, **values)) is None


def test_a_lens_that_always_folds_is_an_error_that_says_so():
    values = {"camera.distortion.model": "brown_conrady", "camera.distortion.k1": -5}
    with pytest.raises(RecipeError) as error:
        scene_of(**values)
    assert str(error.value) == (
        "camera.distortion must be a lens that can be rendered, but it folds the image over before it "
        "reaches the corners, whatever is drawn: take smaller coefficients or a longer focal length"
    )


OPTIONAL = {
    "camera.fov_deg": ["uniform", 40, 60],
    "camera.distance_m": ["uniform", 0.4, 0.5],
    "camera.direction": ["direction_cap", 30],
    "camera.f_stop": 2.8,
    "camera.motion_deg": 0.5,
}


def test_what_is_on_sometimes_is_as_if_declared_and_else_as_if_not():
    on, off = (scene_of(3, **values).views[0].camera for values in (OPTIONAL, {}))
    certain, never = (
        {key: ["sometimes", share, value] for key, value in OPTIONAL.items()} for share in (1.0, 0.0)
    )
    assert scene_of(3, **never).views[0].camera == off
    sometimes_on = scene_of(3, **certain).views[0].camera
    assert (sometimes_on.motion is None, sometimes_on.aperture_m > 0) == (False, True)
    assert sometimes_on.aperture_m == pytest.approx(sometimes_on.fx_px / 640 * 0.036 / 2.8)
    assert on.fx_px != off.fx_px


EVERYTHING = {
    "camera.f_stop": ["log_uniform", 1.4, 8],
    "camera.motion_deg": ["uniform", 0, 1],
    "camera.distortion.model": "fisheye",
    "camera.look_at": "die",
}


def test_focus_motion_and_lens_leave_every_other_draw_of_a_view():
    plain, full = scene_of(4).views[0], scene_of(4, **EVERYTHING).views[0]
    assert plain.draws.items() <= full.draws.items()
    assert plain.cycles_seed == full.cycles_seed


def test_a_scene_with_every_kind_of_camera_goes_to_json_and_back():
    scene = scene_of(4, views=2, **EVERYTHING)
    assert scene_from_json(scene_to_json(scene)) == scene


CONTRADICTIONS = [
    (
        {"camera.fov_deg": 60, "camera.K": [500, 500, 320, 240]},
        "camera.fov_deg and camera.K exclude each other, got both: set one of them to null",
    ),
    (
        {"camera.distance_m": 0.5, "camera.height_m": 0.5},
        "camera.distance_m and camera.height_m exclude each other, got both: set one of them to null",
    ),
    (
        {"camera.direction": ["direction_cap", 60], "camera.height_m": 0.5},
        "camera.direction and camera.height_m exclude each other, got both: set one of them to null",
    ),
    (
        {"camera.K": [500, 0, 320, 240]},
        "camera.K must have focal lengths fx and fy above 0 px, got [500.0, 0.0, 320.0, 240.0]",
    ),
    (
        {"camera.K": [500, 500, 320]},
        "camera.K must be a list of 4 numbers, got [500, 500, 320]",
    ),
    (
        {"camera.look_at": "dye"},
        "camera.look_at 'dye' is unknown; did you mean 'die'? (known: die, clutter)",
    ),
    (
        {"camera.rig": RIG, "views": 4},
        (
            "views must be at most the 3 cameras of camera.rig, got 4: "
            "add a camera to the rig or take fewer views"
        ),
    ),
    (
        {"camera.rig": {"top": {"position_m": [0, 0, 0]}}},
        "camera.rig.top.target_m must differ from its position_m, got [0.0, 0.0, 0.0] for both",
    ),
    (
        {"camera.rig": {"top": {"K": [1, 1, 1, 1], "focal_length_mm": 20}}},
        (
            "camera.rig.top.focal_length_mm and camera.rig.top.K exclude each other, got both: "
            "set one of them to null"
        ),
    ),
]


@pytest.mark.parametrize(("values", "message"), CONTRADICTIONS)
def test_keys_that_contradict_each_other_are_named(values, message):
    with pytest.raises(RecipeError) as error:
        dice_recipe(**values)
    assert str(error.value) == message


def test_a_recipe_without_any_of_this_is_as_it_was():
    recipe: Recipe = dice_recipe()
    camera = sample_scene(recipe, LIBRARY, 0).views[0].camera
    assert (camera.lens, camera.motion, camera.aperture_m) == (None, None, 0.0)
