"""Shelves of meshes made by hand: no files, `read_model` is replaced by a look into a map."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from unit.strategies import PLAIN

from renderer.catalog.library import Library, open_library
from renderer.catalog.meshes import placing
from renderer.catalog.meshes.shelf import BrokenMesh, MeshFile, Shelf
from renderer.catalog.model import Material, Model, flat_shaded
from renderer.recipe.objects import Meshes
from renderer.recipe.validation import parse_recipe, recipe_defaults
from renderer.scene import Contact, Pose, SceneObject

MESH = {
    "mesh": 0.0,
    "size_m": None,
    "scale": 1.0,
    "look": "keep",
    "hue_shift_deg": 0.0,
    "saturation_scale": 1.0,
    "value_scale": 1.0,
    "roughness_shift": 0.0,
} | PLAIN
BOX_TRIANGLES = np.array(
    [
        [0, 2, 1], [1, 2, 3], [4, 5, 6], [5, 7, 6], [0, 1, 4], [1, 5, 4],
        [2, 6, 3], [3, 6, 7], [0, 4, 2], [2, 4, 6], [1, 3, 5], [3, 7, 5],
    ]
)  # fmt: skip


def brick(width_m: float, depth_m: float, height_m: float, *materials: Material) -> Model:
    """A box about its origin; without materials it brings no look of its own."""
    corners = [(x, y, z) for z in (-0.5, 0.5) for y in (-0.5, 0.5) for x in (-0.5, 0.5)]
    mesh = flat_shaded(np.array(corners) * (width_m, depth_m, height_m), BOX_TRIANGLES)
    return Model(mesh=mesh, materials=materials)


def mesh_file(name: str, model: Model, **changes: Any) -> MeshFile:
    """What examining the file of a model would find; its category is its folder's name."""
    vertices = model.mesh.vertices
    low, high = (tuple(map(float, corner)) for corner in (vertices.min(axis=0), vertices.max(axis=0)))
    plain = MeshFile(
        name=name,
        path=Path("/nowhere") / name,
        readable=Path("/nowhere") / name,
        category=name.partition("/")[0],
        symmetries=(),
        hashes={name: f"{len(name):064x}"},
        low_m=low,
        high_m=high,
        radius_m=float(np.linalg.norm(vertices[:, :2], axis=1).max()),
        reach_m=float(np.linalg.norm(vertices, axis=1).max()),
        triangles=len(model.mesh.triangles),
        is_watertight=True,
        has_look=bool(model.materials),
    )
    return replace(plain, **changes)


def library_of(monkeypatch: Any, models: Mapping[str, Model], *broken: BrokenMesh, **changes: Any) -> Library:
    """A library with a shelf of these models for the kind `mesh`, by their files' names."""
    monkeypatch.setattr(placing, "read_model", lambda mesh, shelf: models[mesh.name])
    shelf = Shelf(
        key="objects.mesh",
        root=Path("/nowhere"),
        settings=mesh_settings(),
        meshes=tuple(mesh_file(name, models[name], **changes) for name in sorted(models)),
        broken=broken,
    )
    bare = parse_recipe(recipe_defaults() | {"objects": {"any": {"source": "primitive"}}})
    return replace(open_library(bare), shelves={"mesh": shelf})


def mesh_settings(**keys: Any) -> Meshes:
    """The settings of a kind of source mesh."""
    config = recipe_defaults() | {"objects": {"mesh": {"source": "mesh", **keys}}}
    kind = parse_recipe(config).objects["mesh"]
    assert isinstance(kind, Meshes)
    return kind


def mesh_object(file: str, pose: Pose | None = None, *, slot: int = 0, **values: Any) -> SceneObject:
    """An object of the scene that was drawn from a file."""
    return SceneObject(
        kind="mesh",
        slot=slot,
        source="mesh",
        category=file.partition("/")[0],
        contact=Contact.AVOID,
        pose=pose or Pose(),
        parameters=MESH | {"file": file} | values,
    )
