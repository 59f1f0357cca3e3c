"""Which rays meet which triangles.

Each triangle is tested against the rays of the pixels in the box around its projection, so the cost follows
what is covered, not the image times the number of objects. A ray meets a triangle where it passes its three
edges on the same side (edge functions, Pineda 1988, of planes through the camera); all on doubles, one IEEE
operation at a time: devices agree to the last bit.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int64
from torch import Tensor

from renderer.labels.cutouts import Cutout, ends_rays
from renderer.labels.rays import Rays, Reach
from renderer.labels.triangles import Body
from renderer.scene import FAR_M, NEAR_M

PAIRS_AT_ONCE = 2**18  # of triangle and pixel: about 40 MB
LARGE_PX = 4096  # a triangle that may reach more pixels is met alone
UNKNOWN = -1  # the id where rays meet what may be transparent in a way that is not looked up


class Soup(NamedTuple):
    """All triangles of all bodies.

    Attributes:
        body: number of the body of each.
        planes: normals of the planes through the camera and each edge, and of its own, 4 x 3 numbers; those
            of an edge that two triangles share are equal but for the sign, so no ray slips through.
        volume: of the tetrahedron that the camera makes with it, times 6.
        number: the id that it shows.
        is_face: whether it belongs to the upper face of a die.
        cutout: which cutout it belongs to; -1 is none.
        place: which of the cutout's triangles it is.
    """

    corners_m: Float64[Tensor, "t 3 3"]
    body: Int64[Tensor, " t"]
    planes: Float64[Tensor, "t 12"]
    volume: Float64[Tensor, " t"]
    number: Int64[Tensor, " t"]
    is_face: Bool[Tensor, " t"]
    cutout: Int64[Tensor, " t"]
    place: Int64[Tensor, " t"]
    cutouts: Sequence[Cutout]


def soup_of(bodies: Sequence[Body], device: torch.device) -> Soup:
    """The triangles of bodies that are numbered from 0."""
    corners = np.concatenate([body.corners_m for body in bodies])
    counts = [len(body.corners_m) for body in bodies]
    faces = [np.zeros(len(b.corners_m), bool) if b.upper_face is None else b.upper_face for b in bodies]
    body = np.repeat([body.number for body in bodies], counts)
    cutouts, cutout, place, is_unknown = _cutouts(bodies, np.cumsum([0, *counts]))
    a, b, c = (corners[:, n] for n in range(3))
    normal = _cross(b - a, c - a)
    volume = a[:, 0] * normal[:, 0] + a[:, 1] * normal[:, 1] + a[:, 2] * normal[:, 2]

    def there(array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device)

    return Soup(
        corners_m=there(corners),
        body=there(body),
        planes=there(np.concatenate([_cross(b, c), _cross(c, a), _cross(a, b), normal], axis=1)),
        volume=there(volume),
        number=there(np.where(is_unknown, UNKNOWN, body)),
        is_face=there(np.concatenate(faces)),
        cutout=there(cutout),
        place=there(place),
        cutouts=cutouts,
    )


def _cutouts(
    bodies: Sequence[Body], starts: Int64[np.ndarray, " b"]
) -> tuple[list[Cutout], Int64[np.ndarray, " t"], Int64[np.ndarray, " t"], Bool[np.ndarray, " t"]]:
    """All cutouts that are looked up; which of them each triangle has, and where in it; whether one is not.

    Args:
        starts: the first triangle of each body, and the number of all.
    """
    found: list[Cutout] = []
    count = int(starts[-1])
    cutout, place, is_unknown = np.full(count, -1), np.zeros(count, np.int64), np.zeros(count, bool)
    for start, body in zip(starts, bodies, strict=False):
        for item in body.cutouts:
            triangles = start + item.triangles
            if not item.is_known:
                is_unknown[triangles] = True
                continue
            cutout[triangles], place[triangles] = len(found), np.arange(len(triangles))
            found.append(item)
    return found, cutout, place, is_unknown


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    x, y, z = (a[:, i] * b[:, j] - a[:, j] * b[:, i] for i, j in ((1, 2), (2, 0), (0, 1)))
    return np.stack([x, y, z], axis=1)


class Hits(NamedTuple):
    """Where rays meet triangles; `distance` is in lengths of the ray."""

    triangle: Int64[Tensor, " n"]
    column: Int64[Tensor, " n"]
    row: Int64[Tensor, " n"]
    distance: Float64[Tensor, " n"]


def all_hits(soup: Soup, reach: Reach, rays: Rays) -> Iterator[Hits]:
    """All hits, some at a time: those of triangles that reach many pixels one by one."""
    columns = (reach.last_column - reach.first_column + 1).clamp(min=0)
    counts = columns * (reach.last_row - reach.first_row + 1).clamp(min=0)
    for number in (counts > LARGE_PX).nonzero()[:, 0].tolist():
        yield _large_hits(soup, reach, rays, number)
    reached = ((counts > 0) & (counts <= LARGE_PX)).nonzero()[:, 0]
    columns, counts = columns[reached], counts[reached]
    ends = counts.cumsum(dim=0)
    on_cpu, start, done = ends.cpu().numpy(), 0, 0
    while start < len(on_cpu):
        stop = max(int(np.searchsorted(on_cpu, done + PAIRS_AT_ONCE, side="right")), start + 1)
        part = slice(start, stop)
        which = torch.repeat_interleave(torch.arange(start, stop, device=ends.device), counts[part])
        within = torch.arange(done, int(on_cpu[stop - 1]), device=ends.device) - (ends - counts)[which]
        triangle = reached[which]
        row = within // columns[which]
        column = within - row * columns[which] + reach.first_column[triangle]
        yield _small_hits(soup, rays, triangle, column, row + reach.first_row[triangle])
        start, done = stop, int(on_cpu[stop - 1])


def _large_hits(soup: Soup, reach: Reach, rays: Rays, number: int) -> Hits:
    """Where one triangle is met."""
    device = soup.body.device
    columns = torch.arange(int(reach.first_column[number]), int(reach.last_column[number]) + 1, device=device)
    rows = torch.arange(int(reach.first_row[number]), int(reach.last_row[number]) + 1, device=device)
    x, y, z = rays.grid(columns, rows)
    sides = [_dot(x, y, z, plane) for plane in soup.planes[number].reshape(4, 3).tolist()]
    row, column = _are_same(sides).nonzero().unbind(dim=1)
    picked = [side[row, column] for side in sides]
    triangle = torch.full_like(row, number)
    return _met(soup, triangle, columns[column], rows[row], picked)


def _small_hits(
    soup: Soup,
    rays: Rays,
    triangle: Int64[Tensor, " n"],
    column: Int64[Tensor, " n"],
    row: Int64[Tensor, " n"],
) -> Hits:
    """Which pairs of triangle and pixel meet."""
    x, y, z = rays.at(column, row)
    planes = soup.planes.index_select(0, triangle)
    sides = [_dot(x, y, z, planes[:, n : n + 3].unbind(dim=1)) for n in (0, 3, 6, 9)]
    same = _are_same(sides).nonzero()[:, 0]
    picked = [side[same] for side in sides]
    return _met(soup, triangle[same], column[same], row[same], picked)


def _dot(x: Tensor, y: Tensor, z: Tensor | None, normal: Sequence[Any]) -> Tensor:
    """Rays times the normal of a plane; one operation at a time, in one order."""
    product: Tensor = x * normal[0] + y * normal[1] + (normal[2] if z is None else z * normal[2])
    return product


def _are_same(sides: Sequence[Tensor]) -> Tensor:
    """Whether rays pass all three edges on the same side, or meet one."""
    low = torch.minimum(torch.minimum(sides[0], sides[1]), sides[2])
    high = torch.maximum(torch.maximum(sides[0], sides[1]), sides[2])
    same: Tensor = (low >= 0) | (high <= 0)
    return same


def _met(
    soup: Soup,
    triangle: Int64[Tensor, " n"],
    column: Int64[Tensor, " n"],
    row: Int64[Tensor, " n"],
    sides: Sequence[Float64[Tensor, " n"]],
) -> Hits:
    """The hits of rays that pass all edges on one side, but for those that a cutout lets through."""
    *weights, slope = sides
    distance = soup.volume[triangle] / slope  # not a number where a ray lies in the triangle's plane
    met = (distance > NEAR_M) & (distance < FAR_M)
    cut = (met & (soup.cutout[triangle] >= 0)).nonzero()[:, 0]
    if len(cut):
        met[cut] = _ends(soup, triangle[cut], [weight[cut] / slope[cut] for weight in weights])
    return Hits(triangle=triangle[met], column=column[met], row=row[met], distance=distance[met])


def _ends(soup: Soup, triangle: Int64[Tensor, " n"], weights: Sequence[Float64[Tensor, " n"]]) -> Tensor:
    ends = torch.zeros_like(triangle, dtype=torch.bool)
    for number, cutout in enumerate(soup.cutouts):
        here = (soup.cutout[triangle] == number).nonzero()[:, 0]
        ends[here] = ends_rays(cutout, soup.place[triangle[here]], [weight[here] for weight in weights])
    return ends
