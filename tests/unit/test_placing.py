"""Drawing and placing the user's meshes: which file, which category, what size, which look, and where."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.recipes import recipe_of
from unit.shelves import brick, library_of, mesh_file, mesh_object
from unit.strategies import scene_of, unit_quaternions

from renderer.catalog.meshes.placing import mesh_radius_m, mesh_scale, mesh_vertices
from renderer.catalog.model import Jitter, Material
from renderer.catalog.sources import build_model, categories, look_key, shape_key
from renderer.randomize.scenes import sample_scene
from renderer.rotation import quaternion_about, rotation_matrix
from renderer.scene import Contact, Pose
from renderer.settle import settle
from renderer.settle.rest import GAP_M

RED, BLUE = (Material(color=color, roughness=0.5) for color in ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0)))
MODELS = {
    "mug/a.obj": brick(0.08, 0.06, 0.1, RED, BLUE),
    "mug/b.glb": brick(0.3, 0.2, 0.1, RED),
    "plate/c.stl": brick(20.0, 20.0, 1.0),
    "plate/d.ply": brick(0.02, 0.01, 0.01),
}
NAMES = sorted(MODELS)
KIND = "objects.mesh"


@pytest.fixture
def library(monkeypatch):
    return library_of(monkeypatch, MODELS)


def meshes_of(recipe, library, index):
    scene = sample_scene(recipe, library, index)
    return scene, [item for item in scene.objects if item.source == "mesh"]


def recipe_with(**values):
    return recipe_of("tabletop", **{"objects.mesh.count": 4, "layout.object_free": False, **values})


@pytest.mark.parametrize("index", range(5))
def test_the_file_and_its_category_follow_from_the_fraction_that_was_drawn(library, index):
    scene, items = meshes_of(recipe_with(), library, index)
    assert len(items) == 4
    for item in items:
        fraction = scene.draws[f"objects.mesh.mesh[{item.slot}]"]
        assert item.parameters["file"] == NAMES[int(fraction * len(NAMES))]
        assert item.category == item.parameters["file"].partition("/")[0]
        assert item.kind == "mesh"


@pytest.mark.parametrize(("fraction", "name"), [(0.0, NAMES[0]), (1.0, NAMES[-1])])
def test_both_ends_of_the_fraction_are_files(library, fraction, name):
    _, items = meshes_of(recipe_with(**{f"{KIND}.mesh": fraction}), library, 0)
    assert {item.parameters["file"] for item in items} == {name}


def test_a_file_without_a_category_is_a_distractor_and_still_drawn(monkeypatch):
    library = library_of(monkeypatch, MODELS, category=None)
    recipe = recipe_with(**{f"{KIND}.labelled": False})
    _, items = meshes_of(recipe, library, 0)
    assert [item.category for item in items] == [None] * 4
    assert categories(recipe, library) == ()


def test_categories_are_those_of_the_files(library):
    assert categories(recipe_with(), library) == ("mug", "plate")


@given(st.floats(1e-3, 10), st.floats(0.1, 10), st.sampled_from(NAMES))
def test_the_size_is_that_of_the_largest_extent_times_the_scale(size_m, scale, name):
    mesh = mesh_file(name, MODELS[name])
    factor = mesh_scale(mesh, {"size_m": size_m, "scale": scale})
    assert factor * np.ptp(MODELS[name].mesh.vertices, axis=0).max() == pytest.approx(size_m * scale)


def test_without_a_size_a_mesh_keeps_that_of_its_file(library):
    assert np.ptp(mesh_vertices(mesh_object("plate/c.stl"), library), axis=0) == pytest.approx([20, 20, 1])
    halved = mesh_object("plate/c.stl", scale=0.5)
    assert np.ptp(build_model(halved, library).mesh.vertices, axis=0) == pytest.approx([10, 10, 0.5])


def test_a_kept_look_is_the_files_own_with_the_jitter_that_was_drawn(library):
    jitter = {"hue_shift_deg": 5.0, "saturation_scale": 0.9, "value_scale": 1.1, "roughness_shift": -0.1}
    model = build_model(mesh_object("mug/a.obj", **jitter), library)
    assert [material.color for material in model.materials] == [RED.color, BLUE.color]
    assert {material.jitter for material in model.materials} == {Jitter(**jitter)}


@pytest.mark.parametrize(("name", "look"), [("mug/a.obj", "replace"), ("plate/d.ply", "keep")])
def test_a_replaced_look_and_that_of_a_mesh_without_any_are_what_was_drawn(library, name, look):
    color = [0.1, 0.7, 0.3]
    model = build_model(mesh_object(name, look=look, **{"appearance.color": color}), library)
    (material,) = model.materials
    assert (material.color, material.jitter) == (tuple(color), None)
    assert (model.mesh.material_index == 0).all()


def test_copies_have_equal_keys_and_what_changes_them_has_another(library):
    plain = mesh_object("mug/a.obj")
    same = mesh_object("mug/a.obj", slot=3, mesh=0.2, **{"appearance.color": [1.0, 1.0, 1.0]})
    assert shape_key(same, library) == shape_key(plain, library)
    assert look_key(same, library) == look_key(plain, library)
    larger, faded = mesh_object("mug/a.obj", scale=2.0), mesh_object("mug/a.obj", value_scale=0.5)
    assert shape_key(larger, library) != shape_key(plain, library)
    assert look_key(larger, library) == look_key(plain, library)
    assert shape_key(faded, library) == shape_key(plain, library)
    assert look_key(faded, library) != look_key(plain, library)
    bare, painted = (mesh_object("plate/d.ply", **{"appearance.roughness": v}) for v in (0.1, 0.9))
    assert look_key(bare, library) != look_key(painted, library)


@pytest.mark.parametrize("index", range(6))
def test_meshes_lie_within_the_layout_area_whatever_their_size(library, index):
    scene, items = meshes_of(recipe_with(**{f"{KIND}.rotation": ["rotation_uniform"]}), library, index)
    half_m = np.array(scene.ground.half_size_m)
    for item in items:
        vertices = mesh_vertices(item, library) @ rotation_matrix(item.pose.rotation_wxyz).T
        reach = np.linalg.norm(vertices[:, :2], axis=1).max()
        assert reach <= mesh_radius_m(item, library) * (1 + 1e-9)
        if (mesh_radius_m(item, library) < half_m).all():
            assert (np.abs(item.pose.position_m[:2]) + reach <= half_m + 1e-9).all()


def test_a_mesh_that_stands_is_reckoned_by_its_circle_and_one_that_is_tipped_by_its_sphere(library):
    upright = Pose(rotation_wxyz=quaternion_about((0, 0, 1), 1.0))
    tipped = Pose(rotation_wxyz=quaternion_about((1, 0, 0), 0.5))
    assert mesh_radius_m(mesh_object("mug/a.obj", upright), library) == pytest.approx(math.hypot(0.04, 0.03))
    reach = math.hypot(0.04, 0.03, 0.05)
    assert mesh_radius_m(mesh_object("mug/a.obj", tipped), library) == pytest.approx(reach)


@given(rotation=unit_quaternions())
def test_a_mesh_comes_to_rest_exactly_on_the_ground_however_it_is_turned(rotation):
    with pytest.MonkeyPatch.context() as monkeypatch:
        library = library_of(monkeypatch, MODELS)
        item = mesh_object("mug/b.glb", Pose(rotation_wxyz=rotation))
        (settled,) = settle(scene_of(item), library).objects
        vertices = mesh_vertices(settled, library) @ rotation_matrix(rotation).T
        assert (vertices[:, 2] + settled.pose.position_m[2]).min() == pytest.approx(GAP_M, abs=1e-9)


@pytest.mark.parametrize("index", range(4))
def test_drawn_meshes_lie_apart_at_rest(library, index):
    scene, _ = meshes_of(recipe_with(), library, index)
    settled = [item for item in settle(scene, library).objects if item.source == "mesh"]
    assert {item.contact for item in settled} == {Contact.AVOID}
    for number, one in enumerate(settled):
        for other in settled[:number]:
            gap = math.dist(one.pose.position_m[:2], other.pose.position_m[:2])
            assert gap >= mesh_radius_m(one, library) + mesh_radius_m(other, library) - 1e-9


def test_meshes_change_no_draw_of_anything_else(library):
    with_it = sample_scene(recipe_with(), library, 1)
    without = sample_scene(recipe_with(**{"objects.mesh.count": 0}), library, 1)
    gone = {key for key in with_it.draws if key.startswith("objects.mesh.")}
    assert {k: v for k, v in with_it.draws.items() if k not in gone} == {
        k: v for k, v in without.draws.items() if not k.startswith("objects.mesh.")
    }
