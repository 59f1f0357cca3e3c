"""The parts of each place in world coordinates: meshes, and the convex pieces that objects collide with.

The layout area lies about the origin, its ground is at z = 0 in every place.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from renderer.catalog.model import TriangleMesh
from renderer.catalog.outlines import (
    CORNER_STEPS,
    Box,
    boxes_mesh,
    frame_mesh,
    frame_pieces,
    frame_rings,
    horizon_mesh,
    plate_mesh,
    plate_rings,
    rectangle_mesh,
)
from renderer.catalog.solids import Solid, hull_solid
from renderer.rotation import vector3
from renderer.scene import Ground, Pose, Vector3

TABLE_HALF_M = 4.0
HORIZON_M = 400.0  # how far a photograph's ground reaches: less than a tenth of a degree below the horizon
TRAY_FLOOR_M = 0.002  # the table lies this far below the tray's floor, which is at z = 0
EDGE_M = 0.03  # kept free between the layout area and where its table ends or a wall stands
ROUNDED = 1.5  # so many radii of its edges away from its sides a table is flat, also in the corners
WALL_M = 0.1
SKIRTING_M = 0.012
BACK_M = 0.006  # of a shelf
LEG_INSET_M = 0.02
RIM_STEPS = 6

Square = tuple[tuple[float, float], tuple[float, float]]  # lower and upper corner, x and y


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a place.

    Attributes:
        looks: whose appearance each material is: 'top' is that of the surface, 'flat' is that laid flat, and
            others are groups of the recipe's surface; 'skirting' is white paint.
        is_shell: as of a `Model`; so with `is_sheer`.
    """

    mesh: TriangleMesh
    looks: tuple[str, ...]
    solids: tuple[Solid, ...]
    is_shell: bool = False
    is_sheer: bool = False


def parts_of(ground: Ground) -> dict[str, Part]:
    """The parts of a place by name, and the tray if there is one."""
    parts = dict(_PARTS[ground.place](ground))
    if ground.tray is not None:
        parts["tray"] = _tray(ground.half_size_m, ground.tray)
    return parts


def confines_m(ground: Ground) -> tuple[float, float] | None:
    """Half of the area about the origin that nothing which avoids others may leave; None has no end."""
    if ground.tray is not None:
        return ground.half_size_m
    return None if ground.place in ("plane", "photo") else _widened(ground.half_size_m, EDGE_M)


def _widened(half_m: tuple[float, float], by_m: float) -> tuple[float, float]:
    return (half_m[0] + by_m, half_m[1] + by_m)


def _drop_m(ground: Ground) -> float:
    return TRAY_FLOOR_M if ground.tray is not None else 0.0


def _foot_m(ground: Ground) -> tuple[float, float]:
    """Half of what must lie on a table: layout area, tray and a free edge."""
    wall_m = 0.0 if ground.tray is None else ground.tray["wall_thickness_m"]
    return _widened(ground.half_size_m, wall_m + EDGE_M)


def _reach_m(ground: Ground) -> tuple[float, float]:
    """Half of what must find room between walls: as the foot, and what a tray's walls lean out by."""
    return _widened(_foot_m(ground), 0.0 if ground.tray is None else lean_m(ground.tray))


def lean_m(tray: Mapping[str, Any]) -> float:
    """How far the upper edge of a tray's walls is further out than their foot."""
    return float(tray["wall_height_m"] * math.tan(math.radians(tray.get("wall_slope_deg", 0.0))))


def _plane(ground: Ground) -> Iterator[tuple[str, Part]]:
    drop, h = _drop_m(ground), TABLE_HALF_M
    yield (
        "table",
        Part(mesh=rectangle_mesh((-h, -h), (h, h), -drop), looks=("flat",), solids=(_half_space(-drop),)),
    )


def _photo(ground: Ground) -> Iterator[tuple[str, Part]]:
    drop = _drop_m(ground)
    mesh = horizon_mesh(TABLE_HALF_M, HORIZON_M, -drop)
    yield "photo", Part(mesh=mesh, looks=("photo",), solids=(_half_space(-drop),))


def _floor(ground: Ground) -> Iterator[tuple[str, Part]]:
    reach, drop = _reach_m(ground), _drop_m(ground)
    walls = _walls(ground, _about_origin(reach), -drop)
    yield "floor", _laid_floor("flat", -drop, walls)
    yield from walls.items()


def _table(ground: Ground) -> Iterator[tuple[str, Part]]:
    table, drop = ground.parts["table"], _drop_m(ground)
    half, radius, (x, y) = _table_outline(ground)
    rings = plate_rings(half, table["thickness_m"], radius, table["edge_radius_m"]) + (x, y, -drop)
    top = Part(mesh=plate_mesh(rings), looks=("flat", "top"), solids=(_plate_solid(rings, radius),))
    low, high = (x - half[0], y - half[1]), (x + half[0], y + half[1])
    walls = _walls(ground, _union((low, high), _about_origin(_reach_m(ground))), -table["height_m"])
    yield "table", top
    if table["legs"] != "none":
        yield "legs", _boxes_part(_legs(table, half, radius, (x, y), drop), ("table",))
    yield "beneath", _laid_floor("beneath", -table["height_m"], walls)
    yield from walls.items()


def _table_outline(ground: Ground) -> tuple[tuple[float, float], float, tuple[float, float]]:
    """Half sizes, radius of the corners and middle of a table top, around the layout area."""
    table = ground.parts["table"]
    foot = _widened(_foot_m(ground), max(ROUNDED * table["edge_radius_m"] - EDGE_M, 0.0))
    share = (table["x_fraction"], table["y_fraction"])
    if table["shape"] == "round":
        flat = math.cos(math.pi / (4 * CORNER_STEPS))  # a facet's middle is nearer than its ends
        radius = max(table["width_m"] / 2, math.hypot(*foot) / flat)
        x, y = _reach_in_circle(foot, share, radius * flat)
        return (radius, radius), radius, (-x, -y)
    drawn = (table["width_m"] / 2, table["depth_m"] / 2)
    radius = min(table["corner_radius_m"], *drawn)
    inset = (1 - math.sqrt(0.5)) * radius  # the rectangle so far inside has no part of a round corner cut off
    w, d = (max(half, need + inset) for half, need in zip(drawn, foot, strict=True))
    x, y = (w - inset - foot[0]) * share[0], (d - inset - foot[1]) * share[1]
    return (w, d), radius, (-x, -y)


def _reach_in_circle(
    foot: tuple[float, float], share: tuple[float, float], radius: float
) -> tuple[float, float]:
    """How far from the middle of a circle a rectangle lies that went this share of the way to its edge."""
    most = max(abs(s) for s in share)
    if most == 0:
        return (0.0, 0.0)
    a, n = np.abs(share) / most, np.array(foot)
    way = (-n @ a + math.sqrt(max((n @ a) ** 2 - (a @ a) * (n @ n - radius**2), 0.0))) / (a @ a)
    return (float(share[0] * way), float(share[1] * way))


def _plate_solid(rings: Float[np.ndarray, "r n 3"], radius: float) -> Solid:
    """A box where the corners are square: its edges are rounded by less than matters."""
    if radius == 0:
        return _box_solid(vector3(rings.min(axis=(0, 1))), vector3(rings.max(axis=(0, 1))))
    return hull_solid(rings.reshape(-1, 3))


def _legs(
    table: Mapping[str, Any],
    half: tuple[float, float],
    radius: float,
    middle: tuple[float, float],
    drop: float,
) -> list[Box]:
    leg, top = table["leg_width_m"] / 2, -drop - table["thickness_m"]
    if table["legs"] == "one":
        feet, leg = [middle], min(2 * leg, *half)
    else:
        inset = (1 - math.sqrt(0.5)) * radius + LEG_INSET_M + leg
        w, d = (max(side - inset, 0.0) for side in half)
        feet = [(middle[0] + i * w, middle[1] + j * d) for i in (-1, 1) for j in (-1, 1)]
    return [((x - leg, y - leg, -table["height_m"]), (x + leg, y + leg, top)) for x, y in feet]


def _shelf(ground: Ground) -> Iterator[tuple[str, Part]]:
    shelf = ground.parts["shelf"]
    (x0, y0), (x1, y1) = _shelf_square(ground)
    t, floor_m = shelf["thickness_m"], -shelf["height_m"]
    step, drop = shelf["opening_m"] + t, _drop_m(ground)
    top = 2 * step - drop
    boards = [((x0, y0, n * step - drop - t), (x1, y1, n * step - drop)) for n in range(-_below(shelf), 3)]
    above, own = boards[-2:], boards[:-2]
    walls = _walls(ground, ((x0 - t, y0), (x1 + t, y1 + BACK_M)), floor_m, back_m=0.0)
    yield "boards", _boards_part(own)
    for n, board in enumerate(above, start=1):
        yield f"board_above_{n}", _boards_part([board], is_shell=True)
    yield "left", _boxes_part([((x0 - t, y0, floor_m), (x0, y1, top))], ("top",), is_shell=True)
    yield "right", _boxes_part([((x1, y0, floor_m), (x1 + t, y1, top))], ("top",), is_shell=True)
    back = ((x0 - t, y1, floor_m), (x1 + t, y1 + BACK_M, top))
    yield "back", _boxes_part([back], ("shelf",), is_shell=True)
    yield "beneath", _laid_floor("beneath", floor_m, walls)
    yield from walls.items()


def _below(shelf: Mapping[str, Any]) -> int:
    """How many boards there are between the floor and the one that objects stand on."""
    step = shelf["opening_m"] + shelf["thickness_m"]
    return max(int((shelf["height_m"] - shelf["thickness_m"]) / step), 0)


def _shelf_square(ground: Ground) -> Square:
    """What lies between the sides, the front and the back of a shelf."""
    shelf, reach = ground.parts["shelf"], _reach_m(ground)
    w, d = max(shelf["width_m"] / 2, reach[0]), max(shelf["depth_m"] / 2, reach[1])
    x, y = (w - reach[0]) * shelf["x_fraction"], (d - reach[1]) * shelf["y_fraction"]
    return ((-x - w, -y - d), (-x + w, -y + d))


def _walls(ground: Ground, inside: Square, floor_m: float, back_m: float | None = None) -> dict[str, Part]:
    """The four walls around what stands in a room, if there is one."""
    room = ground.parts.get("room")
    if room is None:
        return {}
    (x0, y0), (x1, y1) = inside
    x0, y0, x1 = x0 - room["size_m"], y0 - room["size_m"], x1 + room["side_distance_m"]
    y1 += room["wall_distance_m"] if back_m is None else back_m
    sides = {
        "wall_far": ((x0 - WALL_M, y1), (x1 + WALL_M, y1 + WALL_M), (0, -1)),
        "wall_near": ((x0 - WALL_M, y0 - WALL_M), (x1 + WALL_M, y0), (0, 1)),
        "wall_right": ((x1, y0), (x1 + WALL_M, y1), (-1, 0)),
        "wall_left": ((x0 - WALL_M, y0), (x0, y1), (1, 0)),
    }
    return {name: _wall(room, side, floor_m) for name, side in sides.items()}


def _wall(
    room: Mapping[str, Any], side: tuple[Sequence[float], Sequence[float], tuple[int, int]], floor_m: float
) -> Part:
    """A wall and its skirting board, which stands out of it to the inside."""
    low, high, inwards = side
    boxes: list[Box] = [((low[0], low[1], floor_m), (high[0], high[1], floor_m + room["height_m"]))]
    if room["skirting_m"] > 0:
        out = [SKIRTING_M * step for step in inwards]
        near = [corner + min(step, 0.0) for corner, step in zip(low, out, strict=True)]
        far = [corner + max(step, 0.0) for corner, step in zip(high, out, strict=True)]
        boxes.append(((near[0], near[1], floor_m), (far[0], far[1], floor_m + room["skirting_m"])))
    part = _boxes_part(boxes, ("room", "skirting"), is_shell=True)
    part.mesh.material_index[12:] = 1
    return replace(part, is_sheer=True)


def _laid_floor(look: str, z: float, walls: Mapping[str, Part]) -> Part:
    """A floor that goes on beyond the walls, for a wall may be cut away."""
    ends = [np.array([[-TABLE_HALF_M] * 2, [TABLE_HALF_M] * 2])]
    ends += [part.mesh.vertices[:, :2] for part in walls.values()]
    low, high = np.concatenate(ends).min(axis=0), np.concatenate(ends).max(axis=0)
    mesh = rectangle_mesh((float(low[0]), float(low[1])), (float(high[0]), float(high[1])), z)
    return Part(mesh=mesh, looks=(look,), solids=(_half_space(z),))


def _tray(half_m: tuple[float, float], tray: Mapping[str, Any]) -> Part:
    slope_deg, rounded = tray.get("wall_slope_deg", 0.0), tray.get("rounded", False)
    boxes = _tray_boxes(half_m, tray)
    if slope_deg == 0 and not rounded:
        return _boxes_part(boxes, ("tray",))
    rings = frame_rings(half_m, _wall_profile(tray), rounded=rounded)
    mesh = joined(boxes_mesh(boxes[:1]), frame_mesh(rings))
    walls = (hull_solid(piece) for piece in frame_pieces(rings))
    return Part(mesh=mesh, looks=("tray",), solids=(_box_solid(*boxes[0]), *walls))


def _tray_boxes(half_m: tuple[float, float], tray: Mapping[str, Any]) -> list[Box]:
    """Lower and upper corners of the floor and of four upright walls."""
    (w, d), t, h = half_m, tray["wall_thickness_m"], tray["wall_height_m"]
    low = -TRAY_FLOOR_M
    return [
        ((-w, -d, low), (w, d, 0.0)),
        ((-w - t, -d - t, low), (-w, d + t, h)),
        ((w, -d - t, low), (w + t, d + t, h)),
        ((-w, -d - t, low), (w, -d, h)),
        ((-w, d, low), (w, d + t, h)),
    ]


def _wall_profile(tray: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Offsets and heights around the section of a wall: foot, outside, rim, inside."""
    t, h, lean = tray["wall_thickness_m"], tray["wall_height_m"], lean_m(tray)
    foot = [(0.0, -TRAY_FLOOR_M), (t, -TRAY_FLOOR_M)]
    if not tray.get("rounded", False):
        return [*foot, (lean + t, h), (lean, h), (0.0, 0.0)]
    turn = np.linspace(0, math.pi, RIM_STEPS + 1)
    up = h - min(t, h) / 2 * (1 - np.sin(turn))
    out = up * (lean / h) + t / 2 * (1 + np.cos(turn))  # leans too: a section must be convex
    rim = [(float(o), float(z)) for o, z in zip(out, up, strict=True)]
    return [*foot, *rim, (0.0, 0.0)]


def joined(*meshes: TriangleMesh) -> TriangleMesh:
    """One mesh of several without texture coordinates."""
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    return TriangleMesh(
        vertices=np.concatenate([mesh.vertices for mesh in meshes]),
        triangles=np.concatenate([m.triangles + s for m, s in zip(meshes, starts, strict=True)]),
        material_index=np.concatenate([mesh.material_index for mesh in meshes]),
        smooth=np.concatenate([mesh.smooth for mesh in meshes]),
    )


def _boxes_part(boxes: Sequence[Box], looks: tuple[str, ...], *, is_shell: bool = False) -> Part:
    solids = tuple(_box_solid(*box) for box in boxes)
    return Part(mesh=boxes_mesh(boxes), looks=looks, solids=solids, is_shell=is_shell)


def _boards_part(boards: Sequence[Box], *, is_shell: bool = False) -> Part:
    """Boards whose upper and lower sides are laid flat, which is faster, and whose edges are not."""
    part = _boxes_part(boards, ("flat", "top"), is_shell=is_shell)
    part.mesh.material_index[np.arange(12 * len(boards)) % 12 >= 4] = 1
    return part


def _half_space(z: float) -> Solid:
    return Solid(shape="plane", pose=Pose(position_m=(0.0, 0.0, z)))


def _box_solid(low: Vector3, high: Vector3) -> Solid:
    middle, half = np.add(low, high) / 2, np.subtract(high, low) / 2
    return Solid(shape="box", half_size_m=vector3(half), pose=Pose(position_m=vector3(middle)))


def _about_origin(half_m: tuple[float, float]) -> Square:
    return ((-half_m[0], -half_m[1]), half_m)


def _union(a: Square, b: Square) -> Square:
    low, high = np.minimum(a[0], b[0]), np.maximum(a[1], b[1])
    return ((float(low[0]), float(low[1])), (float(high[0]), float(high[1])))


_PARTS: Mapping[str, Any] = {
    "plane": _plane, "table": _table, "floor": _floor, "shelf": _shelf, "photo": _photo,
}  # fmt: skip
