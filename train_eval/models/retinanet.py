"""RetinaNet (Lin et al. 2017) as torchvision has it, with boxes that are neither object nor background."""

import torch
from torch import Tensor
from torchvision.models.detection.retinanet import RetinaNetHead

from train_eval.models.fcos import inside_any

BELOW_THRESHOLD, BETWEEN_THRESHOLDS = -1, -2  # torchvision's matcher: background, and what is not learnt


class IgnoringRetinaNetHead(RetinaNetHead):  # type: ignore[misc]  # torchvision comes without types
    """Anchors that match nothing and have their centre in one of `ignore_boxes` are not learnt."""

    def compute_loss(
        self,
        targets: list[dict[str, Tensor]],
        head_outputs: dict[str, Tensor],
        anchors: list[Tensor],
        matched_idxs: list[Tensor],
    ) -> dict[str, Tensor]:
        """Torchvision's losses, without those of background inside `ignore_boxes`."""
        learnt = [
            torch.where(
                inside_any(boxes, target.get("ignore_boxes")) & (matched == BELOW_THRESHOLD),
                BETWEEN_THRESHOLDS,
                matched,
            )
            for boxes, target, matched in zip(anchors, targets, matched_idxs, strict=True)
        ]
        losses: dict[str, Tensor] = super().compute_loss(targets, head_outputs, anchors, learnt)
        return losses
