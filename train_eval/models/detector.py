"""A torchvision detector over a batch of images of one size."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torchvision.models.detection import FCOS, FasterRCNN, MaskRCNN, RetinaNet
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.mask_rcnn import MaskRCNNPredictor
from torchvision.models.detection.retinanet import RetinaNetHead
from torchvision.ops import FeaturePyramidNetwork, MultiScaleRoIAlign

from train_eval.models.efficientnet_lite import CHANNELS_OF_LEVEL, MEAN, STD, EfficientNetLite0
from train_eval.models.fcos import IgnoringFCOSHead
from train_eval.models.folding import fold_norms
from train_eval.models.ignoring import leave_ignored

COARSEST = 5  # always part of the pyramid, for what it knows of the context
RATIOS = (0.5, 1.0, 2.0)  # height over width of anchors
OCTAVES = (1.0, 2 ** (1 / 3), 2 ** (2 / 3))  # Lin et al. 2017, RetinaNet
LOWEST_SCORE = 0.02  # average precision counts on the tail of uncertain detections
MOST_DETECTIONS = 100  # an image, as COCO counts
BOX_HEAD_CHANNELS = 256

Targets = Sequence[Mapping[str, Tensor]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorSpec:
    """All that is needed to build a detector before its weights are loaded.

    Attributes:
        categories: names; label k is `categories[k - 1]`.
        levels: pyramid levels that heads look at; level l has stride 2**l px.
        anchor_sizes_px: base size of the anchors of each level, for the architectures that have anchors.
        image_size_px: side of a training image.
        resize: 'fit' or 'native', how images come to their size.
    """

    architecture: str
    backbone: str
    categories: tuple[str, ...]
    levels: tuple[int, ...]
    anchor_sizes_px: tuple[float, ...]
    fpn_channels: int
    head_convolutions: int
    image_size_px: int
    resize: str

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, numbers and text."""
        plain = asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in plain.items()}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "DetectorSpec":
        """The inverse of `to_dict`."""
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in plain.items()}
        return cls(**values)


class Detector(nn.Module):
    """A torchvision detector that takes batches of bytes."""

    network: Any  # torchvision comes without types
    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1), persistent=False)

    def forward(self, images: UInt8[Tensor, "B 3 H W"], targets: Targets | None = None) -> Any:
        """The losses by name in training; else `boxes`, `scores`, `labels` (, `masks`) of each image.

        Args:
            images: RGB; sides are multiples of 32 px.
            targets: for each image `boxes` (n, 4) XYXY in pixels, `labels` (n,) from 1, `ignore_boxes` (m, 4)
                and, for masks, `masks` (n, H, W).
        """
        return self.network(self.normalized(images), None if targets is None else list(targets))

    def normalized(self, images: UInt8[Tensor, "B 3 H W"]) -> Float[Tensor, "B 3 H W"]:
        """Values as the backbone's published weights expect them."""
        values = images.to(self.mean.dtype, memory_format=torch.channels_last)
        return values.sub_(self.mean).div_(self.std)


class PassThrough(nn.Module):
    """Takes the place of torchvision's resizing: images come normalized and in one size."""

    def forward(self, images: Tensor, targets: Any) -> tuple[ImageList, Any]:
        """Wrap the batch as torchvision's detectors expect it."""
        return ImageList(images, [tuple(images.shape[-2:])] * len(images)), targets

    def postprocess(self, result: Any, *_sizes: Any) -> Any:
        """Leave boxes where they are."""
        return result


class PyramidBackbone(nn.Module):
    """EfficientNet-Lite0 with a feature pyramid, of which the heads see some levels."""

    def __init__(self, levels: Sequence[int], channels: int) -> None:
        super().__init__()
        self.out_channels = channels
        self.levels = tuple(str(level) for level in levels)
        inputs = sorted({*levels, COARSEST})
        self.body = EfficientNetLite0(inputs)
        self.pyramid = FeaturePyramidNetwork([CHANNELS_OF_LEVEL[level] for level in inputs], channels)
        for number, level in enumerate(inputs):
            if level not in levels:  # it only hands its context down: its own output has no reader
                self.pyramid.layer_blocks[number] = nn.Identity()

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Features by level, all with `out_channels`."""
        features = self.pyramid(self.body(images))
        return {level: features[level] for level in self.levels}


def build_detector(spec: DetectorSpec) -> Detector:
    """A detector over EfficientNet-Lite0 with random weights and unfolded norms; see `weights.py`."""
    backbone = PyramidBackbone(spec.levels, spec.fpn_channels)
    network: Any = _NETWORKS[spec.architecture](spec, backbone)
    leave_ignored(network)
    network.transform = PassThrough()
    return Detector(network, mean=[MEAN] * 3, std=[STD] * 3)


def fold_detector(detector: Detector) -> Detector:
    """Freeze and fold the backbone's norms, and lay weights out channels-last: the same function, faster."""
    fold_norms(detector.network.backbone.body)
    return detector.to(memory_format=torch.channels_last)


def freeze_stages(detector: Detector, stages: int) -> None:
    """Stop training of the first stages of the backbone, of which the stem is one; 0 trains all."""
    for module in _stages(detector.network.backbone.body)[:stages]:
        module.requires_grad_(False)


def _stages(body: nn.Module) -> list[nn.Module]:
    if isinstance(body, EfficientNetLite0):
        return [body.stem, *body.stages]
    children = dict(body.named_children())  # a ResNet: conv1, bn1, ..., layer1 to layer4
    return [
        nn.ModuleList([children["conv1"], children["bn1"]]),
        *(children[f"layer{n}"] for n in range(1, 5)),
    ]


def _fcos(spec: DetectorSpec, backbone: nn.Module) -> Any:
    strides = tuple((2**level,) for level in spec.levels)
    classes = len(spec.categories) + 1
    head = IgnoringFCOSHead(spec.fpn_channels, 1, classes, spec.head_convolutions)
    return FCOS(
        backbone,
        classes,
        anchor_generator=AnchorGenerator(strides, ((1.0,),) * len(strides)),
        head=head,
        score_thresh=LOWEST_SCORE,
        detections_per_img=MOST_DETECTIONS,
    )


def _retinanet(spec: DetectorSpec, backbone: nn.Module) -> Any:
    sizes = tuple(tuple(size * octave for octave in OCTAVES) for size in spec.anchor_sizes_px)
    anchors = AnchorGenerator(sizes, (RATIOS,) * len(sizes))
    classes = len(spec.categories) + 1
    head = RetinaNetHead(
        spec.fpn_channels, len(OCTAVES) * len(RATIOS), classes, norm_layer=lambda c: nn.GroupNorm(32, c)
    )
    return RetinaNet(
        backbone,
        classes,
        anchor_generator=anchors,
        head=head,
        score_thresh=LOWEST_SCORE,
        detections_per_img=MOST_DETECTIONS,
    )


def _two_stage_arguments(spec: DetectorSpec) -> dict[str, Any]:
    levels = [str(level) for level in spec.levels]
    sizes = tuple((size,) for size in spec.anchor_sizes_px)
    return {
        "num_classes": len(spec.categories) + 1,
        "rpn_anchor_generator": AnchorGenerator(sizes, (RATIOS,) * len(sizes)),
        "box_roi_pool": MultiScaleRoIAlign(levels, output_size=7, sampling_ratio=2),
        "box_head": TwoMLPHead(spec.fpn_channels * 7**2, BOX_HEAD_CHANNELS),
        "box_score_thresh": LOWEST_SCORE,
        "box_detections_per_img": MOST_DETECTIONS,
    }


def _faster_rcnn(spec: DetectorSpec, backbone: nn.Module) -> Any:
    arguments = _two_stage_arguments(spec)
    predictor = _box_predictor(arguments.pop("num_classes"))
    return FasterRCNN(backbone, **arguments, box_predictor=predictor)


def _mask_rcnn(spec: DetectorSpec, backbone: nn.Module) -> Any:
    arguments = _two_stage_arguments(spec)
    classes = arguments.pop("num_classes")
    levels = [str(level) for level in spec.levels]
    return MaskRCNN(
        backbone,
        **arguments,
        box_predictor=_box_predictor(classes),
        mask_roi_pool=MultiScaleRoIAlign(levels, output_size=14, sampling_ratio=2),
        mask_predictor=MaskRCNNPredictor(BOX_HEAD_CHANNELS, BOX_HEAD_CHANNELS, classes),
    )


def _box_predictor(classes: int) -> Any:
    return FastRCNNPredictor(BOX_HEAD_CHANNELS, classes)


_NETWORKS = {"fcos": _fcos, "retinanet": _retinanet, "faster_rcnn": _faster_rcnn, "mask_rcnn": _mask_rcnn}
