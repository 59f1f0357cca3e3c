"""Rotations against scipy's."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from unit.strategies import angles_rad, unit_quaternions, unit_vectors

from renderer.rotation import (
    quaternion_about,
    quaternion_from_matrix,
    quaternion_product,
    rotation_from_z,
    rotation_matrix,
    transform,
)
from renderer.scene import Pose

coordinates = st.floats(-100, 100)


def scipys(quaternion_wxyz) -> Rotation:
    return Rotation.from_quat(quaternion_wxyz, scalar_first=True)


@given(unit_quaternions())
def test_the_matrix_of_a_quaternion_is_scipys(quaternion):
    assert rotation_matrix(quaternion) == pytest.approx(scipys(quaternion).as_matrix(), abs=1e-12)


@given(unit_quaternions(), unit_quaternions())
def test_a_product_is_the_second_rotation_followed_by_the_first(a, b):
    product = scipys(quaternion_product(a, b))
    assert product.as_matrix() == pytest.approx((scipys(a) * scipys(b)).as_matrix(), abs=1e-12)
    assert product.as_matrix() == pytest.approx(rotation_matrix(a) @ rotation_matrix(b), abs=1e-12)


@given(unit_vectors(), angles_rad, st.floats(0.01, 1000))
def test_a_rotation_about_an_axis_is_scipys_whatever_the_axis_length(axis, angle_rad, length):
    quaternion = quaternion_about([length * v for v in axis], angle_rad)
    assert math.hypot(*quaternion) == pytest.approx(1)
    expected = Rotation.from_rotvec(np.array(axis) * angle_rad)
    assert scipys(quaternion).as_matrix() == pytest.approx(expected.as_matrix(), abs=1e-9)


@given(unit_quaternions())
@example((0.0, 1.0, 0.0, 0.0))
@example((0.0, 0.0, 1.0, 0.0))
@example((0.0, 0.0, 0.0, 1.0))
@example((1e-9, 0.6, 0.8, 0.0))
def test_a_quaternion_comes_back_from_its_matrix_with_w_not_below_zero(quaternion):
    restored = quaternion_from_matrix(rotation_matrix(quaternion))
    assert restored[0] >= 0
    assert rotation_matrix(restored) == pytest.approx(rotation_matrix(quaternion), abs=1e-9)


@given(unit_vectors())
@example((0.0, 0.0, 1.0))
@example((0.0, 0.0, -1.0))
@example((1e-7, 0.0, -math.sqrt(1 - 1e-14)))
@example((3e-6, 4e-6, -math.sqrt(1 - 25e-12)))
def test_the_shortest_rotation_from_z_takes_z_to_the_direction(direction):
    quaternion = rotation_from_z(direction)
    assert rotation_matrix(quaternion)[:, 2] == pytest.approx(direction, abs=2e-6)
    assert scipys(quaternion).magnitude() == pytest.approx(math.acos(max(-1, min(1, direction[2]))), abs=3e-6)


@given(unit_quaternions(), st.tuples(coordinates, coordinates, coordinates))
def test_a_transform_rotates_then_moves(rotation_wxyz, position_m):
    world_from_object = transform(Pose(position_m=position_m, rotation_wxyz=rotation_wxyz))
    point = np.array([0.3, -0.2, 0.5])
    expected = scipys(rotation_wxyz).apply(point) + position_m
    assert (world_from_object @ [*point, 1])[:3] == pytest.approx(expected)
    assert world_from_object[3].tolist() == [0, 0, 0, 1]
