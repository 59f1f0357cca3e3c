"""What the catalog says of an object holds for its mesh: radius, outline, lower side and height."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.recipes import cards_recipe, dice_recipe, recipe_of
from unit.shelves import brick, library_of, mesh_object
from unit.strategies import (
    angles_rad,
    card,
    card_values,
    die,
    die_values,
    foreground,
    primitive,
    primitive_values,
)

from renderer.catalog.cards import DECK_STYLES, Rank, Suit
from renderer.catalog.cards.mesh import bend_height_m
from renderer.catalog.cards.symmetry import looks_same_upside_down
from renderer.catalog.library import open_library
from renderer.catalog.meshes.symmetries import Symmetry
from renderer.catalog.model import Material
from renderer.catalog.sources import (
    box_of,
    build_model,
    categories,
    category_keypoints,
    keypoints_of,
    mesh_of,
    radius_m,
    support_of,
    symmetries_of,
)
from renderer.recipe.objects import OBJECT_SOURCES
from renderer.rotation import transform
from renderer.scene import SceneObject

LIBRARY = open_library(dice_recipe())
few = settings(max_examples=20)
turned = st.builds(lambda values, yaw_rad: die(yaw_rad=yaw_rad, **values), die_values, angles_rad)
flat_shapes = st.builds(
    lambda values, yaw_rad: primitive(yaw_rad=yaw_rad, **values), primitive_values, angles_rad
)
cards = st.builds(
    lambda values, yaw_rad: card(yaw_rad=yaw_rad, **values),
    card_values.map(lambda values: values | {"rank": "two", "deck": "minimal"}),  # quick to draw
    angles_rad,
)
objects = turned | flat_shapes | cards


def vertices_of(item: SceneObject) -> np.ndarray:
    """Vertices turned as the object lies, relative to its origin."""
    world_from_object = transform(item.pose)
    vertices = build_model(item, LIBRARY).mesh.vertices
    turned_vertices: np.ndarray = vertices @ world_from_object[:3, :3].T
    return turned_vertices


@few
@given(objects)
def test_the_radius_is_that_of_the_smallest_circle_about_the_mesh(item):
    distances = np.linalg.norm(vertices_of(item)[:, :2], axis=1)
    slack = 1.06 if item.parameters.get("shape") == "book" else 1.01  # a book is reckoned as wide as a box
    assert distances.max() <= radius_m(item, LIBRARY) * (1 + 1e-3)
    assert radius_m(item, LIBRARY) <= distances.max() * slack


@few
@given(objects)
def test_the_outline_holds_the_mesh_seen_from_above(item):
    angles = np.linspace(0, 2 * np.pi, 100)
    directions = np.stack([np.cos(angles), np.sin(angles)])
    reach = (support_of(item, LIBRARY).outline_m @ directions).max(axis=0)
    size = radius_m(item, LIBRARY)
    assert ((vertices_of(item)[:, :2] @ directions).max(axis=0) <= reach + 0.01 * size).all()


@few
@given(objects)
def test_the_mesh_lies_between_the_lower_side_and_the_height_over_it(item):
    support, vertices = support_of(item, LIBRARY), vertices_of(item)
    above = vertices[:, 2] - support.lower_m(vertices[:, :2])
    assert above.min() == pytest.approx(0, abs=1e-9)
    assert above.max() == pytest.approx(support.height_m)


@few
@given(objects)
def test_every_triangle_has_one_of_the_materials(item):
    model = build_model(item, LIBRARY)
    assert 0 <= model.mesh.material_index.min()
    assert model.mesh.material_index.max() < len(model.materials)
    for material in model.materials:
        assert all(0 <= v <= 1 for v in (*material.color, material.roughness, material.metallic))


def test_categories_come_from_the_kinds_and_are_listed_once():
    assert categories(cards_recipe(**{"objects.card.categories": ["king", "ace"]}), LIBRARY) == (
        "king",
        "ace",
    )
    assert categories(dice_recipe("objects=[clutter,occluders]"), LIBRARY) == ()
    twice = recipe_of("dice", **{"objects.red": {"source": "die"}})
    assert categories(twice, LIBRARY) == ("1", "2", "3", "4", "5", "6")


def test_every_source_of_the_schema_yields_a_model():
    models = {item.source: build_model(item, LIBRARY) for item in (die(), card(), primitive(), foreground())}
    assert set(models) | {"mesh"} == set(OBJECT_SOURCES)  # meshes: test_placing


# boxes, symmetries and keypoints


@few
@given(objects)
def test_the_box_of_an_object_is_that_of_its_mesh(item):
    vertices = build_model(item, LIBRARY).mesh.vertices
    low, high = box_of(item, LIBRARY)
    np.testing.assert_allclose(low, vertices.min(axis=0), atol=1e-9)
    np.testing.assert_allclose(high, vertices.max(axis=0), atol=1e-9)


@few
@given(objects)
def test_the_mesh_alone_is_that_of_the_model(item):
    alone, whole = mesh_of(item, LIBRARY), build_model(item, LIBRARY).mesh
    np.testing.assert_array_equal(alone.vertices, whole.vertices)
    np.testing.assert_array_equal(alone.triangles, whole.triangles)
    np.testing.assert_array_equal(alone.material_index, whole.material_index)


@pytest.mark.parametrize("look", ["keep", "replace"])
def test_a_mesh_of_the_users_has_its_box_keypoints_and_symmetries_at_the_size_that_was_drawn(
    monkeypatch, look
):
    turns = (Symmetry(axis=(0.0, 0.0, 1.0), turns=4),)
    models = {"mug/a.obj": brick(0.1, 0.06, 0.08, Material(color=(1, 0, 0), roughness=0.5))}
    library = library_of(monkeypatch, models, symmetries=turns, keypoints={"rim": (0.01, 0.0, 0.04)})
    item = mesh_object("mug/a.obj", size_m=0.3, scale=0.5, look=look)
    low, high = box_of(item, library)
    assert (low, high) == (pytest.approx((-0.075, -0.045, -0.06)), pytest.approx((0.075, 0.045, 0.06)))
    vertices = mesh_of(item, library).vertices
    np.testing.assert_allclose([vertices.min(axis=0), vertices.max(axis=0)], [low, high])
    assert keypoints_of(item, library) == {"rim": pytest.approx((0.015, 0, 0.06))}
    assert symmetries_of(item, library) == turns


def test_a_card_is_symmetric_where_its_print_is():
    """Courts, even pips that stand in pairs, and all diamonds but the seven: theirs are no other way up."""
    pairs, odd = {Rank.TWO, Rank.FOUR, Rank.TEN}, {Rank.SEVEN}
    courts = {Rank.JACK, Rank.QUEEN, Rank.KING}
    for rank in Rank:
        for suit in Suit:
            expected = rank in courts | pairs or (suit is Suit.DIAMONDS and rank not in odd)
            assert looks_same_upside_down(rank, suit, "classic") == expected


@pytest.mark.parametrize("deck", DECK_STYLES)
def test_the_print_of_every_deck_decides_alike(deck):
    decided = [looks_same_upside_down(rank, Suit.HEARTS, deck) for rank in (Rank.TEN, Rank.SIX, Rank.ACE)]
    assert decided == [True, False, False]


@given(card_values)
def test_a_symmetric_card_turned_by_half_is_in_its_own_place(values):
    """Its mesh, bent as it is, comes to lie on itself."""
    item = card(**values | {"rank": "king", "deck": "minimal"})
    (symmetry,) = symmetries_of(item, LIBRARY)
    assert (symmetry.axis, symmetry.turns) == ((0, 0, 1), 2)
    points = np.random.default_rng(0).uniform(-0.03, 0.03, (20, 2))
    np.testing.assert_allclose(bend_height_m(points, values), bend_height_m(-points, values), atol=1e-15)


def test_dice_have_no_symmetry_and_other_objects_none_either():
    assert symmetries_of(die(), LIBRARY) == symmetries_of(primitive(), LIBRARY) == ()
    assert keypoints_of(primitive(), LIBRARY) == {}


@given(die_values)
def test_the_keypoints_of_a_die_are_the_middles_of_its_faces(values):
    """The one that points up is that of the face that points up, half an edge above the die's middle."""
    item = die(**values)
    places = {name: transform(item.pose)[:3, :3] @ p for name, p in keypoints_of(item, LIBRARY).items()}
    assert list(places) == [f"face_{face}" for face in range(1, 7)]
    up = places[f"face_{values['face']}"]
    np.testing.assert_allclose(up, (0, 0, values["edge_m"] / 2), atol=1e-9)
    assert all(np.allclose(places[f"face_{n}"] + places[f"face_{7 - n}"], 0) for n in (1, 2, 3))


@few
@given(card_values)
def test_the_keypoints_of_a_card_lie_on_its_printed_side(values):
    item = card(**values | {"face_up": True})
    places = {name: np.array(place) for name, place in keypoints_of(item, LIBRARY).items()}
    mesh = mesh_of(item, LIBRARY)
    upper = mesh.vertices[: len(mesh.vertices) // 2]
    for place in places.values():
        nearest = upper[np.argsort(np.linalg.norm(upper[:, :2] - place[:2], axis=1))[:1]]
        assert np.linalg.norm(nearest - place, axis=1).max() < 0.004 * values["scale"]
    assert places["upper_left"][0] < 0 < places["upper_left"][1]
    assert places["lower_right"][1] < 0 < places["lower_right"][0]
    np.testing.assert_allclose(places["middle"][:2], 0, atol=1e-12)


def test_the_corners_of_a_card_that_lies_on_its_face_are_named_as_its_print_is_read():
    up, down = (keypoints_of(card(face_up=is_up), LIBRARY) for is_up in (True, False))
    np.testing.assert_allclose(down["upper_left"][:2], up["upper_right"][:2])
    assert down["middle"][2] == pytest.approx(up["middle"][2] - 0.0003)


def test_a_category_has_keypoints_where_all_its_objects_declare_the_same(monkeypatch):
    corners = ("upper_left", "upper_right", "lower_left", "lower_right", "middle")
    assert category_keypoints(cards_recipe(), LIBRARY)["king"] == corners
    assert category_keypoints(dice_recipe(), LIBRARY)["6"] == tuple(f"face_{n}" for n in range(1, 7))
    models = {name: brick(0.1, 0.1, 0.1) for name in ("mug/a.obj", "mug/b.obj", "cup/a.obj")}
    recipe = recipe_of("tabletop")

    def names(**keypoints):
        library = library_of(monkeypatch, models)
        meshes = library.shelves["mesh"].meshes
        declared = [replace(mesh, keypoints=keypoints.get(mesh.name[:5:4], {})) for mesh in meshes]
        shelf = replace(library.shelves["mesh"], meshes=tuple(declared))
        return category_keypoints(recipe, replace(library, shelves={"mesh": shelf}))

    rim, base = {"rim": (0, 0, 0.1)}, {"base": (0, 0, 0)}
    assert names() == {}
    assert names(ma=rim, mb=rim, ca=base) == {"mug": ("rim",), "cup": ("base",)}
    assert names(ma=rim, mb=base) == names(ma=rim) == {}
