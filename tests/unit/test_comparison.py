"""Sets of training images compared on photographs: all of them and each fold, by equal rules."""

import json
from dataclasses import replace

import numpy as np
import pytest
from unit.detections import found, pycocotools_says
from unit.tiny_sets import write_tiny_set

from train_eval.data.records import DetectionSet
from train_eval.data.sets import read_set
from train_eval.evaluation.detections import Detections
from train_eval.gap.comparison import Photographs, comparison_lines, comparison_report, equally_labelled

FOLDS = np.arange(12) % 3


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> DetectionSet:
    path = write_tiny_set(tmp_path_factory.mktemp("sets"), 12, seed=1)
    return read_set(str(path)).detections


def detections(data: DetectionSet, seed: int, missed: float) -> list[Detections]:
    """Most boxes, a little off, and some of the wrong category."""
    rng = np.random.default_rng(seed)
    everything = []
    for each in data.images:
        kept = rng.random(len(each.labels)) >= missed
        boxes = each.boxes_xyxy[kept] + rng.integers(-3, 4, (kept.sum(), 4))
        labels = np.where(rng.random(kept.sum()) < 0.2, 1, each.labels[kept])
        everything.append(found(each.image_id, boxes, rng.random(kept.sum()), labels))
    return everything


@pytest.fixture(scope="module")
def detected(data) -> dict[str, list[list[Detections]]]:
    return {
        "off": [detections(data, seed, missed=0.5) for seed in (0, 1)],
        "on": [detections(data, seed, missed=0.1) for seed in (2, 3)],
    }


def report_of(data: DetectionSet, detected, folds=FOLDS):
    photographs = Photographs(truth=data, groups=np.arange(12), folds=folds)
    return comparison_report(np.random.default_rng(0), photographs, detected, resamples=200)


def test_fold_is_measured_as_if_there_were_no_other_photographs(data, detected):
    part = report_of(data, detected)["folds"][1]
    images = tuple(record for record, fold in zip(data.images, FOLDS, strict=True) if fold == 1)
    ids = {record.image_id for record in images}
    for name, seeds in detected.items():
        for number, seed in enumerate(seeds):
            world = replace(data, images=images), tuple(each for each in seed if each.image_id in ids)
            ours = [part["arms"][name][key]["seeds"][number] for key in ("ap", "ap50", "ap75")]
            assert ours == pytest.approx(pycocotools_says(world).stats[:3], abs=1e-6)


def test_every_photograph_is_named_in_one_fold(data, detected):
    report = report_of(data, detected)
    names = [name for part in report["folds"] for name in part["photographs"]]
    assert sorted(names) == sorted(record.path.name for record in data.images)
    assert [part["images"] for part in report["folds"]] == [4, 4, 4]
    assert report["all"]["images"] == 12


def test_difference_is_of_means_and_of_each_seed(data, detected):
    part = report_of(data, detected)["all"]
    off, on = (part["arms"][name]["ap"] for name in ("off", "on"))
    difference = part["differences"]["on minus off"]["ap"]
    assert difference["value"] == pytest.approx(on["value"] - off["value"])
    assert difference["seeds"] == pytest.approx(np.subtract(on["seeds"], off["seeds"]))
    low, high = difference["interval"]
    assert low < difference["value"] < high


def test_same_detections_differ_by_nothing_whatever_the_photographs(data, detected):
    same = {"off": detected["off"][:1], "on": detected["off"][:1]}
    for part in (report_of(data, same)["all"], *report_of(data, same)["folds"]):
        difference = part["differences"]["on minus off"]["ap"]
        assert (difference["value"], difference["interval"]) == (0, [0, 0])


def test_single_set_is_reported_without_differences(data, detected):
    report = report_of(data, {"off": detected["off"]})
    assert report["all"]["differences"] == {}
    assert comparison_lines(report)[0] == "all: 12 photographs in 12 series"


def test_report_is_json_without_nan_even_of_a_fold_without_objects(data, detected):
    empty = np.array([len(record.labels) == 0 for record in data.images])
    report = report_of(data, detected, folds=empty.astype(int))
    read = json.loads(json.dumps(report, allow_nan=False))
    assert read["folds"][1]["arms"]["on"]["ap"] == {
        "value": None, "interval": [None, None], "seeds": [None, None],
    }  # fmt: skip
    assert comparison_lines(read) == comparison_lines(report)


def test_lines_show_every_part_with_its_seeds(data, detected):
    lines = comparison_lines(report_of(data, detected))
    assert [line for line in lines if "photographs in" in line] == [
        "all: 12 photographs in 12 series",
        *(f"fold {number}: 4 photographs in 4 series" for number in range(3)),
    ]
    assert sum(line.startswith("on minus off") for line in lines) == 8


def test_scenes_are_the_same_where_boxes_and_categories_are(data):
    first, *others = data.images
    moved = replace(first, boxes_xyxy=first.boxes_xyxy + np.float32(1))
    renamed = replace(first, labels=3 - first.labels)
    assert equally_labelled(data, data) == 12
    assert equally_labelled(data, replace(data, images=tuple(reversed(data.images)))) == 12
    assert equally_labelled(data, replace(data, images=tuple(others))) == 11
    for other in (moved, renamed):
        assert equally_labelled(data, replace(data, images=(other, *others))) == 11
