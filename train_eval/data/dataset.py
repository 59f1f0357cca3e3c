"""Records as arrays and tensors: decoded images with their boxes and masks."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import UInt8
from torch.utils.data import Dataset
from torchvision import tv_tensors

from renderer.dataset.record import decode_mask
from renderer.errors import DataError
from train_eval.augment.sample import Sample
from train_eval.data.images import load_image
from train_eval.data.records import DetectionSet, ImageRecord


class ImageCache:
    """Keeps decoded images as long as they fit; what does not is decoded again each time.

    Nothing is ever thrown out: images come in a new order in every epoch, in which the oldest one is as
    likely to be next as any other. Each loading process has its own.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0
        self._images: dict[Path, UInt8[np.ndarray, "h w 3"]] = {}

    def load(self, path: Path) -> UInt8[np.ndarray, "h w 3"]:
        """The image, as `load_image` gives it; the caller may change it.

        Raises:
            DataError: the image cannot be decoded.
        """
        if path in self._images:
            return self._images[path].copy()
        image = load_image(path)
        if self.used_bytes + image.nbytes <= self.limit_bytes:
            self.used_bytes += image.nbytes
            self._images[path] = image.copy()
        return image


def decoded(record: ImageRecord, cache: ImageCache | None = None) -> UInt8[np.ndarray, "h w 3"]:
    """The image of a record.

    Raises:
        DataError: it cannot be decoded, or is no longer of the size that was labelled.
    """
    image = load_image(record.path) if cache is None else cache.load(record.path)
    if image.shape[:2] != record.size_hw:
        raise DataError(
            f"{record.path} is now {image.shape[:2]} pixels (height, width), but was {record.size_hw} when "
            "it was checked; run the command again"
        )
    return image


def load_sample(record: ImageRecord, cache: ImageCache | None = None, *, with_masks: bool) -> Sample:
    """A record with its image and, where it has them and they are wanted, its masks.

    Raises:
        DataError: the image cannot be decoded.
    """
    return Sample(
        image=decoded(record, cache),
        boxes_xyxy=record.boxes_xyxy.astype(np.float32),
        labels=record.labels.astype(np.int64),
        ignore=record.ignore.astype(np.bool_),
        masks=decoded_masks(record) if with_masks else None,
    )


def decoded_masks(record: ImageRecord) -> UInt8[np.ndarray, "n h w"] | None:
    """The masks of a record as 0 and 1; None where an object has none."""
    count = len(record.boxes_xyxy)
    if count == 0:
        return np.zeros((0, *record.size_hw), dtype=np.uint8)
    if record.masks is None:
        return None
    return np.stack([decode_mask(mask) for mask in record.masks]).astype(np.uint8)


class DetectionDataset(Dataset[tuple[tv_tensors.Image, dict[str, Any]]]):
    """A set for torchvision's detectors and transforms.

    An item is an image (3, H, W) uint8 and a target: `boxes` and `ignore_boxes` (XYXY, pixels, float32),
    `labels` (int64, from 1), `image_id`, and with masks `masks` (n, H, W) of `boxes`.
    """

    def __init__(self, detections: DetectionSet, *, with_masks: bool = False, cache_bytes: int = 0) -> None:
        self.records = detections.images
        self.with_masks = with_masks
        self.cache = ImageCache(cache_bytes)
        bare = [image.path for image in self.records if image.masks is None and len(image.boxes_xyxy)]
        if with_masks and bare:
            raise DataError(f"{bare[0]} of {detections.name} has objects without masks; use with_masks=False")

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> tuple[tv_tensors.Image, dict[str, Any]]:
        """The image and target at a place of the set."""
        record = self.records[index]
        sample = load_sample(record, self.cache, with_masks=self.with_masks)
        keep = ~sample.ignore
        target: dict[str, Any] = {
            "boxes": _boxes(sample.boxes_xyxy[keep], record.size_hw),
            "labels": torch.from_numpy(sample.labels[keep]),
            "ignore_boxes": _boxes(sample.boxes_xyxy[sample.ignore], record.size_hw),
            "image_id": record.image_id,
        }
        if sample.masks is not None:
            target["masks"] = tv_tensors.Mask(torch.from_numpy(sample.masks[keep]))
        return tv_tensors.Image(torch.from_numpy(sample.image).permute(2, 0, 1)), target


def _boxes(boxes_xyxy: np.ndarray, size_hw: tuple[int, int]) -> tv_tensors.BoundingBoxes:
    return tv_tensors.BoundingBoxes(torch.from_numpy(boxes_xyxy), format="XYXY", canvas_size=size_hw)
