"""What looks of all formats share: linear colours, and images that are read once for a mesh."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from renderer.catalog.meshes.pictures import check_picture, color_texture, read_picture
from renderer.catalog.meshes.source import Source
from renderer.catalog.model import Material
from renderer.scene import Vector3

DULL = Material(color=(0.8, 0.8, 0.8), roughness=0.5)  # where a file says nothing, as Blender has it


def linear(srgb: Float[np.ndarray, "... 3"]) -> Float[np.ndarray, "... 3"]:
    """Linear values of sRGB ones in [0, 1] (IEC 61966-2-1)."""
    srgb = np.clip(np.nan_to_num(srgb), 0.0, 1.0)
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def picture(source: Source, reference: str) -> UInt8[np.ndarray, "h w 4"] | None:
    """RGB and opacity of the image that a file names; None where it is missing or not wanted.

    Raises:
        BrokenMeshError: it is missing, unreadable, or no place in the folder.
    """
    path = source.look_beside(reference, "texture")
    return None if path is None else pixels_of(source, path, Path(reference.replace("\\", "/")).name)


def pixels_of(source: Source, content: Path | bytes, name: str) -> UInt8[np.ndarray, "h w 4"] | None:
    """RGB and opacity of an image; None while it is only examined, or not wanted.

    Raises:
        BrokenMeshError: it is unreadable.
    """
    if not source.keeps_look or content in source.pictures:
        return source.pictures.get(content)
    if source.examines:
        check_picture(content, name)
        source.pictures[content] = None
    else:
        source.pictures[content] = read_picture(content, name)
    return source.pictures[content]


def textured(source: Source, material: Material, reference: str) -> Material:
    """The material under the image that a file names."""
    rgba = picture(source, reference)
    return material if rgba is None else replace(material, color=(1.0,) * 3, texture=color_texture(rgba))


def vector(values: Float[np.ndarray, "3"]) -> Vector3:
    """Three numbers in [0, 1] as plain data."""
    red, green, blue = (float(value) for value in np.clip(np.nan_to_num(values), 0.0, 1.0))
    return red, green, blue
