"""Metrics are COCO's: pycocotools is the oracle."""

import json
from math import nan

import numpy as np
import pytest
from hypothesis import given
from pycocotools import mask as coco_mask
from unit.detections import found, pycocotools_says, record, set_of, worlds

from renderer.errors import DataError
from train_eval.data.records import ImageRecord
from train_eval.evaluation.bootstrap import Estimate, Interval
from train_eval.evaluation.detections import coco_results, detections_of_results
from train_eval.evaluation.metrics import coco_truth, evaluate_detections, metrics_json
from train_eval.evaluation.table import estimate_points, gap_table, metrics_table

STATS = (
    "ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large",
    "ar1", "ar10", "ar100", "ar_small", "ar_medium", "ar_large",
)  # fmt: skip
BOX = [10.0, 10.0, 50.0, 50.0]


def coco_number(value: float | None) -> float:
    """As COCO writes it: -1 where there is no truth."""
    return -1.0 if value is None else value


@given(worlds())
def test_every_number_equals_that_of_pycocotools(world):
    metrics = evaluate_detections(*world)
    ours = [coco_number(getattr(metrics, name)) for name in STATS]
    assert ours == pytest.approx(list(pycocotools_says(world).stats), abs=1e-6)


@given(worlds())
def test_every_category_equals_that_of_pycocotools(world):
    precision = pycocotools_says(world).eval["precision"][..., 0, -1]
    categories = evaluate_detections(*world).categories
    assert tuple(categories) == world[0].categories
    for index, each in enumerate(categories.values()):
        assert coco_number(each.ap) == pytest.approx(precision[..., index].mean(), abs=1e-6)
        assert coco_number(each.ap50) == pytest.approx(precision[0, :, index].mean(), abs=1e-6)
        truth = sum(int(((i.labels == index + 1) & ~i.ignore).sum()) for i in world[0].images)
        assert each.truth == truth
        assert (each.ap is None) == (truth == 0)


@given(worlds())
def test_detections_survive_the_results_format(world):
    truth, detections = world
    results = json.loads(json.dumps(coco_results(detections)))
    image_ids = [image.image_id for image in truth.images]
    read = detections_of_results(results, image_ids)
    assert [each.image_id for each in read] == image_ids
    of_image = {each.image_id: each for each in detections}
    for each in read:
        original = of_image.get(each.image_id, found(each.image_id, [], [], []))
        for name in ("boxes_xyxy", "scores", "labels"):
            np.testing.assert_array_equal(getattr(each, name), getattr(original, name))


def test_masks_survive_the_results_format():
    rle = coco_mask.encode(np.asfortranarray(np.eye(8, dtype=np.uint8)))
    d = found(3, [BOX], [0.5], [1])
    masked = type(d)(image_id=3, boxes_xyxy=d.boxes_xyxy, scores=d.scores, labels=d.labels, masks=(rle,))
    (read,) = detections_of_results(json.loads(json.dumps(coco_results([masked]))), [3])
    np.testing.assert_array_equal(coco_mask.decode(read.masks[0]), np.eye(8))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_id": 9}, "result 0 must belong to an image of the set, got image_id 9"),
        ({"bbox": [1, 2, 3]}, "result 0 must have a bbox"),
        ({"score": float("nan")}, "result 0 must have a bbox .* and a score"),
        ({"score": None}, "result 0 must have a bbox .* and a score"),
    ],
)
def test_bad_results_are_refused(change, message):
    result = {"image_id": 1, "category_id": 1, "bbox": [0, 0, 5, 5], "score": 0.5}
    with pytest.raises(DataError, match=message):
        detections_of_results([{**result, **change}], [1])


def test_result_without_a_score_is_refused():
    with pytest.raises(DataError, match="must have the key 'score'"):
        detections_of_results([{"image_id": 1, "category_id": 1, "bbox": [0, 0, 5, 5]}], [1])


def test_perfect_detections_have_ap_1():
    truth = set_of([record(7, [BOX], [1])], 1)
    assert evaluate_detections(truth, [found(7, [BOX], [0.9], [1])]).ap == pytest.approx(1.0)


def test_annotation_ids_begin_at_1():
    truth = set_of([record(7, [BOX, BOX], [1, 1])], 1)
    assert [each["id"] for each in coco_truth(truth)["annotations"]] == [1, 2]


def test_ignored_truth_is_not_counted():
    truth = set_of([record(1, [BOX, [100, 100, 150, 150]], [1, 1], [False, True])], 1)
    metrics = evaluate_detections(truth, [found(1, [BOX, [100, 100, 150, 150]], [0.8, 0.9], [1, 1])])
    assert metrics.ap == pytest.approx(1.0)
    assert metrics.categories["category 1"].truth == 1


def test_nothing_detected_is_ap_0_and_no_truth_is_none():
    truth = set_of([record(1, [BOX], [1])], 2)
    metrics = evaluate_detections(truth, [])
    assert metrics.ap == 0.0
    assert metrics.ap_large is None
    assert metrics.categories["category 2"].ap is None
    assert metrics.images == 1


def test_size_is_that_of_the_mask_where_there_is_one():
    image = record(1, [[0, 0, 40, 40]], [1])
    mask = np.zeros((480, 640), dtype=np.uint8, order="F")
    mask[:20, :40] = 1
    masked = ImageRecord(
        path=image.path, image_id=1, size_hw=(480, 640), boxes_xyxy=image.boxes_xyxy,
        labels=image.labels, ignore=image.ignore, masks=(coco_mask.encode(mask),),
    )  # fmt: skip
    assert coco_truth(set_of([masked], 1))["annotations"][0]["area"] == 800
    assert coco_truth(set_of([image], 1))["annotations"][0]["area"] == 1600


def test_detections_of_another_set_are_refused():
    truth = set_of([record(1, [BOX], [1])], 1)
    with pytest.raises(DataError, match="must belong to images of the set, got image_id 2"):
        evaluate_detections(truth, [found(2, [BOX], [0.9], [1])])
    with pytest.raises(DataError, match="must come once for each image"):
        evaluate_detections(truth, [found(1, [BOX], [0.9], [1])] * 2)


def test_metrics_json_holds_fractions_and_null():
    truth = set_of([record(1, [BOX], [1])], 2)
    metrics = evaluate_detections(truth, [found(1, [BOX], [0.9], [1])])
    content = metrics_json(metrics, {"ap": Interval(low=0.25, high=nan)})
    assert content == json.loads(json.dumps(content, allow_nan=False))
    assert content["ap"] == pytest.approx(1.0)
    assert content["ap_small"] is None
    assert content["categories"]["category 2"] == {"ap": None, "ap50": None, "truth": 0}
    assert content["intervals"] == {"ap": [0.25, None]}


def test_tables_are_aligned_and_in_points():
    truth = set_of([record(1, [BOX], [1])], 2)
    lines = metrics_table(evaluate_detections(truth, [found(1, [BOX], [0.9], [1])]))
    assert lines[1].split() == ["all", "100.0", "100.0", "100.0", "100.0"]
    assert lines[2].split() == ["small", "-", "-", "-", "-"]
    estimate = Estimate(value=0.4126, low=-0.01, high=nan)
    assert estimate_points(estimate) == "41.3 [-1.0, -]"
    rows = {"real_only": dict.fromkeys(("ap", "ap50", "ap75"), estimate)}
    assert len({len(line) for line in gap_table(rows)}) == 1
