"""The ground on which objects lie: what its parts look like, and what of them objects collide with."""

from collections.abc import Mapping, Set
from dataclasses import fields, replace
from typing import Any

from renderer.catalog.library import Library, pbr_of, texture_of
from renderer.catalog.model import Family, Image, Maps, Material, Model, Pattern, Texture, Wear
from renderer.catalog.places import parts_of
from renderer.catalog.solids import Solid
from renderer.recipe.objects import FAMILIES
from renderer.scene import Ground, Vector3


def appearance_material(parameters: Mapping[str, Any], library: Library) -> Material:
    """The material of drawn values of `renderer.recipe.objects.Appearance`."""
    if parameters["appearance.material"] in FAMILIES:
        return _family_material(parameters)
    if parameters["appearance.material"] == "pbr":
        return _pbr_material(parameters, library)
    kind = parameters["appearance.pattern"]
    procedural = kind not in ("plain", "image")
    return Material(
        wear=_wear(parameters),
        color=tuple(parameters["appearance.color"]) if kind != "image" else (1.0, 1.0, 1.0),
        roughness=parameters["appearance.roughness"],
        metallic=parameters["appearance.metallic"],
        bump_m=parameters["appearance.bump_m"] if kind != "plain" else 0.0,
        texture=texture_of(parameters, library) if kind == "image" else None,
        pattern=Pattern(
            kind=kind,
            color_2=tuple(parameters["appearance.color_2"]),
            size_m=parameters["appearance.pattern_size_m"],
            offset_m=_pattern_offset(parameters),
        )
        if procedural
        else None,
    )


def _pbr_material(parameters: Mapping[str, Any], library: Library) -> Material:
    """A set's images; for the maps that it lacks, the drawn numbers."""
    texture, maps = pbr_of(parameters, library)
    return Material(
        color=(1.0, 1.0, 1.0),
        roughness=parameters["appearance.roughness"] if maps.roughness is None else 1.0,
        metallic=parameters["appearance.metallic"] if maps.metallic is None else 1.0,
        bump_m=parameters["appearance.bump_m"],
        texture=texture,
        maps=maps,
        wear=_wear(parameters),
    )


def _family_material(parameters: Mapping[str, Any]) -> Material:
    return Material(
        color=tuple(parameters["appearance.color"]),
        roughness=parameters["appearance.roughness"],
        bump_m=parameters["appearance.bump_m"],
        family=Family(
            kind=parameters["appearance.material"],
            color_2=tuple(parameters["appearance.color_2"]),
            size_m=parameters["appearance.pattern_size_m"],
            seed=parameters["appearance.pattern_seed"],
        ),
        wear=_wear(parameters),
    )


def _wear(parameters: Mapping[str, Any]) -> Wear | None:
    """What use has left, or None where there is nothing."""
    amounts = {
        name: parameters[f"appearance.{name}"] for name in ("stains", "scratches", "dust", "fingerprints")
    }
    return Wear(seed=parameters["appearance.pattern_seed"], **amounts) if any(amounts.values()) else None


def _pattern_offset(parameters: Mapping[str, Any]) -> Vector3:
    """A shift by whole and broken features, far enough that no two seeds show the same place."""
    seed, size_m = parameters["appearance.pattern_seed"], parameters["appearance.pattern_size_m"]
    return (seed % 97 * 3.7 * size_m, seed % 89 * 4.1 * size_m, seed % 83 * 2.3 * size_m)


def ground_models(ground: Ground, library: Library) -> dict[str, Model]:
    """The parts of the place and, where there is one, the tray; all in world coordinates."""
    parts = parts_of(ground)
    looks = _looks({look for part in parts.values() for look in part.looks}, ground, library)
    return {
        name: Model(
            mesh=part.mesh,
            materials=tuple(looks[look] for look in part.looks),
            is_shell=part.is_shell,
            is_sheer=part.is_sheer,
        )
        for name, part in parts.items()
    }


def _looks(names: Set[str], ground: Ground, library: Library) -> dict[str, Material]:
    """The materials that parts of a place call so, see `renderer.catalog.places.Part`."""
    looks = {name: _look(name, ground, library) for name in names - {"top", "flat"}}
    if not names.isdisjoint({"top", "flat"}):
        looks["top"] = appearance_material(ground.parameters, library)
        looks["flat"] = _laid_flat(looks["top"])
    return looks


def _look(look: str, ground: Ground, library: Library) -> Material:
    if look == "skirting":
        return Material(color=(0.72, 0.71, 0.68), roughness=0.4)
    if look == "photo":
        return _photograph(library.photo_pixels(ground.parts["photo"]["photo"]))
    if look == "tray":
        assert ground.tray is not None, "a tray has parameters"
        return appearance_material(ground.tray, library)
    material = appearance_material(ground.parts[look], library)
    return _laid_flat(material) if look == "beneath" else material


def _photograph(pixels: Image) -> Material:
    """What reflects light as a photograph says, evenly and without gloss: index 1 is that of air."""
    texture = Texture(pixels=pixels, projected=True)
    return Material(color=(1.0, 1.0, 1.0), roughness=1.0, refraction_index=1.0, texture=texture)


def ground_solids(ground: Ground) -> tuple[Solid, ...]:
    """What objects can collide with, in world coordinates: the parts of the place, and the tray if any."""
    return tuple(solid for part in parts_of(ground).values() for solid in part.solids)


def _laid_flat(material: Material) -> Material:
    """The material with its tiles laid over x and y alone, which is all that shows on a table."""
    maps = {f.name: _flat(getattr(material.maps, f.name)) for f in fields(Maps)}
    return replace(material, texture=_flat(material.texture), maps=Maps(**maps))


def _flat(texture: Texture | None) -> Texture | None:
    return None if texture is None else replace(texture, flat=True)
