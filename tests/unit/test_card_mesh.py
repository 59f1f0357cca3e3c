"""The mesh of a playing card: closed, 63 x 88 mm, rounded, bent as asked, printed the right way round."""

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.recipes import cards_recipe
from unit.strategies import CARD, card, card_values

from renderer.catalog.cards import DECK_STYLES, Rank, Suit, draw_back, draw_face
from renderer.catalog.cards.deck import CARD_SIZE_MM
from renderer.catalog.cards.mesh import (
    CORNER_M,
    EDGE,
    HEIGHT_M,
    LOWER,
    UPPER,
    WIDTH_M,
    bend_height_m,
    card_mesh,
    card_outline,
)
from renderer.catalog.library import open_library
from renderer.catalog.model import TriangleMesh
from renderer.catalog.sources import build_model, radius_m, support_of

few = settings(max_examples=25)
LIBRARY = open_library(cards_recipe())
AREA_M2 = WIDTH_M * HEIGHT_M - (4 - np.pi) * CORNER_M**2  # of the rounded rectangle
CORNERS = np.array([(x * WIDTH_M / 2, y * HEIGHT_M / 2) for x in (-1, 1) for y in (-1, 1)])


def mesh_of(**values) -> TriangleMesh:
    return card_mesh(CARD | values)


def as_trimesh(mesh: TriangleMesh) -> trimesh.Trimesh:
    return trimesh.Trimesh(mesh.vertices, mesh.triangles, process=False, validate=False)


def side(mesh: TriangleMesh, material: int) -> np.ndarray:
    """Indices of the triangles of one side."""
    return np.flatnonzero(mesh.material_index == material)


def test_a_card_has_the_size_of_its_picture():
    assert (WIDTH_M * 1000, HEIGHT_M * 1000) == pytest.approx(CARD_SIZE_MM)
    assert np.ptp(card_outline(), axis=0) == pytest.approx((WIDTH_M, HEIGHT_M))


def test_a_larger_card_has_the_same_print_and_thickness():
    plain, larger = mesh_of(bend_m=0.001), mesh_of(bend_m=0.001, scale=1.5)
    assert larger.vertices == pytest.approx(plain.vertices * (1.5, 1.5, 1.0))
    assert larger.uvs == pytest.approx(plain.uvs)


def test_a_larger_card_takes_up_the_room_it_has():
    plain, larger = (card(scale=scale, bend_m=0.002) for scale in (1.0, 2.0))
    assert radius_m(larger, LIBRARY) == 2 * radius_m(plain, LIBRARY)
    small, large = support_of(plain, LIBRARY), support_of(larger, LIBRARY)
    assert large.outline_m == pytest.approx(2 * small.outline_m)
    assert large.lower_m(2 * small.outline_m) == pytest.approx(small.lower_m(small.outline_m))


def test_the_outline_is_a_rounded_rectangle_counter_clockwise():
    outline = card_outline()
    following = np.roll(outline, -1, axis=0)
    area = 0.5 * (outline[:, 0] * following[:, 1] - outline[:, 1] * following[:, 0]).sum()
    assert area == pytest.approx(AREA_M2, rel=1e-4)
    middles = np.sign(outline) * (np.array([WIDTH_M, HEIGHT_M]) / 2 - CORNER_M)
    in_corner = (np.abs(outline) > np.abs(middles) + 1e-9).all(axis=1)
    assert in_corner.sum() == 4 * 5
    assert np.linalg.norm(outline - middles, axis=1)[in_corner] == pytest.approx(CORNER_M)


@few
@given(card_values)
def test_a_card_is_one_closed_solid_of_its_thickness(values):
    mesh = mesh_of(**values)
    solid = as_trimesh(mesh)
    assert solid.is_watertight
    assert solid.is_winding_consistent
    assert solid.volume == pytest.approx(AREA_M2 * values["thickness_m"], rel=1e-3)
    upper, lower = np.split(mesh.vertices, 2)
    assert upper[:, :2] == pytest.approx(lower[:, :2])
    assert upper[:, 2] - lower[:, 2] == pytest.approx(values["thickness_m"])


@few
@given(card_values)
def test_the_lowest_point_of_a_card_is_about_at_its_origins_height(values):
    lowest = mesh_of(**values).vertices[:, 2].min()
    cut_by_the_corners = 0.1 * abs(values["bend_m"]) + 1e-12
    assert 0 <= lowest <= cut_by_the_corners


def test_a_card_bends_by_its_sagitta_across_the_axis():
    middle, short_edge, long_edge = np.array([[0.0, 0.0], [0.0, HEIGHT_M / 2], [WIDTH_M / 2, 0.0]])
    points = np.array([middle, short_edge, long_edge])
    assert bend_height_m(points, {"bend_m": 0.002, "bend_axis_deg": 0.0}) == pytest.approx([0, 0.002, 0])
    assert bend_height_m(points, {"bend_m": 0.002, "bend_axis_deg": 90.0}) == pytest.approx([0, 0, 0.002])
    assert bend_height_m(points, {"bend_m": -0.002, "bend_axis_deg": 0.0}) == pytest.approx([0.002, 0, 0.002])


@given(st.floats(0, 180), st.floats(-0.02, 0.02))
def test_the_bend_reaches_its_sagitta_at_the_corners_and_is_a_parabola(axis_deg, bend_m):
    values = {"bend_m": bend_m, "bend_axis_deg": axis_deg}
    heights = bend_height_m(np.concatenate([CORNERS, CORNERS / 2, np.zeros((1, 2))]), values)
    rise = heights - heights[-1]
    assert np.abs(rise[:4]).max() == pytest.approx(abs(bend_m))
    assert rise[4:8] == pytest.approx(rise[:4] / 4)
    assert (rise[:4] * bend_m >= 0).all()


def test_the_sides_face_up_and_down_and_the_edge_sideways():
    mesh = mesh_of()
    normals = as_trimesh(mesh).face_normals
    assert normals[side(mesh, UPPER)] == pytest.approx(np.tile([0, 0, 1], (len(side(mesh, UPPER)), 1)))
    assert normals[side(mesh, LOWER)] == pytest.approx(np.tile([0, 0, -1], (len(side(mesh, LOWER)), 1)))
    assert np.abs(normals[side(mesh, EDGE), 2]).max() < 1e-9
    outwards = as_trimesh(mesh).triangles_center[side(mesh, EDGE)]
    assert ((normals[side(mesh, EDGE)] * outwards).sum(axis=1) > 0).all()


def test_the_upper_sides_picture_lies_upright_and_unmirrored():
    mesh = mesh_of(bend_m=0.002)
    assert mesh.uvs is not None
    for triangle in side(mesh, UPPER):
        points = mesh.vertices[mesh.triangles[triangle], :2]
        assert mesh.uvs[triangle] == pytest.approx(points / (WIDTH_M, HEIGHT_M) + 0.5)


def test_the_lower_sides_picture_lies_upright_and_unmirrored_for_who_looks_from_below():
    mesh = mesh_of()
    assert mesh.uvs is not None
    for triangle in side(mesh, LOWER):
        u, v = mesh.uvs[triangle].T
        x, y = mesh.vertices[mesh.triangles[triangle], :2].T
        assert u == pytest.approx(0.5 - x / WIDTH_M)  # seen from below, +X points to the left
        assert v == pytest.approx(y / HEIGHT_M + 0.5)


def test_the_whole_picture_is_on_the_card():
    mesh = mesh_of()
    assert mesh.uvs is not None
    assert (mesh.uvs.min(), mesh.uvs.max()) == pytest.approx((0, 1))


@pytest.mark.parametrize("face_up", [True, False])
def test_the_face_is_on_the_upper_side_where_it_is_up_and_the_back_on_the_other(face_up):
    item = card(rank="queen", suit="hearts", deck="vintage", face_up=face_up, tint=[0.9, 0.8, 0.7])
    upper, lower, edge = build_model(item, open_library(cards_recipe())).materials
    style = DECK_STYLES["vintage"]
    pictures = [draw_face(Rank.QUEEN, Suit.HEARTS, style), draw_back(style)]
    expected = pictures if face_up else pictures[::-1]
    for material, pixels in zip((upper, lower), expected, strict=True):
        assert material.texture is not None
        assert material.texture.tile_size_m is None
        assert np.array_equal(material.texture.pixels, pixels)
        assert material.color == (0.9, 0.8, 0.7)
    assert edge.texture is None
