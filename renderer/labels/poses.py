"""Where an object is, seen from a camera: its pose, the box around it, and its keypoints."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from jaxtyping import Float

from renderer.catalog.library import Library
from renderer.catalog.sources import box_of, keypoints_of
from renderer.lens.projection import project
from renderer.rotation import quaternion_from_matrix, transform, vector3
from renderer.scene import Camera, Pose, SceneObject, Vector3

# Corner i of a box is high along x where bit 0 of i is set, along y where bit 1 is, along z where bit 2 is.
_IS_HIGH = np.array([[bool(i & 1), bool(i & 2), bool(i & 4)] for i in range(8)])


class KeypointState(IntEnum):
    """What the image shows of a keypoint; the numbers are COCO's."""

    OUTSIDE = 0  # the image does not show its place
    HIDDEN = 1  # something stands before it
    VISIBLE = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeenBox:
    """The box around an object, along the axes of the object's frame, as a camera sees it.

    Attributes:
        corners_m: in the camera's frame; corner i is high along the object's x where bit 0 of i is set, along
            y where bit 1 is, along z where bit 2 is.
        corners_px: not a number where a corner cannot be projected.
        distance_m: from the camera's centre to the middle of the box.
    """

    corners_m: Float[np.ndarray, "8 3"]
    corners_px: Float[np.ndarray, "8 2"]
    distance_m: float


def camera_from_object(camera: Camera, pose: Pose) -> Float[np.ndarray, "4 4"]:
    """The transform from the frame of an object to that of the camera (OpenCV)."""
    world_from_camera = transform(camera.pose)
    camera_from_world = np.eye(4)
    camera_from_world[:3, :3] = world_from_camera[:3, :3].T
    camera_from_world[:3, 3] = -world_from_camera[:3, :3].T @ world_from_camera[:3, 3]
    matrix: Float[np.ndarray, "4 4"] = camera_from_world @ transform(pose)
    return matrix


def seen_pose(camera: Camera, pose: Pose) -> Pose:
    """Camera from object, as plain data, of a pose in the world."""
    matrix = camera_from_object(camera, pose)
    return Pose(position_m=vector3(matrix[:3, 3]), rotation_wxyz=quaternion_from_matrix(matrix[:3, :3]))


def seen_box(item: SceneObject, camera: Camera, library: Library) -> SeenBox:
    """The box around an object, from a camera."""
    low, high = box_of(item, library)
    corners = _in_camera(item, camera, box_corners(low, high))
    return SeenBox(
        corners_m=corners,
        corners_px=project(camera, corners),
        distance_m=float(np.linalg.norm(corners.mean(axis=0))),
    )


def box_corners(low_m: Vector3, high_m: Vector3) -> Float[np.ndarray, "8 3"]:
    """The corners of a box, in the order of `SeenBox`."""
    return np.where(_IS_HIGH, high_m, low_m)


def seen_keypoints(item: SceneObject, camera: Camera, library: Library) -> Float[np.ndarray, "n 3"]:
    """The keypoints that an object declares, in their order, in the camera's frame, metres."""
    places = np.array(list(keypoints_of(item, library).values()), dtype=np.float64).reshape(-1, 3)
    return _in_camera(item, camera, places)


def keypoint_entries(
    item: SceneObject, camera: Camera, library: Library, hidden: Sequence[bool]
) -> dict[str, list[float]]:
    """Place in pixels and state of each keypoint, by name; all 0 where it cannot be projected.

    Args:
        hidden: for each keypoint, whether something stands between it and the camera.
    """
    pixels = project(camera, seen_keypoints(item, camera, library)).tolist()
    return {
        name: _keypoint(camera, u, v, is_hidden=is_hidden)
        for name, (u, v), is_hidden in zip(keypoints_of(item, library), pixels, hidden, strict=True)
    }


def _keypoint(camera: Camera, u: float, v: float, *, is_hidden: bool) -> list[float]:
    if not (np.isfinite(u) and np.isfinite(v)):
        return [0.0, 0.0, int(KeypointState.OUTSIDE)]
    if not (0 <= u < camera.width_px and 0 <= v < camera.height_px):
        return [u, v, int(KeypointState.OUTSIDE)]
    return [u, v, int(KeypointState.HIDDEN if is_hidden else KeypointState.VISIBLE)]


def _in_camera(
    item: SceneObject, camera: Camera, points_object: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, "n 3"]:
    matrix = camera_from_object(camera, item.pose)
    moved: Float[np.ndarray, "n 3"] = points_object @ matrix[:3, :3].T + matrix[:3, 3]
    return moved
