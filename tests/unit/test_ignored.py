"""Dice that lean: record, COCO, training and evaluation all ignore them."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from unit.frames import HEIGHT_PX, SMALL, WIDTH_PX, finish, source_of, striped_buffers
from unit.recipes import dice_recipe
from unit.strategies import angles_rad, chiralities, die, faces, unit_quaternions
from unit.tiny_detectors import tiny_spec

from renderer.catalog.dice import face_margin, turn_face_up
from renderer.dataset.coco import write_coco
from renderer.dataset.record import decode_mask
from renderer.dataset.store import Store
from renderer.rotation import quaternion_about, quaternion_product
from renderer.scene import SceneObject
from train_eval.data.coco import read_coco
from train_eval.data.dataset import DetectionDataset
from train_eval.evaluation.detections import Detections
from train_eval.evaluation.metrics import evaluate_detections
from train_eval.models.weights import new_detector

RECIPE = dice_recipe(**SMALL)
LEANS_DEG = (0.0, 20.0, 35.0, 45.0)


def leaning(lean_deg: float, slot: int = 0) -> SceneObject:
    item = die(slot=slot, face=1 + slot)
    lean = quaternion_about((1, 0, 0), math.radians(lean_deg))
    rotation = quaternion_product(lean, item.pose.rotation_wxyz)
    return replace(item, pose=replace(item.pose, rotation_wxyz=rotation))


@given(faces, chiralities, angles_rad, st.floats(0, math.pi / 4))
def test_the_margin_of_a_die_that_leans_over_an_edge_is_cosine_minus_sine(face, chirality, yaw_rad, lean_rad):
    lean = quaternion_about((1, 0, 0), lean_rad)
    yaw = quaternion_about((0, 0, 1), yaw_rad)
    rotation = quaternion_product(yaw, quaternion_product(lean, turn_face_up(face, chirality, (1, 0, 0, 0))))
    assert face_margin(rotation, chirality) == pytest.approx(
        math.cos(lean_rad) - math.sin(lean_rad), abs=1e-9
    )


@given(unit_quaternions(), chiralities)
def test_every_margin_is_between_0_and_1(rotation, chirality):
    assert 0 <= face_margin(rotation, chirality) <= 1


@pytest.fixture(scope="module")
def record_and_png():
    """A frame of four dice that lean by LEANS_DEG, each a column of pixels."""
    source = source_of(RECIPE)
    objects = tuple(leaning(lean, slot) for slot, lean in enumerate(LEANS_DEG))
    source = replace(source, scene=replace(source.scene, objects=objects))
    buffers = striped_buffers(source)
    for number in range(4):
        buffers.ids[:, 10 * number : 10 * number + 8] = number + 1
    frame = finish(RECIPE, source, buffers)
    return frame.record, frame.image_png


@pytest.fixture
def dataset(record_and_png, tmp_path):
    """The frame as a set, read from its COCO json."""
    record, png = record_and_png
    store = Store(root=tmp_path, identity={})
    store.commit(record, png)
    write_coco(store, ("1", "2", "3", "4", "5", "6"), tmp_path / "annotations.json")
    return read_coco(tmp_path / "annotations.json").detections


def test_a_record_says_how_far_each_die_leans_and_which_are_ignored(record_and_png):
    instances = record_and_png[0]["instances"]
    margins = [math.cos(math.radians(lean)) - math.sin(math.radians(lean)) for lean in LEANS_DEG]
    assert [i["face_margin"] for i in instances] == pytest.approx(margins, abs=1e-9)
    assert [i["ignored"] for i in instances] == [False, False, True, True]
    assert [i["annotated"] for i in instances] == [True, True, False, False]


def test_coco_has_what_is_ignored_as_a_crowd_with_its_mask(dataset, record_and_png, tmp_path):
    annotations = json.loads((tmp_path / "annotations.json").read_bytes())["annotations"]
    assert [a["iscrowd"] for a in annotations] == [0, 0, 1, 1]
    for annotation, instance in zip(annotations, record_and_png[0]["instances"], strict=True):
        np.testing.assert_array_equal(
            decode_mask(annotation["segmentation"]), decode_mask(instance["segmentation"])
        )
    assert dataset.images[0].ignore.tolist() == [False, False, True, True]


def test_what_is_ignored_and_hidden_is_in_no_annotation(record_and_png, tmp_path):
    record, png = record_and_png
    hidden = {**record["instances"][3], "area_px": 0, "bbox_xyxy": [0, 0, 0, 0]}
    store = Store(root=tmp_path, identity={})
    store.commit({**record, "instances": [*record["instances"][:3], hidden]}, png)
    write_coco(store, ("1", "2", "3", "4", "5", "6"), tmp_path / "annotations.json")
    annotations = json.loads((tmp_path / "annotations.json").read_bytes())["annotations"]
    assert [a["iscrowd"] for a in annotations] == [0, 0, 1]


@pytest.mark.parametrize("architecture", ["fcos", "retinanet"])
def test_training_learns_nothing_where_a_die_is_ignored(dataset, architecture):
    """The image's own background is learnt; where the whole of it is an ignored box, nothing is."""
    image, target = DetectionDataset(dataset)[0]
    assert target["labels"].tolist() == [1, 2]
    assert target["ignore_boxes"].tolist() == [[20, 0, 28, HEIGHT_PX], [30, 0, 38, HEIGHT_PX]]
    spec = tiny_spec(architecture=architecture, anchor_sizes_px=(16.0, 48.0))
    detector = new_detector(spec, pretrained=False, seed=0).train()
    padded = torch.zeros((1, 3, 32, 64), dtype=torch.uint8)
    padded[0, :, :, :WIDTH_PX] = torch.as_tensor(image)
    bare = {"boxes": torch.zeros((0, 4)), "labels": torch.zeros(0, dtype=torch.int64)}
    everywhere = torch.tensor([[-99.0, -99.0, 199.0, 199.0]])
    learnt = detector(padded, [bare | {"ignore_boxes": torch.as_tensor(target["ignore_boxes"])}])
    unlearnt = detector(padded, [bare | {"ignore_boxes": everywhere}])
    plain = detector(padded, [bare | {"ignore_boxes": torch.zeros((0, 4))}])
    assert 0 < learnt["classification"] < plain["classification"]
    assert unlearnt["classification"].item() == pytest.approx(0, abs=1e-9)


def test_evaluation_neither_asks_for_what_is_ignored_nor_punishes_a_detection_of_it(dataset):
    boxes = dataset.images[0].boxes_xyxy.astype(np.float32)

    def ap(rows: list[int]) -> float | None:
        found = Detections(
            image_id=dataset.images[0].image_id,
            boxes_xyxy=boxes[rows],
            scores=np.linspace(0.5, 0.9, len(rows), dtype=np.float32),
            labels=dataset.images[0].labels[rows],
        )
        return evaluate_detections(dataset, [found]).ap

    assert ap([0, 1]) == pytest.approx(1.0)
    assert ap([0, 1, 2, 3]) == pytest.approx(1.0)
    assert ap([0, 2, 3]) == pytest.approx(0.5)
