"""Dice: closed meshes with the right pips on the right faces, brought up as asked, legible."""

import math

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from unit.recipes import dice_recipe
from unit.strategies import DIE, angles_rad, chiralities, die_values, faces, unit_quaternions

from renderer.catalog.dice import (
    DRILL_DEPTH,
    LARGEST_PIP,
    PRINT_DEPTH,
    die_model,
    face_normals,
    face_up,
    pip_layout,
    turn_face_up,
)
from renderer.catalog.library import open_library
from renderer.catalog.model import TriangleMesh
from renderer.randomize.objects import contrast_ratio
from renderer.randomize.scenes import sample_scene
from renderer.rotation import quaternion_about, rotation_matrix

every_chirality = pytest.mark.parametrize("chirality", ["right", "left"])
few = settings(max_examples=15)


def mesh_of(**values) -> TriangleMesh:
    return die_model(DIE | values).mesh


def as_trimesh(mesh: TriangleMesh) -> trimesh.Trimesh:
    return trimesh.Trimesh(mesh.vertices, mesh.triangles, process=False, validate=False)


def pip_centres(mesh: TriangleMesh) -> np.ndarray:
    """The mean vertex of every connected patch of pip triangles."""
    triangles = mesh.triangles[mesh.material_index == 1]
    corners = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]]])
    count = len(mesh.vertices)
    graph = coo_array((np.ones(len(corners)), (corners[:, 0], corners[:, 1])), shape=(count, count))
    _, patch = connected_components(graph, directed=False)
    used = np.unique(triangles)
    return np.array([mesh.vertices[used[patch[used] == p]].mean(axis=0) for p in np.unique(patch[used])])


@few
@given(die_values)
def test_a_die_is_one_closed_solid_as_large_as_its_edge(values):
    mesh = mesh_of(**values)
    solid = as_trimesh(mesh)
    assert solid.is_watertight
    assert solid.is_winding_consistent
    assert solid.body_count == 1
    assert np.ptp(mesh.vertices, axis=0) == pytest.approx([values["edge_m"]] * 3)
    assert mesh.vertices.max(axis=0) == pytest.approx([values["edge_m"] / 2] * 3)
    assert mesh.triangles.min() == 0
    assert len(np.unique(mesh.triangles)) == len(mesh.vertices)


@few
@given(die_values)
def test_a_die_has_the_volume_of_a_rounded_cube_without_its_pips(values):
    edge, corner = 1.0, values["corner_fraction"]
    inner = edge - 2 * corner
    rounded = inner**3 + 6 * inner**2 * corner + 3 * math.pi * inner * corner**2 + 4 / 3 * math.pi * corner**3
    radius, printed = values["pip_fraction"], values["pip_style"] == "printed"
    radii = [min(radius * values["one_scale"], LARGEST_PIP)] + [radius] * 20
    caps = sum(
        math.pi * h / 6 * (3 * r**2 + h**2) for r in radii for h in [r * (0.02 if printed else DRILL_DEPTH)]
    )
    volume = as_trimesh(mesh_of(**values)).volume / values["edge_m"] ** 3
    assert volume == pytest.approx(rounded - caps, rel=0.02)


@few
@given(die_values)
def test_every_face_has_as_many_pips_as_it_is_worth(values):
    centres = pip_centres(mesh_of(**values))
    faces_of_pips = np.argmax(centres @ face_normals(values["chirality"]).T, axis=1) + 1
    assert np.bincount(faces_of_pips, minlength=7).tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_pips_stand_where_the_layout_says():
    edge = DIE["edge_m"]
    centres = pip_centres(mesh_of())
    top = centres[centres[:, 2] > 0.4 * edge]
    right = centres[centres[:, 0] > 0.4 * edge]
    assert top[:, :2] == pytest.approx(np.zeros((1, 2)), abs=1e-6)
    assert np.sort(np.linalg.norm(right[:, 1:], axis=1)) == pytest.approx(
        [edge * 0.25 * 2**0.5] * 2, abs=1e-5
    )


@pytest.mark.parametrize("face", range(1, 7))
def test_a_layout_has_its_faces_pips_and_looks_alike_after_half_a_turn(face):
    layout = pip_layout(face)
    assert len(layout) == face
    assert sorted(map(tuple, (-layout + 0.0).tolist())) == sorted(map(tuple, (layout + 0.0).tolist()))


def test_a_drilled_pip_is_a_dent_of_the_stated_depth_and_a_printed_one_about_flush():
    edge, radius = DIE["edge_m"], DIE["pip_fraction"]
    for style, depth in (("drilled", DRILL_DEPTH), ("printed", PRINT_DEPTH)):
        vertices = mesh_of(pip_style=style).vertices
        middle = vertices[(np.abs(vertices[:, :2]) < 1e-9).all(axis=1) & (vertices[:, 2] > 0)]
        assert middle[:, 2] == pytest.approx([edge * (0.5 - depth * radius)])


def test_the_single_pip_is_larger_than_the_others_by_its_scale():
    areas = []
    for scale in (1.0, 1.4):
        mesh = mesh_of(one_scale=scale, pip_style="printed")
        solid = as_trimesh(mesh)
        on_top = solid.triangles_center[:, 2] > 0.48 * DIE["edge_m"]
        areas.append(solid.area_faces[on_top & (mesh.material_index == 1)].sum())
    assert areas[1] / areas[0] == pytest.approx(1.4**2, rel=1e-3)


@every_chirality
def test_opposite_faces_add_to_seven(chirality):
    normals = face_normals(chirality)
    assert (normals + normals[::-1] == 0).all()


def test_faces_1_2_3_turn_counter_clockwise_on_a_right_handed_die_and_clockwise_on_a_left_handed_one():
    for chirality, turn in (("right", 1), ("left", -1)):
        one, two, three = face_normals(chirality)[:3]
        seen_from = one + two + three  # the common corner
        assert np.sign(np.dot(np.cross(two - one, three - two), seen_from)) == turn


def test_a_left_handed_die_is_the_mirror_image_of_a_right_handed_one():
    right, left = mesh_of(chirality="right"), mesh_of(chirality="left")
    assert np.array_equal(left.vertices * (1, -1, 1), right.vertices)
    assert np.array_equal(left.triangles[:, ::-1], right.triangles)
    assert as_trimesh(left).volume == pytest.approx(as_trimesh(right).volume)


@given(faces, chiralities, angles_rad)
def test_a_face_comes_up_whatever_the_turn_about_the_vertical(face, chirality, yaw_rad):
    rotation = turn_face_up(face, chirality, quaternion_about((0, 0, 1), yaw_rad))
    normals = face_normals(chirality) @ rotation_matrix(rotation).T
    assert normals[face - 1] == pytest.approx([0, 0, 1], abs=1e-9)
    assert face_up(rotation, chirality) == face
    assert normals[6 - face] == pytest.approx([0, 0, -1], abs=1e-9)


@given(unit_quaternions(), chiralities)
def test_the_face_up_has_the_highest_normal(rotation, chirality):
    heights = (face_normals(chirality) @ rotation_matrix(rotation).T)[:, 2]
    assert heights[face_up(rotation, chirality) - 1] == heights.max()


def test_pips_and_body_have_their_own_material():
    model = die_model(DIE)
    assert [m.color for m in model.materials] == [tuple(DIE["color"]), tuple(DIE["pip_color"])]
    assert set(np.unique(model.mesh.material_index)) == {0, 1}


def test_a_swirl_is_a_pattern_of_the_body():
    body, pips = die_model(DIE | {"swirl": 0.5, "color_2": [0.1, 0.2, 0.3]}).materials
    assert body.pattern is not None
    assert (body.pattern.color_2, body.pattern.strength, pips.pattern) == ((0.1, 0.2, 0.3), 0.5, None)
    assert die_model(DIE).materials[0].pattern is None


def test_contrast_is_21_between_black_and_white_and_1_between_equals():
    assert contrast_ratio([0, 0, 0], [1, 1, 1]) == pytest.approx(21)
    assert contrast_ratio([0.3, 0.2, 0.1], [0.3, 0.2, 0.1]) == 1
    assert contrast_ratio([1, 0, 0], [1, 1, 1]) == pytest.approx(1.05 / 0.2626)  # 3.998, WCAG's red on white


def test_pips_stand_out_from_the_body_and_from_its_swirl():
    recipe = dice_recipe(**{"objects.die.count": 25, "objects.clutter.count": 0})
    library, least = open_library(recipe), recipe.objects["die"].pip_contrast
    for index in range(20):
        for item in sample_scene(recipe, library, index).objects:
            values = item.parameters
            bodies = [values["color"]] + [values["color_2"]] * (values["swirl"] > 0)
            assert min(contrast_ratio(values["pip_color"], body) for body in bodies) >= least
