"""How well an id buffer agrees with what rays meet, and which objects are where they should not be.

Both follow the same rays, so they may differ only where an edge passes a ray closer than Cycles' single
precision tells: a pixel here and there. The smallest real mistake, a mask one pixel off, changes most of a
perimeter.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int32, Int64

TOLERATED_PX = 2  # that differ of an object, or
TOLERATED_SHARE = 0.01  # of its perimeter, if that is more


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


def disagreement(seen: Int32[np.ndarray, "h w"], met: Int32[np.ndarray, "h w"]) -> Disagreement | None:
    """Where an id buffer contradicts what rays meet, or None where it does not.

    An object of which more pixels differ than is tolerated is in the wrong place, has another one's id, or is
    missing in one of the two.
    """
    differs = seen != met
    if not differs.any():
        return None
    pairs = np.stack([seen[differs], met[differs]], axis=1)
    highest = int(max(seen.max(), met.max()))
    counts = np.bincount(pairs.ravel(), minlength=highest + 1)
    limits = np.maximum(TOLERATED_PX, TOLERATED_SHARE * _perimeters(met, highest))
    is_wrong = counts > limits
    is_wrong[0] = False  # what is wrong about the background is wrong about an object
    return _commonest(pairs, is_wrong) if is_wrong.any() else None


def _commonest(pairs: Int32[np.ndarray, "n 2"], is_wrong: Bool[np.ndarray, " m"]) -> Disagreement:
    kinds, numbers = np.unique(pairs[is_wrong[pairs].any(axis=1)], axis=0, return_counts=True)
    most = int(numbers.argmax())
    return Disagreement(seen=int(kinds[most][0]), met=int(kinds[most][1]), pixels=int(numbers[most]))


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
