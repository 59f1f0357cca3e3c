"""Spheres, boxes and planes at known poses against closed forms: where they end, how deep they lie."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from blender.conftest import scene_of
from blender.truth import (
    CAMERAS,
    FINE,
    HALF_PX,
    POSES,
    box_corners,
    ends_on_lines,
    in_camera,
    in_image,
    in_world,
    project,
    rays_through,
    rotation,
    solid,
)

from renderer.labels import label_instances
from renderer.labels.cast import at_centres, cast_view
from renderer.scene import Camera, SceneObject

FACETS_PX = 0.02  # of a sphere of 5120 triangles and 20 px
INNER = 0.2  # of a sphere, over the square of its depth in the middle: beyond, depth changes without bound


def seen(
    trace: Callable, library, item: SceneObject, seen_by: Camera
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The box of the visible pixels, that of the whole object, and the depth where it is visible, else 0."""
    scene = scene_of(item, seen_by=seen_by)
    cast = cast_view(scene, scene.views[0], library, torch.device("cpu"))
    buffers = at_centres(trace(scene), cast)
    mask = buffers.ids == 1
    labels = label_instances(torch.from_numpy(buffers.ids)[None], torch.tensor([[1]]))
    (whole,) = cast.wholes
    height, width = whole.mask.shape
    left, top = whole.origin_px
    return (
        labels.boxes_xyxy[0, 0].numpy(),
        np.array([left, top, left + width, top + height]),
        np.where(mask, buffers.depth_z_m, 0),
    )


def middle_of_sphere(item: SceneObject) -> np.ndarray:
    radius_m = item.parameters["size_m"] / 2
    return in_world(item, np.array([[0.0, 0.0, radius_m]]))[0]


def ends_of_sphere(seen_by: Camera, middle: np.ndarray, radius_m: float) -> np.ndarray:
    """Lowest and highest column and row of the cone of rays that touch a sphere."""
    distance = np.linalg.norm(middle)
    axis = middle / distance
    aside = np.cross(axis, [1.0, 0.0, 0.0])
    aside /= np.linalg.norm(aside)
    turn = np.linspace(0, 2 * np.pi, 3601)[:, None]
    sine = radius_m / distance
    rim = np.sqrt(1 - sine**2) * axis + sine * (np.cos(turn) * aside + np.sin(turn) * np.cross(axis, aside))
    pixels = project(seen_by, rim)
    return np.concatenate([pixels.min(axis=0), pixels.max(axis=0)])


@pytest.mark.parametrize("pose", POSES)
@pytest.mark.parametrize("name", CAMERAS)
def test_a_sphere_ends_where_rays_touch_it(trace, library, name, pose):
    seen_by, item = CAMERAS[name], solid("sphere", POSES[pose])
    middle = in_camera(seen_by, middle_of_sphere(item))
    truth = ends_of_sphere(seen_by, middle, 0.1)
    visible, whole, _ = seen(trace, library, item, seen_by)
    assert np.abs(visible - in_image(truth)).max() < HALF_PX + FACETS_PX
    assert np.abs(whole - truth).max() < HALF_PX + FACETS_PX


def test_without_a_lens_a_spheres_silhouette_is_the_closed_form_of_an_ellipse():
    """The planes through the camera that touch a sphere: tan(angle of its middle ± half its width)."""
    seen_by, middle = CAMERAS["off-centre, wide pixels"], np.array([0.2, -0.1, 0.8])
    ends = []
    for axis, focal_px, centre_px in ((0, seen_by.fx_px, seen_by.cx_px), (1, seen_by.fy_px, seen_by.cy_px)):
        angle, reach = np.arctan2(middle[axis], middle[2]), np.hypot(middle[axis], middle[2])
        half = np.arcsin(0.1 / reach)
        ends.append([focal_px * np.tan(angle + side * half) + centre_px for side in (-1, 1)])
    assert np.allclose(ends_of_sphere(seen_by, middle, 0.1), np.transpose(ends).ravel(), atol=1e-3)


@pytest.mark.parametrize("name", CAMERAS)
def test_a_sphere_is_as_deep_as_the_root_of_its_equation_says(trace, library, name):
    seen_by, item = CAMERAS[name], solid("sphere", POSES["turned"])
    middle = in_camera(seen_by, middle_of_sphere(item))
    depth_z_m = seen(trace, library, item, seen_by)[2]
    pixels = np.argwhere(depth_z_m > 0)[:, ::-1] + 0.5
    found = depth_z_m[depth_z_m > 0]
    rays = rays_through(seen_by, pixels)
    half_b, c = rays @ middle, middle @ middle - 0.1**2
    root = half_b**2 - (rays**2).sum(axis=1) * c
    inner = root > INNER * root.max()
    true = ((half_b - np.sqrt(np.maximum(root, 0))) / (rays**2).sum(axis=1) * rays[:, 2])[inner]
    assert inner.sum() > 500
    assert np.abs(found[inner] / true - 1).max() < 1e-3
    assert abs(np.mean(found[inner] / true - 1)) < 3e-4


@pytest.mark.parametrize("pose", ["upright", "turned"])
@pytest.mark.parametrize("name", CAMERAS)
def test_a_box_ends_where_its_edges_are_projected(trace, library, name, pose):
    seen_by, item = CAMERAS[name], solid("box", POSES[pose], flatness=0.5)
    truth = ends_on_lines(seen_by, in_camera(seen_by, box_corners(item)))
    visible, whole, _ = seen(trace, library, item, seen_by)
    assert np.abs(visible - in_image(truth)).max() < HALF_PX + 1 / FINE
    assert np.abs(whole - truth).max() < HALF_PX + 1 / FINE


@pytest.mark.parametrize("name", CAMERAS)
def test_a_plane_is_as_deep_as_its_equation_says(trace, library, name):
    """Of a plane n . p = d in the camera's frame, a ray r of z = 1 meets d / (n . r)."""
    seen_by = CAMERAS[name]
    scene = scene_of(seen_by=seen_by)
    cast = cast_view(scene, scene.views[0], library, torch.device("cpu"))
    depth_z_m = at_centres(trace(scene), cast).depth_z_m
    n = rotation(seen_by.pose).inv().apply([0.0, 0.0, 1.0])
    d = n @ in_camera(seen_by, np.zeros(3))
    pixels = np.argwhere(np.ones_like(depth_z_m))[:, ::-1] + 0.5
    true = (d / (rays_through(seen_by, pixels) @ n)).reshape(depth_z_m.shape)
    assert np.abs(depth_z_m / true - 1).max() < 1e-5
