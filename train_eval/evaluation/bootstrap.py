"""The cluster bootstrap of average precision: what would it be on other photographs of this kind?

Series of alike photographs are drawn together and with replacement, and an image drawn twice counts twice.
Drawing the same resamples for several detectors makes their comparison paired.
"""

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from jaxtyping import Float64, Int
from scipy import stats

from train_eval.evaluation.matching import HIT, IGNORED, IOU_THRESHOLDS, CategoryMatches, MatchTable

RECALLS = np.linspace(0.0, 1.0, 101)  # where COCO reads the precision
LEVEL = 0.95
CHUNK_ELEMENTS = 4_000_000  # of an intermediate array, about 32 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """The two ends of a 95 % interval; NaN where there are too few groups to say."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number and its 95 % interval; NaN where it cannot be said."""

    value: float
    low: float
    high: float


def weighted_ap(
    table: MatchTable, weights: Int[np.ndarray, "resamples images"]
) -> dict[str, Float64[np.ndarray, " resamples"]]:
    """`ap`, `ap50` and `ap75`, as fractions, when each image counts as often as its weight says.

    Equal to COCO's evaluation of a set in which each image and its detections stand that often. A category
    without truth in a resample is left out there; NaN where no category has any.
    """
    per_category = np.array([_category_ap(matches, weights) for matches in table.matches])
    present = np.isfinite(per_category)
    count = present.sum(axis=0)
    total = np.where(present, per_category, 0.0).sum(axis=0)
    ap = np.where(count > 0, total / np.maximum(count, 1), nan)
    return {"ap": ap.mean(axis=0), "ap50": ap[_threshold(0.5)], "ap75": ap[_threshold(0.75)]}


def _threshold(iou: float) -> int:
    return int(np.flatnonzero(np.isclose(IOU_THRESHOLDS, iou))[0])


def _category_ap(
    matches: CategoryMatches, weights: Int[np.ndarray, "resamples images"]
) -> Float64[np.ndarray, "thresholds resamples"]:
    chunk = max(1, CHUNK_ELEMENTS // max(1, len(matches.image_of_detection)))
    parts = [weights[start : start + chunk] for start in range(0, len(weights), chunk)]
    return np.concatenate([_chunk_ap(matches, part) for part in parts], axis=1)


def _chunk_ap(
    matches: CategoryMatches, weights: Int[np.ndarray, "resamples images"]
) -> Float64[np.ndarray, "thresholds resamples"]:
    truth = weights @ matches.truth_per_image
    drawn = weights[:, matches.image_of_detection]
    ranked = drawn.cumsum(axis=1)
    ap = np.array([_threshold_ap(outcome, drawn, ranked, truth) for outcome in matches.outcome])
    return np.where(truth > 0, ap, nan)


def _threshold_ap(
    outcome: Int[np.ndarray, " d"],
    drawn: Int[np.ndarray, "resamples d"],
    ranked: Int[np.ndarray, "resamples d"],
    truth: Int[np.ndarray, " resamples"],
) -> Float64[np.ndarray, " resamples"]:
    """Interpolated precision, read at hits only: at a miss it is never higher than at the hit before.

    Args:
        drawn: weights of the detections.
        ranked: cumulative sums of `drawn`.
    """
    hits = np.flatnonzero(outcome == HIT)
    if not len(hits):
        return np.zeros(len(truth))
    found = drawn[:, hits].cumsum(axis=1)
    counted = ranked[:, hits] - _ignored_before(hits, np.flatnonzero(outcome == IGNORED), drawn)
    precision = found / np.maximum(counted, 1)
    interpolated = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    reached = np.searchsorted(RECALLS, found / np.maximum(truth, 1)[:, None], side="right")
    ap: Float64[np.ndarray, " resamples"] = (interpolated * np.diff(reached, prepend=0)).sum(axis=1)
    return ap / len(RECALLS)


def _ignored_before(
    hits: Int[np.ndarray, " h"], ignored: Int[np.ndarray, " i"], drawn: Int[np.ndarray, "resamples d"]
) -> Int[np.ndarray, "resamples h"]:
    counts = np.zeros((len(drawn), len(ignored) + 1), dtype=drawn.dtype)
    np.cumsum(drawn[:, ignored], axis=1, out=counts[:, 1:])
    return counts[:, np.searchsorted(ignored, hits)]


def point_ap(table: MatchTable) -> dict[str, float]:
    """`ap`, `ap50` and `ap75` of the images as they are; NaN where there is no truth at all."""
    once = np.ones((1, len(table.image_ids)), dtype=np.int64)
    return {key: float(values[0]) for key, values in weighted_ap(table, once).items()}


def cluster_weights(
    rng: np.random.Generator, groups: Int[np.ndarray, " images"], resamples: int
) -> Int[np.ndarray, "resamples images"]:
    """How often each image is drawn when as many groups as there are get drawn with replacement."""
    names, member_of = np.unique(groups, return_inverse=True)
    draws = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
    weights: Int[np.ndarray, "resamples images"] = draws[:, member_of]
    return weights


def interval(draws: Float64[np.ndarray, " resamples"], clusters: float) -> Interval:
    """The 95 % percentile interval, widened for a small number of independent clusters.

    The quantiles are those of the expanded percentile interval (Hesterberg, What Teachers Should Know About
    the Bootstrap, The American Statistician 69, 2015). NaN draws (no truth, no ratio) are left out; NaN where
    there are fewer than two clusters or draws.
    """
    usable = draws[np.isfinite(draws)]
    if clusters < 2 or len(usable) < 2:
        return Interval(low=nan, high=nan)
    tail = (1 - LEVEL) / 2
    widened = stats.norm.cdf(stats.t.ppf(tail, clusters - 1) * sqrt(clusters / (clusters - 1)))
    # 'weibull' takes draw k of r for the quantile k / (r + 1); numpy's default gives narrower intervals.
    low, high = np.quantile(usable, [widened, 1 - widened], method="weibull")
    return Interval(low=float(low), high=float(high))


def effective_groups(groups: Int[np.ndarray, " images"]) -> float:
    """Number of groups of equal size that would say as much: fewer than there are where sizes differ.

    Kish's design effect (Survey Sampling, 1965). In simulations of 20 very unequal groups it brought
    the coverage of the intervals of a difference of AP from 92.9 to 94.4 %.
    """
    sizes = np.unique(groups, return_counts=True)[1]
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def ap_intervals(
    rng: np.random.Generator, table: MatchTable, groups: Int[np.ndarray, " images"], resamples: int
) -> dict[str, Interval]:
    """The intervals of `ap`, `ap50` and `ap75` of one detector: over photographs, not over trainings."""
    draws = weighted_ap(table, cluster_weights(rng, groups, resamples))
    return {key: interval(values, effective_groups(groups)) for key, values in draws.items()}
