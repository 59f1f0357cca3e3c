"""Declared shares: those that scipy's distributions have, and those that are drawn."""

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.transform import Rotation

from renderer.inspect.declared import declared_shares, declared_weights
from renderer.inspect.statistics import angle_about_deg, polar_deg, rotation_deg
from renderer.recipe.distributions import parse_distribution

FROZEN = [
    (["uniform", -1, 3], stats.uniform(-1, 4)),
    (["log_uniform", 0.01, 10], stats.loguniform(0.01, 10)),
    (["truncated_normal", 1, 2, -1, 4], stats.truncnorm(-1, 1.5, loc=1, scale=2)),
    (["rotation_about", [0, 0, 1], -30, 60], stats.uniform(-30, 90)),
]


@pytest.mark.parametrize(("written", "oracle"), FROZEN, ids=lambda case: str(case)[:30])
def test_shares_of_bins_are_those_of_scipy(written, oracle):
    low, high = oracle.support()
    edges = np.linspace(low, high, 21)
    shares = declared_shares(parse_distribution(written), edges.tolist())
    assert shares == pytest.approx(np.diff(oracle.cdf(edges)), abs=1e-12)


def test_shares_of_directions_are_those_of_a_uniform_sphere():
    edges = [20.0, 40.0, 55.0, 70.0]
    rng = np.random.default_rng(0)
    points = rng.standard_normal((200_000, 3))
    angles = np.degrees(np.arccos(points[:, 2] / np.linalg.norm(points, axis=1)))
    inside = angles[(angles >= 20) & (angles < 70)]
    expected = np.histogram(inside, edges)[0] / len(inside)
    assert declared_shares(parse_distribution(["direction_cap", 20, 70]), edges) == pytest.approx(
        expected, abs=0.01
    )


def test_shares_of_uniform_rotations_are_those_of_scipys():
    edges = np.linspace(0, 180, 13)
    angles = np.degrees(Rotation.random(200_000, rng=np.random.default_rng(0)).magnitude())
    expected = np.histogram(angles, edges)[0] / len(angles)
    shares = declared_shares(parse_distribution(["rotation_uniform"]), edges.tolist())
    assert shares == pytest.approx(expected, abs=0.01)
    assert sum(shares) == pytest.approx(1)


def test_shares_of_whole_numbers_are_those_of_the_numbers_in_the_bin():
    shares = declared_shares(parse_distribution(["integer", 0, 9]), [0.0, 2.5, 5.0, 10.0])
    assert shares == pytest.approx([0.3, 0.2, 0.5])


@pytest.mark.parametrize(
    "written", [["hsv", 0, 1, 1], ["blackbody", 2000, 3000], ["uniform", 2, 2], ["choice", ["a"]], 3]
)
def test_what_has_no_density_has_no_shares(written):
    assert declared_shares(parse_distribution(written), [0.0, 1.0, 2.0]) is None


@pytest.mark.parametrize(
    ("written", "form", "weights"),
    [
        (["choice", {"a": 3, "b": 1}], str, {"a": 0.75, "b": 0.25}),
        (["choice", [0, 2]], float, {"0.0": 0.5, "2.0": 0.5}),
        (["choice", {"#AABBCC": 1}], str.lower, {"#aabbcc": 1.0}),
        (["integer", 1, 2], int, {"1": 0.5, "2": 0.5}),
        (4, float, {"4.0": 1.0}),
        (["uniform", 0, 1], float, None),
    ],
    ids=str,
)
def test_weights_are_by_the_values_that_are_drawn(written, form, weights):
    assert declared_weights(parse_distribution(written), form) == weights


@pytest.mark.parametrize("angle", [-170.0, -20.0, 0.0, 35.0, 179.0])
def test_angles_of_rotations_and_directions_are_scipys(angle):
    axis = np.array([1.0, 2.0, -1.0])
    rotation = Rotation.from_rotvec(np.radians(angle) * axis / np.linalg.norm(axis))
    wxyz = rotation.as_quat(scalar_first=True)
    for quaternion in (wxyz, -wxyz):
        assert angle_about_deg(quaternion.tolist(), axis.tolist(), -180.0) == pytest.approx(angle, abs=1e-6)
        assert rotation_deg(quaternion.tolist()) == pytest.approx(abs(angle), abs=1e-6)
    tilted = Rotation.from_euler("x", angle, degrees=True).apply([0, 0, 1])
    assert polar_deg(tilted.tolist()) == pytest.approx(abs(angle), abs=1e-6)
