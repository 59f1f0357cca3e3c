"""Plain shapes for distractors and occluders; the lowest point lies at z = 0."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import trimesh
from jaxtyping import Float

from renderer.catalog.model import TriangleMesh

# Width, depth and height over the size; the height is further multiplied by the flatness.
_SHAPES: Mapping[str, Callable[[], trimesh.Trimesh]] = {
    "box": lambda: trimesh.creation.box((1.0, 0.75, 1.0)),
    "book": lambda: trimesh.creation.box((1.0, 0.72, 0.12)),
    "sphere": lambda: trimesh.creation.icosphere(subdivisions=4, radius=0.5),
    "cylinder": lambda: trimesh.creation.cylinder(radius=0.5, height=1.0, sections=48),
    "cone": lambda: trimesh.creation.cone(radius=0.5, height=1.0, sections=48),
    "torus": lambda: trimesh.creation.torus(0.37, 0.13, major_sections=48, minor_sections=24),
    "finger": lambda: _lying(trimesh.creation.capsule(height=0.74, radius=0.13, count=(32, 32))),
}
_CURVED = frozenset({"sphere", "torus", "finger"})


def _lying(upright: trimesh.Trimesh) -> trimesh.Trimesh:
    """A solid that stood along z, along x."""
    x, y, z = upright.vertices.T
    upright.vertices = np.stack([z, y, -x], axis=1)
    return upright


@functools.cache
def _solid(shape: str) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and triangles of a shape of size 1."""
    solid = _SHAPES[shape]()
    return np.asarray(solid.vertices), np.asarray(solid.faces)


def primitive_mesh(parameters: Mapping[str, Any]) -> TriangleMesh:
    """The mesh of a shape from the drawn values of `renderer.recipe.objects.Primitives`."""
    shape = parameters["shape"]
    vertices, faces = _solid(shape)
    size = parameters["size_m"]
    scaled = vertices * (size, size, size * parameters["flatness"])
    scaled[:, 2] -= scaled[:, 2].min()
    triangles = faces.astype(np.int32)
    return TriangleMesh(
        vertices=scaled,
        triangles=triangles,
        material_index=np.zeros(len(triangles), dtype=np.int32),
        smooth=np.full(len(triangles), shape in _CURVED),
    )


def primitive_ball(parameters: Mapping[str, Any]) -> tuple[Float[np.ndarray, "3"], float]:
    """The middle of a shape, and the radius of a ball about it that holds the shape, metres."""
    vertices = primitive_mesh(parameters).vertices
    middle: Float[np.ndarray, "3"] = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    return middle, float(np.linalg.norm(vertices - middle, axis=1).max())
