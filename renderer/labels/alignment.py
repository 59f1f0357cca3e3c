"""Whether the edges of an image lie where its masks have theirs.

The image changes most where one object ends and another begins. Where the masks' edges, moved by a few
pixels, meet clearly more of the image's changes than where they are, image and masks are not of one view.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int16, Int32, Int64, UInt8

REACH_PX = 6  # farthest shift that is tried
LEAST_SHIFT_PX = 2  # nearer ones are not told from none: blur and demosaicing move edges by less than one
MOST_EDGES = 20000  # more are thinned out evenly, so that the cost of an image is bounded
# Levels of 255, summed over the channels, by which neighbours differ: past it an edge is an edge, and a few
# very strong ones do not outvote the others.
STRONGEST_CHANGE = 60
# Edges in one square vote together: what runs along one line of a print or a shadow is one piece of evidence.
VOTER_PX = 16
# Of 227 views of dice and cards, blurred, noisy and compressed, right masks met at most 1.41 times as much
# elsewhere, where a few edges fit by chance, and that with at most 2.1 standard errors. Of masks shifted by 3
# to 6 pixels in views whose right masks stand out by as many as these, 536 of 540 were caught.
CLEARLY_BETTER, STANDARD_ERRORS = 1.1, 3.0
_DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """How image and masks fit.

    Attributes:
        score: change of the image at the masks' edges over that at the best shift of two pixels or more, at
            most 1; None where no object has an edge.
        shift_px: columns and rows by which the masks fit best, of such shifts.
        standard_errors: how sure it is that the shift fits better.
    """

    score: float | None
    shift_px: tuple[int, int] = (0, 0)
    standard_errors: float = 0.0

    @property
    def is_off(self) -> bool:
        """Whether the masks fit clearly better elsewhere."""
        worse = self.score is not None and self.score * CLEARLY_BETTER < 1
        return worse and self.standard_errors > STANDARD_ERRORS


def align(image: UInt8[np.ndarray, "h w 3"], ids: Int32[np.ndarray, "h w"]) -> Alignment:
    """Compare the masks' edges with the image's, where they are and shifted in eight directions."""
    edges = list(_edges(image, ids))
    squares = np.concatenate([edge.squares for edge in edges])
    if not squares.size:
        return Alignment(score=None)
    here = np.concatenate([edge.changes(0, 0) for edge in edges])
    best, shift_px = here, (0, 0)
    most = -1
    for step in range(LEAST_SHIFT_PX, REACH_PX + 1):
        for right, down in _DIRECTIONS:
            there = np.concatenate([edge.changes(right * step, down * step) for edge in edges])
            if there.sum() > most:
                best, shift_px, most = there, (right * step, down * step), int(there.sum())
    return Alignment(
        score=min(float(here.sum()) / most, 1.0) if most else 1.0,
        shift_px=shift_px,
        standard_errors=_standard_errors((best - here).astype(np.float64), squares),
    )


def _standard_errors(gains: Float64[np.ndarray, " n"], squares: Int64[np.ndarray, " n"]) -> float:
    """The sum of all gains over its standard error, were it 0: squares are independent, edges are not."""
    _, square = np.unique(squares, return_inverse=True)
    by_square = np.bincount(square, weights=gains)
    spread = float(np.sqrt((by_square**2).sum()))
    return float(gains.sum()) / spread if spread else 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Edges:
    """Edges between neighbours of one kind, beside or below each other.

    Attributes:
        change: of the image between a pixel and its neighbour.
        row, column: the pixels before an edge.
        squares: the number of the square that an edge is in.
    """

    change: Int16[np.ndarray, "h w"]
    row: Int64[np.ndarray, " n"]
    column: Int64[np.ndarray, " n"]
    squares: Int64[np.ndarray, " n"]

    def changes(self, right: int, down: int) -> Int16[np.ndarray, " n"]:
        """How much the image changes at the edges, shifted."""
        found: Int16[np.ndarray, " n"] = self.change[self.row + down, self.column + right]
        return found


def _edges(image: UInt8[np.ndarray, "h w 3"], ids: Int32[np.ndarray, "h w"]) -> Iterator[_Edges]:
    """Edges that stay in the image wherever they are shifted."""
    values, inner = image.astype(np.int16), slice(REACH_PX, -REACH_PX)
    across = ids.shape[1] // VOTER_PX + 1
    for axis in (0, 1):
        red, green, blue = np.moveaxis(np.abs(np.diff(values, axis=axis)), -1, 0)
        change = np.minimum(red + green + blue, STRONGEST_CHANGE)
        row, column = np.nonzero(np.diff(ids, axis=axis)[inner, inner])
        row, column = row + REACH_PX, column + REACH_PX
        kept = slice(None, None, len(row) // MOST_EDGES + 1)
        row, column = row[kept], column[kept]
        squares = row // VOTER_PX * across + column // VOTER_PX
        yield _Edges(change=change, row=row, column=column, squares=squares)
