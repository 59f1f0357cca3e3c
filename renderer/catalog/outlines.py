"""Meshes of what furniture is made of: boxes, plates with rounded edges, walls around a rectangle."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from renderer.catalog.model import TriangleMesh, flat_shaded
from renderer.scene import Vector3

CORNER_STEPS = 12  # facets of a quarter turn
EDGE_STEPS = 3
SLICE_STEPS = 3  # of a round corner that are one convex piece: 2 % of its radius is lost to the chord
SLIVER_M2 = 1e-15
Box = tuple[Vector3, Vector3]  # lower and upper corner

_BOX_TRIANGLES = np.array(
    [
        [0, 2, 1], [0, 3, 2], [4, 5, 6], [4, 6, 7], [0, 1, 5], [0, 5, 4],
        [1, 2, 6], [1, 6, 5], [2, 3, 7], [2, 7, 6], [3, 0, 4], [3, 4, 7],
    ]
)  # fmt: skip


def boxes_mesh(boxes: Sequence[Box]) -> TriangleMesh:
    """Boxes, one after the other: 12 triangles each."""
    vertices = np.concatenate([_corners(*box) for box in boxes])
    triangles = np.concatenate([_BOX_TRIANGLES + 8 * i for i in range(len(boxes))])
    return flat_shaded(vertices, triangles)


def _corners(low: Vector3, high: Vector3) -> Float[np.ndarray, "8 3"]:
    (x0, y0, z0), (x1, y1, z1) = low, high
    floor = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    return np.array([(x, y, z) for z in (z0, z1) for x, y in floor])


def rounded_rectangle(
    half_m: tuple[float, float], radius_m: float, steps: int = CORNER_STEPS
) -> Float[np.ndarray, "n 2"]:
    """Its outline about the origin, counter-clockwise: `steps` + 1 points a corner, (+, +) first."""
    angles = np.linspace(0, math.pi / 2, steps + 1)[None] + np.arange(4)[:, None] * math.pi / 2
    signs = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)])[:, None]
    middles = signs * (np.array(half_m) - radius_m)
    arcs = middles + radius_m * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    return np.asarray(arcs.reshape(-1, 2))


def plate_rings(
    half_m: tuple[float, float], thickness_m: float, radius_m: float, edge_m: float
) -> Float[np.ndarray, "r n 3"]:
    """The outlines of a plate about the origin from its lower side to its upper one, at z = 0."""
    edge_m = min(edge_m, 0.45 * thickness_m)
    radius_m = min(max(radius_m, 1.2 * edge_m), *half_m)
    turn = np.linspace(0, math.pi / 2, EDGE_STEPS + 1)
    inset, drop = edge_m * (1 - np.sin(turn)), edge_m * (1 - np.cos(turn))  # from a flat side to the rim
    profile = [*zip(inset, drop - thickness_m, strict=True), *zip(inset[::-1], -drop[::-1], strict=True)]
    rings = []
    for cut, z in profile:
        outline = rounded_rectangle((half_m[0] - cut, half_m[1] - cut), radius_m - cut)
        rings.append(np.column_stack([outline, np.full(len(outline), z)]))
    return np.array(rings)


def plate_mesh(rings: Float[np.ndarray, "r n 3"]) -> TriangleMesh:
    """A convex plate of these outlines; its upper side has the first material, all else the second."""
    count = rings.shape[1]
    fan = np.array([(0, i, i + 1) for i in range(1, count - 1)])
    upper, lower = fan + (len(rings) - 1) * count, fan[:, ::-1]
    vertices = rings.reshape(-1, 3)
    upper, rest = (
        _with_area(vertices, part)
        for part in (upper, np.concatenate([lower, _strips(len(rings) - 1, len(rings), count)]))
    )
    mesh = flat_shaded(vertices, np.concatenate([upper, rest]))
    mesh.material_index[len(upper) :] = 1
    return mesh


def frame_rings(
    half_m: tuple[float, float], profile: Sequence[tuple[float, float]], *, rounded: bool
) -> Float[np.ndarray, "p n 3"]:
    """A profile swept around a rectangle: mitred at its corners, or round with the offset as the radius.

    Args:
        profile: offsets outwards from the rectangle, not negative, and heights; counter-clockwise where the
            offset goes right and the height up.
    """
    rings = []
    for offset, z in profile:
        sides = (half_m[0] + offset, half_m[1] + offset)
        outline = rounded_rectangle(sides, offset) if rounded else rounded_rectangle(sides, 0.0, steps=0)
        rings.append(np.column_stack([outline, np.full(len(outline), z)]))
    return np.array(rings)


def frame_mesh(rings: Float[np.ndarray, "p n 3"]) -> TriangleMesh:
    """The closed surface of a swept profile."""
    vertices = rings.reshape(-1, 3)
    return flat_shaded(vertices, _with_area(vertices, _strips(len(rings), len(rings), rings.shape[1])))


def frame_pieces(rings: Float[np.ndarray, "p n 3"]) -> list[Float[np.ndarray, "m 3"]]:
    """The vertices of the convex pieces of a frame: its four sides, and round corners in slices."""
    count = rings.shape[1]
    corner = count // 4
    pieces = []
    for first in range(0, count, corner):
        last = first + corner - 1
        ends = [*range(first, last, SLICE_STEPS), last, first + corner]
        pieces += [range(a, b + 1) for a, b in itertools.pairwise(ends)]
    return [rings[:, [i % count for i in piece]].reshape(-1, 3) for piece in pieces]


def _with_area(vertices: np.ndarray, triangles: Int[np.ndarray, "t 3"]) -> Int[np.ndarray, "s 3"]:
    """The triangles without those between points that coincide, as where the radius of a corner is 0."""
    a, b, c = (vertices[triangles[:, i]] for i in range(3))
    return np.asarray(triangles[np.linalg.norm(np.cross(b - a, c - a), axis=1) > SLIVER_M2])


def _strips(strips: int, rings: int, count: int) -> Int[np.ndarray, "t 3"]:
    """Triangles between each ring of `count` points and the next; after the last ring comes the first."""
    ring, point = (axis.ravel() for axis in np.meshgrid(np.arange(strips), np.arange(count), indexing="ij"))
    here, there = ring * count, (ring + 1) % rings * count
    next_point = (point + 1) % count
    a, b, c, d = here + point, here + next_point, there + next_point, there + point
    return np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])


def rectangle_mesh(low: tuple[float, float], high: tuple[float, float], z: float) -> TriangleMesh:
    """A rectangle that faces up."""
    (x0, y0), (x1, y1) = low, high
    corners = [(x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)]
    return flat_shaded(corners, [(0, 1, 2), (0, 2, 3)])


def horizon_mesh(half_m: float, horizon_m: float, z: float) -> TriangleMesh:
    """A square that faces up, and around it a frame that reaches far: one large triangle would be inexact."""
    inner, outer = ([(-h, -h, z), (h, -h, z), (h, h, z), (-h, h, z)] for h in (half_m, horizon_m))
    frame = [t for i in range(4) for j in [(i + 1) % 4] for t in ((4 + i, 4 + j, j), (4 + i, j, i))]
    return flat_shaded([*inner, *outer], [(0, 1, 2), (0, 2, 3), *frame])
