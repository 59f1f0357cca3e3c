"""Materials of glTF: metal and roughness, images, opacity, and the extensions that change them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

import numpy as np
from jaxtyping import Float, UInt8

from renderer.catalog.meshes.gltf_document import Document, floats
from renderer.catalog.meshes.look import DULL, picture, pixels_of, vector
from renderer.catalog.meshes.pictures import color_texture, value_texture
from renderer.catalog.meshes.source import data_uri_bytes
from renderer.catalog.model import Maps, Material, Texture
from renderer.scene import Vector3

GLTF_REFRACTION_INDEX = 1.5  # KHR_materials_ior: where nothing is said
_BOTH = "pbrMetallicRoughness"
_GLOSS = "KHR_materials_pbrSpecularGlossiness"
Pixels = UInt8[np.ndarray, "h w 4"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """A material, and how its images lie on a mesh.

    Attributes:
        coordinates: which set of texture coordinates they take.
        uv_from_uv: of homogeneous coordinates with v downwards (KHR_texture_transform).
    """

    material: Material
    coordinates: int
    uv_from_uv: Float[np.ndarray, "3 3"]

    def placed(self, uvs: Float[np.ndarray, "t 3 2"]) -> Float[np.ndarray, "t 3 2"]:
        """Where the corners lie in the image, with v upwards: in glTF v = 0 is the top."""
        moved = uvs @ self.uv_from_uv[:2, :2].T + self.uv_from_uv[:2, 2]
        return np.stack([moved[..., 0], 1 - moved[..., 1]], axis=-1)


def look_of(document: Document, index: int | None) -> Look:
    """The look of a material; what has none is white."""
    if index is None:
        plain = replace(DULL, color=(1.0, 1.0, 1.0))
        return Look(material=plain, coordinates=0, uv_from_uv=np.eye(3))
    entry = document.item("materials", index)
    extensions = entry.get("extensions", {})
    material = _glossy(document, extensions[_GLOSS]) if _GLOSS in extensions else _metal(document, entry)
    material = replace(
        material,
        emission=_emission(document, entry, extensions),
        transmission=_number(extensions.get("KHR_materials_transmission", {}), "transmissionFactor", 0.0),
        refraction_index=_refraction_index(extensions),
        maps=replace(material.maps, normal=_image(document, entry.get("normalTexture"), color_texture)),
    )
    reference = _first_reference(entry, extensions)
    coordinates, uv_from_uv = _placement(reference)
    return Look(material=_with_opacity(material, entry), coordinates=coordinates, uv_from_uv=uv_from_uv)


def _metal(document: Document, entry: Mapping[str, Any]) -> Material:
    """Base colour, metal and roughness (section 3.9.2); an image holds metal in blue, roughness in green."""
    values = entry.get(_BOTH, {})
    base = floats(values.get("baseColorFactor", (1, 1, 1, 1)), 4)
    roughness, metallic = (_number(values, f"{name}Factor", 1.0) for name in ("roughness", "metallic"))
    reference = values.get("metallicRoughnessTexture")
    return Material(
        color=vector(base[:3]),
        alpha=float(np.clip(base[3], 0, 1)),
        roughness=roughness,
        metallic=metallic,
        texture=_image(document, values.get("baseColorTexture"), color_texture),
        maps=Maps(
            roughness=_image(document, reference, lambda rgba: value_texture(rgba[..., 1], roughness)),
            metallic=_image(document, reference, lambda rgba: value_texture(rgba[..., 2], metallic)),
        ),
    )


def _glossy(document: Document, values: Mapping[str, Any]) -> Material:
    """The older way (KHR_materials_pbrSpecularGlossiness), as a dielectric: roughness is 1 - glossiness."""
    diffuse = floats(values.get("diffuseFactor", (1, 1, 1, 1)), 4)
    return Material(
        color=vector(diffuse[:3]),
        alpha=float(np.clip(diffuse[3], 0, 1)),
        roughness=1 - _number(values, "glossinessFactor", 1.0),
        texture=_image(document, values.get("diffuseTexture"), color_texture),
    )


def _emission(document: Document, entry: Mapping[str, Any], extensions: Mapping[str, Any]) -> Vector3:
    """The colour of its own light; that of an image is left out, for it is not everywhere."""
    factor = floats(entry.get("emissiveFactor", (0, 0, 0)), 3)
    if "emissiveTexture" in entry and factor.any():
        document.source.note("has an image of its own light, which is left out")
        return (0.0, 0.0, 0.0)
    strength = extensions.get("KHR_materials_emissive_strength", {}).get("emissiveStrength", 1.0)
    red, green, blue = (float(value) for value in np.nan_to_num(factor * float(strength)).clip(0, 1e6))
    return red, green, blue


def _with_opacity(material: Material, entry: Mapping[str, Any]) -> Material:
    """Opacity counts in two of the three modes (section 3.9.4)."""
    mode = entry.get("alphaMode", "OPAQUE")
    if mode == "BLEND":
        return material
    if mode == "MASK":
        return replace(material, alpha_cutoff=_number(entry, "alphaCutoff", 0.5))
    opaque = None if material.texture is None else replace(material.texture, alpha=None)
    return replace(material, alpha=1.0, texture=opaque)


def _refraction_index(extensions: Mapping[str, Any]) -> float:
    index = float(extensions.get("KHR_materials_ior", {}).get("ior", GLTF_REFRACTION_INDEX))
    return index if 1 <= index <= 5 else GLTF_REFRACTION_INDEX


def _number(values: Mapping[str, Any], name: str, default: float) -> float:
    """A number in [0, 1]."""
    return float(np.clip(np.nan_to_num(float(values.get(name, default))), 0, 1))


def _first_reference(entry: Mapping[str, Any], extensions: Mapping[str, Any]) -> Mapping[str, Any]:
    """The reference to an image that says how all of them lie: most files lay them alike."""
    values, glossy = entry.get(_BOTH, {}), extensions.get(_GLOSS, {})
    references = (
        values.get("baseColorTexture"),
        glossy.get("diffuseTexture"),
        values.get("metallicRoughnessTexture"),
        entry.get("normalTexture"),
    )
    return next((reference for reference in references if reference is not None), {})


def _placement(reference: Mapping[str, Any]) -> tuple[int, Float[np.ndarray, "3 3"]]:
    """The set of coordinates, and what KHR_texture_transform makes of them: offset @ rotation @ scale."""
    transform = reference.get("extensions", {}).get("KHR_texture_transform", {})
    angle_rad = float(transform.get("rotation", 0.0))
    cosine, sine = np.cos(angle_rad), np.sin(angle_rad)
    uv_from_uv = np.eye(3)
    rotation = np.array([[cosine, sine], [-sine, cosine]])
    uv_from_uv[:2, :2] = rotation * floats(transform.get("scale", (1, 1)), 2)
    uv_from_uv[:2, 2] = floats(transform.get("offset", (0, 0)), 2)
    return int(transform.get("texCoord", reference.get("texCoord", 0))), uv_from_uv


def _image(
    document: Document, reference: Mapping[str, Any] | None, texture_of: Callable[[Pixels], Texture]
) -> Texture | None:
    """What a reference to a texture shows; None where there is none, or it is only examined."""
    if reference is None:
        return None
    rgba = _pixels(document, reference)
    return None if rgba is None else texture_of(rgba)


def _pixels(document: Document, reference: Mapping[str, Any]) -> Pixels | None:
    texture = document.item("textures", reference["index"])
    webp = texture.get("extensions", {}).get("EXT_texture_webp", {})
    number = webp.get("source", texture.get("source"))
    if number is None:
        document.source.note("has an image in a format that is not read, which is left out")
        return None
    image = document.item("images", number)
    if "uri" not in image:
        return pixels_of(document.source, bytes(document.view(image["bufferView"])), f"images[{number}]")
    content = data_uri_bytes(image["uri"])
    if content is not None:
        return pixels_of(document.source, content, f"images[{number}]")
    return picture(document.source, unquote(image["uri"]))
