"""What a gap comes to: AP of each arm with intervals, the gap, the retention and the verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isfinite, nan
from typing import Any

import numpy as np

from train_eval.data.images import load_image
from train_eval.data.records import DetectionSet
from train_eval.evaluation.bootstrap import Estimate
from train_eval.evaluation.detections import Detections
from train_eval.evaluation.matching import match_detections
from train_eval.evaluation.near_duplicates import near_duplicate_groups
from train_eval.evaluation.table import estimate_points, gap_table
from train_eval.gap.statistics import GapSample, arm_intervals, difference, gap_sample, ratio
from train_eval.gap.verdict import verdict
from train_eval.settings import Gap

SYNTHETIC, REAL = "synthetic_only", "real_only"
TOOTHLESS = (
    f"but {REAL} finds so little that finding nothing would be within the margin: "
    "take more iterations or photographs"
)


def gap_report(
    settings: Gap, test: DetectionSet, found: Mapping[str, Sequence[Sequence[Detections]]]
) -> dict[str, Any]:
    """The content of `gap.json`; AP in fractions, an interval as [low, high], null where there is none.

    Args:
        found: for each arm, the detections of each seed in the test photographs.
    """
    groups = near_duplicate_groups(load_image(record.path) for record in test.images)
    tables = {arm: [match_detections(test, seed) for seed in seeds] for arm, seeds in found.items()}
    sample = gap_sample(np.random.default_rng(settings.seed), tables, groups, settings.resamples)
    report: dict[str, Any] = {
        "arms": {
            arm: {key: estimate_json(e) | {"seeds": _per_seed(sample, key, arm)} for key, e in by_key.items()}
            for arm, by_key in arm_intervals(sample).items()
        },
        "seeds": list(range(settings.seed, settings.seed + settings.seeds)),
        "iterations": settings.iterations,
        "margin_ap": settings.margin_ap,
        "test": {"name": test.name, "images": len(test.images), "groups": sample.groups},
    }
    if SYNTHETIC in found and REAL in found:
        report |= _comparison(sample, settings.margin_ap / 100)
    return report


def _comparison(sample: GapSample, margin: float) -> dict[str, Any]:
    others = [arm for arm in sample.arms["ap"] if arm != REAL]
    return {
        "gap": {key: estimate_json(e) for key, e in difference(sample, REAL, SYNTHETIC).items()},
        "retention": {key: estimate_json(e) for key, e in ratio(sample, SYNTHETIC, REAL).items()},
        "minus_real_only": {
            arm: {key: estimate_json(e) for key, e in difference(sample, arm, REAL).items()} for arm in others
        },
        "verdict": verdict(difference(sample, SYNTHETIC, REAL)["ap"], margin).value,
    }


def _per_seed(sample: GapSample, key: str, arm: str) -> list[float]:
    return [float(value) for value in sample.arms[key][arm].per_seed]


def estimate_json(estimate: Estimate) -> dict[str, Any]:
    """An estimate for a report; null where there is no number."""
    value, low, high = (end if isfinite(end) else None for end in asdict(estimate).values())
    return {"value": value, "interval": [low, high]}


def gap_lines(report: Mapping[str, Any]) -> list[str]:
    """A report as a table and sentences for people, in AP points."""
    rows = {arm: table_row(by_key) for arm, by_key in report["arms"].items()}
    if "verdict" not in report:
        missing = f"no gap and no verdict: they need the arms {SYNTHETIC} and {REAL}"
        return [*gap_table(rows), "", missing, *_cautions(report)]
    rows |= {f"{arm} minus {REAL}": table_row(by_key) for arm, by_key in report["minus_real_only"].items()}
    gap, kept = report["gap"]["ap"], report["retention"]["ap"]
    return [
        *gap_table(rows),
        "",
        f"reality gap (real minus synthetic): {_points(gap)} AP",
        f"retention (synthetic over real): {_points(kept)} %",
        f"synthetic instead of real images is: {report['verdict']} (margin {report['margin_ap']:g} AP)",
        *([TOOTHLESS] if _is_toothless(report) else []),
        *_cautions(report),
    ]


def _cautions(report: Mapping[str, Any]) -> list[str]:
    """What the numbers do not say."""
    cautions = []
    if report["test"]["groups"] < 2:
        cautions.append("no intervals: the test photographs are of too few series; add others")
    if len(report["seeds"]) == 1:
        cautions.append("one seed: how far the next would be from it is unknown; take seeds=2 or more")
    return cautions


def _is_toothless(report: Mapping[str, Any]) -> bool:
    """Whether the margin is so wide that even a detector that finds nothing would keep within it."""
    real = report["arms"][REAL]["ap"]["value"]
    return real is not None and 100 * real <= report["margin_ap"]


def table_row(by_key: Mapping[str, Any]) -> dict[str, Estimate]:
    """What a report says of an arm or a difference, as a row of `gap_table`."""
    return {key: _read(estimate) for key, estimate in by_key.items()}


def _read(estimate: Mapping[str, Any]) -> Estimate:
    ends = (estimate["value"], *estimate["interval"])
    value, low, high = (nan if end is None else end for end in ends)
    return Estimate(value=value, low=low, high=high)


def _points(estimate: Mapping[str, Any]) -> str:
    return estimate_points(_read(estimate))
