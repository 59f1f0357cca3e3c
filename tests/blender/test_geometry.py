"""The id and depth buffers against analytic truth."""

from dataclasses import replace

import numpy as np
import pytest
from blender.conftest import camera, scene_of
from blender.objects import box, die

from renderer.labels import label_instances
from renderer.randomize.cameras import camera_rotation
from renderer.rotation import transform
from renderer.scene import Camera, Pose


def project(seen_by: Camera, points_world: np.ndarray) -> np.ndarray:
    """Pixel coordinates of points, by the pinhole model alone."""
    camera_from_world = np.linalg.inv(transform(seen_by.pose))
    points = points_world @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
    x = seen_by.fx_px * points[:, 0] / points[:, 2] + seen_by.cx_px
    y = seen_by.fy_px * points[:, 1] / points[:, 2] + seen_by.cy_px
    return np.stack([x, y], axis=1)


def corners_of_box(x_m: float, y_m: float, size_m: float = 0.1) -> np.ndarray:
    w, d = size_m / 2, 0.75 * size_m / 2
    return np.array([(x_m + i * w, y_m + j * d, z) for i in (-1, 1) for j in (-1, 1) for z in (0, 0.001)])


VIEWS = {
    "straight down": camera(),
    "off-centre principal point": camera(cx_px=70.0, cy_px=66.5),
    "wide pixels": camera(fy_px=266.6666),
    "tall pixels": camera(fx_px=260.0),
    "tilted": camera(
        pose=Pose(
            position_m=(0.1, -0.5, 0.8),
            rotation_wxyz=camera_rotation(azimuth_deg=10, tilt_deg=30, roll_deg=20),
        )
    ),
}


@pytest.mark.parametrize("name", VIEWS)
def test_mask_of_a_box_fills_its_projection(trace, name):
    seen_by = VIEWS[name]
    buffers = trace(scene_of(box(0.05, 0.03), seen_by=seen_by))
    import torch

    labels = label_instances(torch.from_numpy(buffers.ids)[None], torch.tensor([[1]]))
    x0, y0, x1, y1 = labels.boxes_xyxy[0, 0].tolist()
    truth = project(seen_by, corners_of_box(0.05, 0.03))
    low, high = truth.min(axis=0), truth.max(axis=0)
    # A pixel belongs to the box if its centre does: the tight box lies within half a pixel of the edges.
    assert np.allclose([x0, y0], low, atol=0.52)
    assert np.allclose([x1, y1], high, atol=0.52)


def test_point_on_the_optical_axis_lies_at_its_distance(trace):
    buffers = trace(scene_of(seen_by=VIEWS["straight down"]))
    assert buffers.depth_z_m[60, 80] == pytest.approx(1.0, abs=1e-5)


def test_depth_is_along_the_axis_and_not_along_the_ray(trace):
    buffers = trace(scene_of())
    assert np.allclose(buffers.depth_z_m, 1.0, atol=1e-4)


def test_ids_number_the_objects_of_the_scene_from_one(trace):
    buffers = trace(scene_of(box(-0.2, 0.0), box(0.2, 0.0)))
    assert set(np.unique(buffers.ids)) == {0, 1, 2}
    assert np.nonzero(buffers.ids == 1)[1].max() < 80 < np.nonzero(buffers.ids == 2)[1].min()


def test_nearer_object_hides_the_farther_one(trace):
    below, above = box(0.0, 0.0), box(0.0, 0.0, 0.2)
    above = replace(above, pose=Pose(position_m=(0.0, 0.0, 0.1)))
    assert set(np.unique(trace(scene_of(below, above)).ids)) == {0, 2}


def test_clear_die_is_labelled_at_its_surface(trace):
    near = camera(pose=Pose(position_m=(0.0, 0.0, 0.1), rotation_wxyz=(0.0, 1.0, 0.0, 0.0)))
    opaque = trace(scene_of(die(3), seen_by=near))
    clear = trace(scene_of(die(3, transmission=0.9), seen_by=near))
    assert (opaque.ids == 1).sum() > 1000
    assert np.array_equal(opaque.ids, clear.ids)


def test_scene_without_objects_shows_the_ground_alone(trace):
    buffers = trace(scene_of())
    assert not buffers.ids.any()
    assert np.median(buffers.radiance) > 0.01


def test_image_is_not_mirrored(trace):
    """A red box to the world's +X lies right of the middle under a camera whose x is the world's."""
    buffers = trace(scene_of(box(0.2, 0.1)))
    rows, columns = np.nonzero(buffers.ids == 1)
    red = buffers.radiance[rows, columns]
    assert columns.min() > 80
    assert rows.max() < 60
    assert red[:, 0].mean() > 2 * red[:, 1].mean()
