"""Where rays go through a surface: it is transparent by alpha there (see docs/conventions.md)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int64, UInt8
from torch import Tensor

from renderer.catalog.library import Library
from renderer.catalog.model import OWNING_OPACITY, Material, Texture, TriangleMesh
from renderer.catalog.sources import build_model
from renderer.scene import SceneObject


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cutout:
    """The opacity of some of an object's triangles.

    Attributes:
        triangles: their numbers, ascending.
        least: at or above this opacity a ray ends here.
        alpha: of the material.
        image: the texture's opacity, row 0 is the top.
        uvs: where the corners lie in it.
        vertex_alpha: of the corners.
        is_known: false where tiles are laid in the object's frame, whose opacity is not looked up.
    """

    triangles: Int64[np.ndarray, " t"]
    least: float
    alpha: float
    image: UInt8[np.ndarray, "h w"] | None = None
    uvs: Float64[np.ndarray, "t 3 2"] | None = None
    vertex_alpha: Float64[np.ndarray, "t 3"] | None = None
    is_known: bool = True


def cutouts_of(item: SceneObject, mesh: TriangleMesh, library: Library) -> list[Cutout]:
    """What of an object is transparent by alpha; most objects are opaque."""
    if not _may_be_cut_out(item):
        return []
    materials = build_model(item, library).materials
    found = [_cutout(mesh, number, material) for number, material in enumerate(materials)]
    return [cutout for cutout in found if cutout is not None]


def _may_be_cut_out(item: SceneObject) -> bool:
    """Whether it is worth to build its materials."""
    return item.source == "mesh" or item.parameters.get("appearance.material") == "pbr"


def _cutout(mesh: TriangleMesh, number: int, material: Material) -> Cutout | None:
    texture = material.texture
    image = None if texture is None else texture.alpha
    vertex_alpha = mesh.colors[..., 3] if material.vertex_alpha and mesh.colors is not None else None
    if image is None and vertex_alpha is None and material.alpha == 1:
        return None
    triangles = np.flatnonzero(mesh.material_index == number)
    is_known = image is None or (texture is not None and _has_coordinates(texture) and mesh.uvs is not None)
    return Cutout(
        triangles=triangles,
        least=OWNING_OPACITY if material.alpha_cutoff is None else material.alpha_cutoff,
        alpha=material.alpha,
        image=image,
        uvs=None if mesh.uvs is None else mesh.uvs[triangles].astype(np.float64),
        vertex_alpha=None if vertex_alpha is None else vertex_alpha[triangles].astype(np.float64),
        is_known=is_known,
    )


def _has_coordinates(texture: Texture) -> bool:
    return texture.tile_size_m is None and not texture.projected


def ends_rays(
    cutout: Cutout, places: Int64[Tensor, " n"], weights: Sequence[Float64[Tensor, " n"]]
) -> Bool[Tensor, " n"]:
    """Whether rays end where they meet triangles.

    Args:
        places: of the triangles in `cutout.triangles`.
        weights: barycentric coordinates of the hits, one for each corner.
    """
    opacity = torch.full_like(weights[0], cutout.alpha)
    if cutout.vertex_alpha is not None:
        opacity = opacity * _interpolated(cutout.vertex_alpha, places, weights)
    if cutout.image is not None and cutout.uvs is not None:
        u = _interpolated(cutout.uvs[..., 0], places, weights)
        v = _interpolated(cutout.uvs[..., 1], places, weights)
        opacity = opacity * sampled(cutout.image, u, v)
    return opacity >= cutout.least


def _interpolated(
    corners: Float64[np.ndarray, "t 3"],
    places: Int64[Tensor, " n"],
    weights: Sequence[Float64[Tensor, " n"]],
) -> Float64[Tensor, " n"]:
    values = torch.from_numpy(np.ascontiguousarray(corners)).to(places.device)[places]
    return values[:, 0] * weights[0] + values[:, 1] * weights[1] + values[:, 2] * weights[2]


def sampled(
    image: UInt8[np.ndarray, "h w"], u: Float64[Tensor, " n"], v: Float64[Tensor, " n"]
) -> Float64[Tensor, " n"]:
    """An image in [0, 1] at texture coordinates, bilinear and repeated; row 0 is at v = 1."""
    height, width = image.shape
    pixels = torch.from_numpy(np.array(image[::-1])).to(u.device)
    x, y = u * width - 0.5, v * height - 0.5
    left, lower = x.floor(), y.floor()
    across, up = x - left, y - lower

    def pixel(column: Tensor, row: Tensor) -> Tensor:
        index = row.long().remainder(height) * width + column.long().remainder(width)
        return pixels.ravel()[index].double() / 255

    low = pixel(left, lower) * (1 - across) + pixel(left + 1, lower) * across
    high = pixel(left, lower + 1) * (1 - across) + pixel(left + 1, lower + 1) * across
    mixed: Tensor = low * (1 - up) + high * up
    return mixed
