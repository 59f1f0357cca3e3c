"""The bootstrap counts an image as often as it was drawn, and its intervals hold what they promise."""

from math import isnan

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from unit.detections import found, pycocotools_says, record, repeated, set_of, worlds

from train_eval.evaluation.bootstrap import (
    ap_intervals,
    cluster_weights,
    effective_groups,
    interval,
    point_ap,
    weighted_ap,
)
from train_eval.evaluation.matching import CategoryMatches, MatchTable, match_detections
from train_eval.gap.statistics import arm_intervals, difference, gap_sample, ratio

KEYS = ("ap", "ap50", "ap75")
BOX = [10.0, 10.0, 50.0, 50.0]


def as_coco(values) -> list[float]:
    return [-1.0 if isnan(value) else value for value in values]


@given(worlds())
def test_weights_of_one_give_what_pycocotools_gives(world):
    ap = point_ap(match_detections(*world))
    assert as_coco(ap[key] for key in KEYS) == pytest.approx(
        list(pycocotools_says(world).stats[:3]), abs=1e-6
    )


# Scores tied within an image: COCO's order of the repeated images would mix theirs, which has no meaning.
@given(worlds(ties=False), st.integers(0, 2**32))
def test_weights_give_what_pycocotools_gives_for_images_that_stand_so_often(world, seed):
    weights = np.random.default_rng(seed).integers(0, 4, len(world[0].images))
    assume(weights.any())
    ap = weighted_ap(match_detections(*world), weights[None])
    expected = pycocotools_says(repeated(world, weights)).stats[:3]
    assert as_coco(float(ap[key][0]) for key in KEYS) == pytest.approx(list(expected), abs=1e-6)


@given(worlds(), st.integers(0, 2**32))
def test_resamples_do_not_touch_each_other(world, seed):
    table = match_detections(*world)
    weights = np.random.default_rng(seed).integers(0, 4, (5, len(world[0].images)))
    together = weighted_ap(table, weights)["ap"]
    apart = [weighted_ap(table, row[None])["ap"][0] for row in weights]
    np.testing.assert_allclose(together, apart, rtol=1e-12)


def test_more_than_a_hundred_detections_of_an_image_are_cut_as_pycocotools_cuts():
    boxes = np.vstack([np.tile([200, 200, 210, 210], (105, 1)), [BOX]])
    scores = np.append(np.linspace(0.9, 0.5, 105), 0.1)
    world = set_of([record(1, [BOX], [1])], 1), (found(1, boxes, scores, np.ones(106)),)
    assert point_ap(match_detections(*world))["ap"] == pycocotools_says(world).stats[0] == 0.0


def test_a_group_is_drawn_whole():
    groups = np.array([4, 4, 9, 1, 9])
    weights = cluster_weights(np.random.default_rng(0), groups, 200)
    np.testing.assert_array_equal(weights[:, 0], weights[:, 1])
    np.testing.assert_array_equal(weights[:, 2], weights[:, 4])
    np.testing.assert_array_equal(weights[:, [0, 2, 3]].sum(axis=1), np.full(200, 3))


def test_groups_are_drawn_equally_often():
    weights = cluster_weights(np.random.default_rng(0), np.arange(20), 4000)
    assert weights.mean(axis=0) == pytest.approx(1.0, abs=0.08)  # 5 standard errors
    assert weights.var() == pytest.approx(0.95, abs=0.03)  # of Binomial(20, 1/20)


def test_one_group_gives_no_interval():
    ends = interval(np.linspace(0, 1, 100), clusters=1)
    assert isnan(ends.low)
    assert isnan(ends.high)


def test_unequal_groups_count_as_fewer():
    assert effective_groups(np.array([7, 7, 3, 3, 5, 5])) == pytest.approx(3)
    assert effective_groups(np.array([1, 1, 1, 1, 2])) == pytest.approx(25 / 17)
    assert effective_groups(np.zeros(5, dtype=int)) == 1


def test_few_clusters_widen_the_interval():
    draws = np.random.default_rng(0).normal(size=10_000)
    widths = [ends.high - ends.low for ends in (interval(draws, n) for n in (5, 10, 30, 10_000))]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == pytest.approx(2 * 1.96, abs=0.15)


# coverage, on a process whose truth is known


def simulated_tables(rng: np.random.Generator, group_count: int) -> tuple[list[MatchTable], np.ndarray]:
    """Matches of two detectors in one set of photographs, and the photographs' groups.

    Photographs of a group are alike in difficulty, for both detectors, and each box is too.
    """
    groups = np.repeat(np.arange(group_count), rng.integers(1, 4, group_count))
    image = np.repeat(np.arange(len(groups)), rng.integers(1, 4, len(groups)))
    shared = rng.normal(size=group_count)[groups][image] + rng.normal(0, 0.7, len(image))
    return [simulated_table(rng, groups, image, shared + quality) for quality in (0.6, 0.4)], groups


def simulated_table(rng: np.random.Generator, groups, image, ease) -> MatchTable:
    ease = ease + rng.normal(0, 0.6, groups.max() + 1)[groups][image] + rng.normal(0, 0.7, len(image))
    thresholds_passed = np.clip(np.ceil(4 * (ease + 1)), 0, 10)
    strays = rng.integers(0, len(groups), rng.poisson(len(groups)))
    scores = np.concatenate([ease + rng.normal(0, 0.7, len(image)), rng.normal(-0.5, 1, len(strays))])
    order = np.argsort(-scores)
    passed = np.concatenate([thresholds_passed, np.zeros(len(strays))])[order]
    matches = CategoryMatches(
        image_of_detection=np.concatenate([image, strays])[order],
        outcome=(passed > np.arange(10)[:, None]).astype(np.int8),
        truth_per_image=np.bincount(image, minlength=len(groups)),
    )
    return MatchTable(image_ids=tuple(range(len(groups))), matches=(matches,))


def test_the_intervals_hold_the_truth_in_95_of_100_trials():
    """500 trials of 30 groups; the standard error of a coverage is 1 %."""
    rng = np.random.default_rng(0)
    one, other = (point_ap(table) for table in simulated_tables(rng, 40_000)[0])
    arms, differences = [], []
    for _ in range(500):
        tables, groups = simulated_tables(rng, 30)
        sample = gap_sample(rng, {"one": tables[:1], "other": tables[1:]}, groups, 300)
        arm, gap = arm_intervals(sample)["one"], difference(sample, "one", "other")
        arms.append([arm[key].low <= one[key] <= arm[key].high for key in KEYS])
        differences.append([gap[key].low <= one[key] - other[key] <= gap[key].high for key in KEYS])
    for held in (np.array(arms), np.array(differences)):
        assert 0.93 <= held.mean() <= 0.97
        assert held.mean(axis=0) == pytest.approx(0.95, abs=0.03)


# arms and seeds


@pytest.fixture
def tables():
    return simulated_tables(np.random.default_rng(3), 30)


def test_a_detector_compared_with_itself_is_exactly_as_good(tables):
    (one, _), groups = tables
    sample = gap_sample(np.random.default_rng(0), {"a": [one], "b": [one]}, groups, 100)
    gap, retained = difference(sample, "a", "b")["ap"], ratio(sample, "a", "b")["ap"]
    assert (gap.low, gap.value, gap.high) == (0.0, 0.0, 0.0)
    assert (retained.low, retained.value, retained.high) == (1.0, 1.0, 1.0)


def test_pairing_narrows_the_interval_of_a_difference(tables):
    (one, other), groups = tables
    sample = gap_sample(np.random.default_rng(0), {"a": [one], "b": [other]}, groups, 500)
    gap, arms = difference(sample, "a", "b")["ap"], arm_intervals(sample)
    unpaired = np.hypot(*(arms[name]["ap"].high - arms[name]["ap"].low for name in ("a", "b")))
    assert gap.high - gap.low < 0.8 * unpaired


def test_the_estimate_is_the_mean_over_seeds(tables):
    both, groups = tables
    sample = gap_sample(np.random.default_rng(0), {"a": both}, groups, 100)
    for key, estimate in arm_intervals(sample)["a"].items():
        assert estimate.value == pytest.approx(np.mean([point_ap(table)[key] for table in both]))
        assert estimate.low < estimate.value < estimate.high


def test_seeds_that_differ_widen_every_interval():
    nothing, everything = nothing_and_everything(6)
    seeds = [nothing, everything]
    sample = gap_sample(np.random.default_rng(0), {"a": seeds, "b": seeds}, np.arange(6), 100)
    gap = difference(sample, "a", "b")["ap"]
    # The seeds differ alike on all photographs, which add nothing: what is left is Student's with 2 degrees.
    half_width = 4.302653 * np.std([0, 1], ddof=1) * np.sqrt(1 / 2 + 1 / 2)
    assert (gap.low, gap.high) == pytest.approx((-half_width, half_width), rel=1e-5)


def test_equal_seeds_add_nothing(tables):
    (one, _), groups = tables
    once, twice = (gap_sample(np.random.default_rng(0), {"a": [one] * k}, groups, 100) for k in (1, 2))
    for key in KEYS:
        assert arm_intervals(once)["a"][key] == arm_intervals(twice)["a"][key]


def test_without_truth_there_is_no_estimate():
    truth = set_of([record(image_id, [], []) for image_id in (1, 2)], 1)
    table = match_detections(truth, [])
    sample = gap_sample(np.random.default_rng(0), {"a": [table, table]}, np.arange(2), 100)
    estimate = arm_intervals(sample)["a"]["ap"]
    assert isnan(estimate.value)
    assert isnan(estimate.low)


def test_one_detector_has_the_interval_of_its_arm(tables):
    (one, _), groups = tables
    alone = ap_intervals(np.random.default_rng(5), one, groups, 200)
    arm = arm_intervals(gap_sample(np.random.default_rng(5), {"a": [one]}, groups, 200))["a"]
    for key in KEYS:
        assert (alone[key].low, alone[key].high) == pytest.approx((arm[key].low, arm[key].high))


def nothing_and_everything(image_count: int) -> list[MatchTable]:
    """A detector that finds nothing and one that finds all."""
    image_ids = range(1, image_count + 1)
    truth = set_of([record(image_id, [BOX], [1]) for image_id in image_ids], 1)
    detections = [found(image_id, [BOX], [0.9], [1]) for image_id in image_ids]
    return [match_detections(truth, []), match_detections(truth, detections)]


def test_no_ratio_over_an_ap_of_0():
    nothing, everything = nothing_and_everything(2)
    sample = gap_sample(np.random.default_rng(0), {"a": [everything], "b": [nothing]}, np.arange(2), 100)
    assert isnan(ratio(sample, "a", "b")["ap"].value)
    assert ratio(sample, "b", "a")["ap"].value == 0.0
