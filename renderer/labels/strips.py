"""Rows of pixels that triangles may cover, and the parts of them that they do cover."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int64
from torch import Tensor

from renderer.labels.rays import Rays, Reach


class Strips(NamedTuple):
    """Parts of rows, each of a triangle: `length` pixels from column `first` on."""

    triangle: Int64[Tensor, " s"]
    row: Int64[Tensor, " s"]
    first: Int64[Tensor, " s"]
    length: Int64[Tensor, " s"]


class Pairs(NamedTuple):
    """Triangles and pixels."""

    triangle: Int64[Tensor, " n"]
    column: Int64[Tensor, " n"]
    row: Int64[Tensor, " n"]

    def of(self, chosen: Int64[Tensor, " m"]) -> "Pairs":
        """Some of them."""
        return Pairs(*(values.index_select(0, chosen) for values in self))


def strips_of(reach: Reach, triangles: Int64[Tensor, " n"]) -> Strips:
    """All rows that triangles can reach, as far as they can."""
    columns = (reach.last_column - reach.first_column + 1)[triangles]
    rows = (reach.last_row - reach.first_row + 1)[triangles]
    which, within = _repeated(rows)
    triangle = triangles[which]
    return Strips(
        triangle=triangle,
        row=reach.first_row[triangle] + within,
        first=reach.first_column[triangle],
        length=columns[which],
    )


def pixels_of(strips: Strips, most: int) -> Iterator[Pairs]:
    """All pixels, about `most` at a time."""
    ends, start, done = strips.length.cumsum(dim=0).cpu().numpy(), 0, 0
    while start < len(ends):
        stop = max(int(np.searchsorted(ends, done + most, side="right")), start + 1)
        part = Strips(*(values[start:stop] for values in strips))
        which, within = _repeated(part.length)
        triangle, row, first = (values.index_select(0, which) for values in part[:3])
        yield Pairs(triangle=triangle, column=first + within, row=row)
        start, done = stop, int(ends[stop - 1])


def _repeated(counts: Int64[Tensor, " n"]) -> tuple[Int64[Tensor, " m"], Int64[Tensor, " m"]]:
    """The numbers from 0 on, each as often as is said, and which repetition it is, from 0 on."""
    which = torch.repeat_interleave(counts)
    starts = counts.cumsum(dim=0) - counts
    return which, torch.arange(len(which), device=counts.device) - starts.index_select(0, which)


def covered_strips(planes: Float64[Tensor, "4 3 t"], strips: Strips, rays: Rays) -> list[Strips]:
    """What of strips passes all edges on one side, and on the other; the rays are those of no lens.

    Rounding keeps order: the product of a ray and the normal of an edge never falls, or never rises, from one
    column to the next. So the ends that are looked for are the very ones that testing each pixel would find.

    Args:
        planes: as in `renderer.labels.hits.Soup`.
    """
    if not len(strips.row):
        return []
    normals = planes[:3].index_select(2, strips.triangle).transpose(0, 1)  # 3 axes x 3 edges
    both = torch.stack([normals, -normals], dim=1)
    rises, end = both[0] >= 0, strips.first + strips.length
    turn = _first_beyond(both, rises, strips, rays)
    start = torch.where(rises, turn, strips.first).amax(dim=1)
    stop = torch.where(rises, end, turn).amin(dim=1)
    return [
        _of_any(strips._replace(first=first, length=last - first))
        for first, last in zip(start, stop, strict=True)
    ]


def _of_any(strips: Strips) -> Strips:
    some = (strips.length > 0).nonzero()[:, 0]
    return Strips(*(values[some] for values in strips))


def _first_beyond(
    normals: Float64[Tensor, "3 2 3 s"], rises: Bool[Tensor, "2 3 s"], strips: Strips, rays: Rays
) -> Int64[Tensor, "2 3 s"]:
    """The first column of each strip where the product is no longer negative, or, where it falls, is.

    It is where real numbers tell, or beside it; where it is not, it is searched by halves.
    """
    left, camera = int(strips.first.min()), rays.camera
    columns = torch.arange(left, int((strips.first + strips.length).max()) + 1, device=strips.row.device)
    x, _, _ = rays.at(columns, torch.zeros_like(columns))
    _, y, _ = rays.at(torch.zeros_like(strips.row), strips.row)
    slant, upward, onward = normals[0], y * normals[1], normals[2]
    low = (strips.first - left).expand(rises.shape)
    high = low + strips.length

    def is_beyond(place: Tensor, which: Any = ...) -> Tensor:
        product = x[place] * slant[which] + upward[which] + onward[which]
        return (product >= 0) == rises[which]

    u = (upward + onward) / slant * -camera.fx_px + (camera.cx_px - 0.5 - left)
    found = torch.clamp(u.nan_to_num().ceil(), low, high).long()
    is_right = (found == high) | is_beyond(found)
    is_right &= (found == low) | ~is_beyond((found - 1).clamp(min=0))
    wrong = (~is_right).nonzero(as_tuple=True)
    found[wrong] = _halved(low[wrong], high[wrong], lambda place: is_beyond(place, wrong))
    return found + left


def _halved(
    low: Int64[Tensor, " n"], high: Int64[Tensor, " n"], is_beyond: Callable[[Tensor], Tensor]
) -> Int64[Tensor, " n"]:
    """The first place from `low` on, and before `high`, that is beyond; else `high`."""
    while bool((low < high).any()):
        middle = (low + high) >> 1
        is_over = is_beyond(middle) | (low == high)
        low, high = torch.where(is_over, low, middle + 1), torch.where(is_over, middle, high)
    return low
