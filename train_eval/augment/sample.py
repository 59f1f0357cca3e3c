"""A training image with its labels, as it goes through augmentation."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """One image and its n labelled objects.

    Attributes:
        image: sRGB, red first.
        boxes_xyxy: pixels, corners at pixel edges: the first pixel spans 0 to 1.
        labels: indices into the set's categories, counted from 1.
        ignore: neither an object nor background: what is left of it is too little to learn from.
        masks: the visible pixels of each object as 0 and 1, or None where the data have none.
    """

    image: UInt8[np.ndarray, "h w 3"]
    boxes_xyxy: Float32[np.ndarray, "n 4"]
    labels: Int64[np.ndarray, " n"]
    ignore: Bool[np.ndarray, " n"]
    masks: UInt8[np.ndarray, "n h w"] | None = None

    def __post_init__(self) -> None:
        n = len(self.boxes_xyxy)
        assert self.boxes_xyxy.shape == (n, 4)
        assert len(self.labels) == len(self.ignore) == n
        assert self.masks is None or self.masks.shape == (n, *self.image.shape[:2])
