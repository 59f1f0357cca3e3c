"""Boxes, areas, outlines and masks of instances from id buffers, at a cost of pixels and runs."""

from dataclasses import dataclass

import torch
from jaxtyping import Int, Int64
from torch import Tensor

from renderer.labels.rle import Segmentation, encode_runs
from renderer.labels.runs import Runs, Wanted, count_horizontal_runs, vertical_runs


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InstanceLabels:
    """Labels of n instances in each of b images, in the order in which their ids were given.

    Attributes:
        image_size_hw: of each image.
        boxes_xyxy: x0, y0, x1, y1 in pixels, tight: x1 and y1 lie behind the last pixel; all 0
            where nothing is visible.
        areas_px: number of visible pixels.
        border_px: number of visible pixels at the border of the image.
        owners: the owner in `runs` that a label is of.
        runs: the visible pixels in vertical runs.
    """

    image_size_hw: tuple[int, int]
    boxes_xyxy: Int64[Tensor, "b n 4"]
    areas_px: Int64[Tensor, "b n"]
    border_px: Int64[Tensor, "b n"]
    owners: Int64[Tensor, "b n"]
    runs: Runs

    def segmentations(self) -> list[list[Segmentation]]:
        """COCO's compressed run-length codes of the visible pixels: n in each of b lists."""
        codes = encode_runs(self.runs, self.image_size_hw)
        size = self.image_size_hw
        return [
            [{"size": list(size), "counts": codes[owner]} for owner in row] for row in self.owners.tolist()
        ]


def label_instances(ids: Int[Tensor, "b h w"], instance_ids: Int[Tensor, "b n"]) -> InstanceLabels:
    """Label the instances of each image.

    Args:
        ids: which instance each pixel shows; any value not in `instance_ids` is background.
        instance_ids: the ids to label in each image; what occurs nowhere is empty, and so is padding by
            negative ids.
    """
    wanted = Wanted.of(instance_ids)
    runs = vertical_runs(ids, wanted)
    size_hw = (ids.shape[1], ids.shape[2])
    sums = torch.stack([runs.lengths, _border_pixels(runs, size_hw)])
    areas, border = sums.new_zeros((2, wanted.owner_count)).index_add_(1, runs.owners, sums)
    return InstanceLabels(
        image_size_hw=size_hw,
        boxes_xyxy=_boxes(runs)[wanted.owners],
        areas_px=areas[wanted.owners],
        border_px=border[wanted.owners],
        owners=wanted.owners,
        runs=runs,
    )


def perimeters_px(ids: Int[Tensor, "b h w"], instance_ids: Int[Tensor, "b n"]) -> Int64[Tensor, "b n"]:
    """How many edges of an instance's pixels lie at anything else, or at the border of the image.

    Ids are as in `label_instances`.
    """
    wanted = Wanted.of(instance_ids)
    columns = torch.bincount(vertical_runs(ids, wanted).owners, minlength=wanted.owner_count)
    return 2 * (columns + count_horizontal_runs(ids, wanted))[wanted.owners]


def _boxes(runs: Runs) -> Int64[Tensor, "o 4"]:
    """The box of each owner of runs, all 0 where it has none."""
    ends = torch.stack([runs.columns, runs.tops, -(runs.columns + 1), -runs.bottoms])
    x0, y0, less_x1, less_y1 = ends.new_zeros((4, runs.owner_count)).scatter_reduce_(
        1, runs.owners.expand(4, -1), ends, "amin", include_self=False
    )
    return torch.stack([x0, y0, -less_x1, -less_y1], dim=1)


def _border_pixels(runs: Runs, size_hw: tuple[int, int]) -> Int64[Tensor, "r"]:
    """How many pixels of each run lie at the border of the image."""
    height, width = size_hw
    in_outer_column = (runs.columns == 0) | (runs.columns == width - 1)
    at_ends = (runs.tops == 0).long() + (runs.bottoms == height).long()
    return torch.where(in_outer_column, runs.lengths, torch.minimum(at_ends, runs.lengths))
