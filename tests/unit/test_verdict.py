"""The verdict compares an interval with a margin, and with nothing else."""

from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from train_eval.evaluation.bootstrap import Estimate
from train_eval.gap.verdict import Verdict, verdict

NON_INFERIOR, WORSE, INCONCLUSIVE = Verdict.NON_INFERIOR, Verdict.WORSE, Verdict.INCONCLUSIVE


def of(low: float, high: float) -> Verdict:
    return verdict(Estimate(value=(low + high) / 2, low=low, high=high), margin=0.03)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.01, 0.05, NON_INFERIOR),
        (-0.02, 0.05, NON_INFERIOR),
        (-0.025, -0.01, NON_INFERIOR),  # certainly a loss, certainly a small one
        (-0.03, 0.05, INCONCLUSIVE),  # at the margin is not above it
        (-0.05, 0.02, INCONCLUSIVE),
        (-0.05, -0.01, INCONCLUSIVE),  # certainly a loss, perhaps a small one
        (-0.08, -0.03, INCONCLUSIVE),
        (-0.08, -0.04, WORSE),
        (nan, nan, INCONCLUSIVE),
    ],
)
def test_the_interval_is_judged_by_where_the_margin_lies(low, high, expected):
    assert of(low, high) is expected


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 0.5), st.floats(0, 0.5))
def test_more_photographs_never_turn_one_certainty_into_the_other(low, width, shrink_low, shrink_high):
    before = of(low, low + width)
    after = of(low + shrink_low * width, low + width - shrink_high * width)
    assert before in (INCONCLUSIVE, after)


def test_verdicts_are_the_words_of_the_report():
    assert [each.value for each in Verdict] == ["non-inferior", "worse", "inconclusive"]
