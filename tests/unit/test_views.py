"""Cameras: what they look at, how much of it they see, from which angle."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from unit.recipes import cards_recipe, dice_recipe, recipe_of

from renderer.randomize.cameras import camera_rotation
from renderer.randomize.streams import FrameAddress
from renderer.randomize.views import draw_view
from renderer.recipe.schema import Recipe
from renderer.rotation import rotation_matrix, transform
from renderer.scene import Camera, View

HALF_SIZE_M = (0.1, 0.07)
STRAIGHT_DOWN = {"camera.tilt_deg": 0, "camera.roll_deg": 0, "camera.azimuth_deg": 0}
angles_deg = st.floats(-360, 360)
indices = st.integers(0, 10**6)
few = settings(max_examples=25)
DICE, CARDS = dice_recipe(), cards_recipe()
DOWN = dice_recipe(**STRAIGHT_DOWN, **{"camera.field_width_m": 0.3})


def view_of(recipe: Recipe, index: int = 0) -> View:
    return draw_view(recipe, FrameAddress(scene=index), HALF_SIZE_M)


def camera_of(index: int = 0, **values) -> Camera:
    return view_of(recipe_of("dice", **values), index).camera


def project(camera: Camera, point_world: np.ndarray) -> tuple[float, float]:
    """Pixel coordinates of a point, by the pinhole model."""
    camera_from_world = np.linalg.inv(transform(camera.pose))
    x, y, z, _ = camera_from_world @ [*point_world, 1]
    assert z > 0
    return camera.fx_px * x / z + camera.cx_px, camera.fy_px * y / z + camera.cy_px


def seen_on_the_ground(camera: Camera, u: float, v: float) -> np.ndarray:
    """Where the ray through a pixel meets the plane z = 0."""
    ray = rotation_matrix(camera.pose.rotation_wxyz) @ [
        (u - camera.cx_px) / camera.fx_px,
        (v - camera.cy_px) / camera.fy_px,
        1,
    ]
    position = np.array(camera.pose.position_m)
    point: np.ndarray = position - ray * position[2] / ray[2]
    return point


def forward(camera: Camera) -> np.ndarray:
    axis: np.ndarray = rotation_matrix(camera.pose.rotation_wxyz)[:, 2]
    return axis


def target_of(view: View) -> np.ndarray:
    x, y = (view.draws[f"camera.target_{axis}_fraction"] for axis in "xy")
    return np.array([x * HALF_SIZE_M[0], y * HALF_SIZE_M[1], 0])


@few
@given(st.sampled_from([DICE, CARDS]), indices)
def test_the_target_projects_to_the_principal_point_in_the_middle_of_the_image(recipe, index):
    view = view_of(recipe, index)
    assert (view.camera.cx_px, view.camera.cy_px) == (320, 240)
    assert project(view.camera, target_of(view)) == pytest.approx((320, 240), abs=1e-6)


@few
@given(indices)
def test_straight_down_the_image_spans_the_field_width_and_its_upper_side_is_far(index):
    camera = view_of(DOWN, index).camera
    left, right = (seen_on_the_ground(camera, u, 240) for u in (0, 640))
    assert right - left == pytest.approx([0.3, 0, 0], abs=1e-9)
    near, far = (seen_on_the_ground(camera, 320, v) for v in (480, 0))
    assert far - near == pytest.approx([0, 0.3 * 480 / 640, 0], abs=1e-9)


@few
@given(st.sampled_from([DICE, CARDS]), indices)
def test_at_the_targets_distance_the_image_spans_the_field_width_at_any_tilt(recipe, index):
    view = view_of(recipe, index)
    distance_m = np.linalg.norm(target_of(view) - view.camera.pose.position_m)
    spanned_m = distance_m * view.camera.width_px / view.camera.fx_px
    assert spanned_m == pytest.approx(view.draws["camera.field_width_m"])


def test_a_longer_lens_sees_as_much_from_farther_away():
    wide, long = (camera_of(**STRAIGHT_DOWN, **{"camera.focal_length_mm": f}) for f in (25, 50))
    assert long.pose.position_m[2] == pytest.approx(2 * wide.pose.position_m[2])
    assert long.fx_px == pytest.approx(2 * wide.fx_px)


def test_the_focal_length_refers_to_the_sensors_width():
    camera = camera_of(**{"camera.focal_length_mm": 18, "camera.sensor_width_mm": 36})
    angle_deg = 2 * math.degrees(math.atan(camera.width_px / 2 / camera.fx_px))
    assert angle_deg == pytest.approx(90)


@pytest.mark.parametrize("aspect", [0.5, 1.0, 2.0])
def test_a_pixel_is_wider_than_high_on_the_ground_by_its_aspect(aspect):
    camera = camera_of(**STRAIGHT_DOWN, **{"camera.pixel_aspect": aspect})
    corner, right, below = (seen_on_the_ground(camera, *uv) for uv in ((320, 240), (321, 240), (320, 241)))
    assert np.linalg.norm(right - corner) / np.linalg.norm(below - corner) == pytest.approx(aspect)
    assert camera.fy_px == pytest.approx(camera.fx_px * aspect)


def test_the_image_size_changes_neither_pose_nor_field_of_view():
    small, large = (camera_of(3, **{"camera.width_px": w, "camera.height_px": 480}) for w in (320, 1280))
    assert small.pose == large.pose
    assert small.width_px / small.fx_px == pytest.approx(large.width_px / large.fx_px)


@given(st.floats(0, 85), angles_deg, angles_deg)
def test_the_tilt_is_the_angle_from_straight_down(tilt_deg, azimuth_deg, roll_deg):
    rotation = camera_rotation(azimuth_deg=azimuth_deg, tilt_deg=tilt_deg, roll_deg=roll_deg)
    axis = rotation_matrix(rotation)[:, 2]
    horizontal = math.hypot(axis[0], axis[1])
    assert math.degrees(math.atan2(horizontal, -axis[2])) == pytest.approx(tilt_deg, abs=1e-6)


@given(st.floats(0, 85), angles_deg, angles_deg)
def test_a_camera_that_looks_down_is_rolled_then_tilted_then_turned(tilt_deg, azimuth_deg, roll_deg):
    rotation = camera_rotation(azimuth_deg=azimuth_deg, tilt_deg=tilt_deg, roll_deg=roll_deg)
    looking_down = Rotation.from_matrix(np.diag([1, -1, -1]))
    z, x = ([0, 0, 1], [1, 0, 0])
    expected = (
        Rotation.from_rotvec(np.radians(azimuth_deg) * np.array(z))
        * Rotation.from_rotvec(np.radians(tilt_deg) * np.array(x))
        * looking_down
        * Rotation.from_rotvec(np.radians(roll_deg) * np.array(z))
    )
    assert rotation_matrix(rotation) == pytest.approx(expected.as_matrix(), abs=1e-9)


def test_a_tilted_camera_looks_towards_its_azimuth_counter_clockwise_from_far():
    for azimuth_deg, towards in ((0, (0, 1)), (90, (-1, 0)), (180, (0, -1)), (270, (1, 0))):
        rotation = camera_rotation(azimuth_deg=azimuth_deg, tilt_deg=30, roll_deg=0)
        axis = rotation_matrix(rotation)[:, 2]
        assert axis[:2] == pytest.approx(np.array(towards) * 0.5)


def test_a_rolled_camera_sees_the_world_turned_the_other_way():
    right = rotation_matrix(camera_rotation(azimuth_deg=0, tilt_deg=0, roll_deg=90))[:, 0]
    assert right == pytest.approx([0, -1, 0], abs=1e-12)


@few
@given(indices)
def test_dice_are_seen_from_within_35_degrees_of_straight_down(index):
    camera = view_of(DICE, index).camera
    assert math.degrees(math.acos(min(1, -forward(camera)[2]))) <= 35 + 1e-6
    assert camera.pose.position_m[2] > 0.05


def test_the_seed_of_cycles_fits_blenders_property():
    seeds = [view_of(DICE, index).cycles_seed for index in range(200)]
    assert len(set(seeds)) == 200
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_the_exposure_of_a_shot_is_its_draw():
    shot = view_of(DICE).shots[0]
    assert shot.draws == {"sensor.exposure_ev": shot.sensor.exposure_ev, "sensor.tone_curve": "soft"}
    assert -1.5 <= shot.sensor.exposure_ev <= 1.5
