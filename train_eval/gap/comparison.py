"""Sets of training images compared: AP on photographs of the detectors they give, and the same by fold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int

from train_eval.data.records import DetectionSet, ImageRecord
from train_eval.evaluation.bootstrap import Estimate
from train_eval.evaluation.detections import Detections
from train_eval.evaluation.matching import match_detections
from train_eval.evaluation.table import TITLES, aligned, gap_table, points
from train_eval.gap.report import estimate_json, table_row
from train_eval.gap.statistics import GapSample, arm_intervals, difference, gap_sample

Found = Mapping[str, Sequence[Sequence[Detections]]]  # by name of the set, then by seed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Photographs:
    """What all detectors are judged on.

    Attributes:
        groups: the series of each photograph.
        folds: the fold of each photograph, from 0; a series is in one fold.
    """

    truth: DetectionSet
    groups: Int[np.ndarray, " images"]
    folds: Int[np.ndarray, " images"]


def comparison_report(
    rng: np.random.Generator, photographs: Photographs, found: Found, resamples: int
) -> dict[str, Any]:
    """`all` photographs, and a list of `folds`: in each the `arms`, and `differences` from the first of them.

    AP in fractions, an interval as [low, high], null where there is none; the names of a fold's photographs.
    """
    everything = np.ones(len(photographs.folds), dtype=np.bool_)
    numbers = range(int(photographs.folds.max()) + 1)
    return {
        "all": _part(rng, photographs, found, everything, resamples),
        "folds": [
            _part(rng, photographs, found, chosen, resamples)
            | {"photographs": [record.path.name for record in _chosen(photographs.truth, chosen).images]}
            for chosen in (photographs.folds == number for number in numbers)
        ],
    }


def _part(
    rng: np.random.Generator,
    photographs: Photographs,
    found: Found,
    chosen: Bool[np.ndarray, " images"],
    resamples: int,
) -> dict[str, Any]:
    truth = _chosen(photographs.truth, chosen)
    tables = {
        name: [match_detections(truth, _of(truth, detections)) for detections in seeds]
        for name, seeds in found.items()
    }
    sample = gap_sample(rng, tables, photographs.groups[chosen], resamples)
    first, *others = found
    return {
        "images": len(truth.images),
        "groups": sample.groups,
        "arms": {
            name: {key: _json(e, sample.arms[key][name].per_seed) for key, e in row.items()}
            for name, row in arm_intervals(sample).items()
        },
        "differences": {f"{name} minus {first}": _difference(sample, name, first) for name in others},
    }


def _difference(sample: GapSample, name: str, first: str) -> dict[str, Any]:
    return {
        key: _json(estimate, sample.arms[key][name].per_seed - sample.arms[key][first].per_seed)
        for key, estimate in difference(sample, name, first).items()
    }


def _json(estimate: Estimate, per_seed: Float64[np.ndarray, " seeds"]) -> dict[str, Any]:
    seeds = [float(value) if isfinite(value) else None for value in per_seed]
    return estimate_json(estimate) | {"seeds": seeds}


def _chosen(truth: DetectionSet, chosen: Bool[np.ndarray, " images"]) -> DetectionSet:
    images = (record for record, is_chosen in zip(truth.images, chosen, strict=True) if is_chosen)
    return replace(truth, images=tuple(images))


def _of(truth: DetectionSet, detections: Sequence[Detections]) -> list[Detections]:
    ids = {record.image_id for record in truth.images}
    return [each for each in detections if each.image_id in ids]


def comparison_lines(report: Mapping[str, Any]) -> list[str]:
    """A report as tables for people, in AP points."""
    lines = _part_lines("all", report["all"])
    for number, part in enumerate(report["folds"]):
        lines += ["", *_part_lines(f"fold {number}", part)]
    return lines


def _part_lines(title: str, part: Mapping[str, Any]) -> list[str]:
    rows = part["arms"] | part["differences"]
    by_seed = [["by seed", *TITLES.values()]]
    by_seed += [
        [name, *(", ".join(points(value) for value in row[key]["seeds"]) for key in TITLES)]
        for name, row in rows.items()
    ]
    return [
        f"{title}: {part['images']} photographs in {part['groups']} series",
        *gap_table({name: table_row(row) for name, row in rows.items()}),
        *aligned(by_seed),
    ]


def equally_labelled(first: DetectionSet, other: DetectionSet) -> int:
    """How many images of the first set have one of the same number, size and objects in the other."""
    theirs = {record.image_id: record for record in other.images}
    return sum(
        record.image_id in theirs and _same_labels(record, theirs[record.image_id]) for record in first.images
    )


def _same_labels(one: ImageRecord, other: ImageRecord) -> bool:
    return (
        one.size_hw == other.size_hw
        and np.array_equal(one.boxes_xyxy, other.boxes_xyxy)
        and np.array_equal(one.labels, other.labels)
    )
