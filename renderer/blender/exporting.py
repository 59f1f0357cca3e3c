"""Writing an object as .glb: with what glTF can say of its look, and plain colours for the rest."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from renderer.blender.layers import UV_LAYER
from renderer.catalog.meshes.fault import BrokenMeshError

_SURFACES = ("BSDF_PRINCIPLED", "EMISSION")  # that the exporter knows
_COLORS = ("TEX_IMAGE", "VERTEX_COLOR", "RGB")  # that it follows to a surface


def export_glb(item: Any, result: Path, *, needs_look: bool) -> None:
    """Write an object, alone in the open scene, in metres with Y up."""
    for slot in item.material_slots:
        if slot.material is not None and needs_look:
            make_expressible(slot.material)
    try:
        bpy.ops.export_scene.gltf(
            filepath=str(result),
            export_format="GLB",
            use_active_scene=True,
            export_yup=True,
            export_materials="EXPORT" if needs_look else "NONE",
            export_vertex_color="ACTIVE",
            export_animations=False,
            export_skins=False,
            export_morph=False,
        )
    except RuntimeError as error:
        raise BrokenMeshError("cannot be written as glTF by Blender") from error


def make_expressible(material: Any) -> None:
    """Give a material a plain colour where glTF has no words for what it has."""
    material.use_nodes = True
    nodes = material.node_tree.nodes
    for node in nodes:
        if node.type == "UVMAP":
            node.uv_map = UV_LAYER
    if not any(_holds(node, _SURFACES) for node in nodes):
        _add_principled(material)
    for node in nodes:
        if node.type == "BSDF_PRINCIPLED":
            _flatten(material.node_tree, node.inputs["Base Color"])


def _holds(node: Any, kinds: tuple[str, ...]) -> bool:
    if node.type == "GROUP" and node.node_tree:
        return any(_holds(inner, kinds) for inner in node.node_tree.nodes)
    return node.type in kinds


def _add_principled(material: Any) -> None:
    """Put a Principled surface in place of what there is, with the colour of its first shader."""
    tree = material.node_tree
    shader = next(
        (node for node in tree.nodes if node.type.startswith("BSDF") and "Color" in node.inputs), None
    )
    output = tree.get_output_node("ALL") or tree.nodes.new("ShaderNodeOutputMaterial")
    principled = tree.nodes.new("ShaderNodeBsdfPrincipled")
    principled.inputs["Roughness"].default_value = 1.0
    color = principled.inputs["Base Color"]
    if shader is None:
        color.default_value = material.diffuse_color
    else:
        color.default_value = shader.inputs["Color"].default_value
        for link in shader.inputs["Color"].links:
            tree.links.new(link.from_socket, color)
        if "Roughness" in shader.inputs and shader.type != "BSDF_DIFFUSE":  # of which it says no gloss
            principled.inputs["Roughness"].default_value = shader.inputs["Roughness"].default_value
    tree.links.new(principled.outputs[0], output.inputs["Surface"])


def _flatten(tree: Any, color: Any) -> None:
    """Replace a procedural pattern by the mean of its colours."""
    above = list(_above(color))
    if not above or any(_holds(node, _COLORS) for node in above):
        return
    colors = [found for node in above for found in _colors(node)] or [tuple(color.default_value)]
    for link in list(color.links):
        tree.links.remove(link)
    color.default_value = np.mean(colors, axis=0).tolist()


def _above(socket: Any) -> Iterator[Any]:
    """Nodes that a socket's value is made of."""
    for link in socket.links:
        yield link.from_node
        for other in link.from_node.inputs:
            yield from _above(other)


def _colors(node: Any) -> list[tuple[float, ...]]:
    if node.type == "VALTORGB":
        return [tuple(element.color) for element in node.color_ramp.elements]
    inputs = [
        entry for entry in node.inputs if entry.type == "RGBA" and entry.enabled and not entry.is_linked
    ]
    return [tuple(entry.default_value) for entry in inputs]
