"""FCOS (Tian et al. 2019) as torchvision has it, with boxes that are neither object nor background."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torchvision.models.detection.fcos import FCOSHead

NO_LOSS_LOGIT = -50.0  # the focal loss of background vanishes there, and so does its gradient


class IgnoringFCOSHead(FCOSHead):  # type: ignore[misc]  # torchvision comes without types
    """Where an object is cut beyond recognition, being background is not learnt either."""

    def compute_loss(
        self,
        targets: list[dict[str, Tensor]],
        head_outputs: dict[str, Tensor],
        anchors: list[Tensor],
        matched_idxs: list[Tensor],
    ) -> dict[str, Tensor]:
        """Torchvision's losses, without those of unmatched locations inside `ignore_boxes`."""
        inside = torch.stack(
            [inside_any(a, t.get("ignore_boxes")) for a, t in zip(anchors, targets, strict=True)]
        )
        if inside.any():
            unlearnt = inside & (torch.stack(matched_idxs) < 0)
            logits = head_outputs["cls_logits"].masked_fill(unlearnt[..., None], NO_LOSS_LOGIT)
            head_outputs = {**head_outputs, "cls_logits": logits}
        losses: dict[str, Tensor] = super().compute_loss(targets, head_outputs, anchors, matched_idxs)
        return losses


def inside_any(
    anchors_xyxy: Float[Tensor, "a 4"], boxes_xyxy: Float[Tensor, "m 4"] | None
) -> Bool[Tensor, " a"]:
    """Whether the centre of each anchor lies in one of the boxes."""
    if boxes_xyxy is None or not len(boxes_xyxy):
        return torch.zeros(len(anchors_xyxy), dtype=torch.bool, device=anchors_xyxy.device)
    centers = (anchors_xyxy[:, None, :2] + anchors_xyxy[:, None, 2:]) / 2
    within = (centers >= boxes_xyxy[None, :, :2]) & (centers <= boxes_xyxy[None, :, 2:])
    return within.all(dim=2).any(dim=1)
