"""How well an id buffer agrees with what rays meet, and which objects are where they should not be.

Both are sampled at pixel centres, so they may differ only where an edge passes through a pixel's centre
closer than Cycles' single precision tells: a pixel here and there. Where the image is warped by a lens, the
id buffer is read from a denser one, and an edge may be a quarter of a pixel off all along.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int32, Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How many pixels of an object may differ: the larger of a number and a share of its perimeter.

    Attributes:
        displaced_only: counts only what no shift of an edge by one pixel explains.
    """

    pixels: int
    perimeter_share: float
    displaced_only: bool


# A pixel here and there. The smallest real mistake, a mask one pixel off, changes most of a perimeter.
SHARP = Tolerance(pixels=2, perimeter_share=0.01, displaced_only=False)
# Edges may be off by less than a pixel, and what is thinner than a pixel may come and go.
WARPED = Tolerance(pixels=4, perimeter_share=0.05, displaced_only=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Objects for which an id buffer and rays differ by more than is tolerated.

    Attributes:
        seen, met: the two ids, of what the buffer shows and of what rays meet, that most of the pixels have.
        pixels: number of these.
    """

    seen: int
    met: int
    pixels: int


def differing_pixels(seen: Int32[np.ndarray, "h w"], met: Int32[np.ndarray, "h w"]) -> int:
    """Number of pixels in which two id buffers differ."""
    return int((seen != met).sum())


def disagreement(
    seen: Int32[np.ndarray, "h w"], met: Int32[np.ndarray, "h w"], tolerance: Tolerance
) -> Disagreement | None:
    """Where an id buffer contradicts what rays meet, or None where it does not.

    An object of which more pixels differ than is tolerated is in the wrong place, has another one's id, or is
    missing in one of the two.
    """
    places = np.argwhere(seen != met)
    if tolerance.displaced_only and len(places):
        places = places[_is_displaced(seen, met, places)]
    if not len(places):
        return None
    row, column = places.T
    pairs = np.stack([seen[row, column], met[row, column]], axis=1)
    highest = int(max(seen.max(), met.max()))
    counts = np.bincount(pairs.ravel(), minlength=highest + 1)
    limits = np.maximum(tolerance.pixels, tolerance.perimeter_share * _perimeters(met, highest))
    is_wrong = counts > limits
    is_wrong[0] = False  # what is wrong about the background is wrong about an object
    return _commonest(pairs, is_wrong) if is_wrong.any() else None


def _commonest(pairs: Int32[np.ndarray, "n 2"], is_wrong: Bool[np.ndarray, " m"]) -> Disagreement:
    kinds, numbers = np.unique(pairs[is_wrong[pairs].any(axis=1)], axis=0, return_counts=True)
    most = int(numbers.argmax())
    return Disagreement(seen=int(kinds[most][0]), met=int(kinds[most][1]), pixels=int(numbers[most]))


def _is_displaced(
    seen: Int32[np.ndarray, "h w"], met: Int32[np.ndarray, "h w"], places: Int64[np.ndarray, "n 2"]
) -> Bool[np.ndarray, " n"]:
    """Which pixels show what rays meet nowhere in the 3 x 3 pixels around, or the other way round."""
    row, column = places.T
    seen_near = _is_near(met, row, column, seen[row, column])
    met_near = _is_near(seen, row, column, met[row, column])
    displaced: Bool[np.ndarray, " n"] = ~(seen_near & met_near)
    return displaced


def _is_near(
    ids: Int32[np.ndarray, "h w"],
    row: Int64[np.ndarray, " n"],
    column: Int64[np.ndarray, " n"],
    wanted: Int32[np.ndarray, " n"],
) -> Bool[np.ndarray, " n"]:
    padded = np.pad(ids, 1, mode="edge")
    near = np.zeros(len(row), dtype=bool)
    for down in range(3):
        for right in range(3):
            near |= padded[row + down, column + right] == wanted
    return near


def _perimeters(ids: Int32[np.ndarray, "h w"], highest: int) -> Int64[np.ndarray, " m"]:
    """Of each id, the pixels with a neighbour, beside, above or below, of another id."""
    border = np.zeros(ids.shape, dtype=bool)
    down, right = ids[1:] != ids[:-1], ids[:, 1:] != ids[:, :-1]
    border[1:] |= down
    border[:-1] |= down
    border[:, 1:] |= right
    border[:, :-1] |= right
    perimeters: Int64[np.ndarray, " m"] = np.bincount(ids[border], minlength=highest + 1)
    return perimeters
