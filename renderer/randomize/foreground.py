"""Placing the shapes that float before a camera."""

import math
from collections.abc import Sequence

import numpy as np

from renderer.randomize.cameras import Aimed
from renderer.randomize.draws import DrawRecorder
from renderer.recipe.objects import Foreground
from renderer.recipe.schema import Recipe
from renderer.rotation import rotation_matrix
from renderer.scene import Camera, Contact, Placement, Pose, SceneObject, Vector3


def draw_foreground(
    draws: DrawRecorder, recipe: Recipe, aimed: Aimed, objects: Sequence[SceneObject]
) -> tuple[Placement, ...]:
    """Draw where a view puts each object that floats; places are those of a lens without distortion."""
    floating = [item for item in objects if item.contact is Contact.FLOAT]
    return tuple(_placement(draws, recipe, aimed, item) for item in floating)


def _placement(draws: DrawRecorder, recipe: Recipe, aimed: Aimed, item: SceneObject) -> Placement:
    kind = recipe.objects[item.kind]
    assert isinstance(kind, Foreground), "what floats is of a kind of source foreground"
    depth_m = aimed.distance_m * draws.draw(kind.distance_fraction, item.slot)
    reach, angle_rad = (
        draws.draw(kind.edge_fraction, item.slot),
        math.radians(draws.draw(kind.edge_angle_deg, item.slot)),
    )
    camera = aimed.camera
    u = camera.width_px / 2 * (1 + reach * math.cos(angle_rad))
    v = camera.height_px / 2 * (1 + reach * math.sin(angle_rad))
    pose = Pose(
        position_m=_seen_at(camera, (u, v), depth_m),
        rotation_wxyz=tuple(draws.draw(kind.rotation, item.slot)),
    )
    return Placement(name=item.name, pose=pose)


def _seen_at(camera: Camera, pixel: tuple[float, float], depth_m: float) -> Vector3:
    """The point of the world that a straight lens shows at a pixel, at a depth along the axis."""
    ray = np.array([(pixel[0] - camera.cx_px) / camera.fx_px, (pixel[1] - camera.cy_px) / camera.fy_px, 1.0])
    x, y, z = rotation_matrix(camera.pose.rotation_wxyz) @ (depth_m * ray) + np.array(camera.pose.position_m)
    return (float(x), float(y), float(z))
