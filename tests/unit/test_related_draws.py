"""Related factors: copulas, conditions and constraints draw what was declared, and change nothing else."""

import math
import re
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
from scipy import stats
from unit.recipes import dice_recipe

from renderer.catalog.library import open_library
from renderer.errors import RecipeError
from renderer.randomize.draws import MOST_ATTEMPTS, DrawRecorder, recorder
from renderer.randomize.scenes import CHECKED_SCENES, check_constraints, sample_scene
from renderer.randomize.streams import FrameAddress
from renderer.recipe.schema import Recipe

LEAST_P = 1e-3  # every draw below has a fixed seed: a test passes always or never
COUNT = 500
TILT, ROLL, WIDTH = "camera.tilt_deg", "camera.roll_deg", "camera.field_width_m"
HALF_WIDTH, HALF_DEPTH = "layout.half_width_m", "layout.half_depth_m"
TARGET = "camera.target_x_fraction"
UNIFORM = {name: ["uniform", 0.1, 1] for name in (TILT, ROLL, WIDTH, HALF_WIDTH, HALF_DEPTH)}
LIBRARY = open_library(dice_recipe())


def factor_of(recipe: Recipe, name: str) -> Any:
    group, _, rest = name.partition(".")
    if group == "objects":
        kind, _, rest = rest.partition(".")
        return attrgetter(rest)(recipe.objects[kind])
    return attrgetter(name)(recipe)


def draws_of(
    recipe: Recipe, *names: str, count: int = COUNT, slots: Sequence[Any] = (None,)
) -> list[np.ndarray]:
    """For each name its draws in many scenes, slot by slot."""
    factors = [factor_of(recipe, name) for name in names]
    recorders = [recorder(recipe, FrameAddress(scene=scene)) for scene in range(count)]
    return [np.array([r.draw(factor, slot) for r in recorders for slot in slots]) for factor in factors]


def fits(values: Any, distribution: Any) -> bool:
    cdf: Callable[..., Any] = getattr(distribution, "cdf", distribution)
    return bool(stats.kstest(np.asarray(values, float), cdf).pvalue > LEAST_P)


def alike(one: Any, other: Any) -> bool:
    return bool(stats.ks_2samp(one, other).pvalue > LEAST_P)


def correlated(**loadings: float) -> dict[str, Any]:
    return {"a": {"factors": {name.replace("__", "."): loading for name, loading in loadings.items()}}}


def spearman(one: Any, other: Any) -> float:
    return float(stats.spearmanr(one, other).statistic)


def closed_form(first: float, second: float) -> float:
    """Spearman's correlation of a Gaussian copula whose scores correlate by the product of their loadings."""
    return 6 / math.pi * math.asin(first * second / 2)


def about(expected: float, count: int = COUNT) -> Any:
    return pytest.approx(expected, abs=3.5 / math.sqrt(count))  # its standard error is 1 / sqrt(n) at most


@pytest.mark.parametrize(
    ("first", "second"), [(0.9, 0.9), (0.8, -0.7), (-0.6, -0.9), (1, 0.5), (1, 1), (-1, 1), (0, 1)]
)
def test_a_correlation_has_the_rank_correlation_of_its_loadings(first, second):
    recipe = dice_recipe(correlations=correlated(camera__tilt_deg=first, camera__roll_deg=second))
    tilt, roll = draws_of(recipe, TILT, ROLL)
    assert spearman(tilt, roll) == about(closed_form(first, second))
    if abs(first * second) == 1:
        assert spearman(tilt, roll) == pytest.approx(first * second)


MARGINALS = {
    "uniform": (["uniform", 3, 7], stats.uniform(3, 4)),
    "log_uniform": (["log_uniform", 0.5, 20], stats.loguniform(0.5, 20)),
    "truncated_normal": (["truncated_normal", 3, 2, 0, 4], stats.truncnorm(-1.5, 0.5, loc=3, scale=2)),
    "upper tail": (["truncated_normal", 1, 1, 6, 9], stats.truncnorm(5, 8, loc=1, scale=1)),
}


@pytest.mark.parametrize("name", MARGINALS)
@pytest.mark.parametrize("loading", [0.8, -1])
def test_a_correlated_factor_keeps_its_distribution_and_rises_with_its_cause(name, loading):
    value, distribution = MARGINALS[name]
    recipe = dice_recipe(
        correlations=correlated(camera__tilt_deg=loading, camera__field_width_m=1), **{TILT: value}
    )
    tilt, width = draws_of(recipe, TILT, WIDTH)
    assert fits(tilt, distribution)
    assert spearman(tilt, width) == about(closed_form(loading, 1))


def test_correlated_whole_numbers_choices_and_colors_keep_their_distributions():
    recipe = dice_recipe(
        correlations={
            "a": {
                "factors": {
                    "objects.die.face": 0.8,
                    "objects.die.swirl": 0.8,
                    "objects.die.edge_m": 1,
                }
            },
            "b": {"factors": {"lighting.lights.lamp.color": -0.9, "lighting.lights.lamp.size_m": 0.9}},
        },
        **{"objects.die.face": ["integer", 1, 6], "objects.die.swirl": ["choice", {1.0: 1, 0.0: 3, 0.5: 1}]},
    )
    face, swirl, edge = draws_of(
        recipe, "objects.die.face", "objects.die.swirl", "objects.die.edge_m", slots=[0]
    )
    assert stats.chisquare([int((face == f).sum()) for f in range(1, 7)]).pvalue > LEAST_P
    shares = [int((swirl == s).sum()) for s in (0, 0.5, 1)]
    assert stats.chisquare(shares, [COUNT * 0.6, COUNT * 0.2, COUNT * 0.2]).pvalue > LEAST_P
    assert spearman(face, edge) > 0.6
    assert edge[swirl == 1].mean() > edge[swirl == 0.5].mean() > edge[swirl == 0].mean()
    lamp = recipe.lighting.lights["lamp"]
    colors, sizes = [], []
    for scene in range(COUNT):
        draws = recorder(recipe, FrameAddress(scene=scene))
        colors.append(draws.draw(lamp.color, 0))
        sizes.append(draws.draw(lamp.size_m, 0))
    blue_over_red = [color[2] / color[0] for color in colors]  # rises with the temperature
    assert spearman(blue_over_red, sizes) == about(closed_form(-0.9, 0.9))


def test_a_factor_that_is_off_sometimes_is_off_at_the_low_end_of_its_correlation():
    recipe = dice_recipe(
        correlations=correlated(camera__f_stop=1, camera__tilt_deg=1),
        **{"camera.f_stop": ["sometimes", 0.3, ["uniform", 2, 8]]},
    )
    f_stop, tilt = draws_of(recipe, "camera.f_stop", TILT)
    is_on = np.array([f is not None for f in f_stop])
    assert stats.binomtest(int(is_on.sum()), COUNT, 0.3).pvalue > LEAST_P
    assert max(tilt[~is_on]) < min(tilt[is_on])
    assert fits(f_stop[is_on], stats.uniform(2, 6))


def test_objects_have_a_cause_each_where_all_correlated_factors_are_theirs():
    loadings = {"factors": {"objects.die.edge_m": 0.9, "objects.die.roughness": 0.9}}
    names, slots = ("objects.die.edge_m", "objects.die.roughness"), [0, 1]
    edge, roughness = (
        d.reshape(-1, 2) for d in draws_of(dice_recipe(correlations={"a": loadings}), *names, slots=slots)
    )
    assert spearman(edge[:, 0], roughness[:, 0]) == about(closed_form(0.9, 0.9))
    assert spearman(edge[:, 0], roughness[:, 1]) == about(0)
    loadings["factors"][HALF_WIDTH] = 0.5
    edge, roughness = (
        d.reshape(-1, 2) for d in draws_of(dice_recipe(correlations={"a": loadings}), *names, slots=slots)
    )
    assert spearman(edge[:, 0], roughness[:, 1]) == about(closed_form(0.9, 0.9))
    assert spearman(edge[:, 0], edge[:, 1]) == about(closed_form(0.9, 0.9))


def test_a_correlation_across_levels_has_its_cause_at_the_coarsest():
    recipe = dice_recipe(correlations=correlated(layout__half_width_m=0.8, sensor__exposure_ev=0.8))
    exposure = factor_of(recipe, "sensor.exposure_ev")
    addresses = [[FrameAddress(scene=s, view=v, shot=v) for s in range(COUNT)] for v in range(2)]
    first, second = ([recorder(recipe, a).draw(exposure) for a in column] for column in addresses)
    (width,) = draws_of(recipe, HALF_WIDTH)
    assert spearman(width, first) == about(closed_form(0.8, 0.8))
    assert spearman(first, second) == about(closed_form(0.8, 0.8))
    (rel,) = draws_of(dice_recipe(), HALF_WIDTH)
    assert alike(width, rel)


CASES = {
    "a-steep": {"factor": TILT, "when": f"{HALF_WIDTH} > 0.7", "draw": ["truncated_normal", 5, 1, 0, 9]},
    "b-flat": {"factor": TILT, "when": f"{HALF_WIDTH} > 0.4", "draw": ["uniform", 20, 30]},
    "c-fixed": {"factor": TILT, "when": f"{HALF_WIDTH} < 0.2", "draw": 77},
}


def test_a_factor_is_drawn_from_the_first_condition_that_holds_else_from_its_own_slot():
    recipe = dice_recipe(conditions=CASES, **UNIFORM)
    plain = dice_recipe(**UNIFORM)
    tilt, width = draws_of(recipe, TILT, HALF_WIDTH)
    own, same_width = draws_of(plain, TILT, HALF_WIDTH)
    steep, flat, fixed = width > 0.7, (width > 0.4) & (width <= 0.7), width < 0.2
    assert fits(tilt[steep], stats.truncnorm(-5, 4, loc=5, scale=1))
    assert fits(tilt[flat], stats.uniform(20, 10))
    assert set(tilt[fixed]) == {77.0}
    rest = ~(steep | flat | fixed)
    assert rest.sum() > 50
    assert (tilt[rest] == own[rest]).all()
    assert (width == same_width).all()


def test_the_other_case_is_drawn_from_the_same_stream():
    (own,) = draws_of(dice_recipe(**UNIFORM), TILT)
    always = {"a": {"factor": TILT, "when": f"{HALF_WIDTH} > 0", "draw": ["uniform", 10, 19]}}
    (tilt,) = draws_of(dice_recipe(conditions=always, **UNIFORM), TILT)
    assert tilt == pytest.approx(10 + (own - 0.1) * 10)


def test_parents_come_first_whatever_is_asked_for_first():
    conditions = {
        "a": {"factor": TILT, "when": f"{ROLL} > 0.5", "draw": 1},
        "b": {"factor": ROLL, "when": f"{WIDTH} > 0.5", "draw": 1},
        "c": {"factor": WIDTH, "when": f"{HALF_WIDTH} > 0.5", "draw": 1},
    }
    recipe = dice_recipe(conditions=conditions, **UNIFORM)
    chain = [TILT, ROLL, WIDTH, HALF_WIDTH]
    assert all(
        (a == b).all()
        for a, b in zip(draws_of(recipe, *chain), draws_of(recipe, *chain[::-1])[::-1], strict=True)
    )
    tilt, roll, width, half = draws_of(recipe, *chain)
    assert (width[half > 0.5] == 1).all()
    assert (tilt[roll > 0.5] == 1).all()
    assert 0 < (width == 1).sum() < (roll == 1).sum() < (tilt == 1).sum() < COUNT


def test_what_a_factor_depends_on_is_recorded_at_its_own_level_only():
    recipe = dice_recipe(conditions=CASES, **UNIFORM)
    draws = recorder(recipe, FrameAddress(scene=3, view=1))
    draws.draw(factor_of(recipe, TILT))
    assert draws.record.keys() == {TILT}


def test_a_view_depends_on_what_its_scene_came_to_after_all_attempts():
    scene = {"a": f"{HALF_WIDTH} + {HALF_DEPTH} < 0.4"}
    tells = {
        "a": {"factor": TILT, "when": f"{HALF_WIDTH} > 0.2", "draw": 1},
        "b": {"factor": TILT, "when": f"{HALF_WIDTH} <= 0.2", "draw": 2},
    }
    recipe = dice_recipe(constraints=scene, conditions=tells, **UNIFORM)
    for index in range(40):
        width = recorder(recipe, FrameAddress(scene=index)).draw(factor_of(recipe, HALF_WIDTH))
        tilts = {
            recorder(recipe, FrameAddress(scene=index, view=v, shot=v)).draw(factor_of(recipe, TILT))
            for v in range(3)
        }
        assert tilts == {1.0 if width > 0.2 else 2.0}


def test_a_place_that_is_drawn_again_may_depend_on_other_factors():
    left = {
        "a": {
            "factor": "objects.die.x_fraction",
            "when": "surface.tray.presence",
            "draw": ["uniform", -1, -0.5],
        }
    }
    recipe = dice_recipe(conditions=left, **{"objects.die.count": 6, HALF_WIDTH: 0.06, HALF_DEPTH: 0.06})
    for scene in (sample_scene(recipe, LIBRARY, index) for index in range(12)):
        places = [value for key, value in scene.draws.items() if key.startswith("objects.die.x_fraction")]
        assert len(places) == 6
        assert all(place < -0.5 for place in places) == scene.draws["surface.tray.presence"]


def brute_force(values: dict[str, np.ndarray], holds: Callable[..., Any]) -> dict[str, np.ndarray]:
    kept = holds(*values.values())
    return {name: drawn[kept] for name, drawn in values.items()}


def test_constrained_draws_have_the_conditional_distribution():
    recipe = dice_recipe(constraints={"a": f"{TILT} + {ROLL} < 0.6"}, **UNIFORM)
    tilt, roll = draws_of(recipe, TILT, ROLL)
    assert (tilt + roll < 0.6).all()
    free = dict(
        zip((TILT, ROLL), draws_of(dice_recipe(seed=1, **UNIFORM), TILT, ROLL, count=2000), strict=True)
    )
    kept = brute_force(free, lambda a, b: a + b < 0.6)
    assert alike(tilt, kept[TILT])
    assert alike(roll, kept[ROLL])
    assert alike(tilt - roll, kept[TILT] - kept[ROLL])


def test_coarser_factors_are_given_and_the_finest_drawn_again():
    keys = UNIFORM | {WIDTH: ["uniform", 0.1, 1.1]}
    recipe = dice_recipe(constraints={"a": f"{WIDTH} >= {HALF_WIDTH}"}, **keys)
    width, half = draws_of(recipe, WIDTH, HALF_WIDTH)
    free_width, free_half = draws_of(dice_recipe(**keys), WIDTH, HALF_WIDTH)
    assert (half == free_half).all()
    assert (width >= half).all()
    passed = free_width >= free_half
    assert (width[passed] == free_width[passed]).all()
    assert fits((width - half) / (1.1 - half), stats.uniform(0, 1))


def test_each_object_meets_a_constraint_of_its_kind_on_its_own():
    constraint = {"a": "objects.die.edge_m > 0.018 or objects.die.roughness < 0.1"}
    names, slots = ("objects.die.edge_m", "objects.die.roughness"), [0, 1, 2]
    edge, roughness = draws_of(dice_recipe(constraints=constraint), *names, count=150, slots=slots)
    assert ((edge > 0.018) | (roughness < 0.1)).all()
    free = dict(zip(names, draws_of(dice_recipe(), *names, count=150, slots=slots), strict=True))
    passed = (free[names[0]] > 0.018) | (free[names[1]] < 0.1)
    assert (edge[passed] == free[names[0]][passed]).all()
    assert (edge[~passed] != free[names[0]][~passed]).all()


def test_constraints_that_share_a_factor_are_met_together():
    recipe = dice_recipe(constraints={"a": f"{TILT} < {ROLL}", "b": f"{ROLL} < {WIDTH}"}, **UNIFORM)
    tilt, roll, width = draws_of(recipe, TILT, ROLL, WIDTH)
    assert ((tilt < roll) & (roll < width)).all()
    scaled = [(values - 0.1) / 0.9 for values in (tilt, roll, width)]  # order statistics of three
    assert all(fits(values, stats.beta(rank, 4 - rank)) for rank, values in enumerate(scaled, start=1))


def test_correlated_factors_are_drawn_again_with_their_cause():
    keys = {"correlations": correlated(camera__tilt_deg=0.9, camera__roll_deg=0.9, camera__azimuth_deg=0.9)}
    recipe = dice_recipe(constraints={"a": f"{TILT} + {ROLL} > 1.4"}, **keys, **UNIFORM)
    names = (TILT, ROLL, "camera.azimuth_deg")
    tilt, roll, azimuth = draws_of(recipe, *names)
    free = dict(zip(names, draws_of(dice_recipe(seed=1, **keys, **UNIFORM), *names, count=2000), strict=True))
    kept = brute_force(free, lambda a, b, _: a + b > 1.4)
    assert (tilt + roll > 1.4).all()
    assert alike(tilt, kept[TILT])
    assert alike(tilt - roll, kept[TILT] - kept[ROLL])
    assert alike(azimuth, kept["camera.azimuth_deg"])
    assert alike(azimuth - 360 * tilt, kept["camera.azimuth_deg"] - 360 * kept[TILT])


def test_a_coarser_cause_is_given():
    keys = {"correlations": correlated(layout__half_width_m=0.6, camera__tilt_deg=0.6)}
    half, tilt = draws_of(
        dice_recipe(constraints={"a": f"{TILT} > 0.5"}, **keys, **UNIFORM), HALF_WIDTH, TILT
    )
    free_half, free_tilt = draws_of(dice_recipe(**keys, **UNIFORM), HALF_WIDTH, TILT)
    assert (half == free_half).all()
    assert (tilt > 0.5).all()
    assert (tilt[free_tilt > 0.5] == free_tilt[free_tilt > 0.5]).all()


def test_a_finer_factor_sees_the_cause_that_was_accepted():
    loadings = correlated(layout__half_width_m=1, layout__half_depth_m=0.5, camera__tilt_deg=1)
    recipe = dice_recipe(
        constraints={"a": f"{HALF_WIDTH} + {HALF_DEPTH} > 1.2"}, correlations=loadings, **UNIFORM
    )
    half, tilt = draws_of(recipe, HALF_WIDTH, TILT)
    assert half == pytest.approx(tilt)


def test_what_lies_between_constrained_factors_is_drawn_again_with_them():
    keys = {
        "conditions": {
            "a": {"factor": ROLL, "when": f"{TILT} > 0.5", "draw": ["uniform", 0.4, 2]},
            "b": {"factor": WIDTH, "when": f"{ROLL} > 0.7", "draw": ["uniform", 0.5, 3]},
        }
    }
    names = (TILT, ROLL, WIDTH)
    constrained = draws_of(dice_recipe(constraints={"a": f"{WIDTH} < {TILT}"}, **keys, **UNIFORM), *names)
    free = dict(zip(names, draws_of(dice_recipe(seed=1, **keys, **UNIFORM), *names, count=2000), strict=True))
    kept = brute_force(free, lambda tilt, _, width: width < tilt)
    assert all(alike(drawn, kept[name]) for drawn, name in zip(constrained, names, strict=True))
    assert alike(constrained[1] - constrained[2], kept[ROLL] - kept[WIDTH])


def test_constraints_that_wait_for_each_other_are_met_together():
    keys = {
        "conditions": {
            "a": {"factor": ROLL, "when": f"{TILT} > 0.5", "draw": ["uniform", 0.4, 2]},
            "b": {"factor": TARGET, "when": f"{WIDTH} > 0.5", "draw": ["uniform", 0.5, 2]},
        },
        TARGET: ["uniform", 0, 1],
    }  # fmt: skip
    constraints = {"a": f"{TILT} < {TARGET}", "b": f"{ROLL} > {WIDTH}"}
    names = (TILT, ROLL, WIDTH, TARGET)
    constrained = draws_of(dice_recipe(constraints=constraints, **keys, **UNIFORM), *names)
    free = dict(zip(names, draws_of(dice_recipe(seed=1, **keys, **UNIFORM), *names, count=2000), strict=True))
    kept = brute_force(free, lambda tilt, roll, width, x: (tilt < x) & (roll > width))
    assert all(alike(drawn, kept[name]) for drawn, name in zip(constrained, names, strict=True))


def test_a_factor_that_waits_for_a_constrained_one_follows_what_was_accepted():
    tells = {"a": {"factor": ROLL, "when": f"{TILT} < 0.3", "draw": 7}}
    recipe = dice_recipe(constraints={"a": f"{TILT} < 0.3"}, conditions=tells, **UNIFORM)
    roll, tilt = draws_of(recipe, ROLL, TILT)
    assert (tilt < 0.3).all()
    assert set(roll) == {7.0}


def test_a_constraint_that_cannot_be_met_is_named():
    recipe = dice_recipe(
        constraints={"b": f"{TILT} > 0", "tray-fits": f"{WIDTH} > 3 * {HALF_WIDTH} + 5"}, **UNIFORM
    )
    with pytest.raises(RecipeError) as caught:
        recorder(recipe, FrameAddress(scene=4, view=2)).draw(recipe.camera.field_width_m)
    assert str(caught.value) == (
        f"constraints.tray-fits cannot be met: '{WIDTH} > 3 * {HALF_WIDTH} + 5' did not hold in "
        f"{MOST_ATTEMPTS} attempts for scene 4, view 2; widen {WIDTH}, which is drawn again, or loosen the "
        "constraint"
    )


def test_of_constraints_that_exclude_each_other_both_are_named():
    recipe = dice_recipe(
        constraints={
            "low": "objects.die.edge_m < 0.01",
            "high": "objects.die.edge_m > 0.0101 + 0 * objects.die.roughness",
        }
    )
    with pytest.raises(RecipeError) as caught:
        recorder(recipe, FrameAddress(scene=0)).draw(recipe.objects["die"].edge_m, 5)
    assert str(caught.value) == (
        "constraints.low cannot be met: 'objects.die.edge_m < 0.01' together with constraints.high did not "
        f"hold in {MOST_ATTEMPTS} attempts for scene 0, objects.die[5]; widen objects.die.edge_m or "
        "objects.die.roughness, which are drawn again, or loosen the constraint"
    )


def test_constraints_of_all_frames_are_checked_before_anything_is_rendered():
    seldom = {"constraints": {"a": f"{HALF_DEPTH} < 0.99 or {WIDTH} > 2"}} | UNIFORM
    free = dice_recipe(**UNIFORM)
    (depth,) = draws_of(free, HALF_DEPTH)
    first = int(np.argmax(depth >= 0.99))
    assert first > 16
    check_constraints(dice_recipe(frames=first, **seldom), LIBRARY)
    with pytest.raises(RecipeError, match=f"for scene {first}, view 0;"):
        check_constraints(dice_recipe(frames=first + 1, **seldom), LIBRARY)
    with pytest.raises(RecipeError, match=f"for scene {first}, view 0;"):
        check_constraints(
            dice_recipe(frames=1, first_frame=4 * first + 3, views=2, shots=2, **seldom), LIBRARY
        )


@pytest.mark.parametrize("kind", ["objects.die", "lighting.lights.lamp"])
def test_constraints_of_every_object_and_light_are_checked(kind):
    name = {"objects.die": "edge_m", "lighting.lights.lamp": "size_m"}[kind]
    never = {"a": f"{kind}.{name} > 5 and {kind}.count > 3"}
    check_constraints(dice_recipe(constraints=never, frames=3, **{f"{kind}.count": 0}), LIBRARY)
    with pytest.raises(RecipeError, match=rf"for scene 0, {re.escape(kind)}\[0\];"):
        check_constraints(dice_recipe(constraints=never, frames=3, **{f"{kind}.count": 1}), LIBRARY)


def test_a_constraint_on_what_no_scene_has_stops_nothing():
    tray = {"constraints": {"a": "surface.tray.wall_height_m > 1"}}
    check_constraints(dice_recipe(**tray, **{"surface.tray.presence": False}), LIBRARY)
    with pytest.raises(RecipeError, match="constraints.a cannot be met"):
        check_constraints(dice_recipe(**tray, **{"surface.tray.presence": True}), LIBRARY)


def test_a_recipe_without_constraints_is_not_sampled_for_them(monkeypatch):
    sampled = []
    monkeypatch.setattr(
        "renderer.randomize.scenes.sample_scene", lambda *arguments: sampled.append(arguments[2])
    )
    check_constraints(dice_recipe(), LIBRARY)
    assert sampled == []
    always = {"a": f"{WIDTH} > 0"}
    check_constraints(dice_recipe(constraints=always, frames=3, first_frame=5), LIBRARY)
    assert sampled == [5, 6, 7]
    check_constraints(dice_recipe(constraints=always, frames=50), LIBRARY)
    assert sampled[3:] == list(range(CHECKED_SCENES))


def test_a_factor_that_says_not_until_when_is_not_drawn_again():
    recipe = dice_recipe(constraints={"a": f"{TILT} > 0"})
    draws: DrawRecorder = recorder(recipe, FrameAddress(scene=0))
    with pytest.raises(AssertionError, match="does not say until when"):
        draws.draw(recipe.camera.tilt_deg, None, 1)
