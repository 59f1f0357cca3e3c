"""Polygons of instances, exact along the edges of pixels, with their holes."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float64, Int, Int64
from torch import Tensor

from renderer.labels.rings import Rings, trace_rings
from renderer.labels.runs import Wanted

Ring = Int64[np.ndarray, "_ 2"]
Path = Float64[np.ndarray, "_ 2"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Polygon:
    """A part of an instance whose pixels hang together by their edges.

    Points are x, y in pixels, where (0, 0) is the corner of the first pixel. A ring is closed and does not
    repeat its first point. Seen with y down, the outer ring runs clockwise and the holes run the other way.
    """

    outer: Ring
    holes: tuple[Ring, ...]


def outline_instances(
    ids: Int[Tensor, "b h w"], instance_ids: Int[Tensor, "b n"], tolerance_px: float = 0.0
) -> list[list[list[Polygon]]]:
    """The polygons of n instances in each of b images; ids as in `label_instances`.

    Args:
        tolerance_px: 0 keeps all corners: the pixels whose centres lie within are those of the instance.
            Above, `cv2.approxPolyDP` simplifies each ring by itself, so that neighbours may overlap; a
            ring that would keep fewer than 3 points stays as it is.
    """
    wanted = Wanted.of(instance_ids)
    rings = trace_rings(ids, wanted)
    of_owners: list[list[Polygon]] = [[] for _ in range(wanted.owner_count)]
    for owner, polygon in _joined(rings, tolerance_px):
        of_owners[owner].append(polygon)
    return [[list(of_owners[owner]) for owner in row] for row in wanted.owners.tolist()]


def _joined(rings: Rings, tolerance_px: float) -> list[tuple[int, Polygon]]:
    """Outer rings with the holes in them, each with its owner."""
    points, ends = rings.points_px.cpu().numpy(), rings.ends.tolist()
    lines = [_simplified(points[start:end], tolerance_px) for start, end in itertools.pairwise([0, *ends])]
    outers, owners = rings.outers.tolist(), rings.owners.tolist()
    holes: dict[int, list[Ring]] = {number: [] for number, outer in enumerate(outers) if outer == number}
    for number, outer in enumerate(outers):
        if outer != number:
            holes[outer].append(lines[number])
    return [(owners[number], Polygon(outer=lines[number], holes=tuple(of))) for number, of in holes.items()]


def _simplified(ring: Ring, tolerance_px: float) -> Ring:
    if tolerance_px <= 0:
        return ring
    fewer = cv2.approxPolyDP(ring[:, None].astype(np.int32), tolerance_px, closed=True)[:, 0]
    return fewer.astype(np.int64) if len(fewer) >= 3 else ring


def coco_polygons(parts: Sequence[Polygon]) -> list[list[float]]:
    """COCO's form of the polygons of an instance: [x0, y0, x1, y1, ...], one list for each outer ring.

    COCO's polygons have no holes. A hole becomes a part of its outer ring by a bridge of no width, from its
    topmost corner straight up to what lies there: filled, by the rule of even and odd or by winding, the
    polygon shows the same pixels.
    """
    return [_with_holes(part).flatten().tolist() for part in parts]


def _with_holes(part: Polygon) -> Path:
    """One closed path about a part, through all of its holes, from the highest to the lowest."""
    path = part.outer.astype(np.float64)
    starts = [np.lexsort((hole[:, 0], hole[:, 1]))[0] for hole in part.holes]
    turned = [
        np.roll(hole, -start, axis=0).astype(np.float64)
        for hole, start in zip(part.holes, starts, strict=True)
    ]
    for hole in sorted(turned, key=lambda ring: (ring[0, 1], ring[0, 0])):
        behind, landing = _landing(path, hole[0])
        bridge = [landing[None], hole, hole[:1], landing[None]]
        path = np.concatenate([path[: behind + 1], *bridge, path[behind + 1 :]])
    distinct: Path = path[(path != np.roll(path, 1, axis=0)).any(axis=1)]
    return distinct


def _landing(path: Path, start: Float64[np.ndarray, "2"]) -> tuple[int, Float64[np.ndarray, "2"]]:
    """Where the way straight up from a point, along the left edge of its pixel, meets a path.

    Returns:
        The number of the point of the path that the meeting place lies behind, and the place. Simplified
        rings may have nothing above: then it is the first point of the path.
    """
    x, y = start
    ahead = np.roll(path, -1, axis=0)
    crosses = (np.minimum(path[:, 0], ahead[:, 0]) <= x) & (x < np.maximum(path[:, 0], ahead[:, 0]))
    edges = crosses.nonzero()[0]
    (x0, y0), (x1, y1) = path[edges].T, ahead[edges].T
    heights = y0 + (x - x0) * (y1 - y0) / (x1 - x0)
    is_above = heights <= y
    if not is_above.any():
        return 0, path[0]
    edge = np.where(is_above, heights, -np.inf).argmax()
    return int(edges[edge]), np.array([x, heights[edge]])
