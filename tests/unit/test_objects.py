"""Drawn objects: how many, where, what is labelled and what is not."""

import itertools
import math

import pytest
from unit.recipes import cards_recipe, dice_recipe, recipe_of

from renderer.catalog.dice import face_up
from renderer.catalog.library import open_library
from renderer.catalog.sources import radius_m
from renderer.randomize.draws import DrawRecorder
from renderer.randomize.following import contact_of
from renderer.randomize.placing import draw_objects
from renderer.randomize.streams import FrameAddress
from renderer.recipe.schema import Recipe
from renderer.scene import Contact, SceneObject

HALF_SIZE_M = (0.15, 0.1)
LIBRARY = open_library(dice_recipe())
SIX = {"objects.die.count": 6, "objects.clutter.count": 3}
INDICES = range(10)


def objects_of(
    recipe: Recipe, index: int, half_size_m: tuple[float, float] = HALF_SIZE_M
) -> tuple[SceneObject, ...]:
    draws = DrawRecorder(seed=recipe.seed, address=FrameAddress(scene=index))
    return draw_objects(draws, recipe, LIBRARY, half_size_m)


def overlap(a: SceneObject, b: SceneObject) -> bool:
    radii = [radius_m(item, LIBRARY) for item in (a, b)]
    return math.dist(a.pose.position_m, b.pose.position_m) < sum(radii)


def pairs_of_a_kind(objects: tuple[SceneObject, ...]) -> list[tuple[SceneObject, SceneObject]]:
    return [pair for pair in itertools.combinations(objects, 2) if pair[0].kind == pair[1].kind]


@pytest.mark.parametrize("count", [0, 1, 5])
def test_there_are_as_many_objects_as_drawn_numbered_from_0(count):
    recipe = dice_recipe(**{"objects.die.count": count, "objects.clutter.count": 2})
    names = [item.name for item in objects_of(recipe, 0)]
    assert names == [f"die[{slot}]" for slot in range(count)] + ["clutter[0]", "clutter[1]"]


def test_what_can_be_labelled_comes_before_distractors_whatever_their_names():
    recipe = recipe_of("dice", "objects=[dice,cards,clutter,occluders]", **SIX)
    is_distractor = [item.source == "primitive" for item in objects_of(recipe, 1)]
    assert is_distractor == sorted(is_distractor)


@pytest.mark.parametrize("recipe", [dice_recipe(**SIX), cards_recipe()], ids=["dice", "cards"])
def test_outlines_lie_within_the_layout_area(recipe):
    for item in itertools.chain.from_iterable(objects_of(recipe, index) for index in INDICES):
        radius = radius_m(item, LIBRARY)
        x, y, z = item.pose.position_m
        assert abs(x) <= max(HALF_SIZE_M[0] - radius, 0)
        assert abs(y) <= max(HALF_SIZE_M[1] - radius, 0)
        assert z == 0


def test_where_there_is_room_no_two_objects_of_a_kind_that_avoid_contact_overlap():
    recipe = dice_recipe(**SIX)
    for index in INDICES:
        assert not any(overlap(a, b) for a, b in pairs_of_a_kind(objects_of(recipe, index)))


def test_a_crowd_overlaps_until_it_is_settled():
    recipe = dice_recipe(**{"objects.die.count": 25, "objects.clutter.count": 0})
    assert any(overlap(a, b) for a, b in pairs_of_a_kind(objects_of(recipe, 0, (0.03, 0.03))))


def test_cards_take_the_first_place_that_is_drawn():
    recipe = cards_recipe(**{"objects.card.count": 6})
    assert any(overlap(a, b) for a, b in pairs_of_a_kind(objects_of(recipe, 0)))
    alone = objects_of(cards_recipe(**{"objects.card.count": 1}), 0)[0]
    assert objects_of(recipe, 0)[0] == alone


def test_cards_and_what_is_told_to_stack_lie_on_top_and_all_else_side_by_side():
    kinds = recipe_of("dice", "objects=[dice,cards,clutter,occluders]").objects
    assert {name: contact_of(kind) for name, kind in kinds.items()} == {
        "card": Contact.STACK,
        "clutter": Contact.AVOID,
        "die": Contact.AVOID,
        "occluder": Contact.STACK,
    }


@pytest.mark.parametrize("rotation", [["rotation_about", [0, 0, 1], 0, 360], ["rotation_uniform"]], ids=str)
def test_a_dies_category_is_the_face_that_points_up(rotation):
    recipe = dice_recipe(**SIX, **{"objects.die.rotation": rotation})
    dice = [item for index in INDICES for item in objects_of(recipe, index) if item.source == "die"]
    for item in dice:
        assert item.category == str(face_up(item.pose.rotation_wxyz, item.parameters["chirality"]))
        if rotation[0] == "rotation_about":
            assert item.category == str(item.parameters["face"])
    assert {item.category for item in dice} == set("123456")


def test_a_card_is_labelled_where_it_is_face_up_and_its_rank_a_category():
    recipe = cards_recipe(**{"objects.card.face_up": ["choice", [True, False]], "objects.card.count": 8})
    cards = [item for index in INDICES for item in objects_of(recipe, index) if item.source == "playing_card"]
    for item in cards:
        rank, face_up_drawn = item.parameters["rank"], item.parameters["face_up"]
        labelled = face_up_drawn and rank in ("nine", "ten", "jack", "queen", "king", "ace")
        assert item.category == (rank if labelled else None)
    assert {item.category is None for item in cards} == {True, False}


def test_distractors_have_no_category():
    recipe = cards_recipe(**{"objects.card.count": 0, "objects.occluder.count": 3})
    assert [item.category for item in objects_of(recipe, 0)] == [None] * 3


def test_cards_of_a_scene_share_deck_tint_size_and_roughness_and_nothing_else():
    cards = objects_of(cards_recipe(**{"objects.card.count": 8, "objects.occluder.count": 0}), 0)
    first = cards[0].parameters
    equal = {key for key in first if all(card.parameters[key] == first[key] for card in cards)}
    assert equal == {"deck", "tint", "scale", "thickness_m", "roughness"}
