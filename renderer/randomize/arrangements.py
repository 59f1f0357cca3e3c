"""Arrangements of objects in the layout area: rows, grids, stacks, fans and piles, seen from above.

Pure geometry, x and y in metres: `turn_rad` is the direction of rows, and of the lower side of a fan.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

Point = tuple[float, float]
Shift = tuple[float, float]
MARGIN_M = 1e-6  # around every object, so that rounding lets no neighbours touch
START_GAP_M = 5e-4  # between what begins to fall and what is below it
FEWER = 0.85  # of the objects, where not all have room


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """What is laid out: an object, or a stack of them.

    Attributes:
        outline_m: from above, relative to its origin, as it is turned.
        shift: across and along, in [-1, 1]: where in its slack disorder puts it.
    """

    outline_m: Float[np.ndarray, "n 2"]
    shift: Shift = (0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Where an arrangement goes: the layout area, and where its middle lies in the room it leaves."""

    half_size_m: tuple[float, float]
    center: Shift = (0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How a block of rows is ordered.

    Attributes:
        spacing: gap between neighbours over the largest size.
        disorder: how much of the gaps shifts may take.
        is_grid: columns are aligned, and there are about as many of them as rows; else there are as few rows
            as have room.
    """

    turn_rad: float
    spacing: float
    disorder: float
    is_grid: bool = False


def lay_block(pieces: Sequence[Piece], area: Area, order: Order) -> list[Point | None]:
    """Places of pieces in rows or a grid, without overlaps; None for the last ones where room is short.

    Spacing gives way first.
    """
    count = len(pieces)
    while count:
        places = _lay_all(pieces[:count], area, order)
        if places is not None:
            return [*places, *[None] * (len(pieces) - count)]
        count = min(count - 1, int(count * FEWER))
    return [None] * len(pieces)


def _lay_all(pieces: Sequence[Piece], area: Area, order: Order) -> list[Point] | None:
    block = _Block.of(pieces, order)
    for spacing in (order.spacing, order.spacing / 2, order.spacing / 4, 0.0):
        for columns in _column_counts(len(pieces), order.is_grid):
            offsets = block.offsets_m(columns, spacing)
            center = _center_of(offsets, block.low_world_m, block.high_world_m, area)
            if center is not None:
                return _points(offsets + center)
    return None


def _column_counts(count: int, is_grid: bool) -> list[int]:
    """Numbers of columns that differ in the number of rows, the best first."""
    counts = sorted({math.ceil(count / rows) for rows in range(1, count + 1)}, reverse=True)
    square = math.ceil(math.sqrt(count))
    return sorted(counts, key=lambda columns: abs(columns - square)) if is_grid else counts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Block:
    """Pieces by their boxes, in the frame of the rows and in the world's, relative to their origins."""

    order: Order
    low_m: Float[np.ndarray, "n 2"]
    high_m: Float[np.ndarray, "n 2"]
    low_world_m: Float[np.ndarray, "n 2"]
    high_world_m: Float[np.ndarray, "n 2"]
    shifts: Float[np.ndarray, "n 2"]

    @classmethod
    def of(cls, pieces: Sequence[Piece], order: Order) -> "_Block":
        """The block of some pieces."""
        rows_from_world = _turn(-order.turn_rad)
        local = [piece.outline_m @ rows_from_world.T for piece in pieces]
        return cls(
            order=order,
            low_m=np.array([o.min(axis=0) for o in local]) - MARGIN_M,
            high_m=np.array([o.max(axis=0) for o in local]) + MARGIN_M,
            low_world_m=np.array([p.outline_m.min(axis=0) for p in pieces]),
            high_world_m=np.array([p.outline_m.max(axis=0) for p in pieces]),
            shifts=np.array([p.shift for p in pieces]),
        )

    def offsets_m(self, columns: int, spacing: float) -> Float[np.ndarray, "n 2"]:
        """Origins in the world's orientation; rows go from far to near."""
        sizes = self.high_m - self.low_m
        gap_m = spacing * sizes.max(axis=0)
        rows, cells = np.divmod(np.arange(len(sizes)), columns)
        widths = np.full(len(sizes), sizes[:, 0].max()) if self.order.is_grid else sizes[:, 0]
        ends = np.cumsum(widths)
        before = ends - widths
        left = before - before[rows * columns] + cells * gap_m[0]
        middle_x = left + widths / 2
        middle_y = -rows * (sizes[:, 1].max() + gap_m[1])
        middles = np.stack([middle_x, middle_y], axis=1) + self.order.disorder * self.shifts * gap_m / 2
        local = middles - (self.low_m + self.high_m) / 2
        offsets: Float[np.ndarray, "n 2"] = local @ _turn(self.order.turn_rad).T
        return offsets


def _center_of(
    offsets_m: Float[np.ndarray, "n 2"],
    low_m: Float[np.ndarray, "n 2"],
    high_m: Float[np.ndarray, "n 2"],
    area: Area,
) -> Float[np.ndarray, "2"] | None:
    """The shift that takes places into the area, or None where they are too far apart for it."""
    half = np.array(area.half_size_m)
    lowest, highest = -half - (offsets_m + low_m).min(axis=0), half - (offsets_m + high_m).max(axis=0)
    if (lowest > highest).any():
        return None
    center: Float[np.ndarray, "2"] = (lowest + highest) / 2 + np.array(area.center) * (highest - lowest) / 2
    return center


@dataclass(frozen=True, slots=True, kw_only=True)
class Fan:
    """How sheets overlap.

    Attributes:
        style: 'pivot' turns them about a common place; 'cascade' puts one below the other.
        opening_rad: about a pivot, from the first to the last.
        overlap: share of a side that the next one covers.
    """

    style: str
    opening_rad: float
    overlap: float

    def angle_rad(self, slot: int, count: int) -> float:
        """The turn of a sheet about the middle of the fan; the first lies furthest to the left."""
        return self._step_rad(count) * ((count - 1) / 2 - slot) if self.style == "pivot" else 0.0

    def _step_rad(self, count: int) -> float:
        return self.opening_rad / max(count - 1, 1)

    def offset_m(self, slot: int, count: int, size_m: tuple[float, float]) -> Point:
        """Where a sheet of a width and height lies; the fan's sheets stand along +y."""
        width_m, height_m = size_m
        free = 1 - self.overlap
        if self.style == "cascade":
            return (0.0, free * height_m * ((count - 1) / 2 - slot))
        step_rad = self._step_rad(count)
        if step_rad * count < 1e-3:
            return (free * width_m * (slot - (count - 1) / 2), 0.0)
        radius_m, angle_rad = free * width_m / step_rad, self.angle_rad(slot, count)
        return (-radius_m * math.sin(angle_rad), radius_m * (math.cos(angle_rad) - 1))


def lay_fan(
    outlines_m: Sequence[Float[np.ndarray, "_ 2"]],
    offsets_m: Sequence[Point],
    turn_rad: float,
    area: Area,
) -> list[Point]:
    """Places of a fan's sheets, given as turned; closer together where room is short."""
    low, high = (np.array([reach(o, axis=0) for o in outlines_m]) for reach in (np.min, np.max))
    offsets = np.array(offsets_m) @ _turn(turn_rad).T
    for closeness in np.linspace(1, 0, 21):
        center = _center_of(offsets * closeness, low, high, area)
        if center is not None:
            return _points(offsets * closeness + center)
    return _points(np.zeros_like(offsets))


def lay_pile(
    radii_m: Sequence[float], shifts: Sequence[Shift], pile_radius_m: float, area: Area
) -> list[Point]:
    """Places within a disc, which holds at least the largest object; equal to the eye over all of it."""
    reach_m = max(pile_radius_m, max(radii_m, default=0.0))
    x, y = (max(half - reach_m, 0.0) * c for half, c in zip(area.half_size_m, area.center, strict=True))
    places = []
    for radius, shift in zip(radii_m, shifts, strict=True):
        u, v = on_disc(shift)
        room = max(reach_m - radius, 0.0)
        limits = [max(half - radius, 0.0) for half in area.half_size_m]
        places.append((_clip(x + u * room, limits[0]), _clip(y + v * room, limits[1])))
    return places


def _clip(value: float, limit: float) -> float:
    return min(max(value, -limit), limit)


def on_disc(square: Shift) -> Shift:
    """A place of the square [-1, 1]^2 on the unit disc, areas in proportion (Shirley and Chiu 1997)."""
    a, b = square
    if a == b == 0:
        return (0.0, 0.0)
    if abs(a) > abs(b):
        radius, angle = a, math.pi / 4 * (b / a)
    else:
        radius, angle = b, math.pi / 2 - math.pi / 4 * (a / b)
    return (radius * math.cos(angle), radius * math.sin(angle))


def stacks_of(sizes_m: Sequence[float], most: int) -> list[list[int]]:
    """Which objects, by their numbers, make up which stack, each from the bottom: the larger below."""
    order = sorted(range(len(sizes_m)), key=lambda number: (-sizes_m[number], number))
    return [order[start : start + most] for start in range(0, len(order), most)]


def lift(
    outlines_m: Sequence[Float[np.ndarray, "_ 2"]], heights_m: Sequence[float], least_m: Sequence[float]
) -> list[float]:
    """Heights of the lower sides of objects in order, each above all before it that it is over.

    Args:
        outlines_m: convex, from above, in the world.
        heights_m: of the objects.
        least_m: each begins at least so far above the ground.
    """
    lower: list[float] = []
    boxes = [(o.min(axis=0), o.max(axis=0)) for o in outlines_m]
    for number, (low, high) in enumerate(boxes):
        below = [
            lower[other] + heights_m[other] + START_GAP_M
            for other in range(number)
            if (low <= boxes[other][1]).all()
            and (boxes[other][0] <= high).all()
            and overlap(outlines_m[number], outlines_m[other])
        ]
        lower.append(max([least_m[number], *below]))
    return lower


def overlap(a: Float[np.ndarray, "n 2"], b: Float[np.ndarray, "m 2"]) -> bool:
    """Whether two convex outlines overlap, by the separating axis theorem."""
    for outline in (a, b):
        edges = np.roll(outline, -1, axis=0) - outline
        normals = np.stack([edges[:, 1], -edges[:, 0]])
        seen, other = a @ normals, b @ normals
        if ((seen.max(axis=0) < other.min(axis=0)) | (other.max(axis=0) < seen.min(axis=0))).any():
            return False
    return True


def _turn(angle_rad: float) -> Float[np.ndarray, "2 2"]:
    c, s = math.cos(angle_rad), math.sin(angle_rad)
    return np.array([[c, -s], [s, c]])


def _points(places: Float[np.ndarray, "n 2"]) -> list[Point]:
    return [(float(x), float(y)) for x, y in places]
