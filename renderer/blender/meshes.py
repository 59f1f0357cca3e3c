"""From the catalog's meshes to Blender's objects."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from renderer.blender.materials import build_material
from renderer.blender.nodes import VERTEX_COLORS
from renderer.blender.runtime import start_blender
from renderer.catalog.model import Model, TriangleMesh
from renderer.catalog.scene_models import SceneModels
from renderer.rotation import transform
from renderer.scene import Pose, SceneObject

LARGEST_ID = 32767  # Blender keeps `pass_index` in 16 bits


def add_model(
    name: str, model: Model, pose: Pose, instance_id: int, materials: Sequence[Any] | None = None
) -> bpy.types.Object:
    """Add a model to Blender's scene; `instance_id` is what the id buffer shows.

    Args:
        materials: those of the model, where they are built already.
    """
    added = _add_mesh(name, model.mesh, build_materials(name, model) if materials is None else materials)
    _place(added, pose, instance_id)
    if model.is_sheer:
        added.blender_obj.visible_shadow = added.blender_obj.visible_diffuse = False
    item: bpy.types.Object = added.blender_obj
    return item


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """Adds the objects of one scene to Blender's: equal meshes are there once, and so are equal looks."""

    models: SceneModels
    _meshes: dict[str, bpy.types.Mesh] = field(default_factory=dict, init=False)
    _looks: dict[str, list[Any]] = field(default_factory=dict, init=False)

    def add(self, item: SceneObject, instance_id: int) -> None:
        """Add an object, as a linked copy where its mesh is there; the id buffer shows `instance_id`."""
        shape, look = self.models.kinships[item.name]
        if look not in self._looks:
            self._looks[look] = build_materials(item.name, self.models.of(item))
        if shape in self._meshes:
            added = _add_copy(item.name, self._meshes[shape], self._looks[look])
        else:
            added = _add_mesh(item.name, self.models.of(item).mesh, self._looks[look])
            self._meshes[shape] = added.get_mesh()
        _place(added, item.pose, instance_id)


def build_materials(name: str, model: Model) -> list[Any]:
    """The BlenderProc materials of a model."""
    return [build_material(f"{name}.{n}", material) for n, material in enumerate(model.materials)]


def _place(added: Any, pose: Pose, instance_id: int) -> None:
    added.set_local2world_mat(Matrix(transform(pose)))
    added.blender_obj.pass_index = instance_id


def move_model(instance_id: int, pose: Pose, scale: float) -> None:
    """Move an object that was added, and scale it."""
    item = next(item for item in bpy.data.objects if item.pass_index == instance_id)
    item.matrix_world = Matrix(transform(pose)) @ Matrix.Scale(scale, 4)


def _add_mesh(name: str, mesh: TriangleMesh, materials: Sequence[Any]) -> Any:
    item = start_blender().object.create_with_empty_mesh(name)
    _fill_mesh(item.get_mesh(), mesh)
    for material in materials:
        item.add_material(material)
    return item


def _add_copy(name: str, mesh: bpy.types.Mesh, materials: Sequence[Any]) -> Any:
    """An object of a mesh that is there; its materials hang on the object where they are not the mesh's."""
    item = start_blender().object.create_from_blender_mesh(mesh, name)
    for slot, material in zip(item.blender_obj.material_slots, materials, strict=True):
        if slot.material != material.blender_obj:
            slot.link, slot.material = "OBJECT", material.blender_obj
    return item


def _fill_mesh(target: bpy.types.Mesh, mesh: TriangleMesh) -> None:
    """Fill an empty mesh: its attributes at once, for `loops` and `polygons` set each number on its own."""
    count = len(mesh.triangles)
    target.vertices.add(len(mesh.vertices))
    target.loops.add(3 * count)
    target.polygons.add(count)
    attributes: Any = target.attributes
    attributes["position"].data.foreach_set("vector", mesh.vertices.astype(np.float32).ravel())
    attributes[".corner_vert"].data.foreach_set("value", mesh.triangles.astype(np.int32).ravel())
    target.polygons.foreach_set("loop_start", np.arange(0, 3 * count, 3, dtype=np.int32))
    material = attributes.new("material_index", "INT", "FACE")
    material.data.foreach_set("value", mesh.material_index.astype(np.int32))
    if not mesh.smooth.all():
        attributes.new("sharp_face", "BOOLEAN", "FACE").data.foreach_set("value", ~mesh.smooth)
    if mesh.uvs is not None:
        layer: Any = target.uv_layers.new(name="UVMap")
        layer.uv.foreach_set("vector", mesh.uvs.astype(np.float32).ravel())
    if mesh.colors is not None:
        colors: Any = target.color_attributes.new(VERTEX_COLORS, "FLOAT_COLOR", "CORNER")
        colors.data.foreach_set("color", mesh.colors.astype(np.float32).ravel())
    target.update(calc_edges=True)
