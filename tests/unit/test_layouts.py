"""Layouts of whole scenes: who follows them, where things lie, and that no draw disturbs another."""

import functools
import itertools
import math
import re
from typing import Any

import numpy as np
import pytest
from unit.recipes import recipe_of, with_leaf
from unit.shelves import brick, library_of

from renderer.catalog.dice import face_up
from renderer.catalog.library import open_library
from renderer.catalog.primitives import primitive_mesh
from renderer.catalog.sources import bounding_points, radius_m, support_of
from renderer.inspect.idle import idle_factors
from renderer.inspect.warnings import recipe_warnings
from renderer.randomize.arrangements import overlap
from renderer.randomize.scenes import sample_scene
from renderer.recipe.keys import Kind
from renderer.recipe.objects import ARRANGEMENTS
from renderer.recipe.validation import iter_factors, parse_factor
from renderer.rotation import rotation_matrix
from renderer.scene import Contact, Scene, SceneObject
from renderer.settle import settle

LIBRARY = open_library(recipe_of("dice"))
KINDS = "objects=[dice,cards,clutter,occluders]"
FEW = {
    "objects.die.count": 7,
    "objects.card.count": 4,
    "objects.clutter.count": 2,
    "objects.occluder.count": 1,
    "layout.half_width_m": 0.16,
    "layout.half_depth_m": 0.13,
}
INDICES = range(4)
TINY_M = 1e-6


def recipe(arrangement: str, physics: bool = False, **values: Any):
    return recipe_of(
        "dice", KINDS, **FEW | {"layout.arrangement": arrangement, "layout.physics": physics} | values
    )


@functools.cache
def scene(arrangement: str, index: int, physics: bool = False) -> Scene:
    return sample_scene(recipe(arrangement, physics), LIBRARY, index)


def of_kind(sampled: Scene, kind: str) -> list[SceneObject]:
    return [item for item in sampled.objects if item.kind == kind]


def outline_of(item: SceneObject) -> np.ndarray:
    outline: np.ndarray = support_of(item, LIBRARY).outline_m + item.pose.position_m[:2]
    return outline


def points_of(item: SceneObject) -> np.ndarray:
    """Corners of an object in the world."""
    points: np.ndarray = bounding_points(item, LIBRARY) @ rotation_matrix(item.pose.rotation_wxyz).T
    return points + item.pose.position_m


CASES = [(arrangement, physics) for arrangement in ARRANGEMENTS for physics in (False, True)]


@pytest.mark.parametrize(("arrangement", "physics"), CASES)
def test_all_objects_lie_within_the_layout_area(arrangement, physics):
    for index in INDICES:
        sampled = scene(arrangement, index, physics)
        for item in sampled.objects:
            if item.contact is not Contact.HELD:
                assert (np.abs(outline_of(item)) <= np.add(sampled.ground.half_size_m, TINY_M)).all(), (
                    item.name
                )


@pytest.mark.parametrize(("arrangement", "physics"), CASES)
def test_there_is_each_object_once_in_the_order_of_kinds(arrangement, physics):
    sampled = scene(arrangement, 0, physics)
    names = [f"die[{n}]" for n in range(7)] + [f"card[{n}]" for n in range(4)]
    names += ["clutter[0]", "clutter[1]", "occluder[0]"]
    assert sorted(i.name for i in sampled.objects if ".finger" not in i.name) == sorted(names)
    kinds = [item.kind.removesuffix(".finger") for item in sampled.objects]
    assert [kind for kind, _ in itertools.groupby(kinds)] == ["card", "die", "clutter", "occluder"]


CONTACTS = {
    "scattered": ("avoid", "stack"), "rows": ("avoid", "stack"), "grid": ("avoid", "stack"),
    "stacks": ("stack", "stack"), "pile": ("fall", "stack"), "fan": ("avoid", "stack"),
    "held": ("held", "held"),
}  # fmt: skip


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_what_is_rigid_falls_in_piles_and_by_physics_and_sheets_never_do(arrangement):
    for physics in (False, True):
        contacts = {item.kind: item.contact.value for item in scene(arrangement, 0, physics).objects}
        die, card = CONTACTS[arrangement]
        assert contacts["die"] == ("fall" if physics and arrangement != "held" else die)
        assert contacts["card"] == card
        assert contacts["clutter"] == ("fall" if physics else "avoid")
        assert contacts["occluder"] == ("fall" if physics else "stack")


@pytest.mark.parametrize("arrangement", ["rows", "grid"])
def test_dice_in_rows_keep_apart_and_settling_moves_none(arrangement):
    values = {"objects.card.count": 0, "objects.clutter.count": 0, "objects.occluder.count": 0}
    for index in INDICES:
        sampled = sample_scene(recipe(arrangement, **values), LIBRARY, index)
        for a, b in itertools.combinations(sampled.objects, 2):
            apart = math.dist(a.pose.position_m[:2], b.pose.position_m[:2])
            assert apart >= radius_m(a, LIBRARY) + radius_m(b, LIBRARY)
        assert [i.pose.position_m[:2] for i in settle(sampled, LIBRARY).objects] == [
            i.pose.position_m[:2] for i in sampled.objects
        ]


@pytest.mark.parametrize("arrangement", [a for a in ARRANGEMENTS if a != "held"])
def test_what_falls_begins_above_the_ground_and_above_all_it_is_over(arrangement):
    for index in INDICES:
        falling = [i for i in scene(arrangement, index, True).objects if i.contact is Contact.FALL]
        assert falling
        spans = {i.name: (points_of(i)[:, 2].min(), points_of(i)[:, 2].max()) for i in falling}
        assert min(low for low, _ in spans.values()) > 0
        for a, b in itertools.combinations(falling, 2):
            if overlap(outline_of(a), outline_of(b)):
                (low_a, high_a), (low_b, high_b) = spans[a.name], spans[b.name]
                assert low_a > high_b or low_b > high_a, (a.name, b.name)


def test_what_falls_keeps_its_turn_in_rows_and_tumbles_when_scattered_or_piled():
    def leans(arrangement: str) -> bool:
        sampled = scene(arrangement, 1, True)
        uprights = [abs(rotation_matrix(i.pose.rotation_wxyz)[2]).max() for i in of_kind(sampled, "die")]
        return min(uprights) < 0.99

    assert {a: leans(a) for a in ("scattered", "pile", "rows", "grid", "stacks", "fan")} == {
        "scattered": True, "pile": True, "rows": False, "grid": False, "stacks": False, "fan": False,
    }  # fmt: skip


@pytest.mark.parametrize("arrangement", ["scattered", "pile"])
def test_a_die_that_falls_has_the_category_of_the_face_that_was_drawn(arrangement):
    for item in of_kind(scene(arrangement, 0, True), "die"):
        assert item.category == str(item.parameters["face"])


def test_a_gap_keeps_scattered_objects_apart():
    values = {"layout.gap_m": 0.03, "layout.half_width_m": 0.3, "layout.half_depth_m": 0.3}
    dice = of_kind(sample_scene(recipe("scattered", **values), LIBRARY, 0), "die")
    for a, b in itertools.combinations(dice, 2):
        apart = math.dist(a.pose.position_m, b.pose.position_m)
        assert apart >= radius_m(a, LIBRARY) + radius_m(b, LIBRARY) + 0.03


def test_stacked_dice_rest_on_each_other_the_larger_below():
    values = {"layout.stack_height": 3, "layout.disorder": 0.0, "objects.card.count": 0}
    settled = settle(sample_scene(recipe("stacks", **values), LIBRARY, 0), LIBRARY)
    towers: dict[tuple[float, float], list[SceneObject]] = {}
    for item in of_kind(settled, "die"):
        x, y, _ = item.pose.position_m
        towers.setdefault((round(x, 6), round(y, 6)), []).append(item)
    assert sorted(map(len, towers.values())) == [1, 3, 3]
    for tower in towers.values():
        tower.sort(key=lambda item: item.pose.position_m[2])
        edges = [item.parameters["edge_m"] for item in tower]
        assert edges == sorted(edges, reverse=True)
        for below, above in itertools.pairwise(tower):
            touching = (below.parameters["edge_m"] + above.parameters["edge_m"]) / 2
            assert above.pose.position_m[2] - below.pose.position_m[2] == pytest.approx(touching, abs=1e-4)


def test_what_has_no_flat_top_is_not_stacked():
    values = {
        "objects.clutter.arrangement": "stacks",
        "objects.clutter.shape": "cone",
        "objects.clutter.count": 4,
    }
    cones = of_kind(sample_scene(recipe("scattered", **values), LIBRARY, 0), "clutter")
    assert {item.contact for item in cones} == {Contact.AVOID}
    assert len({item.pose.position_m for item in cones}) == 4


def test_a_kind_follows_its_own_arrangement_where_it_has_one():
    values = {"objects.clutter.arrangement": "pile", "objects.die.arrangement": "rows"}
    sampled = sample_scene(recipe("scattered", **values), LIBRARY, 0)
    assert {i.contact for i in of_kind(sampled, "clutter")} == {Contact.FALL}
    assert {i.contact for i in of_kind(sampled, "die")} == {Contact.AVOID}
    assert "arrangement" not in sampled.objects[0].parameters
    assert "layout.spacing" in sampled.draws


def test_cards_on_a_heap_are_spread_and_keep_their_turns():
    sampled, bare = scene("pile", 0), scene("scattered", 0)
    cards, others = of_kind(sampled, "card"), of_kind(bare, "card")
    assert [i.pose.rotation_wxyz for i in cards] == [i.pose.rotation_wxyz for i in others]
    spread = sampled.draws["layout.pile_radius_fraction"] * min(sampled.ground.half_size_m)
    apart = [math.dist(a.pose.position_m, b.pose.position_m) for a, b in itertools.combinations(cards, 2)]
    assert 0.2 * spread < max(apart) <= 2 * spread


def test_a_kind_that_cannot_be_fanned_is_warned_of():
    fanned = recipe("fan", **{"objects.clutter.arrangement": "fan"})
    warnings = [w for w in recipe_warnings(fanned, LIBRARY) if "fan" in w]
    assert warnings == [
        "objects.clutter.arrangement is fan, which is for cards: objects.clutter goes in rows instead",
        "layout.arrangement is fan, which is for cards: objects.die goes in rows instead",
    ]
    assert not list(recipe_warnings(recipe("rows"), LIBRARY))


MODELS = {
    "mug/a": brick(0.05, 0.04, 0.06),
    "box/b": brick(0.08, 0.05, 0.02),
    "box/c": brick(0.03, 0.03, 0.03),
}


@pytest.mark.parametrize(("arrangement", "physics"), CASES)
def test_meshes_follow_every_layout_within_the_area(monkeypatch, arrangement, physics):
    library = library_of(monkeypatch, MODELS)
    values = {"layout.arrangement": arrangement, "layout.physics": physics, "objects.mesh.count": 6}
    tabletop = recipe_of("tabletop", **values, **{"layout.object_free": False, "objects.clutter.count": 0})
    sampled = sample_scene(tabletop, library, 0)
    contacts = {item.contact for item in sampled.objects if item.kind == "mesh"}
    falls = arrangement in ("pile", "stacks") or (physics and arrangement != "held")
    assert contacts == {Contact.FALL if falls else Contact.HELD if arrangement == "held" else Contact.AVOID}
    for item in sampled.objects:
        if item.kind == "mesh" and item.contact is not Contact.HELD:
            outline = support_of(item, library).outline_m + item.pose.position_m[:2]
            assert (np.abs(outline) <= np.add(sampled.ground.half_size_m, TINY_M)).all()


# held


@pytest.mark.parametrize("index", INDICES)
def test_what_is_held_hangs_between_two_fingers_as_high_as_drawn(index):
    sampled = scene("held", index)
    fingers = [i for i in sampled.objects if i.kind.endswith(".finger")]
    assert len(of_kind(sampled, "die.finger")) == 2 * 7
    assert len(of_kind(sampled, "card.finger")) == 2
    assert {i.category for i in fingers} == {None}
    of_dice = [*of_kind(sampled, "die"), *of_kind(sampled, "die.finger")]
    for slot in range(7):
        held = [i for i in of_dice if slot == (i.slot if i.kind == "die" else i.slot // 2)]
        assert min(points_of(i)[:, 2].min() for i in held) == pytest.approx(
            sampled.draws["layout.held_height_m"], abs=2e-4
        )


@pytest.mark.parametrize("index", INDICES)
def test_fingers_touch_the_die_that_they_hold_and_sink_in_by_little(index):
    sampled = scene("held", index)
    for item in of_kind(sampled, "die"):
        die_from_world = rotation_matrix(item.pose.rotation_wxyz).T
        for finger in of_kind(sampled, "die.finger"):
            if finger.slot // 2 == item.slot:
                points = (points_of(finger) - item.pose.position_m) @ die_from_world.T
                depths_m = item.parameters["edge_m"] / 2 - np.abs(points).max(axis=1)
                assert -0.0005 < depths_m.max() < 0.0015


@pytest.mark.parametrize("index", INDICES)
def test_a_held_die_leans_and_has_the_category_of_its_upper_face(index):
    sampled = scene("held", index)
    tilt = math.radians(sampled.draws["layout.held_tilt_deg"])
    for item in of_kind(sampled, "die"):
        rotation = rotation_matrix(item.pose.rotation_wxyz)
        drawn = np.abs(np.abs(rotation[2]) - math.cos(tilt)).min()
        assert drawn < 1e-9
        assert item.category == str(face_up(item.pose.rotation_wxyz, item.parameters["chirality"]))


@pytest.mark.parametrize("index", INDICES)
def test_cards_in_a_hand_lean_alike_and_do_not_go_through_each_other(index):
    cards = of_kind(scene("held", index), "card")
    normals = np.array([rotation_matrix(i.pose.rotation_wxyz)[:, 2] for i in cards])
    np.testing.assert_allclose(normals, normals[:1].repeat(len(cards), axis=0), atol=1e-9)
    heights = [float(normals[0] @ i.pose.position_m) for i in cards]
    for (low, high), below in zip(itertools.pairwise(heights), cards, strict=False):
        assert high - low >= below.parameters["thickness_m"] + abs(below.parameters["bend_m"])


def test_settling_leaves_what_is_held_where_it_is():
    sampled = scene("held", 0)
    held = [i for i in sampled.objects if i.contact is Contact.HELD]
    settled = {i.name: i for i in settle(sampled, LIBRARY).objects}
    assert [settled[i.name] for i in held] == held


def test_a_finger_is_no_larger_than_its_width():
    finger = of_kind(scene("held", 0), "die.finger")[0]
    size = np.ptp(primitive_mesh(finger.parameters).vertices, axis=0)
    assert sorted(size)[:2] == pytest.approx([scene("held", 0).draws["layout.finger_width_m"]] * 2, rel=0.02)


# density


@pytest.mark.parametrize("density", [0.05, 0.2])
@pytest.mark.parametrize("physics", [False, True])
def test_the_area_is_scaled_so_that_circles_cover_the_drawn_share_of_it(density, physics):
    for index in INDICES:
        bare = scene("scattered", index, physics)
        sampled = sample_scene(recipe("scattered", physics, **{"layout.density": density}), LIBRARY, index)
        width_m, depth_m = sampled.ground.half_size_m
        labelled = [i for i in sampled.objects if i.kind in ("die", "card")]
        covered = sum(math.pi * radius_m(i, LIBRARY) ** 2 for i in labelled)
        assert covered / (4 * width_m * depth_m) == pytest.approx(density)
        assert width_m / depth_m == pytest.approx(bare.ground.half_size_m[0] / bare.ground.half_size_m[1])
        changed = {key for key in bare.draws if bare.draws[key] != sampled.draws[key]}
        assert all(re.fullmatch(r"objects\.\w+\.[xy]_fraction\[\d+\]", key) for key in changed)


def test_an_area_is_never_too_small_for_the_largest_object():
    values = {"layout.density": 1.0, "objects.die.count": 1, "objects.card.count": 0}
    sampled = sample_scene(recipe("scattered", **values), LIBRARY, 0)
    (die,) = of_kind(sampled, "die")
    assert min(sampled.ground.half_size_m) == pytest.approx(radius_m(die, LIBRARY))


# draws


@pytest.mark.parametrize(("arrangement", "physics"), CASES)
def test_freezing_a_factor_of_the_layout_changes_no_other_draw(arrangement, physics):
    base = recipe(arrangement, physics)
    old = scene(arrangement, 1, physics).draws
    places = re.compile(r"objects\.\w+\.[xy]_fraction\[[1-9]\d*\]")
    drawn = [f for f in iter_factors(base.layout) if f.name in old]
    for factor in drawn:
        frozen = with_leaf(base, factor.name, parse_factor(factor.spec, _other(factor, old), factor.name))
        new = sample_scene(frozen, LIBRARY, 1).draws
        moves = factor.name in ("layout.half_width_m", "layout.half_depth_m", "layout.gap_m") or "held" in (
            arrangement
        )  # what is scattered finds its places anew
        changed = {key for key in old if old[key] != new[key]} - {factor.name}
        assert old.keys() == new.keys(), factor.name
        assert not changed or (moves and all(places.fullmatch(key) for key in changed)), factor.name


def _other(factor: Any, draws: dict[str, Any]) -> Any:
    """A value of a factor in its syntax; of those that choose an arrangement the one that was drawn."""
    if factor.name in ("layout.arrangement", "layout.physics", "layout.object_free"):
        return draws[factor.name]
    if factor.spec.kind is Kind.COLOR:
        return "#6080a0"
    if factor.spec.options:
        return factor.spec.options[-1]
    return 3 if factor.spec.kind is Kind.INTEGER else max(factor.spec.low, 0.05)


@pytest.mark.parametrize(("arrangement", "physics"), CASES)
def test_one_more_object_changes_no_draw_of_those_before_it(arrangement, physics):
    old = scene(arrangement, 2, physics).draws
    for key in ("objects.die.count", "objects.card.count", "objects.clutter.count"):
        more = sample_scene(recipe(arrangement, physics, **{key: FEW[key] + 1}), LIBRARY, 2).draws
        assert {name: more[name] for name in old if name != key} == {n: v for n, v in old.items() if n != key}


@pytest.mark.parametrize(("arrangement", "physics"), CASES)
def test_idle_factors_are_those_that_are_never_drawn(arrangement, physics):
    base = recipe(arrangement, physics)
    there = {f.name for part in (base.layout, base.objects) for f in iter_factors(part)}
    drawn = {key.partition("[")[0] for key in scene(arrangement, 0, physics).draws}
    assert there - set(idle_factors(base)) == drawn & there


def test_a_mixture_is_idle_in_nothing_that_one_of_its_arrangements_takes():
    names = "layout.arrangement"
    mixed = recipe("rows", **{names: ["choice", {"rows": 1, "held": 1, "pile": 0}]})
    idle = set(idle_factors(mixed))
    assert {"layout.stack_height", "layout.pile_radius_fraction", "objects.die.tumble"} <= idle
    assert not {"layout.spacing", "layout.held_tilt_deg", "objects.die.rotation"} & idle
    opened = {"a": {"factor": names, "when": "surface.tray.presence", "draw": "pile"}}
    assert "layout.drop_height_m" not in idle_factors(recipe("rows", conditions=opened))
