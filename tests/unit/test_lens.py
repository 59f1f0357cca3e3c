"""Lenses: the models against OpenCV, there and back, and what cannot be rendered."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from renderer.lens.distortion import distort, largest_radius, undistort
from renderer.lens.source import lens_fault, source_of
from renderer.lens.warp import sample_linear, sample_nearest
from renderer.scene import Camera, Lens, Pose

CAMERA = Camera(width_px=640, height_px=480, fx_px=500.0, fy_px=520.0, cx_px=310.0, cy_px=250.0, pose=Pose())
PHONE = Lens(model="brown_conrady", coefficients=(-0.3, 0.12, 0.001, -0.002, -0.02))
WIDE = Lens(model="fisheye", coefficients=(-0.02, 0.003, -0.001, 0.0002))
NO_TURN = np.zeros(3)

brown_lenses = st.tuples(
    st.floats(-0.5, 0.8), st.floats(-0.3, 0.3), *[st.floats(-0.01, 0.01)] * 2, st.floats(-0.1, 0.1)
).map(lambda k: Lens(model="brown_conrady", coefficients=k))
fisheye_lenses = st.tuples(*[st.floats(-0.05, 0.05)] * 2, *[st.floats(-0.01, 0.01)] * 2).map(
    lambda k: Lens(model="fisheye", coefficients=k)
)


def rays_in_front(count: int = 500, reach: float = 0.7) -> np.ndarray:
    plane = np.random.default_rng(0).uniform(-reach, reach, (count, 2))
    return np.concatenate([plane, np.ones((count, 1))], axis=1)


def pixel_points(camera: Camera) -> np.ndarray:
    """Distorted points of a grid of pixels, corners included."""
    u, v = np.meshgrid(np.linspace(0, camera.width_px, 33), np.linspace(0, camera.height_px, 25))
    return np.stack([(u - camera.cx_px) / camera.fx_px, (v - camera.cy_px) / camera.fy_px], axis=-1)


@given(brown_lenses)
def test_brown_conrady_is_opencvs(lens):
    rays = rays_in_front()
    expected, _ = cv2.projectPoints(rays, NO_TURN, NO_TURN, np.eye(3), np.array(lens.coefficients))
    np.testing.assert_allclose(distort(lens, rays), expected[:, 0], atol=1e-12)


@given(fisheye_lenses)
def test_fisheye_is_opencvs(lens):
    rays = rays_in_front(reach=2.0)
    expected = cv2.fisheye.distortPoints(rays[None, :, :2], np.eye(3), np.array(lens.coefficients))
    np.testing.assert_allclose(distort(lens, rays), expected[0], atol=1e-9)


def test_a_fisheye_sees_what_is_beside_and_behind_it():
    equidistant = Lens(model="fisheye", coefficients=(0.0,) * 4)
    rays = np.array([[1.0, 0.0, 0.0], [0.0, -1.0, -1.0]])
    expected = [[math.pi / 2, 0.0], [0.0, -0.75 * math.pi]]
    np.testing.assert_allclose(distort(equidistant, rays), expected, atol=1e-12)
    np.testing.assert_allclose(
        undistort(equidistant, np.array(expected)), rays / np.linalg.norm(rays, axis=1)[:, None], atol=1e-12
    )


@settings(max_examples=200)
@given(st.one_of(brown_lenses, fisheye_lenses), st.floats(200, 2000))
def test_there_and_back_is_within_a_twentieth_of_a_pixel(lens, focal_px):
    camera = replace(CAMERA, fx_px=focal_px, fy_px=1.04 * focal_px, lens=lens)
    assume(lens_fault(camera) is None)
    points = pixel_points(camera)
    back = distort(lens, undistort(lens, points))
    assert np.abs((back - points) * (camera.fx_px, camera.fy_px)).max() < 0.05


@given(st.one_of(brown_lenses, fisheye_lenses))
def test_the_angle_grows_with_the_radius_up_to_the_largest(lens):
    if lens.model == "brown_conrady":  # the radial part alone has a largest radius
        k1, k2, _, _, k3 = lens.coefficients
        lens = replace(lens, coefficients=(k1, k2, 0.0, 0.0, k3))
    radii = np.linspace(0, 0.98 * min(largest_radius(lens), 1.5), 50)
    rays = undistort(lens, np.stack([radii, np.zeros(50)], axis=-1))
    assert (np.diff(np.arctan2(rays[:, 0], rays[:, 2])) > 0).all()


def test_a_lens_that_folds_or_looks_too_far_aside_has_a_fault_in_words():
    strong = Lens(model="brown_conrady", coefficients=(-0.9, 0.0, 0.0, 0.0, 0.0))
    assert lens_fault(replace(CAMERA, lens=strong)) == "folds the image over before it reaches the corners"
    assert lens_fault(replace(CAMERA, lens=PHONE)) is None
    assert lens_fault(CAMERA) is None


def test_only_a_fisheye_looks_far_aside():
    wide = replace(CAMERA, fx_px=100.0, fy_px=100.0)
    barrel = Lens(model="brown_conrady", coefficients=(0.05, 0.0, 0.0, 0.0, 0.0))
    assert lens_fault(replace(wide, lens=barrel)).startswith("looks 7")
    assert lens_fault(replace(wide, fx_px=160.0, fy_px=160.0, lens=WIDE)) is None


@pytest.mark.parametrize("lens", [PHONE, WIDE], ids=["brown_conrady", "fisheye"])
@pytest.mark.parametrize("density", [1.0, 2.0])
def test_a_source_sees_the_whole_image_as_densely_as_asked(lens, density):
    source = source_of(replace(CAMERA, lens=lens), density)
    size = (source.camera.width_px, source.camera.height_px)
    assert (source.map_xy > 1).all()
    assert (source.map_xy < np.array(size) - 1).all()
    steps = [np.linalg.norm(np.diff(source.map_xy, axis=axis), axis=-1).min() for axis in (0, 1)]
    assert min(steps) == pytest.approx(density, rel=0.05)


@pytest.mark.parametrize("lens", [PHONE, WIDE], ids=["brown_conrady", "fisheye"])
def test_a_place_in_the_source_is_where_the_pixels_ray_falls(lens):
    """By the source's own projection, and by OpenCV's of the same point through the lens."""
    camera = replace(CAMERA, lens=lens)
    source = source_of(camera, 1.0)
    seen_by = source.camera
    row, column = 37, 601
    place = (source.map_xy[row, column] - (seen_by.cx_px, seen_by.cy_px)) / (seen_by.fx_px, seen_by.fy_px)
    if seen_by.lens is None:
        point = np.array([[*place, 1.0]])
        image, _ = cv2.projectPoints(point, NO_TURN, NO_TURN, np.eye(3), np.array(lens.coefficients))
    else:
        angle = np.linalg.norm(place)
        flat = place / angle * math.tan(angle)
        image = cv2.fisheye.distortPoints(flat[None, None], np.eye(3), np.array(lens.coefficients))
    pixel = image.reshape(2) * (camera.fx_px, camera.fy_px) + (camera.cx_px, camera.cy_px)
    np.testing.assert_allclose(pixel, (column + 0.5, row + 0.5), atol=1e-6)


def test_linear_samples_reproduce_a_ramp_at_any_place():
    v, u = np.meshgrid(np.arange(20) + 0.5, np.arange(30) + 0.5, indexing="ij")
    ramp = torch.from_numpy((2 * u + 3 * v)[None].astype(np.float32))
    places = np.random.default_rng(0).uniform(1, 19, (5, 7, 2))
    sampled = sample_linear(ramp, torch.from_numpy(places))[0].numpy()
    np.testing.assert_allclose(sampled, 2 * places[..., 0] + 3 * places[..., 1], atol=1e-4)


def test_nearest_samples_are_the_pixels_that_places_lie_in():
    values = np.arange(12).reshape(3, 4)
    places = np.array([[[0.01, 0.01], [0.99, 0.99], [1.01, 0.5]], [[3.99, 2.99], [9.0, 0.0], [-1.0, 9.0]]])
    assert sample_nearest(values, places).tolist() == [[0, 0, 1], [11, 3, 8]]
