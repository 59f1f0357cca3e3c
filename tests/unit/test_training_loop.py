"""What an iteration does depends on its number; what goes astray changes nothing; processes share equally."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.models.detection import FCOS_ResNet50_FPN_Weights
from unit.tiny_detectors import tiny_spec
from unit.tiny_sets import write_tiny_set

from renderer.errors import RecipeError
from renderer.recipe.validation import parse_settings
from train_eval.data.records import DetectionSet
from train_eval.data.sets import open_set
from train_eval.models.fcos import IgnoringFCOSHead
from train_eval.models.weights import new_detector
from train_eval.settings import Training
from train_eval.training.device import Processes
from train_eval.training.loop import Plan, Trainer, TrainingError, train
from train_eval.training.plan import design_detector, make_plan
from train_eval.training.stream import Share, TrainingStream, collate

SIZE_PX = 96  # more anchors than a proposal network learns from: it has to draw some
TINY_MODEL = {"pretrained": False, "fpn_channels": 32, "head_convolutions": 1}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> DetectionSet:
    path = write_tiny_set(tmp_path_factory.mktemp("tiny"), 4, seed=0)
    return open_set([str(path)], on_bad_data="stop", category_map={})


def settings_of(out: Path, model: dict | None = None, **changes) -> Training:
    tiny_keys = {"iterations": 4, "batch_size": 2, "image_size_px": SIZE_PX, "workers": 0, "out": str(out)}
    return parse_settings(Training, {**tiny_keys, "model": {**TINY_MODEL, **(model or {})}, **changes})


def plan_of(data: DetectionSet, out: Path, **changes) -> Plan:
    return make_plan(settings_of(out, **changes), [data], torch.device("cpu"))


def first_batch(plan: Plan) -> tuple[Tensor, list[dict[str, Tensor]]]:
    stream = TrainingStream(plan.sets, plan.stream)
    return collate([stream[0], stream[1]])


def test_proposals_that_are_drawn_depend_on_the_iteration_and_not_on_what_went_before(tiny, tmp_path):
    model = {"architecture": "faster_rcnn", "pretrained": True}
    plan = plan_of(tiny, tmp_path, model=model, optimization={"learning_rate": 0.0})
    trainer = Trainer(plan)
    trainer.detector.train()
    losses = []
    for iteration, stirring in ((0, 1), (0, 99), (1, 1)):
        torch.manual_seed(stirring)
        trainer.iteration = iteration
        losses.append(trainer.step(trainer.detector, *first_batch(plan)).losses)
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]


@pytest.mark.parametrize("clip_norm", [0.0, 5.0])
def test_gradient_that_is_not_finite_stops_before_any_weight_changes(tiny, tmp_path, clip_norm):
    trainer = Trainer(plan_of(tiny, tmp_path, optimization={"clip_norm": clip_norm}))
    before = {name: value.clone() for name, value in trainer.detector.state_dict().items()}
    weight = next(iter(trainer.parameters.values()))

    def steep(_images, _targets):
        return {"box": torch.sqrt(weight.flatten()[0].abs() * 0.0)}  # 0, with a slope that is no number

    with pytest.raises(TrainingError, match=r"not finite at iteration 0 \(box 0.0, gradient norm nan\)"):
        trainer.step(steep, *first_batch(trainer.plan))
    assert all(torch.equal(value, before[name]) for name, value in trainer.detector.state_dict().items())
    assert trainer.iteration == 0


def test_batch_that_processes_cannot_share_equally_is_refused(tiny, tmp_path):
    plan = plan_of(tiny, tmp_path, batch_size=3)
    second = Processes(share=Share(rank=1, processes=2), distributed=True)
    with pytest.raises(RecipeError, match="batch_size must be a multiple of the 2 processes, got 3; take 4"):
        next(train(plan, second))


@pytest.mark.parametrize("levels", [(2, 3), (4, 5)], ids=str)
@pytest.mark.parametrize("architecture", ["fcos", "retinanet", "faster_rcnn"])
def test_every_trained_weight_has_a_gradient(tiny, tmp_path, architecture, levels):
    """Several processes wait for each of them."""
    first, last = levels
    model = {"architecture": architecture, "first_level": first, "last_level": last}
    plan = plan_of(tiny, tmp_path, model=model)
    trainer = Trainer(plan)
    losses = trainer.detector.train()(*first_batch(plan))
    sum(losses.values()).backward()
    assert [name for name, value in trainer.parameters.items() if value.grad is None] == []


@pytest.mark.parametrize(
    ("wanted", "levels"),
    [({"last_level": 2}, (2,)), ({"first_level": 5}, (5,)), ({"first_level": 2, "last_level": 4}, (2, 3, 4))],
    ids=str,
)
def test_levels_that_are_asked_for_are_taken(tiny, tmp_path, wanted, levels):
    spec = design_detector(settings_of(tmp_path, model=wanted), [tiny])
    assert spec.levels == levels
    assert len(spec.anchor_sizes_px) == len(levels)


def test_boxes_to_be_ignored_do_not_size_the_detector(tiny, tmp_path):
    crowded = [
        replace(
            record,
            boxes_xyxy=np.concatenate([record.boxes_xyxy, np.array([[0, 0, 2, 2]], np.float32)]),
            labels=np.append(record.labels, 1),
            ignore=np.append(record.ignore, True),
        )
        for record in tiny.images
    ]
    settings = settings_of(tmp_path)
    crowd = replace(tiny, images=tuple(crowded))
    assert design_detector(settings, [crowd]) == design_detector(settings, [tiny])


def test_detector_of_torchvision_takes_its_published_tensors_and_leaves_boxes_to_be_ignored(monkeypatch):
    coco = tiny_spec(backbone="resnet50", categories=tuple(map(str, range(90))))
    trained = new_detector(coco, pretrained=False, seed=1).network.state_dict()
    # It was trained with frozen norms, which count no batches.
    published = {name: v for name, v in trained.items() if not name.endswith("num_batches_tracked")}
    monkeypatch.setattr(FCOS_ResNet50_FPN_Weights, "get_state_dict", lambda *_, **__: published)
    detector = new_detector(tiny_spec(backbone="resnet50"), pretrained=True, seed=0)
    own = detector.network.state_dict()
    other = {name for name, value in published.items() if not torch.equal(own[name], value)}
    assert other == {f"head.classification_head.cls_logits.{part}" for part in ("weight", "bias")}
    assert isinstance(detector.network.head, IgnoringFCOSHead)
