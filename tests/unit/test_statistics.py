"""Statistics of draws: the extremes, the mean and the counts that numpy finds in the same draws."""

import collections

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.frames import SMALL, source_of
from unit.recipes import dice_recipe

from renderer.inspect.statistics import factor_statistics

numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)


@given(numbers)
def test_numbers_are_described_by_extremes_and_mean(drawn):
    described = factor_statistics({"camera.tilt_deg": value} for value in drawn)["camera.tilt_deg"]
    assert described["draws"] == len(drawn)
    assert (described["lowest"], described["highest"]) == (min(drawn), max(drawn))
    assert described["mean"] == pytest.approx(np.mean(drawn), abs=1e-6)


@given(st.lists(st.sampled_from(["plain", "noise", "image"]), min_size=1))
def test_names_are_counted(drawn):
    described = factor_statistics({"pattern": value} for value in drawn)["pattern"]
    assert described == {"draws": len(drawn), "values": dict(collections.Counter(drawn))}


def test_whole_numbers_and_flags_are_counted():
    draws = [{"count": 3, "presence": True}, {"count": 1, "presence": True}, {"count": 3, "presence": False}]
    statistics = factor_statistics(draws)
    assert statistics["count"]["values"] == {"1": 1, "3": 2}
    assert statistics["presence"]["values"] == {"False": 1, "True": 2}


def test_draws_of_all_slots_of_a_factor_are_one_factor():
    draws = [{"die.edge_m[0]": 0.01, "die.edge_m[1]": 0.02}, {"die.edge_m[0]": 0.03}]
    statistics = factor_statistics(draws)
    assert list(statistics) == ["die.edge_m"]
    assert statistics["die.edge_m"]["draws"] == 3
    assert statistics["die.edge_m"]["mean"] == pytest.approx(0.02)


def test_colours_are_described_by_component():
    statistics = factor_statistics([{"color[0]": [0.1, 0.2, 0.3]}, {"color[1]": [0.3, 0.2, 0.9]}])
    assert list(statistics) == ["color.0", "color.1", "color.2"]
    assert statistics["color.0"]["mean"] == pytest.approx(0.2)
    assert (statistics["color.2"]["lowest"], statistics["color.2"]["highest"]) == (0.3, 0.9)


def test_no_draws_have_no_statistics():
    assert factor_statistics([]) == {}


def test_every_factor_that_a_recipe_draws_is_described():
    recipe = dice_recipe(**SMALL)
    draws = [source_of(recipe, frame).draws() for frame in range(3)]
    drawn = {name.split("[")[0] for record in draws for name in record}
    described = factor_statistics(draws)
    assert drawn == {name for name in drawn if name in described or f"{name}.0" in described}
    colors = [
        value for record in draws for name, value in record.items() if name.startswith("objects.die.color[")
    ]
    assert described["objects.die.color.2"]["highest"] == max(color[2] for color in colors)
    assert described["objects.die.color.2"]["draws"] == len(colors)
