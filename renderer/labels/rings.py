"""Outlines of all instances of id buffers, along the edges of pixels, as closed rings of corners."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int, Int64
from torch import Tensor

from renderer.labels.runs import Wanted, run_starts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rings:
    """Closed outlines, one behind the other; an instance lies on the right of each step, seen with y down.

    Attributes:
        points_px: x, y of the m corners of k rings; (0, 0) is the corner of the first pixel. A ring begins
            at its leftmost corner of its topmost ones.
        ends: the place behind each ring's last corner.
        owners: as in `Wanted`.
        outers: the number of the outer ring that a hole lies in; of an outer ring, its own.
    """

    points_px: Int64[Tensor, "m 2"]
    ends: Int64[Tensor, "k"]
    owners: Int64[Tensor, "k"]
    outers: Int64[Tensor, "k"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Corners:
    """Where outlines turn, by image, row and column; each is of one pixel of the four about its place.

    Attributes:
        rows, columns: of the lines between pixels; 0 is the border of the image.
        is_lower, is_right: which of the four pixels.
        is_convex: the pixel alone lies within the turn; else it lies opposite to the one that is missing.
    """

    images: Int64[Tensor, "m"]
    rows: Int64[Tensor, "m"]
    columns: Int64[Tensor, "m"]
    is_lower: Bool[Tensor, "m"]
    is_right: Bool[Tensor, "m"]
    is_convex: Bool[Tensor, "m"]
    owners: Int64[Tensor, "m"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Lines:
    """Straight edges between two corners each.

    Attributes:
        keys: where the corners lie, ascending: both of an edge, then both of the next one.
        corners: their numbers.
    """

    keys: Int64[Tensor, "m"]
    corners: Int64[Tensor, "m"]

    @classmethod
    def of(cls, keys: Int64[Tensor, "m"]) -> "_Lines":
        """The edges of corners with these keys."""
        ordered, corners = torch.sort(keys)
        return cls(keys=ordered, corners=corners)


def trace_rings(ids: Int[Tensor, "b h w"], wanted: Wanted) -> Rings:
    """The outlines of what is wanted: of each part whose pixels hang together by edges, and of its holes."""
    size_hw = (ids.shape[1], ids.shape[2])
    corners = _find_corners(ids, wanted)
    rows = _Lines.of(_row_keys(corners, size_hw))
    columns = _Lines.of(_column_keys(corners, size_hw))
    successors = _successors(corners, rows, columns)
    firsts = _first_of_each(successors)
    is_first = firsts == torch.arange(len(firsts), device=firsts.device)
    begins = is_first.nonzero()[:, 0]
    rings = (is_first.cumsum(0) - 1)[firsts]
    lengths = torch.bincount(rings, minlength=len(begins))
    ends = lengths.cumsum(0)
    points = torch.stack([corners.columns, corners.rows], dim=1)
    places = (ends - lengths)[rings] + (-_steps_to(firsts, successors)) % lengths[rings]
    outers = torch.arange(len(begins), device=begins.device)
    holes = (_doubled_areas(points, successors, rings, len(begins)) < 0).nonzero()[:, 0]
    outers[holes] = rings[_corners_above(ids, corners, begins[holes], rows)]
    return Rings(
        points_px=torch.empty_like(points).index_copy_(0, places, points),
        ends=ends,
        owners=corners.owners[begins],
        outers=_roots(outers),
    )


def _find_corners(ids: Int[Tensor, "b h w"], wanted: Wanted) -> _Corners:
    """The corners of what is wanted, from the four pixels about each crossing of lines between pixels."""
    height, width = ids.shape[1:]
    images, rows, columns = _crossings(ids).nonzero().unbind(1)
    near = torch.tensor([-1, 0], device=ids.device)
    pixel_rows, pixel_columns = (rows[:, None] + near)[:, :, None], (columns[:, None] + near)[:, None]
    is_inside = (pixel_rows >= 0) & (pixel_rows < height) & (pixel_columns >= 0) & (pixel_columns < width)
    where = images[:, None, None].expand(is_inside.shape)
    shown = ids[where, pixel_rows.clamp(0, height - 1), pixel_columns.clamp(0, width - 1)]
    owners = torch.where(is_inside, wanted.owners_of(where, shown), -1)
    goes_on_sideways, goes_on_up_or_down = owners == owners.flip(2), owners == owners.flip(1)
    # Where it goes on both ways the pixel across is another's: at a crossing the four are never one's own.
    is_corner = (owners >= 0) & (goes_on_sideways == goes_on_up_or_down)
    places, lower, right = is_corner.nonzero().unbind(1)
    return _Corners(
        images=images[places],
        rows=rows[places],
        columns=columns[places],
        is_lower=lower.bool(),
        is_right=right.bool(),
        is_convex=~goes_on_sideways[is_corner],
        owners=owners[is_corner],
    )


def _crossings(ids: Int[Tensor, "b h w"]) -> Bool[Tensor, "b h+1 w+1"]:
    """Where a corner may be: where ids change along rows and along columns, and at the image's border."""
    batch, height, width = ids.shape
    down, right = ids[:, 1:] != ids[:, :-1], ids[:, :, 1:] != ids[:, :, :-1]
    crossings = torch.ones((batch, height + 1, width + 1), dtype=torch.bool, device=ids.device)
    crossings[:, 1:-1, 1:-1] = (down[:, :, 1:] | down[:, :, :-1]) & (right[:, 1:] | right[:, :-1])
    return crossings


def _row_keys(corners: _Corners, size_hw: tuple[int, int]) -> Int64[Tensor, "m"]:
    """Corners along horizontal lines, those of pixels above a line first: an edge's ends follow each other.

    At one place the end of the edge on the left comes before that of the edge on the right.
    """
    height, width = size_hw
    lines = (corners.images * (height + 1) + corners.rows) * 2 + corners.is_lower.long()
    return (lines * (width + 1) + corners.columns) * 2 + (corners.is_right == corners.is_convex).long()


def _column_keys(corners: _Corners, size_hw: tuple[int, int]) -> Int64[Tensor, "m"]:
    """Corners along vertical lines, those of pixels left of a line first: as for horizontal ones."""
    height, width = size_hw
    lines = (corners.images * (width + 1) + corners.columns) * 2 + corners.is_right.long()
    return (lines * (height + 1) + corners.rows) * 2 + (corners.is_lower == corners.is_convex).long()


def _successors(corners: _Corners, rows: _Lines, columns: _Lines) -> Int64[Tensor, "m"]:
    """The next corner of each corner's ring: to the right along upper edges, down along right ones."""
    successors = torch.empty_like(rows.corners)
    left, right = rows.corners[::2], rows.corners[1::2]
    is_upper_edge = corners.is_lower[left]
    successors[torch.where(is_upper_edge, left, right)] = torch.where(is_upper_edge, right, left)
    top, bottom = columns.corners[::2], columns.corners[1::2]
    is_left_edge = corners.is_right[top]
    successors[torch.where(is_left_edge, bottom, top)] = torch.where(is_left_edge, top, bottom)
    return successors


def _first_of_each(successors: Int64[Tensor, "m"]) -> Int64[Tensor, "m"]:
    """The smallest number in the ring of each corner, by looking twice as far ahead each time."""
    firsts, ahead = torch.arange(len(successors), device=successors.device), successors
    while True:
        smaller = torch.minimum(firsts, firsts[ahead])
        if torch.equal(smaller, firsts):
            return firsts
        firsts, ahead = smaller, ahead[ahead]


def _steps_to(firsts: Int64[Tensor, "m"], successors: Int64[Tensor, "m"]) -> Int64[Tensor, "m"]:
    """How many corners on the first one of each corner's ring comes, by jumping twice as far each time."""
    numbers = torch.arange(len(successors), device=successors.device)
    is_first = firsts == numbers
    steps, ahead = (~is_first).long(), torch.where(is_first, numbers, successors)
    while not torch.equal(ahead, firsts):
        steps, ahead = steps + steps[ahead], ahead[ahead]
    return steps


def _doubled_areas(
    points: Int64[Tensor, "m 2"], successors: Int64[Tensor, "m"], rings: Int64[Tensor, "m"], ring_count: int
) -> Int64[Tensor, "k"]:
    """Twice the area within each ring, negative of holes: those run the other way."""
    (x, y), (next_x, next_y) = points.unbind(1), points[successors].unbind(1)
    return torch.zeros(ring_count, dtype=torch.int64, device=x.device).index_add_(
        0, rings, x * next_y - next_x * y
    )


def _corners_above(
    ids: Int[Tensor, "b h w"], corners: _Corners, holes: Int64[Tensor, "o"], rows: _Lines
) -> Int64[Tensor, "o"]:
    """A corner of the next ring met on the way up from a hole, through the instance that it is a hole of.

    That ring begins above the hole: following rings like this ends at an outer one.

    Args:
        holes: the first corner of each.
    """
    height, width = ids.shape[1:]
    starts = run_starts(ids)
    images, columns = corners.images[holes], corners.columns[holes]
    above = images * height
    places = columns * len(ids) * height + above + corners.rows[holes] - 1
    tops = starts[torch.searchsorted(starts, places, right=True) - 1] % (len(ids) * height) - above
    keys = ((((images * (height + 1) + tops) * 2 + 1) * (width + 1)) + columns) * 2 + 1
    return rows.corners[torch.searchsorted(rows.keys, keys, right=True) - 1]


def _roots(parents: Int64[Tensor, "k"]) -> Int64[Tensor, "k"]:
    """Where following the parents ends, at what is its own parent."""
    while not torch.equal(parents, parents[parents]):
        parents = parents[parents]
    return parents
