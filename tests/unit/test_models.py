from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torchvision.models.detection.fcos import FCOSHead
from unit.tiny_detectors import tiny_spec

from renderer.errors import DataError
from train_eval.augment.geometry import Resize
from train_eval.data.records import DetectionSet, ImageRecord
from train_eval.models import pretrained
from train_eval.models.detector import Detector, DetectorSpec, build_detector, freeze_stages
from train_eval.models.efficientnet_lite import EfficientNetLite0, SamePadConv2d, load_published
from train_eval.models.fcos import IgnoringFCOSHead
from train_eval.models.folding import fold_norms
from train_eval.models.sizing import BoxStatistics, choose_levels, choose_resize
from train_eval.models.weights import new_detector, published_efficientnet

ARCHITECTURES = ("fcos", "retinanet", "faster_rcnn", "mask_rcnn")


def spec(architecture: str = "fcos", **changes) -> DetectorSpec:
    return tiny_spec(**{"architecture": architecture, "anchor_sizes_px": (16.0, 48.0), **changes})


def some_images(count: int = 2) -> torch.Tensor:
    return torch.randint(0, 256, (count, 3, 96, 96), dtype=torch.uint8, generator=torch.manual_seed(0))


def some_targets(count: int = 2) -> list[dict[str, torch.Tensor]]:
    masks = torch.zeros((1, 96, 96), dtype=torch.uint8)
    masks[0, 20:60, 10:50] = 1
    one = {
        "boxes": torch.tensor([[10.0, 20.0, 50.0, 60.0]]),
        "labels": torch.tensor([1]),
        "ignore_boxes": torch.zeros((0, 4)),
        "masks": masks,
    }
    return [one] * count


@pytest.mark.parametrize("kernel", [3, 5])
def test_a_convolution_with_stride_pads_right_and_below_first(kernel):
    torch.manual_seed(0)
    convolution = SamePadConv2d(2, 2, kernel, 2, bias=False)
    image = torch.randn(1, 2, 8, 8)
    after = (kernel - 1) // 2
    before = kernel - 2 - after
    padded = nn.functional.pad(image, (before, after, before, after))
    expected = nn.functional.conv2d(padded, convolution.weight, stride=2)
    assert convolution(image).shape == (1, 2, 4, 4)
    assert torch.equal(convolution(image), expected)


def test_the_published_weights_fill_the_whole_backbone_and_leave_the_classifier():
    published = published_efficientnet()
    backbone = EfficientNetLite0([3, 4, 5])
    load_published(backbone, published)
    own = [v for k, v in backbone.state_dict().items() if not k.endswith("num_batches_tracked")]
    theirs = [v for k, v in published.items() if not k.endswith("num_batches_tracked")]
    assert all(torch.equal(a, b) for a, b in zip(own, theirs, strict=False))
    left_over = [k for k in published if not k.endswith("num_batches_tracked")][len(own) :]
    assert [name.split(".")[0] for name in left_over] == ["_conv_head", *["_bn1"] * 4, "_fc", "_fc"]


def test_weights_of_another_shape_are_refused():
    published = published_efficientnet()
    first = next(iter(published))
    with pytest.raises(ValueError, match="must have shape"):
        load_published(EfficientNetLite0([3]), {**published, first: torch.zeros(1)})


def test_folding_the_norms_changes_nothing_but_the_layers():
    backbone = EfficientNetLite0([3, 5])
    load_published(backbone, published_efficientnet())
    backbone.eval()
    image = torch.randn(1, 3, 64, 64, generator=torch.manual_seed(1))
    with torch.no_grad():
        before = backbone(image)
        fold_norms(backbone)
        after = backbone(image)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in backbone.modules())
    for level, features in before.items():
        torch.testing.assert_close(after[level], features, rtol=1e-3, atol=1e-3 * float(features.abs().max()))


@pytest.mark.parametrize("stages", [0, 1, 3])
def test_freezing_stops_the_first_stages_only(stages):
    detector = build_detector(spec())
    freeze_stages(detector, stages)
    body = detector.network.backbone.body
    frozen = [all(not p.requires_grad for p in part.parameters()) for part in [body.stem, *body.stages]]
    assert frozen == [number < stages for number in range(len(frozen))]
    assert all(p.requires_grad for p in detector.network.head.parameters())


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_detector_learns_and_detects(architecture):
    detector = new_detector(spec(architecture), pretrained=False, seed=0)
    losses = detector.train()(some_images(), some_targets())
    total = torch.stack(list(losses.values())).sum()
    total.backward()
    assert torch.isfinite(total)
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in detector.network.backbone.parameters())
    detector.network.score_thresh = 0.0
    with torch.inference_mode():
        for found in detector.eval()(some_images()):
            boxes = found["boxes"]
            assert (boxes >= 0).all()
            assert (boxes <= 96).all()
            assert (boxes[:, 2:] >= boxes[:, :2]).all()
            assert set(found["labels"].tolist()) <= {0, 1, 2}


@pytest.mark.parametrize("empty", [[0], [0, 1]], ids=["one", "all"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_detector_learns_from_images_without_objects(architecture, empty):
    targets = some_targets()
    for number in empty:
        targets[number] = {key: value[:0] for key, value in targets[number].items()}
    detector = new_detector(spec(architecture), pretrained=False, seed=0)
    total = torch.stack(list(detector.train()(some_images(), targets).values())).sum()
    total.backward()
    assert torch.isfinite(total)
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in detector.network.backbone.parameters())


def test_equal_seeds_make_equal_detectors_and_leave_the_global_stream_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, other = (new_detector(spec(), pretrained=False, seed=3).state_dict() for _ in range(2))
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_images_are_normalized_as_the_published_weights_expect():
    detector = build_detector(spec())
    normal = detector.normalized(torch.full((1, 3, 32, 32), 255, dtype=torch.uint8))
    assert torch.allclose(normal, torch.ones_like(normal))


def head_inputs():
    torch.manual_seed(0)
    anchors = torch.cat([torch.arange(0, 40, 8.0)[:, None].expand(5, 2)] * 2, dim=1)
    anchors = torch.cat([anchors[:, :2], anchors[:, :2] + 8], dim=1)
    targets = [{"boxes": torch.tensor([[0.0, 0.0, 9.0, 9.0]]), "labels": torch.tensor([1])}]
    outputs = {
        "cls_logits": torch.randn(1, 5, 3, requires_grad=True),
        "bbox_regression": torch.rand(1, 5, 4, requires_grad=True),
        "bbox_ctrness": torch.randn(1, 5, 1, requires_grad=True),
    }
    return targets, outputs, [anchors], [torch.tensor([0, -1, -1, -1, -1])]


def test_without_ignored_boxes_the_losses_are_torchvisions():
    targets, outputs, anchors, matched = head_inputs()
    torch.manual_seed(0)
    ours = IgnoringFCOSHead(32, 1, 3, 1).compute_loss(targets, outputs, anchors, matched)
    theirs = FCOSHead(32, 1, 3, 1).compute_loss(targets, outputs, anchors, matched)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_inside_an_ignored_box_background_is_not_learnt():
    targets, outputs, anchors, matched = head_inputs()
    targets[0]["ignore_boxes"] = torch.tensor([[0.0, 0.0, 24.0, 24.0]])  # the first three locations
    losses = IgnoringFCOSHead(32, 1, 3, 1).compute_loss(targets, outputs, anchors, matched)
    losses["classification"].backward()
    learnt = outputs["cls_logits"].grad[0].abs().sum(dim=1) > 0
    assert learnt.tolist() == [True, False, False, True, True]


IGNORED = torch.tensor([[60.0, 60.0, 90.0, 90.0]])
BOXES = torch.tensor(  # the object, beside it, in the ignored box, on its edge, far away
    [[10.0, 20, 50, 60], [30, 40, 70, 80], [62, 62, 80, 80], [80, 60, 98, 88], [0, 70, 20, 90]]
)
LEARNT = [True, True, False, False, True]


def two_stage(architecture: str) -> tuple[Any, dict[str, torch.Tensor]]:
    network = new_detector(spec(architecture), pretrained=False, seed=0).train().network
    return network, some_targets()[0] | {"ignore_boxes": IGNORED}


@pytest.mark.parametrize("architecture", ["faster_rcnn", "mask_rcnn"])
def test_the_first_stage_learns_no_background_inside_an_ignored_box(architecture):
    network, target = two_stage(architecture)
    (labels,), _ = network.rpn.assign_targets_to_anchors([BOXES], [target])
    assert (labels >= 0).tolist() == LEARNT
    (bare,), _ = network.rpn.assign_targets_to_anchors([BOXES], [target | {"ignore_boxes": IGNORED[:0]}])
    assert (bare >= 0).all()
    everywhere = {"boxes": torch.zeros((0, 4)), "ignore_boxes": torch.tensor([[-9.0, -9, 199, 199]])}
    (left,), _ = network.rpn.assign_targets_to_anchors([BOXES], [everywhere])
    assert left.tolist() == [0.0] * 5


@pytest.mark.parametrize("architecture", ["faster_rcnn", "mask_rcnn"])
def test_the_second_stage_learns_no_background_inside_an_ignored_box(architecture):
    network, target = two_stage(architecture)
    (sampled,), *_ = network.roi_heads.select_training_samples([BOXES], [target])
    learnt = {tuple(box) for box in sampled.tolist()}
    assert learnt == {tuple(box) for box, is_learnt in zip(BOXES.tolist(), LEARNT, strict=True) if is_learnt}


def test_an_object_inside_an_ignored_box_is_learnt_all_the_same():
    network, target = two_stage("faster_rcnn")
    target["ignore_boxes"] = torch.tensor([[0.0, 0.0, 96.0, 96.0]])
    (labels,), _ = network.rpn.assign_targets_to_anchors([BOXES], [target])
    (sampled,), _, (categories,), _ = network.roi_heads.select_training_samples([BOXES], [target])
    assert labels.tolist() == [1, -1, -1, -1, -1]
    assert set(categories.tolist()) == {1}
    assert {tuple(box) for box in sampled.tolist()} == {tuple(BOXES[0].tolist())}


@given(small=st.floats(4, 300), ratio=st.floats(1, 20))
def test_levels_are_consecutive_and_coarser_for_larger_objects(small, ratio):
    levels = choose_levels(BoxStatistics(small_px=small, median_px=small, large_px=small * ratio))
    assert list(levels) == list(range(levels[0], levels[-1] + 1))
    assert len(levels) >= 2
    assert levels[0] >= 2
    assert levels[-1] <= 5
    larger = choose_levels(BoxStatistics(small_px=2 * small, median_px=small, large_px=2 * small * ratio))
    assert larger[0] >= levels[0]
    assert larger[-1] >= levels[-1]


def test_a_spec_survives_its_plain_form():
    assert DetectorSpec.from_dict(spec().to_dict()) == spec()


def test_torchvisions_detector_offline_says_what_works(monkeypatch):
    def no_network(*_arguments, **_options):
        raise OSError("no route to host")

    monkeypatch.setattr(pretrained.detection.FCOS_ResNet50_FPN_Weights, "get_state_dict", no_network)
    with pytest.raises(DataError, match=r"must be at .*fcos_resnet50.*https://.*take model=fcos"):
        new_detector(spec(backbone="resnet50"), pretrained=True, seed=0)


def test_torchvisions_detector_takes_our_categories_and_learns():
    detector = new_detector(spec(backbone="resnet50"), pretrained=False, seed=0)
    freeze_stages(detector, 3)
    assert isinstance(detector, Detector)
    losses = detector.train()(some_images(1), some_targets(1))
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert np.isfinite(float(detector.normalized(some_images()).mean()))


def set_of_boxes(size_px: int, side_px: float) -> DetectionSet:
    box = np.array([[0, 0, side_px, side_px]], dtype=np.float32)
    record = ImageRecord(
        path=Path("a.png"), image_id=1, size_hw=(size_px, size_px), boxes_xyxy=box,
        labels=np.array([1]), ignore=np.array([False]),
    )  # fmt: skip
    return DetectionSet(name="set", categories=("red",), images=(record,))


def test_large_photographs_of_small_objects_are_cropped_whatever_else_is_trained_on():
    dice, cards, renders = set_of_boxes(640, 40), set_of_boxes(504, 150), set_of_boxes(320, 40)
    assert choose_resize([dice], 320) is Resize.NATIVE
    assert choose_resize([cards], 320) is Resize.FIT
    assert choose_resize([renders], 320) is Resize.FIT
    assert choose_resize([renders, renders, dice], 320) is Resize.NATIVE
