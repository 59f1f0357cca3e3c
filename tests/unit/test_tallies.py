"""Tallies: what is counted as it comes is what numpy finds in all draws together."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageColor

from renderer.inspect.tallies import BINS, PARTS, QUANTILES, SWATCHES, Colors, Numbers, Values, hex_color
from renderer.randomize.sampling import linear_from_hex

numbers = st.lists(st.floats(-3, 7), min_size=1, max_size=80)


def tally_of(drawn, **options) -> Numbers:
    tally = Numbers(**{"low": -3.0, "high": 7.0} | options)
    for value in drawn:
        tally.add(value)
    return tally


@given(numbers)
def test_bins_hold_what_numpy_counts_in_them(drawn):
    described = tally_of(drawn).describe()
    expected, edges = np.histogram(drawn, bins=BINS, range=(-3, 7))
    assert described["histogram"]["edges"] == pytest.approx(edges)
    on_an_edge = any(abs((v + 3) * BINS / 10 % 1 - 0.5) > 0.4999 for v in drawn)
    assert on_an_edge or described["histogram"]["counts"] == expected.tolist()
    assert sum(described["histogram"]["counts"]) == len(drawn)


@given(numbers)
def test_extremes_and_mean_are_those_of_the_draws(drawn):
    described = tally_of(drawn).describe()
    assert (described["lowest"], described["highest"]) == (min(drawn), max(drawn))
    assert described["mean"] == pytest.approx(np.mean(drawn), abs=1e-9)
    assert described["draws"] == len(drawn)


@given(numbers)
def test_quantiles_are_known_to_a_thousandth_of_the_range(drawn):
    tally = tally_of(drawn)
    for share in QUANTILES:
        expected = np.quantile(drawn, share, method="inverted_cdf")
        assert abs(tally.quantile(share) - expected) <= 10 / (BINS * PARTS) + 1e-9


def test_bins_of_a_logarithmic_range_have_equal_ratios():
    edges = tally_of([2.0], low=1e-3, high=1e3, is_log=True).edges()
    assert np.diff(np.log(edges)) == pytest.approx(math.log(1e6) / BINS)
    assert (edges[0], edges[-1]) == pytest.approx((1e-3, 1e3))


def test_draws_at_the_ends_and_beyond_count_in_the_outer_bins():
    counts = tally_of([-3.0, 7.0, -99.0, 99.0]).counts()
    assert (counts[0], counts[-1], sum(counts)) == (2, 2, 4)


def test_a_range_without_width_holds_all_its_draws():
    tally = tally_of([2.0, 2.0], low=2.0, high=2.0)
    assert tally.describe()["quantiles"] == {f"{share:g}": 2.0 for share in QUANTILES}


def test_no_draws_have_no_figures():
    assert tally_of([]).describe() == {"draws": 0}
    assert Values().describe() == {"draws": 0}


def test_values_are_counted_and_numbers_among_them_averaged():
    values = Values()
    for value in (0.5, 2.0, 0.5):
        values.add(value)
    assert values.describe() == {
        "draws": 3, "lowest": 0.5, "mean": 1.0, "highest": 2.0, "values": {"0.5": 2, "2.0": 1}
    }  # fmt: skip


def test_flags_and_names_have_counts_only():
    for drawn in ([True, False, True], ["b", "a", "b"]):
        values = Values()
        for value in drawn:
            values.add(value)
        expected = {str(value): drawn.count(value) for value in sorted(set(drawn))}
        assert values.describe() == {"draws": 3, "values": expected}


@given(st.text("0123456789abcdef", min_size=6, max_size=6))
def test_a_colour_looks_as_it_was_written(digits):
    assert hex_color(linear_from_hex(f"#{digits}")) == f"#{digits}"


def test_only_the_first_colours_are_kept():
    colors = Colors()
    for number in range(SWATCHES + 10):
        colors.add([number / 100, 0.5, 1.0])
    assert colors.draws == SWATCHES + 10
    assert len(colors.swatches) == SWATCHES
    assert [ImageColor.getrgb(color)[2] for color in colors.swatches] == [255] * SWATCHES
    assert colors.channels[0].describe()["highest"] == (SWATCHES + 9) / 100
