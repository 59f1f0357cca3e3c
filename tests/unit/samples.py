"""Samples for the tests of augmentation, and its settings."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import yaml

from renderer.commands.compose import config_folder
from train_eval.augment.sample import Sample
from train_eval.augment.warp import bounds_of_mask
from train_eval.settings import Augmentation

PRESETS = ("none", "light", "standard", "strong")


def preset_of(name: str, **changes: Any) -> Augmentation:
    """A preset of `configs/augmentation`, without Hydra."""
    text = (config_folder() / "augmentation" / f"{name}.yaml").read_text(encoding="utf-8")
    return replace(Augmentation(**yaml.safe_load(text)), **changes)


def schema_defaults() -> dict[str, Any]:
    return {field.name: field.metadata["default"] for field in fields(Augmentation)}


def noise_image(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def sample_of(image: np.ndarray, boxes=(), masks=None, ignore=None) -> Sample:
    """A sample with labels 1, 2 ..., and the bounds of its masks for boxes where none are given."""
    if masks is not None and not len(boxes):
        boxes = [bounds_of_mask(mask) for mask in masks]
    count = len(boxes)
    return Sample(
        image=image,
        boxes_xyxy=np.array(boxes, np.float32).reshape(count, 4),
        labels=np.arange(1, count + 1),
        ignore=np.zeros(count, np.bool_) if ignore is None else np.array(ignore, np.bool_),
        masks=None if masks is None else np.array(masks, np.uint8),
    )


def box_mask(height: int, width: int, box_xyxy) -> np.ndarray:
    """The pixels of a box with whole corners."""
    x0, y0, x1, y1 = box_xyxy
    mask = np.zeros((height, width), np.uint8)
    mask[y0:y1, x0:x1] = 1
    return mask


def ellipse_mask(height: int, width: int, box_xyxy) -> np.ndarray:
    """The pixels whose centre is inside of the ellipse that is inscribed in a box."""
    x0, y0, x1, y1 = box_xyxy
    y, x = np.mgrid[:height, :width] + 0.5
    inside = ((2 * x - x0 - x1) / (x1 - x0)) ** 2 + ((2 * y - y0 - y1) / (y1 - y0)) ** 2 <= 1
    return inside.astype(np.uint8)
