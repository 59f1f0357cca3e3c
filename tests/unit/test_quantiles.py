"""Quantiles: those of scipy's distributions, rising, and within bounds at both ends."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from renderer.randomize.quantiles import quantile_of
from renderer.randomize.sampling import black_body_color
from renderer.recipe.distributions import parse_distribution
from renderer.recipe.keys import FactorSpec, Kind

SHARES = np.linspace(0.0013, 0.9987, 56)  # none where a whole number begins
CONTINUOUS = [
    (["uniform", -3, 7.5], stats.uniform(-3, 10.5)),
    (["log_uniform", 1e-4, 10], stats.loguniform(1e-4, 10)),
    (["truncated_normal", 0, 1, -2, 3], stats.truncnorm(-2, 3)),
    (["truncated_normal", 0, 1, 5, 9], stats.truncnorm(5, 9)),
    (["truncated_normal", 0, 1, -9, -5], stats.truncnorm(-9, -5)),
    (["truncated_normal", 100, 10, 20, 21], stats.truncnorm(-8, -7.9, loc=100, scale=10)),
]
ORDERED = [value for value, _ in CONTINUOUS] + [
    ["integer", -2, 9],
    ["choice", {3: 1, 1: 2, 2: 0, 7.5: 0.5}],
    4.5,
    ["sometimes", 0.4, ["uniform", 1, 2]],
    ["sometimes", 1, 3],
]


def quantiles(value: Any, shares: Any = SHARES, kind: Kind = Kind.NUMBER) -> list[Any]:
    quantile = quantile_of(parse_distribution(value), FactorSpec(kind=kind, help=""))
    return [quantile(float(share)) for share in shares]


@pytest.mark.parametrize(("value", "distribution"), CONTINUOUS, ids=[str(value) for value, _ in CONTINUOUS])
def test_quantiles_are_those_of_scipy(value, distribution):
    assert quantiles(value) == pytest.approx(distribution.ppf(SHARES), rel=1e-6)


def test_quantiles_of_whole_numbers_are_those_of_scipy():
    assert quantiles(["integer", -2, 9], kind=Kind.INTEGER) == stats.randint(-2, 10).ppf(SHARES).tolist()


def test_quantiles_of_a_choice_go_through_its_numbers_in_their_order():
    numbers, weights = (1, 2, 3, 7.5), np.array([2, 0, 1, 0.5]) / 3.5
    expected = stats.rv_discrete(values=(range(4), weights)).ppf(SHARES)
    assert quantiles(["choice", {3: 1, 1: 2, 2: 0, 7.5: 0.5}]) == [numbers[int(rank)] for rank in expected]


def test_an_option_without_weight_is_no_quantile():
    assert 2 not in quantiles(["choice", {3: 1, 1: 2, 2: 0, 7.5: 0.5}], np.linspace(0, 1 - 2.0**-53, 1000))


def test_null_comes_before_every_value():
    drawn = quantiles(["sometimes", 0.25, ["uniform", 1, 2]], [0, 0.5, 0.7499, 0.7501, 0.875, 1])
    assert drawn == [None, None, None, *(pytest.approx(v, abs=1e-3) for v in (1, 1.5, 2))]
    assert quantiles(["sometimes", 0, 3], [0, 0.5, 1]) == [None, None, None]
    assert quantiles(["sometimes", 1, 3], [0, 0.5, 1]) == [3, 3, 3]


def test_quantiles_of_a_black_body_are_those_of_its_temperature():
    assert quantiles(["blackbody", 2000, 9000], [0, 0.5, 1], Kind.COLOR) == [
        black_body_color(kelvin) for kelvin in (2000, 5500, 9000)
    ]


@given(
    st.sampled_from(ORDERED), st.lists(st.floats(0, 1, exclude_max=True), min_size=2, max_size=5).map(sorted)
)
def test_quantiles_rise_and_are_values_of_the_distribution(value, shares):
    drawn = [-np.inf if v is None else v for v in quantiles(value, shares)]
    assert all(a <= b for a, b in itertools.pairwise(drawn))
    lowest, highest = (quantiles(value, [share])[0] for share in (0.0, 1 - 2.0**-53))
    assert all((-np.inf if lowest is None else lowest) <= v <= highest for v in drawn)
