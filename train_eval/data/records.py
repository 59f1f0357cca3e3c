"""What a labelled dataset is once it is read, whatever its format on disk was."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRecord:
    """One image and its labels.

    Attributes:
        image_id: unique within its set, as in the file it was read from where that numbers images.
        size_hw: pixels, height before width, as displayed: after the EXIF orientation was applied.
        boxes_xyxy: pixels of the displayed image, corners at pixel edges, inside the image.
        labels: indices into the set's categories, counted from 1; 0 is the background.
        ignore: neither trained on nor counted (`iscrowd` of COCO, `difficult` of Pascal VOC).
        masks: COCO run-length masks, one for each box, or None where the format has none.
    """

    path: Path
    image_id: int
    size_hw: tuple[int, int]
    boxes_xyxy: Float[np.ndarray, "n 4"]
    labels: Int[np.ndarray, " n"]
    ignore: Bool[np.ndarray, " n"]
    masks: tuple[Mapping[str, Any], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionSet:
    """Images with labels of named categories.

    Attributes:
        name: for people, such as 'dice/val'.
        categories: names; label k is `categories[k - 1]`.
    """

    name: str
    categories: tuple[str, ...]
    images: tuple[ImageRecord, ...]
