"""Arrangements as pure geometry: inside the area, without overlaps, straight where they should be."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from renderer.randomize.arrangements import (
    MARGIN_M,
    Area,
    Fan,
    Order,
    Piece,
    lay_block,
    lay_fan,
    lay_pile,
    lift,
    on_disc,
    overlap,
    stacks_of,
)

TINY_M = 1e-9
few = settings(max_examples=60)
fractions = st.floats(-1, 1)
shifts = st.tuples(fractions, fractions)
angles_rad = st.floats(0, 2 * math.pi)
halves_m = st.floats(0.01, 0.3)
areas = st.builds(Area, half_size_m=st.tuples(halves_m, halves_m), center=shifts)
orders = st.builds(
    Order, turn_rad=angles_rad, spacing=st.floats(0, 2), disorder=st.floats(0, 1), is_grid=st.booleans()
)


def rectangle(width_m: float, depth_m: float, turn_rad: float, origin=(0.0, 0.0)) -> np.ndarray:
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (width_m / 2, depth_m / 2) - origin
    c, s = math.cos(turn_rad), math.sin(turn_rad)
    turned: np.ndarray = corners @ np.array([[c, -s], [s, c]]).T
    return turned


def disc(radius_m: float) -> np.ndarray:
    angles = np.arange(24) * (2 * math.pi / 24)
    return radius_m * np.stack([np.cos(angles), np.sin(angles)], axis=1)


sides_m = st.floats(0.002, 0.08)
outlines = st.one_of(
    st.builds(
        rectangle, sides_m, sides_m, angles_rad, st.tuples(st.floats(-0.02, 0.02), st.floats(-0.02, 0.02))
    ),
    st.builds(disc, st.floats(0.002, 0.05)),
)
pieces = st.lists(st.builds(Piece, outline_m=outlines, shift=shifts), min_size=1, max_size=12)


def inside(outline: np.ndarray, half_size_m: tuple[float, float]) -> bool:
    return bool((np.abs(outline) <= np.array(half_size_m) + TINY_M).all())


def depth_m(a: np.ndarray, b: np.ndarray) -> float:
    """How deep two convex outlines overlap at least; in 720 directions, so that it is no copy of the code."""
    angles = np.arange(720) * (math.pi / 360)
    directions = np.stack([np.cos(angles), np.sin(angles)])
    return float(((a @ directions).max(axis=0) - (b @ directions).min(axis=0)).min())


@few
@given(pieces, areas, orders)
def test_a_block_lies_in_the_area_and_nothing_in_it_overlaps(pieces, area, order):
    places = lay_block(pieces, area, order)
    laid = [piece.outline_m + place for piece, place in zip(pieces, places, strict=True) if place is not None]
    assert all(inside(outline, area.half_size_m) for outline in laid)
    for a, b in itertools.combinations(laid, 2):
        assert not overlap(a * (1 - 1e-9), b)


@few
@given(pieces, areas, orders)
def test_what_has_no_room_in_a_block_is_at_its_end(pieces, area, order):
    missing = [place is None for place in lay_block(pieces, area, order)]
    assert missing == sorted(missing)


@given(pieces, orders, shifts)
def test_where_there_is_room_everything_is_laid_out_with_the_drawn_spacing(pieces, order, center):
    places = lay_block(pieces, Area(half_size_m=(9.0, 9.0), center=center), order)
    assert None not in places
    if not order.is_grid and order.disorder == 0:
        c, s = math.cos(-order.turn_rad), math.sin(-order.turn_rad)
        local = [
            (p.outline_m + place) @ np.array([[c, -s], [s, c]]).T
            for p, place in zip(pieces, places, strict=True)
        ]
        widest = max(float(np.ptp(outline[:, 0])) for outline in local)
        for left, right in itertools.pairwise(local):
            gap = right[:, 0].min() - left[:, 0].max()
            assert gap == pytest.approx(order.spacing * (widest + 2 * MARGIN_M) + 2 * MARGIN_M, abs=1e-9)


@given(angles_rad, st.integers(2, 20), st.floats(0, 1))
def test_a_straight_grid_of_equals_is_a_lattice(turn_rad, count, spacing):
    order = Order(turn_rad=turn_rad, spacing=spacing, disorder=0.0, is_grid=True)
    places = lay_block([Piece(outline_m=disc(0.01))] * count, Area(half_size_m=(5.0, 5.0)), order)
    c, s = math.cos(-turn_rad), math.sin(-turn_rad)
    local = np.array(places) @ np.array([[c, -s], [s, c]]).T
    columns = math.ceil(math.sqrt(count))
    assert len(np.unique(np.round(local[:, 0], 6))) == columns
    assert len(np.unique(np.round(local[:, 1], 6))) == math.ceil(count / columns)


def test_rows_are_as_few_as_have_room():
    order = Order(turn_rad=0.0, spacing=0.0, disorder=0.0)
    pieces = [Piece(outline_m=rectangle(0.02, 0.02, 0.0))] * 6
    wide = lay_block(pieces, Area(half_size_m=(0.1, 0.1)), order)
    narrow = lay_block(pieces, Area(half_size_m=(0.035, 0.1)), order)
    assert len({round(y, 6) for _, y in wide}) == 1
    assert len({round(y, 6) for _, y in narrow}) == 2


sheets = st.lists(st.tuples(st.floats(0.02, 0.09), st.floats(0.02, 0.09)), min_size=1, max_size=10)
fans = st.builds(
    Fan,
    style=st.sampled_from(["pivot", "cascade"]),
    opening_rad=st.floats(0, 5),
    overlap=st.floats(0, 1),
)


@few
@given(sheets, fans, angles_rad, areas)
def test_a_fan_lies_in_an_area_that_holds_each_of_its_sheets(sizes_m, fan, turn_rad, area):
    count = len(sizes_m)
    turned = [rectangle(*size, turn_rad + fan.angle_rad(slot, count)) for slot, size in enumerate(sizes_m)]
    reach = np.max([np.abs(outline).max(axis=0) for outline in turned], axis=0)
    assume((reach <= area.half_size_m).all())
    offsets = [fan.offset_m(slot, count, size) for slot, size in enumerate(sizes_m)]
    places = lay_fan(turned, offsets, turn_rad, area)
    assert all(inside(o + place, area.half_size_m) for o, place in zip(turned, places, strict=True))


@given(st.integers(2, 10), st.floats(0.1, 5), st.floats(0, 0.95))
def test_sheets_of_a_fan_turn_about_one_place_and_span_its_opening(count, opening_rad, share):
    fan = Fan(style="pivot", opening_rad=opening_rad, overlap=share)
    angles = [fan.angle_rad(slot, count) for slot in range(count)]
    assert angles[0] - angles[-1] == pytest.approx(opening_rad)
    radius_m = (1 - share) * 0.06 / (opening_rad / (count - 1))
    for slot, angle in enumerate(angles):
        x, y = fan.offset_m(slot, count, (0.06, 0.09))
        assert (x + radius_m * math.sin(angle), y - radius_m * math.cos(angle)) == pytest.approx(
            (0, -radius_m)
        )


@given(st.integers(2, 10), st.floats(0, 1))
def test_a_cascade_covers_as_much_of_each_sheet_as_it_says(count, share):
    fan = Fan(style="cascade", opening_rad=1.0, overlap=share)
    heights = [fan.offset_m(slot, count, (0.06, 0.09))[1] for slot in range(count)]
    assert [a - b for a, b in itertools.pairwise(heights)] == pytest.approx(
        [(1 - share) * 0.09] * (count - 1)
    )
    assert sum(heights) == pytest.approx(0)


@given(shifts)
def test_the_square_goes_onto_the_disc_with_its_rings(shift):
    assert math.hypot(*on_disc(shift)) == pytest.approx(max(map(abs, shift)))


def test_the_disc_is_covered_evenly():
    line = (np.arange(200) + 0.5) / 100 - 1
    points = np.array([on_disc((x, y)) for x in line for y in line])
    inner = np.hypot(*points.T) < 0.5
    right = points[:, 0] > np.abs(points[:, 1])
    assert inner.mean() == pytest.approx(0.25, abs=0.002)
    assert right.mean() == pytest.approx(0.25, abs=0.01)


radii = st.lists(st.floats(0.001, 0.01), min_size=1, max_size=20)


@given(radii, st.data(), st.floats(0, 0.3), areas)
def test_a_pile_lies_in_its_disc_and_in_the_area(radii_m, data, pile_radius_m, area):
    pulls = [data.draw(shifts) for _ in radii_m]
    places = lay_pile(radii_m, pulls, pile_radius_m, area)
    for radius, place in zip(radii_m, places, strict=True):
        assert all(abs(p) + radius <= half + TINY_M for p, half in zip(place, area.half_size_m, strict=True))
    largest = max(pile_radius_m, *radii_m)
    assume(largest <= min(area.half_size_m))
    middle = [(half - largest) * c for half, c in zip(area.half_size_m, area.center, strict=True)]
    for radius, place in zip(radii_m, places, strict=True):
        assert math.dist(place, middle) + radius <= largest + TINY_M


@given(st.lists(st.floats(0.01, 1), max_size=20), st.integers(1, 6))
def test_stacks_hold_everything_once_the_larger_below(sizes, most):
    stacks = stacks_of(sizes, most)
    assert sorted(number for stack in stacks for number in stack) == list(range(len(sizes)))
    assert all(len(stack) == most for stack in stacks[:-1])
    for stack in stacks:
        assert [sizes[n] for n in stack] == sorted((sizes[n] for n in stack), reverse=True)


@few
@given(st.lists(st.tuples(outlines, st.floats(0.001, 0.05), shifts), min_size=1, max_size=12))
def test_what_is_lifted_is_above_all_that_it_is_over(drawn):
    placed = [outline + 0.05 * np.array(shift) for outline, _, shift in drawn]
    heights = [height for _, height, _ in drawn]
    lower = lift(placed, heights, [0.01] * len(drawn))
    assert min(lower) >= 0.01
    for first, second in itertools.combinations(range(len(drawn)), 2):
        if depth_m(placed[first], placed[second]) > 1e-6 and depth_m(placed[second], placed[first]) > 1e-6:
            assert lower[second] > lower[first] + heights[first]


def test_what_is_side_by_side_is_not_lifted():
    assert lift([disc(0.01), disc(0.01) + (0.03, 0)], [0.02, 0.02], [0.001, 0.002]) == [0.001, 0.002]


@given(st.floats(0.001, 0.05), st.floats(0.001, 0.05), shifts)
def test_discs_overlap_where_their_centres_are_closer_than_their_radii(a_m, b_m, shift):
    distance = 0.1 * math.hypot(*shift)
    assume(abs(distance - a_m - b_m) > 0.02 * (a_m + b_m))  # polygons of 24 corners
    assert overlap(disc(a_m), disc(b_m) + 0.1 * np.array(shift)) == (distance < a_m + b_m)
