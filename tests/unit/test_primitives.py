"""Plain shapes: closed, standing at z = 0, as large as asked."""

import numpy as np
import pytest
import trimesh
from hypothesis import given
from unit.strategies import PRIMITIVE, primitive_values

from renderer.catalog.primitives import primitive_mesh
from renderer.recipe.objects import FOREGROUND_SHAPES

# Width, depth and height where the size and the flatness are 1.
EXTENTS = {
    "box": (1, 0.75, 1),
    "book": (1, 0.72, 0.12),
    "sphere": (1, 1, 1),
    "cylinder": (1, 1, 1),
    "cone": (1, 1, 1),
    "torus": (1, 1, 0.26),
    "finger": (1, 0.26, 0.26),
}
VOLUMES = {
    "box": 0.75,
    "book": 0.72 * 0.12,
    "sphere": np.pi / 6,
    "cylinder": np.pi / 4,
    "cone": np.pi / 12,
    "torus": 2 * np.pi**2 * 0.37 * 0.13**2,
    "finger": np.pi * 0.13**2 * (0.74 + 4 / 3 * 0.13),
}


def solid_of(values) -> trimesh.Trimesh:
    mesh = primitive_mesh(values)
    return trimesh.Trimesh(mesh.vertices, mesh.triangles, process=False, validate=False)


def test_every_shape_of_the_schema_is_here():
    assert set(EXTENTS) == set(VOLUMES) == set(FOREGROUND_SHAPES)


@given(primitive_values)
def test_a_shape_stands_at_zero_with_its_size_as_the_largest_extent(values):
    vertices = primitive_mesh(values).vertices
    size, flatness = values["size_m"], values["flatness"]
    width, depth, height = EXTENTS[values["shape"]]
    expected = [size * width, size * depth, size * height * flatness]
    assert vertices[:, 2].min() == 0
    assert np.ptp(vertices, axis=0) == pytest.approx(expected, rel=2e-3)
    assert np.ptp(vertices, axis=0).max() == pytest.approx(size)
    middle = vertices.min(axis=0) + np.ptp(vertices, axis=0) / 2
    assert middle[:2] == pytest.approx([0, 0], abs=1e-3 * size)


@pytest.mark.parametrize("shape", FOREGROUND_SHAPES)
def test_a_shape_is_one_closed_solid_of_its_volume(shape):
    solid = solid_of(PRIMITIVE | {"shape": shape, "size_m": 1.0, "flatness": 0.5})
    assert solid.is_watertight
    assert solid.is_winding_consistent
    assert solid.volume == pytest.approx(0.5 * VOLUMES[shape], rel=0.02)
    assert solid.body_count == 1


@pytest.mark.parametrize("shape", FOREGROUND_SHAPES)
def test_only_round_shapes_are_shaded_smoothly(shape):
    mesh = primitive_mesh(PRIMITIVE | {"shape": shape})
    assert mesh.smooth.tolist() == [shape in ("sphere", "torus", "finger")] * len(mesh.triangles)
    assert not mesh.material_index.any()
