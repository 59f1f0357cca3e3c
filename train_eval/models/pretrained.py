"""torchvision's own detectors over ResNet-50, pretrained on COCO."""

from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
from torch import nn
from torchvision.models import detection
from torchvision.models._api import WeightsEnum

from renderer.errors import DataError
from train_eval.models.detector import (
    LOWEST_SCORE,
    MOST_DETECTIONS,
    Detector,
    DetectorSpec,
    PassThrough,
)
from train_eval.models.fcos import IgnoringFCOSHead
from train_eval.models.ignoring import leave_ignored

IMAGENET_MEAN = [123.675, 116.28, 103.53]  # torchvision's, for values in [0, 255]
IMAGENET_STD = [58.395, 57.12, 57.375]
_BUILDERS = {
    "fcos": (detection.fcos_resnet50_fpn, detection.FCOS_ResNet50_FPN_Weights.COCO_V1),
    "retinanet": (detection.retinanet_resnet50_fpn_v2, detection.RetinaNet_ResNet50_FPN_V2_Weights.COCO_V1),
    "faster_rcnn": (
        detection.fasterrcnn_resnet50_fpn_v2,
        detection.FasterRCNN_ResNet50_FPN_V2_Weights.COCO_V1,
    ),
    "mask_rcnn": (detection.maskrcnn_resnet50_fpn_v2, detection.MaskRCNN_ResNet50_FPN_V2_Weights.COCO_V1),
}


def build_torchvision_detector(spec: DetectorSpec, *, pretrained: bool) -> Detector:
    """Torchvision's detector of an architecture, its outputs replaced by ours where categories differ.

    Raises:
        DataError: its weights are neither on disk nor to be downloaded; the message says what works.
    """
    builder = _BUILDERS[spec.architecture][0]
    classes = len(spec.categories) + 1
    network = builder(
        weights=None, weights_backbone=None, num_classes=classes, **_score_arguments(spec.architecture)
    )
    if spec.architecture == "fcos":
        network.head = IgnoringFCOSHead(network.backbone.out_channels, 1, classes)
    leave_ignored(network)
    if pretrained:
        _load_matching(network, published_torchvision(spec.architecture))
    network.transform = PassThrough()
    return Detector(network.to(memory_format=torch.channels_last), IMAGENET_MEAN, IMAGENET_STD)


def _score_arguments(architecture: str) -> dict[str, Any]:
    prefix = "box_" if architecture.endswith("rcnn") else ""
    return {f"{prefix}score_thresh": LOWEST_SCORE, f"{prefix}detections_per_img": MOST_DETECTIONS}


def published_torchvision(architecture: str) -> dict[str, torch.Tensor]:
    """The weights that torchvision publishes for a detector, from disk or from its server.

    Raises:
        DataError: they are in neither place; the message says what works.
    """
    weights: WeightsEnum = _BUILDERS[architecture][1]
    cache = Path(torch.hub.get_dir()) / "checkpoints" / weights.url.rpartition("/")[2]
    try:
        tensors: dict[str, torch.Tensor] = weights.get_state_dict(progress=False, check_hash=True)
    except (URLError, OSError, RuntimeError) as error:
        raise DataError(
            f"the weights of model.backbone=resnet50 must be at {cache} or come from {weights.url} "
            f"({error}); offline, put the file there, or take model=fcos, which works without a download"
        ) from None
    return tensors


def _load_matching(network: nn.Module, published: dict[str, torch.Tensor]) -> None:
    """Take all tensors of the same shape: those that depend on the number of categories stay random.

    The counters of batch norms are missing where torchvision published a detector with frozen ones.
    """
    own = network.state_dict()
    counters = {name for name in own if name.endswith("num_batches_tracked")}
    taken = {n: published[n] for n in own.keys() - counters if own[n].shape == published[n].shape}
    network.load_state_dict({**own, **taken})
