"""Where objects are, seen from a camera: poses, boxes and keypoints against closed forms and OpenCV."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.recipes import dice_recipe
from unit.strategies import card, die, unit_quaternions

from renderer.catalog.library import open_library
from renderer.catalog.sources import keypoints_of
from renderer.labels.poses import box_corners, keypoint_entries, seen_box, seen_keypoints, seen_pose
from renderer.lens.distortion import undistort
from renderer.lens.projection import axis_share, project
from renderer.lens.source import source_of
from renderer.rotation import quaternion_about, transform
from renderer.scene import Camera, Lens, Pose

LIBRARY = open_library(dice_recipe())
CAMERA = Camera(width_px=640, height_px=480, fx_px=500.0, fy_px=520.0, cx_px=310.0, cy_px=250.0, pose=Pose())
PHONE = Lens(model="brown_conrady", coefficients=(-0.3, 0.12, 0.001, -0.002, -0.02))
FOLDING = Lens(model="brown_conrady", coefficients=(-0.3, 0.0, 0.0, 0.0, 0.0))
WIDE = Lens(model="fisheye", coefficients=(-0.02, 0.003, -0.001, 0.0002))
ABOVE = Pose(position_m=(0.0, 0.0, 0.5), rotation_wxyz=(0.0, 1.0, 0.0, 0.0))  # x right, looks straight down

positions = st.tuples(*[st.floats(-2, 2)] * 3)
poses = st.builds(lambda p, q: Pose(position_m=p, rotation_wxyz=q), positions, unit_quaternions())


@given(poses, poses)
def test_camera_pose_times_seen_pose_is_the_pose_in_the_world(camera_pose, object_pose):
    seen = seen_pose(replace(CAMERA, pose=camera_pose), object_pose)
    np.testing.assert_allclose(transform(camera_pose) @ transform(seen), transform(object_pose), atol=1e-12)
    assert seen.rotation_wxyz[0] >= 0
    assert math.hypot(*seen.rotation_wxyz) == pytest.approx(1, abs=1e-12)


def test_an_object_on_the_axis_of_a_camera_that_looks_down_is_ahead_of_it_upside_down():
    seen = seen_pose(replace(CAMERA, pose=ABOVE), Pose(position_m=(0.1, 0.2, 0.1)))
    assert seen.position_m == pytest.approx((0.1, -0.2, 0.4))
    np.testing.assert_allclose(transform(seen)[:3, :3], np.diag([1, -1, -1]), atol=1e-15)


def test_corners_of_a_box_are_numbered_by_the_bits_of_x_y_z():
    corners = box_corners((-1.0, -2.0, -3.0), (10.0, 20.0, 30.0))
    assert corners[0].tolist() == [-1, -2, -3]
    assert [corners[i].tolist() for i in (1, 2, 4)] == [[10, -2, -3], [-1, 20, -3], [-1, -2, 30]]
    assert corners[7].tolist() == [10, 20, 30]


def test_the_box_of_a_die_below_the_camera_is_its_cube():
    """A die of 2 cm, 0.4 m below: its upper face is 0.39 m away and 500 / 0.39 * 0.02 pixels wide."""
    item = replace(die(edge_m=0.02), pose=Pose(position_m=(0.0, 0.0, 0.1)))
    box = seen_box(item, replace(CAMERA, pose=ABOVE), LIBRARY)
    assert box.distance_m == pytest.approx(0.4, abs=1e-12)
    upper = box.corners_px[4:]
    np.testing.assert_allclose(upper[1] - upper[0], (500 / 0.39 * 0.02, 0), atol=1e-9)
    np.testing.assert_allclose(upper[2] - upper[0], (0, -520 / 0.39 * 0.02), atol=1e-9)
    np.testing.assert_allclose(upper.mean(axis=0), (310, 250), atol=1e-9)
    np.testing.assert_allclose(sorted(box.corners_m[:, 2]), [0.39] * 4 + [0.41] * 4, atol=1e-12)


def test_the_distance_is_to_the_middle_of_the_box_not_to_the_objects_origin():
    bent = replace(card(bend_m=0.01), pose=Pose())
    box = seen_box(bent, replace(CAMERA, pose=ABOVE), LIBRARY)
    assert box.distance_m == pytest.approx(0.5 - (0.01 + 0.0003) / 2, abs=1e-5)


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.1, 3)), min_size=1, max_size=5))
def test_points_are_projected_as_opencv_does(points):
    points = np.array(points)
    K = np.array([[500.0, 0, 310], [0, 520, 250], [0, 0, 1]])
    expected, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), K, None)
    np.testing.assert_allclose(project(CAMERA, points), expected[:, 0], rtol=1e-9, atol=1e-9)
    near = points[np.hypot(points[:, 0], points[:, 1]) < 0.7 * points[:, 2]]
    if len(near):
        bent, _ = cv2.projectPoints(near, np.zeros(3), np.zeros(3), K, np.array(PHONE.coefficients))
        np.testing.assert_allclose(project(replace(CAMERA, lens=PHONE), near), bent[:, 0], atol=1e-6)


@pytest.mark.parametrize("lens", [None, PHONE, WIDE])
def test_points_on_the_ray_of_a_pixel_are_projected_to_it(lens):
    camera = replace(CAMERA, lens=lens)
    pixels = np.random.default_rng(0).uniform((0, 0), (640, 480), (50, 2))
    flat = (pixels - (310, 250)) / (500, 520)
    rays = np.column_stack([flat, np.ones(50)]) if lens is None else undistort(lens, flat)
    np.testing.assert_allclose(project(camera, 0.37 * rays), pixels, atol=1e-6)


@pytest.mark.parametrize("lens", [None, PHONE])
def test_a_point_behind_the_camera_has_no_pixel(lens):
    points = np.array([[0.1, 0.0, -1.0], [0.1, 0.0, 0.0], [0.0, 0.0, 1.0]])
    there = np.isfinite(project(replace(CAMERA, lens=lens), points)).all(axis=1)
    assert there.tolist() == [False, False, True]


def test_a_fisheye_projects_what_is_behind_it_but_not_its_own_centre():
    camera = replace(CAMERA, lens=replace(WIDE, coefficients=(0.0,) * 4))
    pixels = project(camera, np.array([[1.0, 0.0, -1.0], [0.0, 0.0, 0.0]]))
    np.testing.assert_allclose(pixels[0], (310 + 500 * 0.75 * math.pi, 250))
    assert np.isnan(pixels[1]).all()


def test_a_point_beyond_where_the_lens_folds_has_no_pixel():
    """r (1 - 0.3 r²) turns back at r = sqrt(1 / 0.9), and falls on pixels of the image again at r = 1.8."""
    radii = np.array([0.0, 0.5, 1.05, 1.06, 1.8])
    points = np.column_stack([radii, np.zeros(5), np.ones(5)])
    there = np.isfinite(project(replace(CAMERA, lens=FOLDING), points)).all(axis=1)
    assert there.tolist() == [True, True, True, False, False]


@pytest.mark.parametrize("lens", [None, PHONE, WIDE])
def test_the_share_along_the_axis_is_the_cosine_of_the_rays_angle(lens):
    camera = replace(
        CAMERA, lens=lens, width_px=64, height_px=48, fx_px=50.0, fy_px=52.0, cx_px=30.0, cy_px=25
    )
    share = axis_share(camera)
    assert share.shape == (48, 64)
    if lens is None:
        assert share[40, 10] == pytest.approx(1 / math.hypot(1, (10.5 - 30) / 50, (40.5 - 25) / 52))
    else:
        np.testing.assert_array_equal(share, source_of(camera, 1).axis_share)


# keypoints


def test_the_upper_face_of_a_die_is_in_the_middle_of_an_image_from_above():
    item = replace(die(face=4, edge_m=0.02), pose=replace(die(face=4).pose, position_m=(0.0, 0.0, 0.01)))
    entries = keypoint_entries(item, replace(CAMERA, pose=ABOVE), LIBRARY, [False] * 6)
    assert list(entries) == [f"face_{face}" for face in range(1, 7)]
    assert entries["face_4"] == pytest.approx([310, 250, 2], abs=1e-9)
    assert entries["face_3"] == pytest.approx([310, 250, 2], abs=1e-9)


def test_keypoints_come_in_the_order_in_which_they_are_declared():
    item, camera = card(), replace(CAMERA, pose=ABOVE)
    places = seen_keypoints(item, camera, LIBRARY)
    hidden = [True, False, False, True, False]
    entries = keypoint_entries(item, camera, LIBRARY, hidden)
    assert list(entries) == list(keypoints_of(item, LIBRARY))
    np.testing.assert_allclose([e[:2] for e in entries.values()], project(camera, places))
    assert [e[2] for e in entries.values()] == [1, 2, 2, 1, 2]


def test_a_keypoint_outside_the_image_has_a_place_there_and_state_0():
    item = replace(card(), pose=Pose(position_m=(0.4, 0.0, 0.0)))
    middle = keypoint_entries(item, replace(CAMERA, pose=ABOVE), LIBRARY, [False] * 5)["middle"]
    assert middle == pytest.approx([310 + 500 * 0.4 / (0.5 - 0.0003), 250, 0], abs=1e-6)
    behind = replace(CAMERA, pose=replace(ABOVE, rotation_wxyz=quaternion_about((0, 0, 1), 0)))
    assert set(map(tuple, keypoint_entries(item, behind, LIBRARY, [False] * 5).values())) == {(0, 0, 0)}


def test_as_many_keypoints_must_be_looked_up_as_an_object_declares():
    with pytest.raises(ValueError, match="zip"):
        keypoint_entries(die(), CAMERA, LIBRARY, [False])
