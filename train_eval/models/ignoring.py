"""torchvision's detectors with boxes that are neither object nor background.

What matches no object and has its centre in one of a target's `ignore_boxes` is not learnt. Where that would
leave a stage nothing to learn from in an image, all of it is background: a mean over nothing has no value.
"""

from typing import Any

from torch import Tensor, nn
from torchvision.models.detection import FasterRCNN, RetinaNet
from torchvision.models.detection.retinanet import RetinaNetHead
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork
from torchvision.ops import box_iou

from train_eval.models.fcos import inside_any

BELOW_THRESHOLD, BETWEEN_THRESHOLDS = -1, -2  # torchvision's matcher: background, and what is not learnt
BACKGROUND, UNLEARNT = 0.0, -1.0  # torchvision's labels of anchors

Target = dict[str, Tensor]


def leave_ignored(network: nn.Module) -> None:
    """Let a RetinaNet, a Faster R-CNN or a Mask R-CNN keep to `ignore_boxes`.

    The parts that torchvision built change their class, for its builders take no others.
    """
    if isinstance(network, RetinaNet):
        network.head.__class__ = IgnoringRetinaNetHead
    if isinstance(network, FasterRCNN):
        network.rpn.__class__ = IgnoringProposals
        network.roi_heads.__class__ = IgnoringRoIHeads


class IgnoringRetinaNetHead(RetinaNetHead):  # type: ignore[misc]  # torchvision comes without types
    """RetinaNet (Lin et al. 2017)."""

    def compute_loss(
        self,
        targets: list[Target],
        head_outputs: dict[str, Tensor],
        anchors: list[Tensor],
        matched_idxs: list[Tensor],
    ) -> dict[str, Tensor]:
        """Torchvision's losses, without those of background inside `ignore_boxes`."""
        learnt = [
            matched.masked_fill(_inside(boxes, target) & (matched == BELOW_THRESHOLD), BETWEEN_THRESHOLDS)
            for boxes, target, matched in zip(anchors, targets, matched_idxs, strict=True)
        ]
        losses: dict[str, Tensor] = super().compute_loss(targets, head_outputs, anchors, learnt)
        return losses


class IgnoringProposals(RegionProposalNetwork):  # type: ignore[misc]
    """The first stage of Faster R-CNN (Ren et al. 2015)."""

    def assign_targets_to_anchors(
        self, anchors: list[Tensor], targets: list[Target]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Torchvision's labels and boxes, without background inside `ignore_boxes`."""
        labels, boxes = super().assign_targets_to_anchors(anchors, targets)
        learnt = [
            one.masked_fill(_inside(a, target) & (one == BACKGROUND), UNLEARNT)
            for one, a, target in zip(labels, anchors, targets, strict=True)
        ]
        return [new if (new >= 0).any() else old for new, old in zip(learnt, labels, strict=True)], boxes


class IgnoringRoIHeads(RoIHeads):  # type: ignore[misc]
    """The second stage of Faster R-CNN and Mask R-CNN."""

    def select_training_samples(self, proposals: list[Tensor], targets: list[Target]) -> Any:
        """Torchvision's samples of proposals, without background inside `ignore_boxes`."""
        least = self.proposal_matcher.low_threshold
        kept = [self._kept(p, target, least) for p, target in zip(proposals, targets, strict=True)]
        return super().select_training_samples(kept, targets)

    @staticmethod
    def _kept(proposals: Tensor, target: Target, least_iou: float) -> Tensor:
        unlearnt = _inside(proposals, target)
        if len(target["boxes"]):
            unlearnt &= (box_iou(proposals, target["boxes"]) < least_iou).all(dim=1)
        return proposals if unlearnt.all() else proposals[~unlearnt]


def _inside(boxes: Tensor, target: Target) -> Tensor:
    return inside_any(boxes, target.get("ignore_boxes"))
