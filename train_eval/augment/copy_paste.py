"""Objects of one image, cut out by their masks and pasted into another where they lie.

After Ghiasi et al. 2021, 'Simple Copy-Paste is a Strong Data Augmentation Method for Instance Segmentation'.
"""

import cv2
import numpy as np
from jaxtyping import Bool, Float64, UInt8

from renderer.errors import DataError
from train_eval.augment.sample import Sample
from train_eval.augment.warp import bounds_of_mask, has_area, select
from train_eval.settings import Augmentation

EDGE_SIGMA_PX = 0.7  # blur of the cut: softer than scissors, sharper than most lenses
REACH_PX = 4  # how far the blur of the cut reaches


def copy_paste(rng: np.random.Generator, receiver: Sample, donor: Sample, settings: Augmentation) -> Sample:
    """Paste one to `copy_paste_max` objects of the donor over the receiver; both are images of the same size.

    What is hidden is no longer labelled, and what shows less than `min_visible` is ignored: with masks, of an
    object's former pixels; without, of its box.

    Raises:
        DataError: the donor has no masks.
    """
    if donor.masks is None:
        raise DataError(
            "augmentation.copy_paste_probability needs masks, but an image to copy from has none; set it to 0"
        )
    pasted = _choose(rng, donor, settings.copy_paste_max)
    assert pasted.masks is not None
    if not len(pasted.labels):
        return receiver
    cover: UInt8[np.ndarray, "h w"] = pasted.masks.max(axis=0)
    below = _hide(receiver, cover, settings.min_visible)
    return Sample(
        image=_blend(receiver.image, donor.image, cover),
        boxes_xyxy=np.concatenate([below.boxes_xyxy, pasted.boxes_xyxy]),
        labels=np.concatenate([below.labels, pasted.labels]),
        ignore=np.concatenate([below.ignore, pasted.ignore]),
        masks=None if below.masks is None else np.concatenate([below.masks, pasted.masks]),
    )


def _choose(rng: np.random.Generator, donor: Sample, most: int) -> Sample:
    """Some objects of the donor that can be seen well enough to be learnt from."""
    assert donor.masks is not None
    candidates = np.flatnonzero(~donor.ignore & donor.masks.any(axis=(1, 2)))
    count = min(int(rng.integers(1, most, endpoint=True)), len(candidates))
    kept = np.zeros(len(donor.labels), np.bool_)
    kept[rng.permutation(candidates)[:count]] = True
    return select(donor, kept)


def _blend(
    image: UInt8[np.ndarray, "h w 3"], donor: UInt8[np.ndarray, "h w 3"], cover: UInt8[np.ndarray, "h w"]
) -> UInt8[np.ndarray, "h w 3"]:
    """The donor's pixels over the image's, with a soft edge."""
    x, y, width, height = cv2.boundingRect(cover)
    part = np.s_[max(y - REACH_PX, 0) : y + height + REACH_PX, max(x - REACH_PX, 0) : x + width + REACH_PX]
    share = cv2.GaussianBlur(cover[part].astype(np.float32), (0, 0), EDGE_SIGMA_PX)[..., None]
    blended = image.copy()
    blended[part] = np.rint(image[part] + share * (donor[part] - image[part].astype(np.float32)))
    return blended


def _hide(sample: Sample, cover: UInt8[np.ndarray, "h w"], min_visible: float) -> Sample:
    """The sample's objects under a cover; the image is left to `_blend`."""
    if sample.masks is None:
        visible = 1 - np.array([_covered_share(box, cover) for box in sample.boxes_xyxy.astype(np.float64)])
        return _with_visibility(sample, visible, min_visible)
    masks = sample.masks * (1 - cover)
    had = sample.masks.sum(axis=(1, 2), dtype=np.int64)
    has = masks.sum(axis=(1, 2), dtype=np.int64)
    boxes = sample.boxes_xyxy.copy()
    for i in np.flatnonzero(has < had):
        bounds = bounds_of_mask(masks[i])
        boxes[i, :2] = np.maximum(boxes[i, :2], bounds[:2])
        boxes[i, 2:] = np.minimum(boxes[i, 2:], bounds[2:])
    hidden = Sample(
        image=sample.image, boxes_xyxy=boxes, labels=sample.labels, ignore=sample.ignore, masks=masks
    )
    return _with_visibility(hidden, np.where(had > 0, has / np.maximum(had, 1), 1.0), min_visible)


def _covered_share(box_xyxy: Float64[np.ndarray, "4"], cover: UInt8[np.ndarray, "h w"]) -> float:
    """Which part of a box, to whole pixels, is under the cover."""
    x0, y0 = np.floor(box_xyxy[:2]).astype(int)
    x1, y1 = np.ceil(box_xyxy[2:]).astype(int)
    return float(cover[y0:y1, x0:x1].mean())


def _with_visibility(sample: Sample, visible: Float64[np.ndarray, " n"], min_visible: float) -> Sample:
    """The sample without what is hidden wholly, and with what nearly is ignored."""
    ignore: Bool[np.ndarray, " n"] = sample.ignore | (visible < min_visible)
    marked = Sample(
        image=sample.image, boxes_xyxy=sample.boxes_xyxy, labels=sample.labels, ignore=ignore,
        masks=sample.masks,
    )  # fmt: skip
    is_left = (visible > 0) & has_area(sample.boxes_xyxy)
    return select(marked, is_left)
