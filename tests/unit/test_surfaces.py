"""The ground: a table at the right height, a tray around the layout area, materials as drawn."""

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.recipes import dice_recipe
from unit.strategies import PLAIN

from renderer.catalog.library import built_in_texture, open_library
from renderer.catalog.model import Model
from renderer.catalog.places import TABLE_HALF_M, TRAY_FLOOR_M
from renderer.catalog.surfaces import appearance_material, ground_models
from renderer.catalog.textures import TEXTURES
from renderer.recipe.objects import PATTERNS
from renderer.scene import Ground

LIBRARY = open_library(dice_recipe())
PROCEDURAL = [kind for kind in PATTERNS if kind not in ("plain", "image")]
halves = st.floats(0.01, 1)


def models_of(half_size_m=(0.1, 0.07), **tray) -> dict[str, Model]:
    parameters = {"wall_height_m": 0.03, "wall_thickness_m": 0.004} | PLAIN | tray if tray else None
    return ground_models(Ground(half_size_m=half_size_m, parameters=PLAIN, tray=parameters), LIBRARY)


def boxes_of(model: Model) -> list[trimesh.Trimesh]:
    whole = trimesh.Trimesh(model.mesh.vertices, model.mesh.triangles, process=False, validate=False)
    return list(whole.split(only_watertight=False))


def test_a_table_alone_is_a_square_at_zero_that_faces_up():
    models = models_of()
    assert set(models) == {"table"}
    mesh = models["table"].mesh
    assert np.abs(mesh.vertices[:, :2]).min() == np.abs(mesh.vertices[:, :2]).max() == TABLE_HALF_M
    assert (mesh.vertices[:, 2] == 0).all()
    normals = trimesh.Trimesh(mesh.vertices, mesh.triangles, process=False).face_normals
    assert normals == pytest.approx(np.array([[0, 0, 1]] * 2))


@settings(max_examples=20)
@given(halves, halves, st.floats(0.001, 0.5), st.floats(5e-4, 0.1))
def test_a_tray_is_a_floor_at_zero_and_four_walls_outside_the_layout_area(width, depth, height, thickness):
    models = models_of((width, depth), wall_height_m=height, wall_thickness_m=thickness)
    floor, *walls = boxes_of(models["tray"])
    assert all(box.is_watertight and box.is_winding_consistent and box.volume > 0 for box in (floor, *walls))
    assert floor.bounds == pytest.approx(np.array([[-width, -depth, -TRAY_FLOOR_M], [width, depth, 0]]))
    assert len(walls) == 4
    for wall in walls:
        (x0, y0, low), (x1, y1, top) = wall.bounds
        assert (low, top) == pytest.approx((-TRAY_FLOOR_M, height))
        assert pytest.approx(thickness) in (x1 - x0, y1 - y0)
        assert x1 <= -width or x0 >= width or y1 <= -depth or y0 >= depth
    ends = models["tray"].mesh.vertices.max(axis=0)
    assert ends == pytest.approx([width + thickness, depth + thickness, height])


def test_the_table_under_a_tray_lies_below_its_floor():
    table = models_of(wall_height_m=0.02)["table"].mesh
    assert (table.vertices[:, 2] == -TRAY_FLOOR_M).all()


def material_of(**values):
    return appearance_material(PLAIN | {f"appearance.{key}": value for key, value in values.items()}, LIBRARY)


def test_a_plain_surface_has_its_color_and_no_relief():
    material = material_of(pattern="plain", color=[0.1, 0.2, 0.3], roughness=0.7, metallic=1.0, bump_m=0.002)
    assert (material.color, material.roughness, material.metallic) == ((0.1, 0.2, 0.3), 0.7, 1.0)
    assert (material.pattern, material.texture, material.bump_m) == (None, None, 0)


@pytest.mark.parametrize("kind", PROCEDURAL)
def test_a_procedural_surface_lays_out_its_two_colors(kind):
    material = material_of(pattern=kind, color_2=[0.3, 0.2, 0.1], pattern_size_m=0.02, bump_m=0.002)
    assert material.pattern is not None
    assert (material.pattern.kind, material.pattern.color_2) == (kind, (0.3, 0.2, 0.1))
    assert (material.pattern.size_m, material.pattern.strength) == (0.02, 1)
    assert (material.texture, material.bump_m) == (None, 0.002)


def test_a_patterns_seed_moves_it():
    offsets = {material_of(pattern="noise", pattern_seed=seed).pattern.offset_m for seed in range(500)}
    assert len(offsets) == 500


def test_a_surface_with_an_image_has_its_own_colors_and_tile():
    material = material_of(pattern="image", image=0.0, pattern_seed=4, color=[0.1, 0.1, 0.1])
    name = min(TEXTURES)
    assert material.texture is not None
    assert np.array_equal(material.texture.pixels, built_in_texture(name, 4).pixels)
    assert material.texture.tile_size_m == TEXTURES[name].tile_size_m
    assert (material.color, material.pattern) == ((1, 1, 1), None)
