"""What the catalog says of an object holds for its mesh: radius, outline, lower side and height."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.recipes import cards_recipe, dice_recipe, recipe_of
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

from renderer.catalog.library import open_library
from renderer.catalog.sources import build_model, categories, radius_m, support_of
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
