"""What the catalog yields: triangle meshes and materials, as plain arrays."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from renderer.scene import Vector3

Image = UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TriangleMesh:
    """Triangles in the object's frame, metres, counter-clockwise seen from outside.

    Attributes:
        uvs: a texture coordinate for each corner of each triangle, or None.
        material_index: which of the model's materials each triangle has.
        smooth: whether a triangle is shaded smoothly.
    """

    vertices: Float[np.ndarray, "v 3"]
    triangles: Int[np.ndarray, "t 3"]
    material_index: Int[np.ndarray, " t"]
    smooth: Bool[np.ndarray, " t"]
    uvs: Float[np.ndarray, "t 3 2"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A procedural pattern of two colours, in object coordinates.

    Attributes:
        kind: one of `renderer.recipe.schema.PATTERNS`, other than plain and image.
        size_m: size of its features.
        strength: 0 leaves the first colour alone, 1 mixes both fully.
        offset_m: shifts the pattern, so that equal patterns do not look alike.
    """

    kind: str
    color_2: Vector3
    size_m: float
    strength: float = 1.0
    offset_m: Vector3 = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Texture:
    """An image texture: sRGB pixels, and the size of one tile where it repeats in object coordinates.

    Attributes:
        pixels: row 0 is the top, at texture coordinate v = 1.
        tile_size_m: edge of a tile laid over x and y; None takes the mesh's own coordinates.
    """

    pixels: Image
    tile_size_m: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Material:
    """A Principled material (linear RGB)."""

    color: Vector3
    roughness: float
    metallic: float = 0.0
    transmission: float = 0.0
    refraction_index: float = 1.49  # acrylic, of which dice are made
    pattern: Pattern | None = None
    texture: Texture | None = None
    bump_m: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """A mesh and its materials."""

    mesh: TriangleMesh
    materials: tuple[Material, ...] = field(default_factory=tuple)


def flat_shaded(vertices: Any, triangles: Any) -> TriangleMesh:
    """A mesh with one material and no smooth shading."""
    triangles = np.asarray(triangles, dtype=np.int32)
    return TriangleMesh(
        vertices=np.asarray(vertices, dtype=np.float64),
        triangles=triangles,
        material_index=np.zeros(len(triangles), dtype=np.int32),
        smooth=np.zeros(len(triangles), dtype=bool),
    )
