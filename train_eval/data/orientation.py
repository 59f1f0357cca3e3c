"""The eight EXIF orientations: from the pixels as stored to the picture as displayed.

Numbers and meanings are those of tag 0x0112 in the EXIF standard (CIPA DC-008): 1 leaves the picture
alone, 6 turns it a quarter clockwise, 5 to 8 exchange height and width.
"""

import numpy as np
from jaxtyping import Float, Shaped

UPRIGHT = 1
ORIENTATIONS = range(1, 9)


def oriented_size(size_hw: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Height and width as displayed, of a picture stored with `size_hw`."""
    height, width = size_hw
    return (width, height) if orientation >= 5 else (height, width)


def oriented_pixels(pixels: Shaped[np.ndarray, "h w *c"], orientation: int) -> Shaped[np.ndarray, "..."]:
    """The picture as displayed."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels


def oriented_boxes(
    boxes_xyxy: Float[np.ndarray, "n 4"], size_hw: tuple[int, int], orientation: int
) -> Float[np.ndarray, "n 4"]:
    """Boxes in the picture as displayed, from boxes in the picture as stored with `size_hw`."""
    height, width = oriented_size(size_hw, orientation)
    x0, y0, x1, y1 = boxes_xyxy.T
    if orientation in (5, 6, 7, 8):
        x0, y0, x1, y1 = y0, x0, y1, x1
    if orientation in (2, 3, 6, 7):
        x0, x1 = width - x1, width - x0
    if orientation in (3, 4, 7, 8):
        y0, y1 = height - y1, height - y0
    return np.stack([x0, y0, x1, y1], axis=1)
