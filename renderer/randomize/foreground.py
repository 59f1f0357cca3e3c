"""Placing the shapes that float before a camera."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from renderer.catalog.primitives import primitive_ball
from renderer.randomize.cameras import Aimed
from renderer.randomize.draws import DrawRecorder
from renderer.recipe.objects import Foreground
from renderer.recipe.schema import Recipe
from renderer.rotation import rotation_matrix
from renderer.scene import Camera, Contact, Placement, Pose, SceneObject

ROOM = 0.8  # of the way to the camera and to the ground, that a shape may take up


def draw_foreground(
    draws: DrawRecorder, recipe: Recipe, aimed: Aimed, objects: Sequence[SceneObject]
) -> tuple[Placement, ...]:
    """Draw where a view puts each object that floats; places are those of a lens without distortion.

    A shape that would hold the camera or reach the ground is made smaller.
    """
    floating = [item for item in objects if item.contact is Contact.FLOAT]
    return tuple(_placement(draws, recipe, aimed, item) for item in floating)


def _placement(draws: DrawRecorder, recipe: Recipe, aimed: Aimed, item: SceneObject) -> Placement:
    kind = recipe.objects[item.kind]
    assert isinstance(kind, Foreground), "what floats is of a kind of source foreground"
    ray = _ray(draws, kind, item.slot, aimed.camera)
    way_m = draws.draw(kind.distance_fraction, item.slot) * _depth_m(aimed, ray) * ray
    rotation = tuple(draws.draw(kind.rotation, item.slot))
    place = np.array(aimed.camera.pose.position_m) + way_m
    middle, radius_m = primitive_ball(item.parameters)
    scale = min(1.0, _room_m(aimed.camera, way_m, float(place[2])) / radius_m)
    x, y, z = place - scale * rotation_matrix(rotation) @ middle
    return Placement(
        name=item.name,
        pose=Pose(position_m=(float(x), float(y), float(z)), rotation_wxyz=rotation),
        scale=scale,
    )


def _ray(draws: DrawRecorder, kind: Foreground, slot: int, camera: Camera) -> Float[np.ndarray, "3"]:
    """World direction of what is seen at the place in the image; 1 along the optical axis."""
    reach, angle_deg = draws.draw(kind.edge_fraction, slot), draws.draw(kind.edge_angle_deg, slot)
    u = camera.width_px / 2 * (1 + reach * math.cos(math.radians(angle_deg)))
    v = camera.height_px / 2 * (1 + reach * math.sin(math.radians(angle_deg)))
    along = [(u - camera.cx_px) / camera.fx_px, (v - camera.cy_px) / camera.fy_px, 1.0]
    ray: Float[np.ndarray, "3"] = rotation_matrix(camera.pose.rotation_wxyz) @ np.array(along)
    return ray


def _depth_m(aimed: Aimed, ray: Float[np.ndarray, "3"]) -> float:
    """How deep the target lies, or the ground where a ray comes to it before."""
    height_m = aimed.camera.pose.position_m[2]
    meets_ground = height_m > 0 and ray[2] < 0
    return min(aimed.distance_m, height_m / -float(ray[2])) if meets_ground else aimed.distance_m


def _room_m(camera: Camera, way_m: Float[np.ndarray, "3"], height_m: float) -> float:
    """The largest radius of what keeps clear of the camera and, under one that is above it, of the ground."""
    clear_m = float(np.linalg.norm(way_m))
    return ROOM * (min(clear_m, height_m) if camera.pose.position_m[2] > 0 else clear_m)
