"""Bodies that fall until they are at rest, by rigid-body dynamics.

How long that may take is counted in simulated time and never by a clock: equal input gives equal poses,
to the last bit, on slow and fast machines. What does not come to rest within it is left out.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from renderer.catalog.solids import Solid
from renderer.rotation import quaternion_from_matrix, rotation_matrix
from renderer.scene import Pose
from renderer.settle.world import (
    GAP_M,
    GRAVITY_M_S2,
    Body,
    Poses,
    World,
    build_world,
    placed_corners_m,
    solid_corners_m,
)

Extent = tuple[Float[np.ndarray, "3"], Float[np.ndarray, "3"]]  # of a box along the world's axes

VERSION = 1  # to be raised when equal bodies would come to rest elsewhere
REST_M = 5e-5  # what is at rest moves no point of it further than this, within WATCHED_S
WATCHED_S = 1.0
CALM_M = 2e-5  # what moves so little within CALM_S is worth watching
CALM_S = 0.1
LOOKS = 5  # at the bodies, while they are watched
PENETRATION = 0.005  # of the smaller body's size, at rest
LIMIT = 100.0  # units of time for coming to rest, besides falling; for dice of 16 mm: 4 s
LIMIT_AGAIN = 20.0  # the same, after motion was slowed down
BRAKES = (0.0, 0.1, 0.5, 2.0)  # how fast that takes speed away, one after another, over BRAKED units
BRAKED = 5.0
ROUNDS = 5  # of leaving out what does not lie where it may; after them all that falls is left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A tray about the origin.

    Attributes:
        half_size_m: of what lies between the walls, x and y, at their upper edge.
    """

    half_size_m: tuple[float, float]

    def holds(self, poses: Poses) -> Bool[np.ndarray, " n"]:
        """Which bodies have their middle between the walls."""
        inside: Bool[np.ndarray, " n"] = (np.abs(poses[:, :2]) <= self.half_size_m).all(axis=1)
        return inside

    def high_walls(self) -> tuple[Solid, ...]:
        """Walls without end around it, as half spaces."""
        walls = []
        for axis, half_m in enumerate(self.half_size_m):
            for sign in (-1.0, 1.0):
                inward, position = np.zeros(3), np.zeros(3)
                inward[axis], position[axis] = -sign, sign * half_m
                side = np.array([inward[1], inward[2], inward[0]])
                turn = np.column_stack([side, np.cross(inward, side), inward])
                x, y, z = position.tolist()
                pose = Pose(position_m=(x, y, z), rotation_wxyz=quaternion_from_matrix(turn))
                walls.append(Solid(shape="plane", pose=pose))
        return tuple(walls)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Place:
    """Where bodies fall.

    Attributes:
        fixed: what stands still.
        container: what bodies must stay in; None where they may lie anywhere above z = 0.
    """

    fixed: tuple[Solid, ...]
    container: Container | None = None

    def holds(self, poses: Poses) -> Bool[np.ndarray, " n"]:
        """Which bodies lie where they may."""
        above: Bool[np.ndarray, " n"] = poses[:, 2] > 0
        return above if self.container is None else above & self.container.holds(poses)


def come_to_rest(bodies: Sequence[Body], poses: Poses, place: Place) -> list[Float[np.ndarray, "7"] | None]:
    """The pose of each body at rest; None for one that left its place or did not come to rest.

    Args:
        poses: at which they begin to fall; what would overlap there is lifted, and moved between the walls of
            a container where it fits.
    """
    present = np.arange(len(bodies))
    if place.container is None:
        poses = _lifted(bodies, poses, place.fixed)
    else:
        poses = _fall_between_walls(bodies, poses, place, place.container)
    for _ in range(ROUNDS):
        if len(present) == 0:
            break
        world = build_world([bodies[n] for n in present.tolist()], poses, place.fixed)
        poses, is_at_rest = _rest_of(world, poses)
        stays = is_at_rest & place.holds(poses)
        present, poses = present[stays], poses[stays]
        if stays.all():
            found = dict(zip(present.tolist(), poses, strict=True))
            return [found.get(number) for number in range(len(bodies))]
    return [None] * len(bodies)


def _fall_between_walls(bodies: Sequence[Body], poses: Poses, place: Place, container: Container) -> Poses:
    """Poses after falling between walls without end, which hold all that fits between them."""
    inside, fits = _moved_inside(bodies, poses, container)
    begin = _lifted(bodies, inside, place.fixed)
    world = build_world(bodies, begin, place.fixed, container.high_walls(), fits)
    return _calm(world, LIMIT + _falling_time(world, begin))


def _moved_inside(
    bodies: Sequence[Body], poses: Poses, container: Container
) -> tuple[Poses, Bool[np.ndarray, " n"]]:
    """The poses, those that reach out of the container moved into it, and which bodies fit at all."""
    corners_m = placed_corners_m(np.array([body.corners_m for body in bodies]), poses)[:, :, :2]
    low, high = corners_m.min(axis=1), corners_m.max(axis=1)
    half_m = np.array(container.half_size_m) - GAP_M
    fits = ((high - low) <= 2 * half_m).all(axis=1)
    shift = np.maximum(-half_m - low, 0) + np.minimum(half_m - high, 0)
    moved = poses.copy()
    moved[fits, :2] += shift[fits]
    return moved, fits


def _rest_of(world: World, poses: Poses) -> tuple[Poses, Bool[np.ndarray, " n"]]:
    """The bodies at rest, and which of them are; what does not stop is slowed down more and more."""
    limit = LIMIT + _falling_time(world, poses)
    still = np.zeros(len(poses), dtype=bool)
    for rate in BRAKES:
        world.brake(rate)
        world.advance(BRAKED * world.unit_s)
        world.brake(0.0)
        calm = _calm(world, limit)
        if not np.isfinite(calm).all():
            break
        poses, still = calm, _stay(world, calm)
        if still.all():
            break
        limit = LIMIT_AGAIN
    return poses, still


def _calm(world: World, limit: float) -> Poses:
    """Poses when nothing has moved for CALM_S, or when time is over; the last that are numbers."""
    seen: deque[Poses] = deque([world.poses()], maxlen=LOOKS + 1)
    for _ in range(math.ceil(limit * world.unit_s / CALM_S * LOOKS)):
        world.advance(CALM_S / LOOKS)
        poses = world.poses()
        if not np.isfinite(poses).all():
            break
        seen.append(poses)
        if len(seen) > LOOKS and (world.moved_m(seen[0], seen[-1]) <= CALM_M).all():
            break
    return seen[-1]


def _stay(world: World, poses: Poses) -> Bool[np.ndarray, " n"]:
    """Which bodies, let go at poses, stay there for WATCHED_S, and are in nothing else."""
    world.put(poses)
    stay: Bool[np.ndarray, " n"] = world.penetration() <= PENETRATION
    for _ in range(LOOKS):
        world.advance(WATCHED_S / LOOKS)
        stay = stay & (world.moved_m(poses, world.poses()) <= REST_M)
        if not stay.all():
            break
    return stay


def _falling_time(world: World, poses: Poses) -> float:
    """Units of time in which the highest body falls to the ground."""
    return math.sqrt(2 * max(float(poses[:, 2].max()), 0.0) / GRAVITY_M_S2) / world.unit_s


def _lifted(bodies: Sequence[Body], poses: Poses, fixed: Sequence[Solid]) -> Poses:
    """The poses, the lowest first, raised until the boxes around all bodies and pieces are apart."""
    lifted = poses.copy()
    boxes = [_extent(solid_corners_m(solid)) for solid in fixed if solid.shape != "plane"]
    grounds_m = [solid.pose.position_m[2] for solid in fixed if _is_level(solid)]
    for number in np.argsort(poses[:, 2], kind="stable").tolist():
        low, high = _extent(placed_corners_m(bodies[number].corners_m[None], poses[number][None])[0])
        rise_m = max((ground_m + GAP_M - low[2] for ground_m in grounds_m), default=0.0)
        rise_m = _free_rise_m(low, high, boxes, max(rise_m, 0.0))
        lifted[number, 2] += rise_m
        boxes.append((low + (0, 0, rise_m), high + (0, 0, rise_m)))
    return lifted


def _is_level(solid: Solid) -> bool:
    return solid.shape == "plane" and bool(rotation_matrix(solid.pose.rotation_wxyz)[2, 2] > 1 - 1e-9)


def _extent(corners_m: Float[np.ndarray, "8 3"]) -> Extent:
    return corners_m.min(axis=0), corners_m.max(axis=0)


def _free_rise_m(low: Any, high: Any, boxes: Sequence[Extent], rise_m: float) -> float:
    """How far a box must go up, at least by `rise_m`, to be apart from others."""
    over = [(a, b) for a, b in boxes if (low[:2] < b[:2]).all() and (high[:2] > a[:2]).all()]
    for a, b in sorted(over, key=lambda box: float(box[0][2])):
        if low[2] + rise_m < b[2] + GAP_M and high[2] + rise_m > a[2] - GAP_M:
            rise_m = float(b[2] + GAP_M - low[2])
    return rise_m
