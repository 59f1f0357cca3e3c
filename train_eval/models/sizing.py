"""What the boxes of the training data ask of a detector: resizing, pyramid levels and anchors."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from train_eval.augment.geometry import Resize, base_scale
from train_eval.data.records import DetectionSet, ImageRecord

SMALLEST_FITTED_PX = 28.0  # where the median object of a set would be smaller, images are cropped instead
CELLS_ACROSS_SMALL = 4.0  # what an object at the 5th percentile should span of the finest level, or more
CELLS_ACROSS_LARGE = 16.0  # one at the 95th spans at most this many cells of the coarsest
USUAL_FINEST, COARSEST = 3, 5  # levels, of strides 8 to 32 px
EXTRA_FINE, EXTRA_FINE_BELOW_PX = 2, 16.0  # stride 4 quadruples the heads' work: only for tiny objects


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxStatistics:
    """The sides of boxes, as square roots of areas in pixels of the training image.

    Attributes:
        small, large: 5th and 95th percentile.
    """

    small_px: float
    median_px: float
    large_px: float


def box_sides_px(sets: Iterable[DetectionSet], resize: Resize, image_size_px: int) -> Float[np.ndarray, " n"]:
    """The square roots of the areas of all boxes that are trained on, in pixels of the training image."""
    sides = [
        _sides(record) * base_scale(record.size_hw, image_size_px, resize)
        for data in sets
        for record in data.images
    ]
    joined: Float[np.ndarray, " n"] = np.concatenate([np.zeros(0), *sides])
    return joined


def _sides(record: ImageRecord) -> Float[np.ndarray, " n"]:
    boxes = record.boxes_xyxy[~record.ignore]
    sides: Float[np.ndarray, " n"] = np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))
    return sides


def box_statistics(sides_px: Float[np.ndarray, " n"]) -> BoxStatistics:
    """Percentiles of box sides; of a set without boxes, those of a middling object."""
    if not len(sides_px):
        return BoxStatistics(small_px=32.0, median_px=64.0, large_px=128.0)
    small, median, large = np.percentile(sides_px, [5, 50, 95])
    return BoxStatistics(small_px=float(small), median_px=float(median), large_px=float(large))


def choose_resize(sets: Sequence[DetectionSet], image_size_px: int) -> Resize:
    """Fit whole images into the training image, unless the objects of a set would become too small.

    Each set is asked by itself: small pictures that are fitted without loss must not outvote large ones.
    """
    return Resize.NATIVE if any(_needs_crops(data, image_size_px) for data in sets) else Resize.FIT


def _needs_crops(data: DetectionSet, image_size_px: int) -> bool:
    is_larger = any(max(record.size_hw) > image_size_px for record in data.images)
    fitted = box_statistics(box_sides_px([data], Resize.FIT, image_size_px))
    return is_larger and fitted.median_px < SMALLEST_FITTED_PX


def choose_levels(boxes: BoxStatistics) -> tuple[int, ...]:
    """Two or more consecutive pyramid levels whose cells suit the boxes."""
    finest = math.floor(math.log2(max(1.0, boxes.small_px / CELLS_ACROSS_SMALL)))
    lowest = EXTRA_FINE if boxes.small_px < EXTRA_FINE_BELOW_PX else USUAL_FINEST
    coarsest = math.ceil(math.log2(max(1.0, boxes.large_px / CELLS_ACROSS_LARGE)))
    first = min(max(finest, lowest), COARSEST - 1)
    last = min(max(coarsest, first + 1), COARSEST)
    return tuple(range(first, last + 1))


def anchor_sizes_px(boxes: BoxStatistics, levels: int) -> tuple[float, ...]:
    """One base size for each level, in even ratios from small to large boxes."""
    low, high = boxes.small_px, max(boxes.large_px, boxes.small_px * 1.5)
    return tuple(float(s) for s in np.geomspace(low, high, levels))
