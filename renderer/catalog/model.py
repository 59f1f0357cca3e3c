"""What the catalog yields: triangle meshes and materials, as plain arrays."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from renderer.scene import Vector3

Image = UInt8[np.ndarray, "h w 3"]
OWNING_OPACITY = 0.5  # at or above it, a surface owns the pixel whose centre shows it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TriangleMesh:
    """Triangles in the object's frame, metres, counter-clockwise seen from outside.

    Attributes:
        uvs: a texture coordinate for each corner of each triangle, or None.
        material_index: which of the model's materials each triangle has.
        smooth: whether a triangle is shaded smoothly.
        colors: linear RGB and opacity for each corner of each triangle, or None.
    """

    vertices: Float[np.ndarray, "v 3"]
    triangles: Int[np.ndarray, "t 3"]
    material_index: Int[np.ndarray, " t"]
    smooth: Bool[np.ndarray, " t"]
    uvs: Float[np.ndarray, "t 3 2"] | None = None
    colors: Float[np.ndarray, "t 3 4"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A procedural pattern of two colours, in object coordinates.

    Attributes:
        kind: one of `renderer.recipe.objects.PATTERNS`, other than plain and image.
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
    """An image texture: 8-bit pixels, and the size of one tile where it repeats in object coordinates.

    Attributes:
        pixels: row 0 is the top, at texture coordinate v = 1; sRGB where they are colours.
        tile_size_m: edge of a tile; tiles are laid over x and y, and over z and one of them where a surface
            faces sideways. None takes the mesh's own coordinates.
        turn_rad: of the tiles, about the origin, counter-clockwise seen from above.
        shift: of the tiles, in tiles, along their edges.
        flat: whether tiles are laid over x and y alone, which is enough for what is flat, and faster.
        projected: whether it is laid over what the camera sees, cut to the image's aspect, not over the mesh.
        alpha: opacity of the pixels, 255 is opaque; None is opaque everywhere.
    """

    pixels: Image
    tile_size_m: float | None = None
    turn_rad: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    flat: bool = False
    projected: bool = False
    alpha: UInt8[np.ndarray, "h w"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Maps:
    """Images of a PBR material besides its colour; linear, the value is in all three channels.

    Attributes:
        roughness: multiplies the material's own number; so does `metallic`.
        normal: tangent space, green up (OpenGL).
        height: from 0 to 1; raises the surface by up to the material's `bump_m`.
    """

    roughness: Texture | None = None
    metallic: Texture | None = None
    normal: Texture | None = None
    height: Texture | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A procedural material in object coordinates; each family says what it makes of the values.

    Attributes:
        kind: one of `renderer.recipe.objects.FAMILIES`.
        size_m: scale of its features; each family says what has which part of it.
        seed: equal seeds look alike.
    """

    kind: str
    color_2: Vector3
    size_m: float
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wear:
    """What use leaves on a surface, each in [0, 1]; lies over any material, in object coordinates."""

    seed: int
    stains: float = 0.0
    scratches: float = 0.0
    dust: float = 0.0
    fingerprints: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Jitter:
    """A change of a mesh's own look."""

    hue_shift_deg: float = 0.0
    saturation_scale: float = 1.0
    value_scale: float = 1.0
    roughness_shift: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Material:
    """A Principled material (linear RGB).

    Attributes:
        alpha: opacity; multiplies that of the texture and of the mesh's colours.
        alpha_cutoff: at or above it a surface is opaque, below it is not there; None blends.
        vertex_colors: whether the mesh's own colours multiply the colour.
        vertex_alpha: whether their opacity multiplies the opacity.
        family: what takes the place of pattern and texture.
        maps: in the coordinates of the texture, or of the mesh.
    """

    color: Vector3
    roughness: float
    metallic: float = 0.0
    transmission: float = 0.0
    refraction_index: float = 1.49  # acrylic, of which dice are made
    pattern: Pattern | None = None
    texture: Texture | None = None
    bump_m: float = 0.0
    emission: Vector3 = (0.0, 0.0, 0.0)
    alpha: float = 1.0
    alpha_cutoff: float | None = None
    vertex_colors: bool = False
    vertex_alpha: bool = False
    family: Family | None = None
    maps: Maps = Maps()
    wear: Wear | None = None
    jitter: Jitter | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """A mesh and its materials.

    Attributes:
        is_shell: whether it is cut away for a camera that it would hide the layout area from.
        is_sheer: whether light goes through it: cameras and reflections see it, shadows do not.
    """

    mesh: TriangleMesh
    materials: tuple[Material, ...] = field(default_factory=tuple)
    is_shell: bool = False
    is_sheer: bool = False


def flat_shaded(vertices: Any, triangles: Any) -> TriangleMesh:
    """A mesh with one material and no smooth shading."""
    triangles = np.asarray(triangles, dtype=np.int32)
    return TriangleMesh(
        vertices=np.asarray(vertices, dtype=np.float64),
        triangles=triangles,
        material_index=np.zeros(len(triangles), dtype=np.int32),
        smooth=np.zeros(len(triangles), dtype=bool),
    )
