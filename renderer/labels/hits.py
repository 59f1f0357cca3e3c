"""Which rays meet which triangles.

Each triangle is tested against the rays of the pixels in the box around its projection, so the cost follows
what is covered, not the image times the number of objects; of the rows of a large one, only the ends are
looked for. A ray meets a triangle where it passes its three edges on the same side (edge functions, Pineda
1988, of planes through the camera); all on doubles, one IEEE operation at a time: devices agree to the last
bit.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int64
from torch import Tensor

from renderer.labels.cutouts import Cutout, ends_rays
from renderer.labels.rays import Ray, Rays, Reach, image_window, reach_of, wide_window
from renderer.labels.strips import Pairs, covered_strips, pixels_of, strips_of
from renderer.labels.triangles import Body
from renderer.scene import FAR_M, NEAR_M, Camera

PAIRS_AT_ONCE = 2**18  # of triangle and pixel: about 40 MB
LARGE_PX = 64  # of a triangle that may reach more pixels, the ends of what it covers are looked for
UNKNOWN = -1  # the id where rays meet what may be transparent in a way that is not looked up


class Soup(NamedTuple):
    """The triangles of all bodies that rays can reach.

    Attributes:
        body: number of the body of each.
        planes: normals of the planes through the camera and each edge, and of its own: x, y and z of each of
            these four; those of an edge that two triangles share are equal but for the sign, so no ray slips
            through.
        volume: of the tetrahedron that the camera makes with it, times 6.
        number: the id that it shows.
        is_face: whether it belongs to the upper face of a die.
        cutout: which cutout it belongs to; -1 is none.
        place: which of the cutout's triangles it is.
    """

    body: Int64[Tensor, " t"]
    planes: Float64[Tensor, "4 3 t"]
    volume: Float64[Tensor, " t"]
    number: Int64[Tensor, " t"]
    is_face: Bool[Tensor, " t"]
    cutout: Int64[Tensor, " t"]
    place: Int64[Tensor, " t"]
    cutouts: Sequence[Cutout]


def soup_of(bodies: Sequence[Body], camera: Camera, device: torch.device) -> tuple[Soup, Reach]:
    """The triangles that rays can reach, and where, of bodies in a camera's frame, numbered from 0.

    Labelled bodies are reached beyond the image too, as far as they are seen whole.
    """
    counts = [len(body.corners_m) for body in bodies]
    by_axis = np.concatenate([body.corners_m.transpose(1, 2, 0) for body in bodies], axis=2)
    corners = torch.from_numpy(by_axis).to(device)
    body = torch.from_numpy(np.repeat([body.number for body in bodies], counts)).to(device)
    windows = [wide_window(camera) if body.is_labelled else image_window(camera) for body in bodies]
    within = torch.tensor(windows, dtype=torch.int64, device=device).T.contiguous()[:, body].T
    reach = reach_of(camera, corners.permute(2, 0, 1), within)
    reached = reach.counts()[1].nonzero()[:, 0]
    faces = [np.zeros(len(b.corners_m), bool) if b.upper_face is None else b.upper_face for b in bodies]
    cutouts, cutout, place, is_unknown = _cutouts(bodies, np.cumsum([0, *counts]))
    planes, volume = _planes(corners[..., reached])
    body = body[reached]

    def there(array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(device)[reached]

    soup = Soup(
        body=body,
        planes=planes,
        volume=volume,
        number=torch.where(there(is_unknown), UNKNOWN, body),
        is_face=there(np.concatenate(faces)),
        cutout=there(cutout),
        place=there(place),
        cutouts=cutouts,
    )
    return soup, reach.of(reached)


def _planes(corners: Float64[Tensor, "3 3 t"]) -> tuple[Float64[Tensor, "4 3 t"], Float64[Tensor, " t"]]:
    """As in Soup, and its volumes."""
    a, b, c = corners
    normal = _cross(b - a, c - a)
    volume = a[0] * normal[0] + a[1] * normal[1] + a[2] * normal[2]
    return torch.stack([_cross(b, c), _cross(c, a), _cross(a, b), normal]), volume


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


def _cross(a: Float64[Tensor, "3 t"], b: Float64[Tensor, "3 t"]) -> Float64[Tensor, "3 t"]:
    return torch.stack([a[i] * b[j] - a[j] * b[i] for i, j in ((1, 2), (2, 0), (0, 1))])


class Hits(NamedTuple):
    """Where rays meet triangles; `distance` is in lengths of the ray."""

    triangle: Int64[Tensor, " n"]
    column: Int64[Tensor, " n"]
    row: Int64[Tensor, " n"]
    distance: Float64[Tensor, " n"]

    def where(self, chosen: Bool[Tensor, " n"]) -> "Hits":
        """Those that are chosen."""
        if bool(chosen.all()):
            return self
        which = chosen.nonzero()[:, 0]
        return Hits(*(values.index_select(0, which) for values in self))


def all_hits(soup: Soup, reach: Reach, rays: Rays) -> Iterator[Hits]:
    """All hits, some at a time.

    Along a row, what passes an edge on one side is all that lies beyond some column, if no lens bends the
    rays: where many pixels may be reached, these columns are looked for, and no pixel is tested.
    """
    _, counts = reach.counts()
    is_large = (counts > LARGE_PX) & (rays.lens_rays is None)
    large = strips_of(reach, is_large.nonzero()[:, 0])
    for strips in covered_strips(soup.planes, large, rays):
        for pairs in pixels_of(strips, PAIRS_AT_ONCE):
            yield _met(soup, rays, pairs)
    small = strips_of(reach, ((counts > 0) & ~is_large).nonzero()[:, 0])
    for pairs in pixels_of(small, PAIRS_AT_ONCE):
        ray = rays.at(pairs.column, pairs.row)
        sides = [_dot(soup, ray, edge, pairs.triangle) for edge in range(3)]
        yield _met(soup, rays, pairs.of(_are_same(sides).nonzero()[:, 0]))


def _dot(soup: Soup, ray: Ray, plane: int, triangle: Int64[Tensor, " n"]) -> Float64[Tensor, " n"]:
    """Rays times the normal of a plane of a triangle; one operation at a time, in one order."""
    a, b, c = (numbers.index_select(0, triangle) for numbers in soup.planes[plane])
    x, y, z = ray
    product: Tensor = x * a + y * b + (c if z is None else z * c)
    return product


def _are_same(sides: Sequence[Tensor]) -> Tensor:
    """Whether rays pass all three edges on the same side, or meet one."""
    low = torch.minimum(torch.minimum(sides[0], sides[1]), sides[2])
    high = torch.maximum(torch.maximum(sides[0], sides[1]), sides[2])
    same: Tensor = (low >= 0) | (high <= 0)
    return same


def _met(soup: Soup, rays: Rays, pairs: Pairs) -> Hits:
    """The hits of rays that pass all edges on one side, but for those that a cutout lets through."""
    slope = _dot(soup, rays.at(pairs.column, pairs.row), 3, pairs.triangle)
    distance = soup.volume.index_select(0, pairs.triangle) / slope  # no number where a ray lies in the plane
    met = (distance > NEAR_M) & (distance < FAR_M)
    if soup.cutouts:
        cut = (met & (soup.cutout[pairs.triangle] >= 0)).nonzero()[:, 0]
        met[cut] = _ends(soup, rays, pairs.of(cut))
    return Hits(*pairs, distance).where(met)


def _ends(soup: Soup, rays: Rays, pairs: Pairs) -> Bool[Tensor, " n"]:
    """Whether rays end where they meet triangles of cutouts."""
    triangle, ray = pairs.triangle, rays.at(pairs.column, pairs.row)
    *sides, slope = (_dot(soup, ray, plane, triangle) for plane in range(4))
    weights = [side / slope for side in sides]
    ends = torch.zeros_like(triangle, dtype=torch.bool)
    for number, cutout in enumerate(soup.cutouts):
        here = (soup.cutout[triangle] == number).nonzero()[:, 0]
        ends[here] = ends_rays(cutout, soup.place[triangle[here]], [weight[here] for weight in weights])
    return ends
