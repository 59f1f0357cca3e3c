"""A mesh as a scene has it: at the size that was drawn, in the look that was drawn."""

import math
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from renderer.catalog.library import Library
from renderer.catalog.meshes.reading import read_model
from renderer.catalog.meshes.shelf import MeshFile
from renderer.catalog.model import Jitter, Model, TriangleMesh
from renderer.catalog.surfaces import appearance_material
from renderer.rotation import vector3
from renderer.scene import SceneObject, Vector3

JITTER = tuple(field.name for field in fields(Jitter))  # the factors of a kept look have these names


def mesh_file(item: SceneObject, library: Library) -> MeshFile:
    """The file that an object was drawn from."""
    return library.shelves[item.kind].mesh(item.parameters["file"])


def mesh_scale(mesh: MeshFile, parameters: Mapping[str, Any]) -> float:
    """The factor from a mesh's own size to the one that was drawn."""
    scale = float(parameters["scale"])
    if parameters.get("size_m") is None:
        return scale
    extent = float(np.subtract(mesh.high_m, mesh.low_m).max())
    return scale * float(parameters["size_m"]) / extent


def mesh_radius_m(item: SceneObject, library: Library) -> float:
    """Radius of a circle about the origin that holds it: tight where it stands upright."""
    mesh = mesh_file(item, library)
    _, x, y, _ = item.pose.rotation_wxyz
    stands = math.hypot(x, y) < 1e-9  # turned about the vertical only
    return mesh_scale(mesh, item.parameters) * (mesh.radius_m if stands else mesh.reach_m)


def mesh_vertices(item: SceneObject, library: Library) -> Float[np.ndarray, "n 3"]:
    """The vertices in the object's frame, metres."""
    mesh = mesh_file(item, library)
    model = read_model(mesh, library.shelves[item.kind])
    return model.mesh.vertices * mesh_scale(mesh, item.parameters)


def mesh_shape(item: SceneObject, library: Library) -> Mapping[str, Any]:
    """What the mesh at its size follows from; in its own look it has triangles of several materials."""
    mesh = mesh_file(item, library)
    return {
        "file": mesh.name,
        "scale": mesh_scale(mesh, item.parameters),
        "own_look": keeps_look(mesh, item.parameters),
    }


def mesh_look(item: SceneObject, library: Library) -> Mapping[str, Any]:
    """What its materials follow from."""
    mesh, parameters = mesh_file(item, library), item.parameters
    if keeps_look(mesh, parameters):
        return {"file": mesh.name} | {name: parameters[name] for name in JITTER}
    return appearance_of(parameters)


def appearance_of(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The drawn values of `renderer.recipe.objects.Appearance`."""
    return {name: value for name, value in parameters.items() if name.startswith("appearance.")}


def keeps_look(mesh: MeshFile, parameters: Mapping[str, Any]) -> bool:
    """Whether it is shown in its own look; one without a look never is."""
    return bool(parameters["look"] == "keep" and mesh.has_look)


def sized_mesh(item: SceneObject, library: Library) -> TriangleMesh:
    """The triangles at the size that was drawn; all of one material where the look is not the mesh's own."""
    mesh = mesh_file(item, library)
    own = read_model(mesh, library.shelves[item.kind]).mesh
    sized = replace(own, vertices=own.vertices * mesh_scale(mesh, item.parameters))
    if keeps_look(mesh, item.parameters):
        return sized
    return replace(sized, material_index=np.zeros_like(sized.material_index))


def mesh_model(item: SceneObject, library: Library) -> Model:
    """The mesh at its size: with its own look, changed as drawn, or with the one that was drawn."""
    mesh, parameters = mesh_file(item, library), item.parameters
    sized = sized_mesh(item, library)
    if not keeps_look(mesh, parameters):
        return Model(mesh=sized, materials=(appearance_material(parameters, library),))
    jitter = Jitter(**{name: parameters[name] for name in JITTER})
    own = read_model(mesh, library.shelves[item.kind]).materials
    return Model(mesh=sized, materials=tuple(replace(material, jitter=jitter) for material in own))


def mesh_box_m(item: SceneObject, library: Library) -> tuple[Vector3, Vector3]:
    """The lowest and the highest corner of the box around it, in the object's frame."""
    mesh = mesh_file(item, library)
    scale = mesh_scale(mesh, item.parameters)
    return vector3(scale * v for v in mesh.low_m), vector3(scale * v for v in mesh.high_m)


def mesh_keypoints(item: SceneObject, library: Library) -> Mapping[str, Vector3]:
    """Its keypoints in the object's frame, metres."""
    mesh = mesh_file(item, library)
    scale = mesh_scale(mesh, item.parameters)
    return {name: vector3(scale * v for v in place) for name, place in mesh.keypoints.items()}
