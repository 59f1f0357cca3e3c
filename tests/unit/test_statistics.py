"""Statistics of a recipe's draws, counted while they are drawn."""

import functools

import numpy as np
import pytest
from unit.recipes import dice_recipe

from renderer.catalog.library import open_library
from renderer.inspect.statistics import Statistics, open_statistics
from renderer.inspect.tallies import Numbers, Values
from renderer.randomize.scenes import sample_scene

SCENES = 200


def drawn_parts(recipe, scenes: int):
    library = open_library(recipe)
    for index in range(scenes):
        scene = sample_scene(recipe, library, index)
        yield scene.draws
        for view in scene.views:
            yield view.draws
            yield from (shot.draws for shot in view.shots)


@functools.cache
def dice_statistics() -> Statistics:
    recipe = dice_recipe(shots=2, **{"sensor.iso": ["log_uniform", 100, 6400]})
    statistics = open_statistics(recipe)
    for draws in drawn_parts(recipe, SCENES):
        statistics.add(draws)
    return statistics


def described(key: str):
    return dice_statistics().describe()[key]


def test_draws_count_once_at_their_level():
    assert described("layout.half_width_m")["draws"] == SCENES
    assert described("camera.tilt_deg")["draws"] == SCENES
    assert described("sensor.iso")["draws"] == 2 * SCENES


def test_draws_of_all_slots_of_a_factor_are_one_factor():
    dice = sum(int(value) * count for value, count in described("objects.die.count")["values"].items())
    assert described("objects.die.edge_m")["draws"] == dice


def test_figures_are_those_of_the_draws_themselves():
    recipe = dice_recipe(shots=2, **{"sensor.iso": ["log_uniform", 100, 6400]})
    parts = list(drawn_parts(recipe, SCENES))
    edges = [
        value for draws in parts for key, value in draws.items() if key.startswith("objects.die.edge_m[")
    ]
    figures = described("objects.die.edge_m")
    assert (figures["lowest"], figures["highest"]) == (min(edges), max(edges))
    assert figures["mean"] == pytest.approx(np.mean(edges))
    assert figures["quantiles"]["0.5"] == pytest.approx(np.median(edges), abs=2e-5)
    reds = [
        value[0] for draws in parts for key, value in draws.items() if key.startswith("objects.die.color[")
    ]
    assert described("objects.die.color.0")["highest"] == max(reds)


def test_whatever_was_drawn_is_described_and_nothing_else():
    recipe = dice_recipe()
    drawn = {key.partition("[")[0] for draws in drawn_parts(recipe, 3) for key in draws}
    statistics = open_statistics(recipe)
    for draws in drawn_parts(recipe, 3):
        statistics.add(draws)
    names = {name.removesuffix(".0").removesuffix(".1").removesuffix(".2") for name in statistics.describe()}
    assert names == drawn


def test_figures_say_what_was_declared_its_unit_and_its_level():
    figures = described("camera.tilt_deg")
    assert (figures["declared"], figures["unit"], figures["level"]) == ("[uniform, 0, 35]", "deg", "view")


def test_bins_span_what_is_declared_by_ratio_where_the_logarithm_is_uniform():
    edges = described("sensor.iso")["histogram"]["edges"]
    assert (edges[0], edges[-1]) == pytest.approx((100, 6400))
    assert np.diff(np.log(edges)) == pytest.approx(np.log(64) / 20)
    edges = described("layout.half_width_m")["histogram"]["edges"]
    assert np.diff(edges) == pytest.approx((0.18 - 0.06) / 20)


NEVER_REDRAWN = ("objects.die.edge_m", "objects.die.face", "camera.roll_deg", "camera.tilt_deg", "sensor.iso",
                 "objects.die.count", "lighting.lights.lamp.direction", "lighting.environment.rotation",
                 "objects.die.rotation", "surface.appearance.pattern")  # fmt: skip


@pytest.mark.parametrize("name", NEVER_REDRAWN)
def test_what_is_drawn_is_spread_as_declared(name):
    """Pearson's chi-square of the bins against the declared shares, far from its one in a million."""
    from scipy import stats

    counted = dice_statistics().tallies[name]
    declared = counted.declared
    if isinstance(counted.tally, Numbers):
        counts = np.array(counted.tally.counts())
        shares = np.array(declared)
    else:
        assert isinstance(counted.tally, Values)
        counts = np.array([{str(k): n for k, n in counted.tally.counts.items()}.get(v, 0) for v in declared])
        shares = np.array(list(declared.values()))
    assert counts.sum() == counted.tally.draws
    assert shares.sum() == pytest.approx(1)
    kept = shares > 1e-9
    assert counts[~kept].sum() == 0
    assert stats.chisquare(counts[kept], counts.sum() * shares[kept]).pvalue > 1e-6


def test_a_null_draw_is_counted_as_off():
    statistics = open_statistics(dice_recipe(**{"sensor.iso": ["log_uniform", 100, 6400]}))
    for value in (None, 200.0, None):
        statistics.add({"sensor.iso": value})
    figures = statistics.describe()["sensor.iso"]
    assert (figures["off"], figures["draws"], figures["lowest"]) == (2, 1, 200.0)


def test_memory_does_not_grow_with_the_draws():
    statistics = open_statistics(dice_recipe())
    statistics.add({f"objects.die.edge_m[{slot}]": 0.01 for slot in range(100)})
    few = sum(len(t.tally.parts) for t in statistics.tallies.values() if isinstance(t.tally, Numbers))
    for number in range(100):
        statistics.add({f"objects.die.edge_m[{slot}]": 0.01 + 1e-5 * number for slot in range(100)})
    tallies = [t.tally for t in statistics.tallies.values()]
    assert sum(len(t.parts) for t in tallies if isinstance(t, Numbers)) == few
    assert statistics.describe()["objects.die.edge_m"]["draws"] == 10_100
