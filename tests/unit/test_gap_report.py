"""The report of a gap: numbers for machines, lines for people, and words of caution where they are due."""

import json
from pathlib import Path

import numpy as np
import pytest
from unit.detections import found
from unit.tiny_sets import write_tiny_set

from renderer.recipe.validation import parse_settings
from train_eval.data.records import DetectionSet
from train_eval.data.sets import read_set
from train_eval.evaluation.detections import Detections
from train_eval.gap import report as report_module
from train_eval.gap.report import gap_lines, gap_report
from train_eval.settings import ARMS, Gap


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> DetectionSet:
    path = write_tiny_set(tmp_path_factory.mktemp("sets"), 12, seed=1)
    return read_set(str(path)).detections


@pytest.fixture(autouse=True)
def _every_photograph_is_a_series(monkeypatch):
    monkeypatch.setattr(
        report_module, "near_duplicate_groups", lambda images: np.arange(sum(1 for _ in images))
    )


def perfect(data: DetectionSet) -> list[Detections]:
    return [
        found(each.image_id, each.boxes_xyxy, np.full(len(each.labels), 0.9), each.labels)
        for each in data.images
    ]


def half(data: DetectionSet) -> list[Detections]:
    """What is perfect in every other photograph with objects, and nothing elsewhere."""
    everything = perfect(data)
    full = [each for each in everything if len(each.scores)]
    kept = {each.image_id for each in full[::2]}
    return [each if each.image_id in kept else nothing_in(each.image_id) for each in everything]


def nothing(data: DetectionSet) -> list[Detections]:
    return [nothing_in(each.image_id) for each in data.images]


def nothing_in(image_id: int) -> Detections:
    return found(image_id, [], [], [])


def report_of(data: DetectionSet, seeds: int = 2, **arms):
    settings = parse_settings(Gap, {"seeds": seeds, "resamples": 200, "seed": 3, "arms": list(arms)})
    return gap_report(settings, data, {arm: [find(data)] * seeds for arm, find in arms.items()})


def test_lost_and_kept_are_real_against_synthetic(data):
    report = report_of(data, synthetic_only=half, real_only=perfect)
    synthetic, real = (report["arms"][arm]["ap"]["value"] for arm in ("synthetic_only", "real_only"))
    assert real == pytest.approx(1.0)
    assert 0.2 < synthetic < 0.8
    assert report["gap"]["ap"]["value"] == pytest.approx(real - synthetic)
    assert report["retention"]["ap"]["value"] == pytest.approx(synthetic / real)
    assert report["minus_real_only"]["synthetic_only"]["ap"]["value"] == pytest.approx(synthetic - real)
    low, high = report["gap"]["ap"]["interval"]
    assert low < real - synthetic < high


@pytest.mark.parametrize(
    ("synthetic", "real", "word"),
    [(nothing, perfect, "worse"), (perfect, perfect, "non-inferior"), (perfect, half, "non-inferior")],
)
def test_verdict_follows_from_the_arms(data, synthetic, real, word):
    report = report_of(data, synthetic_only=synthetic, real_only=real)
    assert report["verdict"] == word
    assert f"synthetic instead of real images is: {word} (margin 3 AP)" in gap_lines(report)


def test_loss_that_may_be_small_or_large_is_inconclusive(data):
    def all_but_one(data: DetectionSet) -> list[Detections]:
        everything = perfect(data)
        return [nothing_in(everything[0].image_id), *everything[1:]]

    assert report_of(data, synthetic_only=all_but_one, real_only=perfect)["verdict"] == "inconclusive"


def test_all_arms_are_compared_with_real_only(data):
    report = report_of(data, **dict.fromkeys(ARMS, half))
    assert list(report["arms"]) == list(ARMS)
    assert set(report["minus_real_only"]) == set(ARMS) - {"real_only"}
    assert all(each["ap"]["value"] == 0 for each in report["minus_real_only"].values())


def test_conditions_are_part_of_the_report(data):
    report = report_of(data, synthetic_only=half, real_only=perfect)
    assert report["seeds"] == [3, 4]
    assert (report["iterations"], report["margin_ap"]) == (500, 3.0)
    assert report["test"] == {"name": data.name, "images": 12, "groups": 12.0}
    assert len(report["arms"]["real_only"]["ap50"]["seeds"]) == 2


def test_report_is_json_without_nan_and_reads_the_same_from_its_file(data):
    report = report_of(data, synthetic_only=nothing, real_only=nothing)
    text = json.dumps(report, allow_nan=False)
    assert gap_lines(json.loads(text)) == gap_lines(report)
    assert report["retention"]["ap"] == {"value": None, "interval": [None, None]}


def test_same_seed_gives_the_same_report(data):
    reports = [report_of(data, synthetic_only=half, real_only=perfect) for _ in range(2)]
    assert reports[0] == reports[1]


def test_lines_are_a_table_and_three_sentences(data):
    lines = gap_lines(report_of(data, synthetic_only=half, real_only=perfect))
    blank = lines.index("")
    assert [line.split("  ")[0] for line in lines[1:blank]] == [
        "synthetic_only", "real_only", "synthetic_only minus real_only",
    ]  # fmt: skip
    assert "AP50-95 [95 %]" in lines[0]
    assert "100.0 [100.0, 100.0]" in lines[2]
    assert [line.partition(":")[0] for line in lines[blank + 1 :]] == [
        "reality gap (real minus synthetic)",
        "retention (synthetic over real)",
        "synthetic instead of real images is",
    ]


def test_without_both_arms_there_is_a_table_and_no_verdict(data):
    report = report_of(data, real_only=nothing)
    assert "verdict" not in report
    assert gap_lines(report)[-1] == "no gap and no verdict: they need the arms synthetic_only and real_only"


def test_verdict_on_detectors_that_find_nothing_is_called_empty(data):
    lines = gap_lines(report_of(data, synthetic_only=nothing, real_only=nothing))
    assert lines[-1].startswith(
        "but real_only finds so little that finding nothing would be within the margin"
    )
    assert not any(
        "so little" in line for line in gap_lines(report_of(data, synthetic_only=half, real_only=half))
    )


def test_single_seed_is_pointed_out(data):
    lines = gap_lines(report_of(data, seeds=1, synthetic_only=half, real_only=perfect))
    assert lines[-1].startswith("one seed: ")


def test_single_series_has_no_intervals_and_no_verdict_but_inconclusive(data, monkeypatch):
    monkeypatch.setattr(report_module, "near_duplicate_groups", lambda images: np.zeros(12, dtype=np.int64))
    report = report_of(data, synthetic_only=nothing, real_only=perfect)
    assert report["verdict"] == "inconclusive"
    assert report["gap"]["ap"] == {"value": pytest.approx(1.0), "interval": [None, None]}
    lines = gap_lines(report)
    assert "reality gap (real minus synthetic): 100.0 [-, -] AP" in lines
    assert lines[-1] == "no intervals: the test photographs are of too few series; add others"


def test_photographs_are_read_once_and_in_order(data, monkeypatch):
    read: list[Path] = []
    load = report_module.load_image
    monkeypatch.setattr(report_module, "load_image", lambda path: read.append(path) or load(path))
    report_of(data, synthetic_only=half, real_only=perfect)
    assert read == [image.path for image in data.images]
