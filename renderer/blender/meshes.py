"""From the catalog's meshes to Blender's objects."""

from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from renderer.blender.materials import build_material
from renderer.blender.nodes import VERTEX_COLORS
from renderer.blender.runtime import start_blender
from renderer.catalog.model import Model, TriangleMesh
from renderer.rotation import transform
from renderer.scene import Pose

LARGEST_ID = 32767  # Blender keeps `pass_index` in 16 bits


def add_model(name: str, model: Model, pose: Pose, instance_id: int) -> None:
    """Add a model to Blender's scene; `instance_id` is what the id buffer shows."""
    item = start_blender().object.create_with_empty_mesh(name)
    _fill_mesh(item.get_mesh(), model.mesh)
    for number, material in enumerate(model.materials):
        item.add_material(build_material(f"{name}.{number}", material))
    item.set_local2world_mat(Matrix(transform(pose)))
    item.blender_obj.pass_index = instance_id


def move_model(name: str, pose: Pose) -> None:
    """Move a model that was added."""
    bpy.data.objects[name].matrix_world = Matrix(transform(pose))


def _fill_mesh(target: bpy.types.Mesh, mesh: TriangleMesh) -> None:
    count = len(mesh.triangles)
    target.vertices.add(len(mesh.vertices))
    target.loops.add(3 * count)
    target.polygons.add(count)
    target.vertices.foreach_set("co", mesh.vertices.astype(np.float32).ravel())
    target.loops.foreach_set("vertex_index", mesh.triangles.astype(np.int32).ravel())
    target.polygons.foreach_set("loop_start", np.arange(0, 3 * count, 3, dtype=np.int32))
    target.polygons.foreach_set("material_index", mesh.material_index.astype(np.int32))
    target.polygons.foreach_set("use_smooth", mesh.smooth)
    if mesh.uvs is not None:
        layer: Any = target.uv_layers.new(name="UVMap")
        layer.uv.foreach_set("vector", mesh.uvs.astype(np.float32).ravel())
    if mesh.colors is not None:
        colors: Any = target.color_attributes.new(VERTEX_COLORS, "FLOAT_COLOR", "CORNER")
        colors.data.foreach_set("color", mesh.colors.astype(np.float32).ravel())
    target.update(calc_edges=True)
