"""Checks of whole sets: every image decodes, none stands there twice, none is in training and test."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from pycocotools import mask as coco_mask

from renderer.errors import DataError
from train_eval.data.images import load_image
from train_eval.data.listing import IMAGE_LEFT_OUT
from train_eval.data.problems import Problem
from train_eval.data.records import DetectionSet, ImageRecord

Result = TypeVar("Result")

MASK_TOLERANCE_PX = 1.5  # of masks beyond their boxes: polygons become pixels that they only touch
MAX_THREADS = 8  # Pillow decodes outside Python's lock; each thread holds one decoded image


def check_set(detections: DetectionSet) -> list[Problem]:
    """What is wrong with a set that only shows in its images or across them; decodes every image once.

    Boxes, sizes and ids of one file are checked where it is read.
    """
    damaged = _each_image(_damage, detections.images)
    return [*filter(None, damaged), *_repetitions(detections)]


def check_masks(detections: DetectionSet) -> list[Problem]:
    """Masks that are not inside their boxes; a box may be larger, for it may be that of the whole object."""
    return [problem for image in detections.images for problem in _masks_outside(image)]


def _masks_outside(image: ImageRecord) -> Iterator[Problem]:
    for number, mask in enumerate(image.masks or ()):
        code: Any = dict(mask)
        left, top, width, height = coco_mask.toBbox(code)
        x0, y0, x1, y1 = image.boxes_xyxy[number]
        outside = max(x0 - left, y0 - top, left + width - x1, top + height - y1)
        if width and outside > MASK_TOLERANCE_PX:
            message = f"box {number + 1} of {image.path}: its mask reaches {outside:.3g} pixels out of it"
            yield Problem(message=message, remedy=IMAGE_LEFT_OUT, image_id=image.image_id)


def check_not_empty(detections: DetectionSet) -> None:
    """Refuse a set without images; images without objects are fine.

    Raises:
        DataError: there is none.
    """
    if not detections.images:
        raise DataError(f"{detections.name} has no images; check the path and the messages above")


def shared_images(train: DetectionSet, test: DetectionSet) -> list[tuple[ImageRecord, ImageRecord]]:
    """Pairs of an image of `train` and the equal one of `test`, by their pixels and whatever their names."""
    known = dict(zip(_each_image(_pixel_sha256, train.images), train.images, strict=True))
    digests = _each_image(_pixel_sha256, test.images)
    return [(known[d], image) for d, image in zip(digests, test.images, strict=True) if d in known]


def check_disjoint(train: DetectionSet, test: DetectionSet) -> None:
    """Refuse a test set that shares images with the training set.

    Raises:
        DataError: it does; names the first pair.
    """
    pairs = shared_images(train, test)
    if pairs:
        first, second = pairs[0]
        more = f" (and {len(pairs) - 1} more)" if len(pairs) > 1 else ""
        raise DataError(
            f"{second.path} of {test.name} is the same picture as {first.path} of {train.name}{more}; "
            "a detector must not be judged on what it was trained on: remove it from one of them"
        )


def _each_image(check: Callable[[ImageRecord], Result], images: Iterable[ImageRecord]) -> list[Result]:
    with ThreadPoolExecutor(max_workers=min(MAX_THREADS, os.cpu_count() or 1)) as pool:
        return list(pool.map(check, images))


def _damage(image: ImageRecord) -> Problem | None:
    try:
        size_hw = load_image(image.path).shape[:2]
    except DataError as error:
        return Problem(message=str(error), remedy=IMAGE_LEFT_OUT, image_id=image.image_id)
    if size_hw == image.size_hw:
        return None
    message = f"{image.path} decodes to {size_hw} pixels (height, width), but its header says {image.size_hw}"
    return Problem(message=message, remedy=IMAGE_LEFT_OUT, image_id=image.image_id)


def _pixel_sha256(image: ImageRecord) -> str:
    pixels = load_image(image.path)
    return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()


def _repetitions(detections: DetectionSet) -> Iterator[Problem]:
    first: dict[Path, int] = {}
    for image in detections.images:
        if first.setdefault(image.path.resolve(), image.image_id) != image.image_id:
            yield Problem(
                message=f"{image.path} is listed twice in {detections.name}",
                remedy=IMAGE_LEFT_OUT,
                image_id=image.image_id,
            )
