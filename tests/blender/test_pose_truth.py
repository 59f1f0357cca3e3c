"""Poses and 3D boxes of labels against another way to compute them, and against what a render shows."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from blender.conftest import camera, scene_of
from blender.objects import die
from blender.truth import (
    CAMERAS,
    FINE,
    HALF_PX,
    POSES,
    box_corners,
    ends_on_lines,
    in_camera,
    in_image,
    project,
    rotation,
    solid,
)
from scipy.spatial.transform import Rotation

from renderer.execution.frame import Traced, label_view
from renderer.labels.cast import at_centres, cast_view
from renderer.labels.poses import seen_box, seen_pose
from renderer.scene import Pose

LARGEST_ERROR = 1e-5


def random_pose(rng: np.random.Generator) -> Pose:
    w, x, y, z = rng.normal(size=4)
    length = float(np.linalg.norm([w, x, y, z]))
    return Pose(
        position_m=tuple(float(p) for p in rng.uniform(-2, 2, 3)),
        rotation_wxyz=(w / length, x / length, y / length, z / length),
    )


def test_a_pose_is_that_of_the_camera_undone_before_that_of_the_object():
    rng = np.random.default_rng(0)
    for _ in range(200):
        seen_by, item = camera(pose=random_pose(rng)), random_pose(rng)
        camera_from_world = rotation(seen_by.pose).inv()
        found = seen_pose(seen_by, item)
        aside = np.subtract(item.position_m, seen_by.pose.position_m)
        assert np.abs(np.array(found.position_m) - camera_from_world.apply(aside)).max() < LARGEST_ERROR
        true = (camera_from_world * rotation(item)).as_matrix()
        assert np.abs(rotation(found).as_matrix() - true).max() < LARGEST_ERROR
        assert np.linalg.norm(found.rotation_wxyz) == pytest.approx(1.0, abs=LARGEST_ERROR)


@pytest.mark.parametrize("pose", ["upright", "turned"])
@pytest.mark.parametrize("name", CAMERAS)
def test_the_corners_of_a_3d_box_are_those_of_the_box_that_is_seen(trace, library, name, pose):
    seen_by, item = CAMERAS[name], solid("box", POSES[pose], flatness=0.5)
    found, true = seen_box(item, seen_by, library), in_camera(seen_by, box_corners(item))
    order = [4 * (i & 1) + (i & 2) + (i >> 2 & 1) for i in range(8)]  # x is their first bit and our last
    assert np.abs(found.corners_m - true[order]).max() < LARGEST_ERROR
    assert np.abs(found.corners_px - project(seen_by, true[order])).max() < 1e-3
    assert found.distance_m == pytest.approx(np.linalg.norm(true.mean(axis=0)), abs=LARGEST_ERROR)
    scene = scene_of(item, seen_by=seen_by)
    cast = cast_view(scene, scene.views[0], library, torch.device("cpu"))
    rows, columns = np.nonzero(at_centres(trace(scene), cast).ids == 1)
    visible = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
    ends = ends_on_lines(seen_by, found.corners_m[order])
    assert np.abs(visible - in_image(ends)).max() < HALF_PX + 1 / FINE


@pytest.mark.parametrize("axis", range(3))
def test_a_pose_turns_an_object_as_the_image_shows_it(trace, axis):
    """A long box along each axis of the object in turn: the mask's long side is that axis in the pose."""
    turned = Rotation.from_rotvec([0.2, -0.3, 0.4]) * Rotation.from_rotvec(np.roll([0, np.pi / 2, 0], axis))
    pose = replace(POSES["turned"], rotation_wxyz=tuple(turned.as_quat(scalar_first=True).tolist()))
    item = solid("box", pose, size_m=0.03, flatness=8.0)
    seen_by = CAMERAS["tilted"]
    found = seen_pose(seen_by, item.pose)
    ends = np.array(found.position_m) + np.outer([0.0, 0.24], rotation(found).as_matrix()[:, 2])
    along = np.subtract(*project(seen_by, ends))
    rows, columns = np.nonzero(trace(scene_of(item, seen_by=seen_by)).ids == 1)
    spread = np.cov(np.stack([columns, rows]))
    values, vectors = np.linalg.eigh(spread)
    assert values[1] > 3 * values[0]
    assert abs(vectors[:, 1] @ along) > 0.98 * np.linalg.norm(along)


@pytest.mark.parametrize("name", CAMERAS)
def test_a_records_pose_is_that_of_the_object_that_was_rendered(trace, recipe, library, name):
    seen_by, rng = CAMERAS[name], np.random.default_rng(1)
    pose = replace(random_pose(rng), position_m=(0.02, 0.03, 0.1))
    scene = scene_of(replace(die(3, edge_m=0.08), pose=pose), seen_by=seen_by)
    device = torch.device("cpu")
    cast = cast_view(scene, scene.views[0], library, device)
    traced = Traced(scene=scene, view=scene.views[0], buffers=trace(scene))
    (entry,) = label_view(recipe, library, traced, cast, device).instances
    camera_from_world = rotation(seen_by.pose).inv()
    middle = camera_from_world.apply(np.subtract(pose.position_m, seen_by.pose.position_m))
    w, x, y, z = entry["pose"]["rotation_wxyz"]
    turned = Rotation.from_quat([x, y, z, w])
    assert np.abs(np.array(entry["pose"]["position_m"]) - middle).max() < LARGEST_ERROR
    error = turned.as_matrix() - (camera_from_world * rotation(pose)).as_matrix()
    assert np.abs(error).max() < LARGEST_ERROR
    assert entry["distance_m"] == pytest.approx(np.linalg.norm(middle), abs=LARGEST_ERROR)
    ends = project(seen_by, np.array(entry["box_3d"]["corners_m"]))
    assert np.abs(np.array(entry["box_3d"]["corners_px"]) - ends).max() < 1e-3
    x0, y0, x1, y1 = entry["bbox_xyxy"]
    assert np.all((x0, y0) > ends.min(axis=0) - 1)
    assert np.all((x1, y1) < ends.max(axis=0) + 1)
