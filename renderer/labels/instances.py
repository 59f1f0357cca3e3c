"""Masks, tight boxes and areas of instances from an id buffer."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from renderer.errors import DeviceError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InstanceLabels:
    """Labels of n instances in each of b images, in the order in which their ids were given.

    Attributes:
        masks: the visible pixels of each instance.
        boxes_xyxy: x0, y0, x1, y1 in pixels, tight: x1 and y1 lie behind the last pixel; all 0
            where nothing is visible.
        areas_px: number of visible pixels.
    """

    masks: Bool[Tensor, "b n h w"]
    boxes_xyxy: Int[Tensor, "b n 4"]
    areas_px: Int[Tensor, "b n"]


def label_instances(ids: Int[Tensor, "b h w"], instance_ids: Int[Tensor, "b n"]) -> InstanceLabels:
    """Label the instances of each image.

    Args:
        ids: which instance each pixel shows; any value not in `instance_ids` is background.
        instance_ids: the ids to label in each image; a padding id that occurs nowhere gives an
            empty mask.
    """
    masks = ids[:, None] == instance_ids[:, :, None, None]
    return InstanceLabels(
        masks=masks,
        boxes_xyxy=boxes_of_masks(masks),
        areas_px=masks.sum(dim=(2, 3)),
    )


def boxes_of_masks(masks: Bool[Tensor, "... h w"]) -> Int[Tensor, "... 4"]:
    """The tight box x0, y0, x1, y1 of each mask, all 0 where a mask is empty."""
    x0, x1 = _extent(masks.any(dim=-2))
    y0, y1 = _extent(masks.any(dim=-1))
    return torch.stack([x0, y0, x1, y1], dim=-1)


def _extent(occupied: Bool[Tensor, "... n"]) -> tuple[Int[Tensor, "..."], Int[Tensor, "..."]]:
    """First occupied place and the place behind the last one; 0 and 0 where none is."""
    length = occupied.shape[-1]
    first = occupied.int().argmax(dim=-1)
    behind_last = length - occupied.flip(-1).int().argmax(dim=-1)
    return first, torch.where(occupied.any(dim=-1), behind_last, 0)


def label_device(wanted: str) -> torch.device:
    """The torch device for labels; 'auto' takes a GPU where there is one.

    Raises:
        DeviceError: the device asked for is not there.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return torch.device(next(name for name, there in available.items() if there))
    if not available[wanted]:
        found = ", ".join(name for name, there in available.items() if there)
        raise DeviceError(f"labels.device={wanted} is not there; torch found: {found}")
    return torch.device(wanted)
