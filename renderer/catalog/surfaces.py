"""The ground on which objects lie: a table or floor, and a tray around the layout area."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from renderer.catalog.library import Library, pbr_of, texture_of
from renderer.catalog.model import Family, Maps, Material, Model, Pattern, Texture, Wear, flat_shaded
from renderer.catalog.solids import Solid
from renderer.recipe.objects import FAMILIES
from renderer.scene import Ground, Pose, Vector3

TABLE_HALF_M = 4.0
TRAY_FLOOR_M = 0.002  # the table lies this far below the tray's floor, which is at z = 0

_BOX_TRIANGLES = np.array(
    [
        [0, 2, 1], [0, 3, 2], [4, 5, 6], [4, 6, 7], [0, 1, 5], [0, 5, 4],
        [1, 2, 6], [1, 6, 5], [2, 3, 7], [2, 7, 6], [3, 0, 4], [3, 4, 7],
    ]
)  # fmt: skip


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
    """The table and, where there is one, the tray; both in world coordinates."""
    drop = TRAY_FLOOR_M if ground.tray is not None else 0.0
    h = TABLE_HALF_M
    table = flat_shaded(
        [(-h, -h, -drop), (h, -h, -drop), (h, h, -drop), (-h, h, -drop)], [(0, 1, 2), (0, 2, 3)]
    )
    material = _laid_flat(appearance_material(ground.parameters, library))
    models = {"table": Model(mesh=table, materials=(material,))}
    if ground.tray is not None:
        models["tray"] = _tray(ground.half_size_m, ground.tray, library)
    return models


def _laid_flat(material: Material) -> Material:
    """The material with its tiles laid over x and y alone, which is all that shows on a table."""
    maps = {f.name: _flat(getattr(material.maps, f.name)) for f in fields(Maps)}
    return replace(material, texture=_flat(material.texture), maps=Maps(**maps))


def _flat(texture: Texture | None) -> Texture | None:
    return None if texture is None else replace(texture, flat=True)


def _tray(half_size_m: tuple[float, float], tray: Mapping[str, Any], library: Library) -> Model:
    boxes = [_box(low, high) for low, high in _tray_boxes(half_size_m, tray)]
    vertices = np.concatenate(boxes)
    triangles = np.concatenate([_BOX_TRIANGLES + 8 * i for i in range(len(boxes))])
    return Model(mesh=flat_shaded(vertices, triangles), materials=(appearance_material(tray, library),))


def _tray_boxes(half_size_m: tuple[float, float], tray: Mapping[str, Any]) -> list[tuple[Vector3, Vector3]]:
    """Lower and upper corners of the floor and the four walls."""
    (w, d), t, h = half_size_m, tray["wall_thickness_m"], tray["wall_height_m"]
    low = -TRAY_FLOOR_M
    return [
        ((-w, -d, low), (w, d, 0.0)),
        ((-w - t, -d - t, low), (-w, d + t, h)),
        ((w, -d - t, low), (w + t, d + t, h)),
        ((-w, -d - t, low), (w, -d, h)),
        ((-w, d, low), (w, d + t, h)),
    ]


def ground_solids(ground: Ground) -> tuple[Solid, ...]:
    """What objects can collide with, in world coordinates: the table, and the tray if there is one."""
    drop = TRAY_FLOOR_M if ground.tray is not None else 0.0
    boxes = [] if ground.tray is None else _tray_boxes(ground.half_size_m, ground.tray)
    return (Solid(shape="plane", pose=Pose(position_m=(0.0, 0.0, -drop))), *(_solid(*box) for box in boxes))


def _solid(low: Vector3, high: Vector3) -> Solid:
    middle, half = np.add(low, high) / 2, np.subtract(high, low) / 2
    x, y, z = (float(v) for v in half)
    return Solid(
        shape="box",
        half_size_m=(x, y, z),
        pose=Pose(position_m=(float(middle[0]), float(middle[1]), float(middle[2]))),
    )


def _box(low: tuple[float, float, float], high: tuple[float, float, float]) -> Any:
    (x0, y0, z0), (x1, y1, z1) = low, high
    floor = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    return np.array([(x, y, z) for z in (z0, z1) for x, y in floor])
