"""What the labels of images amount to: how many instances, how large, how much of them is seen."""

from dataclasses import dataclass

import torch
from jaxtyping import Float64, Int, Int64
from torch import Tensor

from renderer.labels.instances import InstanceLabels

SMALL_BELOW_PX = 32**2  # COCO's size classes
MEDIUM_BELOW_PX = 96**2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelStatistics:
    """Of each of b images.

    Attributes:
        visible: how many instances have a visible pixel.
        sizes: how many of them are small, medium and large, in this order, as COCO has it: below 32 x 32
            pixels, below 96 x 96, and all others.
        covered: share of the image's pixels that show an instance.
    """

    visible: Int64[Tensor, "b"]
    sizes: Int64[Tensor, "b 3"]
    covered: Float64[Tensor, "b"]


def label_statistics(labels: InstanceLabels) -> LabelStatistics:
    """Statistics of labels in which no id was asked for twice."""
    areas = labels.areas_px
    below = [areas < 1, areas < SMALL_BELOW_PX, areas < MEDIUM_BELOW_PX, torch.ones_like(areas)]
    up_to = torch.stack([is_below.sum(dim=1) for is_below in below], dim=1)
    shown, (height, width) = areas.sum(dim=1), labels.image_size_hw
    return LabelStatistics(
        visible=up_to[:, 3] - up_to[:, 0],
        sizes=up_to.diff(dim=1),
        covered=visibility(shown, torch.full_like(shown, height * width)),
    )


def visibility(visible_px: Int[Tensor, "*n"], whole_px: Int[Tensor, "*n"]) -> Float64[Tensor, "*n"]:
    """The share of whole objects that is visible: 0 of what has no pixels, nearest double to the quotient.

    Args:
        visible_px: areas of visible masks.
        whole_px: areas of amodal masks.
    """
    return torch.where(whole_px > 0, visible_px.double() / whole_px.double(), 0.0)
