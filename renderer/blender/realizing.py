"""All that renders of an open file, as one mesh: modifiers applied, instances spelled out, then reduced."""

import math
from collections.abc import Iterator
from typing import Any

import bpy
from mathutils import Matrix

from renderer.blender.layers import keep_one_layer_each
from renderer.catalog.meshes.fault import BrokenMeshError

MAX_INSTANCES = 100_000
MAX_TRIANGLES = 20_000_000
_WITH_FACES = ("MESH", "CURVE", "SURFACE", "FONT", "META")


def realized(unit_m: float) -> Any:
    """One object with everything, in metres from the world's origin, alone in a new scene.

    Raises:
        BrokenMeshError: there is nothing, or too much.
    """
    _show_what_renders()
    if _instances_in(bpy.context.scene.collection, {}) > MAX_INSTANCES:
        raise BrokenMeshError(f"has more than {MAX_INSTANCES} instances")
    to_metres = Matrix.Scale(unit_m, 4)
    graph = bpy.context.evaluated_depsgraph_get()
    parts = [(mesh, to_metres @ place) for mesh, place in _placed_meshes(graph)]
    if not parts:
        raise BrokenMeshError("has no faces that render")
    return _joined(parts)


def decimate(item: Any, triangles: int) -> None:
    """Reduce an object by collapsing edges, which keeps texture coordinates."""
    count = _triangles(item.data)
    if count <= triangles:
        return
    modifier = item.modifiers.new("Decimate", "DECIMATE")
    modifier.decimate_type = "COLLAPSE"
    modifier.ratio = triangles / count
    modifier.use_collapse_triangulate = True
    with bpy.context.temp_override(object=item):
        bpy.ops.object.modifier_apply(modifier=modifier.name)


def _show_what_renders() -> None:
    """What Blender evaluates is what it would show; let that be what it would render."""
    for collection in bpy.data.collections:
        collection.hide_viewport = collection.hide_render
    _show_layer(bpy.context.view_layer.layer_collection)
    for item in bpy.context.view_layer.objects:
        item.hide_set(False)
    for item in bpy.data.objects:
        item.hide_viewport = item.hide_render
        item.show_instancer_for_viewport = item.show_instancer_for_render
        for modifier in item.modifiers:
            modifier.show_viewport = modifier.show_render
            if hasattr(modifier, "render_levels"):
                modifier.levels = modifier.render_levels
    bpy.context.view_layer.update()


def _show_layer(layer: Any) -> None:
    layer.hide_viewport = False
    for child in layer.children:
        _show_layer(child)


def _instances_in(collection: Any, known: dict[str, int]) -> int:
    """Objects that a collection stands for, counted without spelling them out."""
    if collection.name_full not in known:
        known[collection.name_full] = 0  # ends what holds itself
        shown = (item for item in collection.all_objects if not item.hide_render)
        known[collection.name_full] = sum(_instances_of(item, known) * _repeats(item) for item in shown)
    return known[collection.name_full]


def _instances_of(item: Any, known: dict[str, int]) -> int:
    if item.instance_type == "COLLECTION" and item.instance_collection:
        return _instances_in(item.instance_collection, known)
    return 1


def _repeats(item: Any) -> int:
    """How often an object appears on the corners or faces of those above it."""
    return math.prod(_elements(parent) for parent in _ancestors(item))


def _ancestors(item: Any) -> Iterator[Any]:
    while item.parent is not None:
        item = item.parent
        yield item


def _elements(item: Any) -> int:
    if item.instance_type == "VERTS" and item.type == "MESH":
        return len(item.data.vertices)
    if item.instance_type == "FACES" and item.type == "MESH":
        return len(item.data.polygons)
    return 1


def _placed_meshes(graph: Any) -> Iterator[tuple[Any, Matrix]]:
    """A mesh for each object and instance that has faces, with its place in the world."""
    meshes: dict[tuple[str, int], Any] = {}
    triangles = 0
    for number, instance in enumerate(graph.object_instances):
        if number >= MAX_INSTANCES:
            raise BrokenMeshError(f"has more than {MAX_INSTANCES} instances")
        item = instance.object
        if not instance.show_self or item.type not in _WITH_FACES or item.data is None:
            continue
        key = (item.name_full, item.data.as_pointer())
        if key not in meshes:
            meshes[key] = bpy.data.meshes.new_from_object(
                item, preserve_all_data_layers=True, depsgraph=graph
            )
        triangles += _triangles(meshes[key])
        if triangles > MAX_TRIANGLES:
            raise BrokenMeshError(f"has more than {MAX_TRIANGLES:,} triangles")
        if meshes[key].polygons:
            yield meshes[key], instance.matrix_world.copy()


def _triangles(mesh: Any) -> int:
    return len(mesh.loops) - 2 * len(mesh.polygons)


def _joined(parts: list[tuple[Any, Matrix]]) -> Any:
    """Bake each place into a mesh: a node of a .glb cannot have shear."""
    scene = bpy.data.scenes.new("realized")
    keep_one_layer_each({mesh.name_full: mesh for mesh, _ in parts}.values())
    items = []
    for mesh, place in parts:
        baked = mesh.copy()
        baked.transform(place)
        if place.is_negative:
            baked.flip_normals()
        items.append(bpy.data.objects.new("part", baked))
        scene.collection.objects.link(items[-1])
    with bpy.context.temp_override(scene=scene, active_object=items[0], selected_editable_objects=items):
        bpy.ops.object.join()
    bpy.context.window.scene = scene
    return items[0]
