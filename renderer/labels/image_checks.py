"""Certification of a shot's image: it shows something, and its edges are those of the masks."""

import numpy as np
from jaxtyping import Int32, UInt8

from renderer.labels.alignment import Alignment, align
from renderer.labels.certificate import Certificate, Fault

DARKEST, BRIGHTEST = 3, 252  # of 255: a pixel is black or white where all channels are at or beyond
# Exposure is metered and leaves at most a fifth of an image clipped, and a night scene shows a lit table:
# where all but a fiftieth is black or white nothing can be learnt from the rest.
MOST_CLIPPED = 0.98
FLATTEST = 1  # levels between the darkest and the brightest value of each channel, of an image of one colour


def certify_image(image: UInt8[np.ndarray, "h w 3"], ids: Int32[np.ndarray, "h w"]) -> Certificate:
    """Check a developed image.

    The figures: `black_share` and `white_share` of the pixels, and `alignment`, the score of the masks'
    edges: 1 where no shift of them fits the image better, None where there is no edge.

    Args:
        ids: of the view's buffers.
    """
    planes = np.ascontiguousarray(np.moveaxis(image, -1, 0))  # each channel in one piece: 3 times faster
    black = float((planes.max(axis=0) <= DARKEST).mean())
    white = float((planes.min(axis=0) >= BRIGHTEST).mean())
    alignment = align(image, ids)
    figures = {"black_share": black, "white_share": white, "alignment": alignment.score}
    return Certificate(
        figures=figures, fault=_exposure_fault(planes, black, white) or _alignment_fault(alignment)
    )


def _exposure_fault(planes: UInt8[np.ndarray, "3 h w"], black: float, white: float) -> Fault | None:
    for share, name in ((black, "black"), (white, "white")):
        if share >= MOST_CLIPPED:
            return Fault(check="exposure", reason=f"{share:.1%} of the image is {name}")
    levels = planes.max(axis=(1, 2)).astype(int) - planes.min(axis=(1, 2))
    if levels.max() <= FLATTEST:
        return Fault(check="exposure", reason="the image is of one colour")
    return None


def _alignment_fault(alignment: Alignment) -> Fault | None:
    if not alignment.is_off:
        return None
    right, down = alignment.shift_px
    reason = (
        f"the masks fit the image better {right} pixels to the right and {down} down: "
        f"their score is {alignment.score:.2f}"
    )
    return Fault(check="alignment", reason=reason)
