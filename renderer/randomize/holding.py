"""Objects held up between a thumb and a finger: single ones by their sides, sheets as a hand of cards.

The hand's frame: origin at that of what is held, +Y away from the one who holds it, +Z out of what is seen.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from renderer.catalog.cards.mesh import HEIGHT_M, WIDTH_M
from renderer.catalog.library import Library
from renderer.catalog.sources import bounding_points, support_of
from renderer.randomize.arrangements import Fan
from renderer.rotation import (
    quaternion_about,
    quaternion_from_matrix,
    quaternion_product,
    rotation_from_z,
    rotation_matrix,
    vector3,
)
from renderer.scene import Contact, Pose, Quaternion, SceneObject

CAPSULE_RADIUS = 0.13  # of the size of the shape 'finger', which lies along x, its lowest point at z = 0
SINK_M = 0.0008  # by which flesh gives way
SPLAY_DEG = 14.0  # of each finger at a sheet from the direction of the hand: fingers meet at their tips
PINCH_DEG = 5.0  # the same of fingers at an object's sides
THUMB_REACH_M, FINGER_REACH_M = 0.013, 0.03  # of the tips beyond the edge of a sheet
SIDE_REACH_M = 0.025  # of the tips beyond the near end of an object
SHEET_GAP_M = 5e-5
SKIN_ROUGHNESS = 0.55

Points = Float[np.ndarray, "n 3"]
Vector = Float[np.ndarray, "3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grip:
    """How things are held: azimuth and angle that they lean, height of the lowest point, and the fingers."""

    turn_deg: float
    tilt_deg: float
    height_m: float
    finger_width_m: float
    skin_color: Sequence[float]

    @property
    def world_from_hand(self) -> Quaternion:
        """The rotation of the hand: it comes from the side that things lean to."""
        azimuth, tilt = math.radians(self.turn_deg), math.radians(self.tilt_deg)
        lean = (math.sin(tilt) * math.cos(azimuth), math.sin(tilt) * math.sin(azimuth), math.cos(tilt))
        return quaternion_product(rotation_from_z(lean), quaternion_about((0, 0, 1), azimuth + math.pi / 2))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Finger:
    """The centre of the ball at its tip, and the direction that it points to, in the hand's frame."""

    tip: Vector
    along: Vector


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hand:
    """What is held together, in the hand's frame: objects with their poses, their points and the fingers."""

    items: tuple[SceneObject, ...]
    points: Points
    fingers: tuple[_Finger, _Finger]

    def reach_m(self, grip: Grip) -> float:
        """Radius of the circle about the origin that holds what is held, seen from above."""
        return float(np.linalg.norm(self._turned(grip)[:, :2], axis=1).max())

    def lowest_m(self, grip: Grip) -> float:
        """Height of the lowest point of objects and fingers over the origin."""
        radius_m, rotation = grip.finger_width_m / 2, rotation_matrix(grip.world_from_hand)
        balls = [end @ rotation.T for f in self.fingers for end in (f.tip, _base(f, radius_m))]
        lowest = min(float(ball[2]) - radius_m for ball in balls)
        return min(lowest, float(self._turned(grip)[:, 2].min()))

    def _turned(self, grip: Grip) -> Points:
        turned: Points = self.points @ rotation_matrix(grip.world_from_hand).T
        return turned

    def raised(self, grip: Grip, place: tuple[float, float]) -> list[SceneObject]:
        """What is held and then the fingers, in the world, above a place."""
        origin = np.array([*place, grip.height_m - self.lowest_m(grip)])
        fingers = [_finger_object(self.items[0], n, finger, grip) for n, finger in enumerate(self.fingers)]
        return [_in_world(item, grip.world_from_hand, origin) for item in (*self.items, *fingers)]


def hand_of_one(item: SceneObject, library: Library, finger_width_m: float) -> Hand:
    """An object between two fingers at its sides; their tips lie lower than its top if it is as high."""
    points = bounding_points(item, library) @ rotation_matrix(item.pose.rotation_wxyz).T
    low, high = points.min(axis=0), points.max(axis=0)
    radius_m = finger_width_m / 2
    y = low[1] + min((high[1] - low[1]) / 2, SIDE_REACH_M)
    fingers = []
    for side in (1, -1):
        edge = points[side * points[:, 0] >= (side * points[:, 0]).max() - 0.05 * (high[0] - low[0])]
        lowest_z = low[2] + 0.1 * (high[2] - low[2])
        z = max(min(float(edge[:, 2].mean()), high[2] - radius_m), lowest_z)
        x = side * (_half_width(points, y, side) + radius_m - SINK_M)
        fingers.append(_Finger(tip=np.array([x, y, z]), along=_direction(side * PINCH_DEG, 0.0)))
    return Hand(items=(item,), points=points, fingers=(fingers[0], fingers[1]))


def _half_width(points: Points, y: float, side: int) -> float:
    """How far the convex hull of points reaches to a side at y, seen along z."""
    x, ys = side * points[:, 0], points[:, 1]
    below, above = ys <= y, ys >= y
    rise = ys[above][None] - ys[below][:, None]
    share = np.divide(y - ys[below][:, None], rise, out=np.zeros_like(rise), where=rise > 0)
    reach = x[below][:, None] + share * (x[above][None] - x[below][:, None])
    return float(reach.max())


def hand_of_sheets(items: Sequence[SceneObject], library: Library, fan: Fan, finger_width_m: float) -> Hand:
    """Sheets fanned in a hand, the thumb on the last; as far apart as their bends need."""
    lower, held, points = 0.0, [], []
    for slot, item in enumerate(items):
        size_m = (WIDTH_M * item.parameters["scale"], HEIGHT_M * item.parameters["scale"])
        x, y = fan.offset_m(slot, len(items), size_m)
        lower += SHEET_GAP_M if slot else 0.0
        held.append(replace(item, pose=replace(item.pose, position_m=(x, y, lower))))
        support = support_of(item, library)
        outline = np.column_stack([support.outline_m, support.lower_m(support.outline_m)])
        points.append(outline + (x, y, lower))
        lower += support.height_m + abs(float(item.parameters["bend_m"]))
    near = -HEIGHT_M / 2 * float(items[0].parameters["scale"])
    radius_m = finger_width_m / 2
    thumb, finger = (np.array([0.0, near + reach]) for reach in (THUMB_REACH_M, FINGER_REACH_M))
    above, below = _top_m(held, thumb, library), _bottom_m(held, finger, library)
    fingers = (
        _Finger(tip=np.array([*thumb, above + radius_m - SINK_M]), along=_direction(SPLAY_DEG, -SPLAY_DEG)),
        _Finger(tip=np.array([*finger, below - radius_m + SINK_M]), along=_direction(SPLAY_DEG, SPLAY_DEG)),
    )
    return Hand(items=tuple(held), points=np.concatenate(points), fingers=fingers)


def _top_m(items: Sequence[SceneObject], place: Float[np.ndarray, "2"], library: Library) -> float:
    return max(_lower_m(item, place, library) + float(item.parameters["thickness_m"]) for item in items)


def _bottom_m(items: Sequence[SceneObject], place: Float[np.ndarray, "2"], library: Library) -> float:
    return min(_lower_m(item, place, library) for item in items)


def _lower_m(item: SceneObject, place: Float[np.ndarray, "2"], library: Library) -> float:
    x, y, z = item.pose.position_m
    return z + float(support_of(item, library).lower_m((place - (x, y))[None])[0])


def _direction(aside_deg: float, down_deg: float) -> Vector:
    """A direction close to +Y."""
    aside, down = math.radians(aside_deg), math.radians(down_deg)
    return np.array([
        -math.sin(aside) * math.cos(down), math.cos(aside) * math.cos(down), math.sin(down)
    ])  # fmt: skip


def _base(finger: _Finger, radius_m: float) -> Vector:
    """The centre of the ball at the other end."""
    base: Vector = finger.tip - finger.along * (radius_m / CAPSULE_RADIUS - 2 * radius_m)
    return base


def _finger_object(held: SceneObject, number: int, finger: _Finger, grip: Grip) -> SceneObject:
    radius_m = grip.finger_width_m / 2
    across = np.cross([0.0, 0.0, 1.0], finger.along)
    across /= np.linalg.norm(across)
    rotation = np.column_stack([finger.along, across, np.cross(finger.along, across)])
    middle = (finger.tip + _base(finger, radius_m)) / 2 - radius_m * rotation[:, 2]
    return SceneObject(
        kind=f"{held.kind}.finger",
        slot=2 * held.slot + number,
        source="primitive",
        category=None,
        contact=Contact.HELD,
        pose=Pose(position_m=vector3(middle), rotation_wxyz=quaternion_from_matrix(rotation)),
        parameters={
            "shape": "finger", "size_m": radius_m / CAPSULE_RADIUS, "flatness": 1.0, **_skin(grip, held.slot),
        },
    )  # fmt: skip


def _skin(grip: Grip, seed: int) -> Mapping[str, Any]:
    """The values of `renderer.recipe.objects.Appearance`: redder and paler in places."""
    color = list(grip.skin_color)
    values = {
        "material": "generic", "pattern": "noise", "color": color,
        "color_2": [color[0], 0.8 * color[1], 0.75 * color[2]], "pattern_size_m": 0.004, "image": 0.0,
        "image_scale": 1.0, "image_turn_deg": 0.0, "image_shift": 0.0, "pattern_seed": seed, "bump_m": 0.0001,
        "roughness": SKIN_ROUGHNESS, "metallic": 0.0, "stains": 0.0, "scratches": 0.0, "dust": 0.0,
        "fingerprints": 0.0,
    }  # fmt: skip
    return {f"appearance.{name}": value for name, value in values.items()}


def _in_world(item: SceneObject, world_from_hand: Quaternion, origin: Vector) -> SceneObject:
    position = rotation_matrix(world_from_hand) @ np.array(item.pose.position_m) + origin
    rotation = quaternion_product(world_from_hand, item.pose.rotation_wxyz)
    return replace(item, pose=Pose(position_m=vector3(position), rotation_wxyz=rotation))
