"""Masks read back from COCO's compressed run lengths, and what they say: area, box and pixels.

It shares no code with what encodes masks: so that what is written can be checked by it. Pixels are numbered
down the columns, as COCO does: pixel p of an image of height h is in column p // h and row p % h.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Int64

BITS, CONTINUES, SIGN = 5, 0x20, 0x10  # of a letter: five bits of a number, whether more follow, and its sign
MOST_LETTERS = 8  # of one number: 40 bits
MOST_PIXELS = 2**28  # of a mask: a whole object may reach beyond the image, but not beyond all memory


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Runs:
    """A mask as runs of pixels.

    Attributes:
        starts: first pixel of each run, ascending; no run is empty.
        ends: the pixel behind the last one of each run.
    """

    size_hw: tuple[int, int]
    starts: Int64[np.ndarray, " n"]
    ends: Int64[np.ndarray, " n"]

    @property
    def area_px(self) -> int:
        """Number of pixels."""
        return int((self.ends - self.starts).sum())

    def box_xyxy(self) -> list[int]:
        """The tight box, half-open; all 0 where the mask is empty."""
        if not self.starts.size:
            return [0, 0, 0, 0]
        height = self.size_hw[0]
        first, last = self.starts // height, (self.ends - 1) // height
        rows = self.starts % height, (self.ends - 1) % height
        whole = bool((first != last).any())  # a run that goes on in the next column touches both borders
        top, bottom = (0, height - 1) if whole else (int(rows[0].min()), int(rows[1].max()))
        return [int(first[0]), top, int(last[-1]) + 1, bottom + 1]

    def pixels(self) -> Int64[np.ndarray, " m"]:
        """The numbers of all pixels, ascending."""
        return runs_pixels(self.starts, self.ends)

    def has(self, pixels: Int64[np.ndarray, " m"]) -> Bool[np.ndarray, " m"]:
        """Which pixels, by their numbers, the mask has."""
        if not self.starts.size:
            return np.zeros(pixels.shape, dtype=bool)
        run = np.searchsorted(self.starts, pixels, side="right") - 1
        inside: Bool[np.ndarray, " m"] = (run >= 0) & (pixels < self.ends[run])
        return inside

    def dense(self) -> Bool[np.ndarray, "h w"]:
        """The mask as an array."""
        height, width = self.size_hw
        flat = np.zeros(height * width, dtype=bool)
        flat[self.pixels()] = True
        return flat.reshape(width, height).T


def read_runs(code: Mapping[str, Any]) -> Runs:
    """The mask of a {size, counts}.

    Raises:
        ValueError: it is no such code, or not one of a mask of its size.
    """
    size, counts = code["size"], code["counts"]
    if not (isinstance(size, Sequence) and len(size) == 2 and all(type(v) is int and v >= 0 for v in size)):
        raise ValueError(f"its size is {size}, expected [height, width]")
    if size[0] * size[1] > MOST_PIXELS:
        raise ValueError(f"its size is {size}, which is more than any image has")
    lengths = _lengths(counts)
    height, width = size
    if lengths.sum() != height * width:
        raise ValueError(f"its runs cover {lengths.sum()} pixels, expected {height} x {width}")
    ends = np.cumsum(lengths)[1::2]
    taken = lengths[1::2] > 0
    return Runs(size_hw=(height, width), starts=(ends - lengths[1::2])[taken], ends=ends[taken])


def runs_pixels(starts: Int64[np.ndarray, " n"], ends: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " m"]:
    """All whole numbers of half-open ranges, one range after the other."""
    lengths = ends - starts
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(lengths.sum())


def _lengths(counts: object) -> Int64[np.ndarray, " n"]:
    """Lengths of runs outside and inside the mask in turn, outside first."""
    if not isinstance(counts, str) or not counts.isascii():
        raise ValueError("its counts are no text of COCO's")
    letters = np.frombuffer(counts.encode(), dtype=np.uint8).astype(np.int64) - ord("0")
    if not letters.size:
        return letters
    if letters.min() < 0 or letters.max() >= 2 * CONTINUES or letters[-1] & CONTINUES:
        raise ValueError("its counts hold letters that COCO's do not, or end within a number")
    lengths = _undone_differences(_numbers(letters))
    if (lengths < 0).any():
        raise ValueError("its counts hold a run of negative length")
    return lengths


def _numbers(letters: Int64[np.ndarray, " m"]) -> Int64[np.ndarray, " n"]:
    """Numbers of five bits a letter, the lowest first, the last letter's highest bit being the sign."""
    is_last = (letters & CONTINUES) == 0
    first = np.flatnonzero(np.concatenate([[True], is_last[:-1]]))
    sizes = np.diff(np.append(first, letters.size))
    if sizes.max() > MOST_LETTERS:
        raise ValueError("its counts hold a number that is too large")
    place = np.arange(letters.size) - np.repeat(first, sizes)
    numbers = np.add.reduceat((letters & (CONTINUES - 1)) << (BITS * place), first)
    negative = (letters[is_last] & SIGN) != 0
    return np.asarray(numbers - (negative.astype(np.int64) << (BITS * sizes)), dtype=np.int64)


def _undone_differences(numbers: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    """From the fourth on, COCO notes how much longer a run is than the one before the one before it."""
    lengths = numbers.copy()
    lengths[1::2] = np.cumsum(numbers[1::2])
    lengths[2::2] = np.cumsum(numbers[2::2])
    return lengths
