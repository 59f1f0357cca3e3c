"""Settling: apart where contact is avoided, on top where it is not, nothing inside anything else."""

import functools
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.recipes import cards_recipe, dice_recipe, recipe_of
from unit.strategies import angles_rad, card, card_values, die, primitive, scene_of

from renderer.catalog.library import open_library
from renderer.catalog.sources import Support, radius_m, support_of
from renderer.randomize.scenes import sample_scene
from renderer.scene import Contact, Scene, SceneObject
from renderer.settle import settle
from renderer.settle.rest import CELL_M, GAP_M, SPIRAL_STEP_M

CARD_M, DIE_M = 0.0003, 0.016  # thickness and edge in `unit.strategies`
PENETRATION_M = 2e-5  # heights are compared in cells of 1 mm
few = settings(max_examples=30)
places = st.floats(-0.15, 0.15)
dice = st.lists(
    st.builds(die, places, places, yaw_rad=angles_rad, edge_m=st.floats(0.008, 0.03)), min_size=1, max_size=12
)
RECIPES = {
    "dice": dice_recipe(),
    "dice in a tray": dice_recipe(**{"surface.tray.presence": True}),
    "crowded dice": dice_recipe(**{"objects.die.count": 25, "layout.half_width_m": 0.05}),
    "cards": cards_recipe(),
}
LIBRARY = open_library(RECIPES["dice"])


def heights_of(*objects: SceneObject) -> list[float]:
    return [item.pose.position_m[2] for item in settle(scene_of(*objects), LIBRARY).objects]


def place_of(item: SceneObject) -> tuple[float, float]:
    return item.pose.position_m[:2]


def disc_gap_m(a: SceneObject, b: SceneObject) -> float:
    return math.dist(place_of(a), place_of(b)) - sum(radius_m(i, LIBRARY) for i in (a, b))


def apart(scene: Scene) -> bool:
    shy = [item for item in scene.objects if item.contact is Contact.AVOID]
    return all(disc_gap_m(a, b) >= 0 for a, b in itertools.combinations(shy, 2))


@functools.cache
def at_rest(name: str, index: int) -> Scene:
    return settle(sample_scene(RECIPES[name], LIBRARY, index), LIBRARY)


def within(outline: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Which points lie in a convex outline that runs counter-clockwise."""
    edges = np.roll(outline, -1, axis=0) - outline
    x, y = points[:, 0, None] - outline[:, 0], points[:, 1, None] - outline[:, 1]
    inside: np.ndarray = (edges[:, 0] * y - edges[:, 1] * x >= 0).all(axis=1)
    return inside


def points_of(support: Support, count: int) -> np.ndarray:
    """Points under an object, relative to its origin: a grid and the outline."""
    low, high = support.outline_m.min(axis=0), support.outline_m.max(axis=0)
    grid = np.stack(np.meshgrid(*np.linspace(low, high, count).T), axis=-1).reshape(-1, 2)
    return np.concatenate([grid[within(support.outline_m, grid)], support.outline_m])


def clearance_m(upper: SceneObject, lower: SceneObject) -> float:
    """Least height of the underside of one object over the top of another; infinite side by side."""
    above, below = support_of(upper, LIBRARY), support_of(lower, LIBRARY)
    shift = np.subtract(place_of(upper), place_of(lower))
    points = points_of(above, 40)
    points = points[within(below.outline_m, points + shift)]
    if len(points) == 0:
        return math.inf
    underside = upper.pose.position_m[2] + above.lower_m(points)
    top = lower.pose.position_m[2] + below.lower_m(points + shift) + below.height_m
    return float((underside - top).min())


@given(places, places, angles_rad, st.floats(0.002, 0.2), st.floats(0.02, 0.3))
def test_a_die_lies_at_half_its_edge_wherever_it_is(x_m, y_m, yaw_rad, edge_m, corner):
    item = die(x_m, y_m, yaw_rad=yaw_rad, edge_m=edge_m, corner_fraction=corner)
    (settled,) = settle(scene_of(item), LIBRARY).objects
    assert settled.pose.position_m == pytest.approx((x_m, y_m, GAP_M + edge_m / 2))
    assert settled.pose.rotation_wxyz == item.pose.rotation_wxyz


@few
@given(places, places, angles_rad, card_values)
def test_a_card_touches_the_ground_and_does_not_go_through_it(x_m, y_m, yaw_rad, values):
    (settled,) = settle(scene_of(card(x_m, y_m, yaw_rad=yaw_rad, **values)), LIBRARY).objects
    support = support_of(settled, LIBRARY)
    points = points_of(support, 80)
    slope = 2 * abs(values["bend_m"]) / 0.03  # steepest, where the card is bent across its short side
    lowest_m = settled.pose.position_m[2] + support.lower_m(points).min()
    assert abs(lowest_m - GAP_M) <= slope * CELL_M + 1e-12


def test_flat_cards_lie_on_each_other_by_their_thickness():
    step = CARD_M + GAP_M
    heights = heights_of(card(), card(yaw_rad=1), card(0.01))
    assert heights == pytest.approx([GAP_M, GAP_M + step, GAP_M + 2 * step])


def test_cards_side_by_side_all_lie_on_the_ground():
    assert heights_of(card(-0.034), card(0.034), card(0, 0.095, yaw_rad=math.pi / 2)) == [GAP_M] * 3


def test_a_card_over_a_pile_and_the_ground_beside_it_lies_on_the_pile():
    heights = heights_of(card(-0.02), card(-0.02, 0.01), card(0.02))
    assert heights[2] == pytest.approx(GAP_M + 2 * (CARD_M + GAP_M))


@pytest.mark.parametrize("bend_m", [0.001, 0.003])
def test_a_flat_card_on_a_bent_one_rests_on_its_lifted_edges(bend_m):
    flat_on_bent = heights_of(card(bend_m=bend_m), card())[1]
    assert flat_on_bent == pytest.approx(bend_m + CARD_M + 2 * GAP_M, abs=2 * bend_m / 0.044 * CELL_M)


@pytest.mark.parametrize("bend_m", [-0.003, 0.003])
def test_equally_bent_cards_nest(bend_m):
    first, second = heights_of(card(bend_m=bend_m), card(bend_m=bend_m))
    assert second - first == pytest.approx(CARD_M + GAP_M)


def test_a_card_lies_on_a_die_and_a_die_on_a_card():
    assert heights_of(die(), card()) == pytest.approx([GAP_M + DIE_M / 2, 2 * GAP_M + DIE_M])
    assert heights_of(card(), die()) == pytest.approx([GAP_M, 2 * GAP_M + CARD_M + DIE_M / 2])


def test_what_stacks_lies_on_what_avoids_contact():
    heights = heights_of(primitive(size_m=0.02), primitive(stack=True, size_m=0.1))
    assert heights == pytest.approx([GAP_M, 2 * GAP_M + 0.02])


def test_dice_that_touch_at_their_corners_both_lie_on_the_ground():
    corner = {"yaw_rad": math.pi / 4, "corner_fraction": 0.3}
    diameter_m = 2 * radius_m(die(**corner), LIBRARY)
    for start_m in np.linspace(0, CELL_M, 7):
        heights = heights_of(die(start_m, **corner), die(start_m + diameter_m, **corner))
        assert heights == pytest.approx([GAP_M + DIE_M / 2] * 2)


@few
@given(dice)
def test_dice_lie_apart_and_none_of_them_on_another(items):
    scene = settle(scene_of(*items), LIBRARY)
    assert apart(scene)
    for item in scene.objects:
        assert item.pose.position_m[2] == pytest.approx(GAP_M + item.parameters["edge_m"] / 2)


@few
@given(dice, st.floats(0.03, 0.1), st.floats(0.03, 0.1))
def test_dice_in_a_tray_stay_within_its_walls(items, half_width_m, half_depth_m):
    scene = settle(scene_of(*items, tray_half_m=(half_width_m, half_depth_m)), LIBRARY)
    assert apart(scene)
    for item in scene.objects:
        radius = radius_m(item, LIBRARY)
        assert abs(place_of(item)[0]) <= half_width_m - radius
        assert abs(place_of(item)[1]) <= half_depth_m - radius


def test_an_object_with_room_stays_where_it_was_drawn():
    scene = settle(scene_of(die(0.05, 0.02), die(-0.05, 0.01), primitive(0.0, -0.06)), LIBRARY)
    assert [place_of(item) for item in scene.objects] == [(0.05, 0.02), (-0.05, 0.01), (0.0, -0.06)]


def test_an_object_without_room_moves_no_farther_than_it_must():
    first, second = settle(scene_of(die(0.05, 0.02), die(0.05, 0.02)), LIBRARY).objects
    assert place_of(first) == (0.05, 0.02)
    assert 0 <= disc_gap_m(first, second) <= 2 * SPIRAL_STEP_M


def test_of_a_crowd_those_without_room_are_left_out_and_the_others_keep_their_order():
    crowd = [die(0.001 * slot % 0.02, slot=slot) for slot in range(100)]
    scene = settle(scene_of(*crowd, card(), tray_half_m=(0.04, 0.04)), LIBRARY)
    slots = [item.slot for item in scene.objects if item.kind == "die"]
    assert apart(scene)
    assert 4 <= len(slots) < 100
    assert slots == sorted(slots)
    assert scene.objects[-1].kind == "card"


def test_a_die_larger_than_its_tray_is_left_out():
    assert settle(scene_of(die(edge_m=0.1), tray_half_m=(0.04, 0.04)), LIBRARY).objects == ()


def test_an_empty_scene_is_at_rest():
    assert settle(scene_of(), LIBRARY) == scene_of()


@pytest.mark.parametrize("name", RECIPES)
def test_a_scene_at_rest_stays_at_rest(name):
    scene = at_rest(name, 1)
    assert settle(scene, LIBRARY) == scene
    assert settle(sample_scene(RECIPES[name], LIBRARY, 1), LIBRARY) == scene


@pytest.mark.parametrize("name", RECIPES)
def test_settling_changes_nothing_but_places(name):
    drawn, settled = sample_scene(RECIPES[name], LIBRARY, 2), at_rest(name, 2)
    before = {item.name: item for item in drawn.objects}
    assert (settled.ground, settled.lights, settled.views, settled.draws) == (
        drawn.ground, drawn.lights, drawn.views, drawn.draws,
    )  # fmt: skip
    for item in settled.objects:
        was = before[item.name]
        assert (item.parameters, item.category, item.pose.rotation_wxyz) == (
            was.parameters, was.category, was.pose.rotation_wxyz,
        )  # fmt: skip
        if item.contact is Contact.STACK:
            assert place_of(item) == place_of(was)


@pytest.mark.parametrize(("name", "one_more"), [("dice", "clutter"), ("cards", "occluder")])
def test_one_more_distractor_leaves_those_before_it_where_they_are(name, one_more):
    key = f"objects.{one_more}.count"
    two, three = (
        settle(sample_scene(recipe_of(name, **{key: count}), LIBRARY, 4), LIBRARY).objects for count in (2, 3)
    )
    assert three[: len(two)] == two


@pytest.mark.parametrize("name", ["dice", "dice in a tray", "crowded dice"])
@pytest.mark.parametrize("index", range(4))
def test_drawn_dice_and_clutter_lie_apart_on_the_ground(name, index):
    scene = at_rest(name, index)
    assert apart(scene)
    for item in scene.objects:
        rest_m = item.parameters["edge_m"] / 2 if item.source == "die" else 0
        assert item.pose.position_m[2] == pytest.approx(GAP_M + rest_m)


@pytest.mark.parametrize("index", range(10))
def test_nothing_in_a_pile_of_drawn_cards_and_occluders_is_inside_another(index):
    objects = at_rest("cards", index).objects
    for lower, upper in itertools.combinations(objects, 2):
        assert clearance_m(upper, lower) >= -PENETRATION_M
