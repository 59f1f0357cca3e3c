"""Tiny detectors that were never trained, and checkpoints of them."""

from pathlib import Path
from typing import Any

import torch
from unit.tiny_sets import CATEGORIES

from train_eval.models.detector import Detector, DetectorSpec
from train_eval.models.weights import new_detector
from train_eval.training.checkpoint import Checkpoint, save_checkpoint

FIRMNESS = 100.0  # torchvision begins with weights so small that all scores are one


def tiny_spec(**changes: Any) -> DetectorSpec:
    values = {
        "architecture": "fcos",
        "backbone": "efficientnet_lite0",
        "categories": CATEGORIES,
        "levels": (3, 4),
        "anchor_sizes_px": (24.0, 48.0),
        "fpn_channels": 32,
        "head_convolutions": 1,
        "image_size_px": 96,
        "resize": "fit",
    }
    return DetectorSpec(**{**values, **changes})


def tiny_detector(spec: DetectorSpec) -> Detector:
    """One that finds plenty, with scores that differ: an untrained FCOS is made to have firm beliefs."""
    detector = new_detector(spec, pretrained=False, seed=0)
    if spec.architecture == "fcos":
        logits = detector.network.head.classification_head.cls_logits
        with torch.no_grad():
            logits.bias.fill_(0.0)
            logits.weight.mul_(FIRMNESS)
    return detector.eval()


def write_tiny_checkpoint(path: Path, **changes: Any) -> Path:
    """A checkpoint that gapless evaluate, predict and export-model take."""
    spec = tiny_spec(**changes)
    checkpoint = Checkpoint(
        iteration=1,
        spec=spec,
        identity={"settings": {"iterations": 1}},
        weights=tiny_detector(spec).state_dict(),
        average={},
        optimizer={},
    )
    save_checkpoint(path, checkpoint)
    return path
