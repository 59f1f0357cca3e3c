"""Rotations: unit quaternions (w, x, y, z) and 4x4 transforms, right-handed, radians."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float

from renderer.scene import Pose, Quaternion, Vector3


def vector3(values: Iterable[float]) -> Vector3:
    """Three numbers, of an array say, as plain data."""
    x, y, z = (float(value) for value in values)
    return (x, y, z)


def quaternion_about(axis: Sequence[float], angle_rad: float) -> Quaternion:
    """The rotation by `angle_rad` about `axis`, which need not be of unit length."""
    x, y, z = axis
    scale = math.sin(angle_rad / 2) / math.sqrt(x * x + y * y + z * z)
    return (math.cos(angle_rad / 2), x * scale, y * scale, z * scale)


def quaternion_product(a: Sequence[float], b: Sequence[float]) -> Quaternion:
    """The rotation `b` followed by `a` (Hamilton product)."""
    aw, ax, ay, az = a
    bw, bx, by, bz = b
    return (
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    )


def rotation_share(quaternion: Sequence[float], share: float) -> Quaternion:
    """The rotation about the same axis by a share of its angle, the shorter way round."""
    w, x, y, z = quaternion if quaternion[0] >= 0 else [-part for part in quaternion]
    sine = math.sqrt(x * x + y * y + z * z)
    if sine == 0:
        return (1.0, 0.0, 0.0, 0.0)
    return quaternion_about((x, y, z), 2 * math.atan2(sine, w) * share)


def rotation_matrix(quaternion: Sequence[float]) -> Float[np.ndarray, "3 3"]:
    """The 3x3 matrix of a unit quaternion."""
    w, x, y, z = quaternion
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def quaternion_from_matrix(matrix: Float[np.ndarray, "3 3"]) -> Quaternion:
    """The unit quaternion of a rotation matrix, by Shepperd's method (1978), with w >= 0."""
    m = matrix
    squares = np.array(
        [
            1 + m[0, 0] + m[1, 1] + m[2, 2],
            1 + m[0, 0] - m[1, 1] - m[2, 2],
            1 - m[0, 0] + m[1, 1] - m[2, 2],
            1 - m[0, 0] - m[1, 1] + m[2, 2],
        ]
    )
    largest = int(np.argmax(squares))
    rows = np.array(
        [
            [squares[0], m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]],
            [m[2, 1] - m[1, 2], squares[1], m[0, 1] + m[1, 0], m[0, 2] + m[2, 0]],
            [m[0, 2] - m[2, 0], m[0, 1] + m[1, 0], squares[2], m[1, 2] + m[2, 1]],
            [m[1, 0] - m[0, 1], m[0, 2] + m[2, 0], m[1, 2] + m[2, 1], squares[3]],
        ]
    )
    w, x, y, z = (float(v) for v in rows[largest] / np.linalg.norm(rows[largest]))
    return (w, x, y, z) if w >= 0 else (-w, -x, -y, -z)


def transform(pose: Pose) -> Float[np.ndarray, "4 4"]:
    """The homogeneous matrix `world_from_object` of a pose."""
    world_from_object = np.eye(4)
    world_from_object[:3, :3] = rotation_matrix(pose.rotation_wxyz)
    world_from_object[:3, 3] = pose.position_m
    return world_from_object


def rotation_from_z(direction: Sequence[float]) -> Quaternion:
    """The shortest rotation that takes +Z to the unit vector `direction`."""
    x, y, z = direction
    if z < -1 + 1e-12:
        return (0.0, 1.0, 0.0, 0.0)
    length = math.sqrt((1 + z) ** 2 + x * x + y * y)
    return ((1 + z) / length, -y / length, x / length, 0.0)


def upright_rotation(direction: Sequence[float], turn_rad: float = 0.0) -> Quaternion:
    """The rotation that takes +Z to the unit vector `direction` and leaves X level, after a turn about Z.

    Y points up as far as it can; where the direction is vertical, X stays X.
    """
    x, y, _ = direction
    level = math.hypot(x, y)
    right = np.array([-y / level, x / level, 0.0]) if level > 1e-9 else np.array([1.0, 0.0, 0.0])
    ahead = np.array(direction)
    upright = quaternion_from_matrix(np.stack([right, np.cross(ahead, right), ahead], axis=1))
    return quaternion_product(upright, quaternion_about((0, 0, 1), turn_rad))


def rotation_from_vector(vector: Sequence[float]) -> Quaternion:
    """The rotation about a vector by its length in radians."""
    angle_rad = math.hypot(*vector)
    return quaternion_about(vector, angle_rad) if angle_rad > 0 else (1.0, 0.0, 0.0, 0.0)
