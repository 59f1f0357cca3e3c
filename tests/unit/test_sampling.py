"""Sampling: values have the distribution that was declared, by scipy's tests; colours by colour formulas."""

import colorsys
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.transform import Rotation

from renderer.randomize.sampling import black_body_color, linear_from_hex, linear_from_srgb, sample
from renderer.recipe.distributions import parse_distribution
from renderer.recipe.keys import FactorSpec, Kind

LEAST_P = 1e-3  # every generator below has a fixed seed: a test passes always or never
COUNT = 2000


def drawn(value: Any, kind: Kind = Kind.NUMBER, count: int = COUNT, seed: int = 5) -> list[Any]:
    rng = np.random.default_rng(seed)
    distribution, spec = parse_distribution(value), FactorSpec(kind=kind, help="")
    return [sample(rng, distribution, spec) for _ in range(count)]


def fits(values: Any, distribution: Any) -> bool:
    cdf: Callable[..., Any] = getattr(distribution, "cdf", distribution)
    return bool(stats.kstest(np.asarray(values), cdf).pvalue > LEAST_P)


def srgb_from_linear(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3, 7.5), (1e-6, 2e-6)])
def test_uniform_is_uniform(low, high):
    assert fits(drawn(["uniform", low, high]), stats.uniform(low, high - low))


@pytest.mark.parametrize(("low", "high"), [(50, 500), (1e-4, 10)])
def test_log_uniform_is_uniform_in_the_logarithm(low, high):
    assert fits(drawn(["log_uniform", low, high]), stats.loguniform(low, high))


@pytest.mark.parametrize(
    ("mean", "sd", "low", "high"),
    [
        (0, 1, -2, 3),
        (15, 20, 0, 55),
        (0, 1, 5, 9),
        (0, 1, -9, -5),
        (0, 1, 7.9, 20),
        (0, 1, -20, -7.9),
        (100, 10, 20, 21),
        (0, 0.001, -0.003, 0.003),
        (0, 1, -0.01, 0.01),
    ],
)
def test_truncated_normal_is_the_normal_between_its_bounds_even_in_far_tails(mean, sd, low, high):
    values = drawn(["truncated_normal", mean, sd, low, high])
    assert fits(values, stats.truncnorm((low - mean) / sd, (high - mean) / sd, loc=mean, scale=sd))


@pytest.mark.parametrize(("low", "high"), [(0, 1), (1, 25), (-2, 2)])
def test_integer_draws_every_whole_number_equally_often_with_both_ends(low, high):
    counts = Counter(drawn(["integer", low, high], Kind.INTEGER))
    assert set(counts) == set(range(low, high + 1))
    assert stats.chisquare(list(counts.values())).pvalue > LEAST_P


def test_choice_draws_options_as_often_as_their_weights_say():
    weights = {"a": 3, "b": 1, "c": 0, "d": 0.5}
    counts = Counter(drawn(["choice", weights], Kind.NAME))
    assert "c" not in counts
    expected = [COUNT * weights[name] / 4.5 for name in "abd"]
    assert stats.chisquare([counts[name] for name in "abd"], expected).pvalue > LEAST_P


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=6), st.integers(0, 2**32))
def test_an_option_without_weight_is_never_drawn(weights, seed):
    assume(sum(weights) > 0)
    options = list(range(len(weights)))
    for option in drawn(["choice", options, weights], Kind.INTEGER, count=5, seed=seed):
        assert weights[option] > 0


bounds = st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)).map(sorted)


@given(bounds, st.floats(1e-3, 1e3), st.floats(-8, 8), st.integers(0, 2**32))
def test_numbers_stay_within_their_bounds(interval, sd, tail, seed):
    low, high = interval
    mean = (low if tail < 0 else high) + tail * sd * 0.99
    values = drawn(["truncated_normal", mean, sd, low, high], count=3, seed=seed)
    values += drawn(["uniform", low, high], count=3, seed=seed)
    assert all(low <= value <= high for value in values)


@given(st.tuples(st.floats(1e-9, 1e9), st.floats(1e-9, 1e9)).map(sorted), st.integers(0, 2**32))
def test_log_uniform_stays_within_its_bounds(interval, seed):
    low, high = interval
    assert all(low <= value <= high for value in drawn(["log_uniform", low, high], count=3, seed=seed))


ranges = st.tuples(st.floats(-50, 50), st.floats(-50, 50)).map(sorted)
axes = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted)
angles = st.tuples(st.floats(0, 180), st.floats(0, 180)).map(sorted)
kelvins = st.tuples(st.floats(1667, 25000), st.floats(1667, 25000)).map(sorted)
seeds = st.integers(0, 2**32)


@given(st.tuples(st.integers(-50, 50), st.integers(-50, 50)).map(sorted), seeds)
def test_whole_numbers_stay_within_their_bounds(interval, seed):
    low, high = interval
    for kind in (Kind.INTEGER, Kind.NUMBER):
        assert all(low <= v <= high for v in drawn(["integer", low, high], kind, count=3, seed=seed))


@given(st.sampled_from(["srgb", "hsv"]), axes, axes, axes, seeds)
def test_colors_stay_within_the_unit_cube(space, first, second, third, seed):
    (color,) = drawn([space, first, second, third], Kind.COLOR, count=1, seed=seed)
    assert all(0 <= component <= 1 for component in color)
    if space == "srgb":
        srgb = [srgb_from_linear(component) for component in color]
        for value, (low, high) in zip(srgb, (first, second, third), strict=True):
            assert low - 1e-4 <= value <= high + 1e-4


@given(kelvins, seeds)
def test_colors_of_black_bodies_stay_between_those_of_their_temperatures(interval, seed):
    (color,) = drawn(["blackbody", *interval], Kind.COLOR, count=1, seed=seed)
    warm, cold = (black_body_color(kelvin)[2] / black_body_color(kelvin)[0] for kelvin in interval)
    assert warm - 1e-6 <= color[2] / color[0] <= cold + 1e-6


@given(angles, seeds)
def test_directions_stay_within_their_cap(interval, seed):
    low, high = interval
    (direction,) = drawn(["direction_cap", low, high], Kind.DIRECTION, count=1, seed=seed)
    assert math.hypot(*direction) == pytest.approx(1)
    assert math.cos(math.radians(high)) - 1e-12 <= direction[2] <= math.cos(math.radians(low)) + 1e-12


@given(st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: math.hypot(*v) > 0.01), ranges, seeds)
def test_rotations_are_unit_quaternions_and_turn_within_their_angles(axis, interval, seed):
    (quaternion,) = drawn(["rotation_about", list(axis), *interval], Kind.ROTATION, count=1, seed=seed)
    (free,) = drawn(["rotation_uniform"], Kind.ROTATION, count=1, seed=seed)
    assert math.hypot(*quaternion) == pytest.approx(1)
    assert math.hypot(*free) == pytest.approx(1)
    along = sum(a * b for a, b in zip(quaternion[1:], axis, strict=True)) / math.hypot(*axis)
    angle_deg = math.degrees(2 * math.atan2(along, quaternion[0]))
    assert interval[0] - 1e-9 <= angle_deg <= interval[1] + 1e-9


@pytest.mark.parametrize("probability", [0, 0.2, 0.5, 1])
def test_sometimes_is_on_as_often_as_it_says(probability):
    values = drawn(["sometimes", probability, ["log_uniform", 2, 9]])
    on = [value for value in values if value is not None]
    assert stats.binomtest(len(on), COUNT, probability).pvalue > LEAST_P
    if on:
        assert fits(on, stats.loguniform(2, 9))


@pytest.mark.parametrize(
    "inner", [["uniform", 2, 9], ["truncated_normal", 0, 1, -1, 2], ["choice", [1, 2, 3]]]
)
def test_what_is_drawn_sometimes_is_what_would_be_drawn_always(inner):
    for seed in range(20):
        (always,) = drawn(inner, count=1, seed=seed)
        (often,) = drawn(["sometimes", 0.7, inner], count=1, seed=seed)
        (seldom,) = drawn(["sometimes", 0.2, inner], count=1, seed=seed)
        assert often in (always, None)
        assert seldom in (often, None)


def test_sometimes_keeps_the_form_of_the_kind():
    assert set(drawn(["sometimes", 0.5, "box"], Kind.NAME, count=20)) == {"box", None}
    assert [1.0, 1.0, 1.0] in drawn(["sometimes", 0.5, "#ffffff"], Kind.COLOR, count=20)
    assert {type(v) for v in drawn(["sometimes", 0.5, 3.0], Kind.INTEGER, count=20)} == {int, type(None)}


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Kind.NUMBER, 3, 3.0),
        (Kind.NUMBER, ["choice", {2: 1}], 2.0),
        (Kind.NUMBER, ["integer", 4, 4], 4.0),
        (Kind.INTEGER, 3.0, 3),
        (Kind.INTEGER, ["integer", 4, 4], 4),
        (Kind.FLAG, True, True),
        (Kind.FLAG, ["choice", {False: 1}], False),
        (Kind.NAME, "box", "box"),
        (Kind.COLOR, "#ffffff", [1.0, 1.0, 1.0]),
        (Kind.COLOR, ["choice", {"#000000": 1}], [0.0, 0.0, 0.0]),
    ],
)
def test_a_draw_has_the_type_of_its_kind(kind, value, expected):
    (value,) = drawn(value, kind, count=1)
    assert value == expected
    assert type(value) is type(expected)


def test_a_color_box_is_uniform_in_srgb_before_it_becomes_linear():
    colors = drawn(["srgb", [0, 1], [0.2, 0.4], [0.7, 0.7]], Kind.COLOR)
    red, green, blue = ([srgb_from_linear(c[i]) for c in colors] for i in range(3))
    assert fits(red, stats.uniform(0, 1))
    assert fits(green, stats.uniform(0.2, 0.2))
    assert blue == pytest.approx([0.7] * COUNT)


def test_a_color_box_is_uniform_in_hue_saturation_and_value():
    colors = drawn(["hsv", [0.1, 0.9], [0.2, 1], [0.3, 1]], Kind.COLOR)
    hsv = [colorsys.rgb_to_hsv(*(srgb_from_linear(v) for v in color)) for color in colors]
    for axis, (low, high) in zip(zip(*hsv, strict=True), [(0.1, 0.9), (0.2, 1), (0.3, 1)], strict=True):
        assert fits(axis, stats.uniform(low, high - low))


def test_hex_colors_become_linear_by_the_srgb_curve():
    assert linear_from_hex("#ff0000") == [1.0, 0.0, 0.0]
    assert linear_from_hex("#808080")[0] == pytest.approx(0.2158605)  # IEC 61966-2-1 of 128/255
    assert linear_from_hex("#0A0b0c") == linear_from_hex("#0a0B0C")


@given(st.floats(0, 1))
def test_the_srgb_curve_inverts_to_five_digits(value):
    assert srgb_from_linear(linear_from_srgb(value)) == pytest.approx(value, abs=2e-5)


def planck_chromaticity(temperature_k: float) -> tuple[float, float]:
    """CIE 1931 (x, y) by Planck's law and the colour matching functions of Wyman et al. (JCGT 2013)."""
    nm = np.arange(360.0, 831.0)

    def lobe(mean: float, below: float, above: float) -> Any:
        return np.exp(-0.5 * ((nm - mean) * np.where(nm < mean, below, above)) ** 2)

    x = 0.362 * lobe(442, 0.0624, 0.0374) + 1.056 * lobe(599.8, 0.0264, 0.0323)
    x -= 0.065 * lobe(501.1, 0.0490, 0.0382)
    y = 0.821 * lobe(568.8, 0.0213, 0.0247) + 0.286 * lobe(530.9, 0.0613, 0.0322)
    z = 1.217 * lobe(437, 0.0845, 0.0278) + 0.681 * lobe(459, 0.0385, 0.0725)
    radiance = nm**-5 / np.expm1(1.438777e7 / (nm * temperature_k))
    total = [float((radiance * matching).sum()) for matching in (x, y, z)]
    return total[0] / sum(total), total[1] / sum(total)


@pytest.mark.parametrize("temperature_k", [2000, 2300, 2856, 4000, 4100, 5000, 6500, 10000, 20000])
def test_a_black_body_has_the_chromaticity_of_plancks_law(temperature_k):
    xyz_from_linear = np.array(  # IEC 61966-2-1, the inverse of what the code uses
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = xyz_from_linear @ black_body_color(temperature_k)
    assert tuple(xyz[:2] / xyz.sum()) == pytest.approx(planck_chromaticity(temperature_k), abs=0.006)


def test_a_black_body_of_2000_k_is_orange_one_of_6500_k_nearly_white_and_one_of_20000_k_blue():
    red, green, blue = black_body_color(2000)
    assert red == 1.0
    assert red > green > blue
    assert black_body_color(6500) == pytest.approx([1, 1, 1], abs=0.08)
    red, green, blue = black_body_color(20000)
    assert blue == 1.0
    assert red < green < blue


@given(st.floats(1667, 25000))
def test_the_color_of_a_black_body_is_in_gamut_with_largest_component_one(temperature_k):
    color = black_body_color(temperature_k)
    assert max(color) == 1.0
    assert min(color) >= 0.0


def test_temperatures_of_a_black_body_are_uniform():
    colors = drawn(["blackbody", 2500, 9000], Kind.COLOR)
    kelvins = np.linspace(2500, 9000, 3000)
    blue_over_red = [c[2] / c[0] for c in map(black_body_color, kelvins)]
    assert np.all(np.diff(blue_over_red) > 0)
    values = np.interp([c[2] / c[0] for c in colors], blue_over_red, kelvins)
    assert fits(values, stats.uniform(2500, 6500))


@pytest.mark.parametrize(("low_deg", "high_deg"), [(0, 70), (20, 90), (0, 180), (100, 170)])
def test_directions_are_unit_vectors_uniform_in_solid_angle_between_two_angles(low_deg, high_deg):
    directions = np.array(drawn(["direction_cap", low_deg, high_deg], Kind.DIRECTION))
    assert np.linalg.norm(directions, axis=1) == pytest.approx(1)
    low_z, high_z = math.cos(math.radians(high_deg)), math.cos(math.radians(low_deg))
    assert fits(directions[:, 2], stats.uniform(low_z, high_z - low_z))
    azimuths = np.arctan2(directions[:, 1], directions[:, 0])
    assert fits(azimuths, stats.uniform(-math.pi, 2 * math.pi))


def test_uniform_rotations_take_every_axis_everywhere_on_the_sphere():
    rotations = Rotation.from_quat(drawn(["rotation_uniform"], Kind.ROTATION), scalar_first=True)
    for axis in np.eye(3):
        turned = rotations.apply(axis)
        assert fits(turned[:, 2], stats.uniform(-1, 2))
        assert fits(np.arctan2(turned[:, 1], turned[:, 0]), stats.uniform(-math.pi, 2 * math.pi))


def test_uniform_rotations_have_the_angles_of_haars_measure():
    rotations = Rotation.from_quat(drawn(["rotation_uniform"], Kind.ROTATION), scalar_first=True)
    assert fits(rotations.magnitude(), lambda angle: (angle - np.sin(angle)) / math.pi)


def test_rotations_about_an_axis_keep_the_axis_and_have_uniform_angles():
    quaternions = drawn(["rotation_about", [1, 2, 2], -30, 120], Kind.ROTATION)
    vectors_rad = Rotation.from_quat(quaternions, scalar_first=True).as_rotvec()
    axis = np.array([1, 2, 2]) / 3
    angles_deg = np.degrees(vectors_rad @ axis)
    assert vectors_rad == pytest.approx(np.radians(angles_deg)[:, None] * axis, abs=1e-9)
    assert fits(angles_deg, stats.uniform(-30, 150))
