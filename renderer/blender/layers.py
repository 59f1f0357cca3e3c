"""Texture coordinates and colours of meshes that are to be joined: one layer each, of one name and kind."""

from collections.abc import Collection
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

UV_LAYER, COLOR_LAYER = "UVMap", "Color"


def keep_one_layer_each(meshes: Collection[Any]) -> None:
    """Leave what the materials use, or else what is rendered.

    Colours are white wherever a material does not ask for them: glTF multiplies by them everywhere.
    """
    colors = {mesh.name_full: _used_colors(mesh) for mesh in meshes}
    any_colors = any(found is not None for found in colors.values())
    for mesh in meshes:
        _keep_coordinates(mesh)
        for name in [layer.name for layer in mesh.color_attributes]:
            mesh.color_attributes.remove(mesh.color_attributes[name])
        if any_colors:
            found = colors[mesh.name_full]
            layer = mesh.color_attributes.new(COLOR_LAYER, "FLOAT_COLOR", "CORNER")
            values = np.ones((len(mesh.loops), 4), np.float32) if found is None else found
            layer.data.foreach_set("color", values.ravel())
            mesh.color_attributes.active_color = layer


def _keep_coordinates(mesh: Any) -> None:
    named = _named_by_nodes(mesh.materials, "UVMAP", "uv_map")
    kept = next((name for name in named if name in mesh.uv_layers), None)
    kept = kept or next((layer.name for layer in mesh.uv_layers if layer.active_render), None)
    for name in [layer.name for layer in mesh.uv_layers if layer.name != kept]:
        mesh.uv_layers.remove(mesh.uv_layers[name])
    if kept is not None:
        mesh.uv_layers[kept].name = UV_LAYER


def _used_colors(mesh: Any) -> Float[np.ndarray, "n 4"] | None:
    """Linear RGB and opacity for each corner; None where no face uses a colour."""
    layers = mesh.color_attributes
    named = _color_names(mesh.materials, layers)
    name = next((name for name in named if name in layers), None) or _rendered_color(mesh)
    used = _uses_color(mesh)
    if name is None or not used.any():
        return None
    layer = layers[name]
    values = np.empty((len(layer.data), 4), np.float32)
    layer.data.foreach_get("color", values.ravel())
    if layer.domain == "POINT":
        corners = np.empty(len(mesh.loops), np.int32)
        mesh.loops.foreach_get("vertex_index", corners)
        values = values[corners]
    return np.where(used[:, None], values, np.float32(1))


def _uses_color(mesh: Any) -> Bool[np.ndarray, " n"]:
    """Whether the face of each corner has a material that uses colours, or none at all."""
    uses = [
        not material or bool(_color_names([material], mesh.color_attributes)) for material in mesh.materials
    ] or [True]
    numbers, sizes = np.empty((2, len(mesh.polygons)), np.int32)
    mesh.polygons.foreach_get("material_index", numbers)
    mesh.polygons.foreach_get("loop_total", sizes)
    used: Bool[np.ndarray, " n"] = np.array(uses)[np.clip(numbers, 0, len(uses) - 1)].repeat(sizes)
    return used


def _color_names(materials: Collection[Any], layers: Any) -> list[str]:
    """Of layers that nodes ask for; the empty name is the one that is rendered."""
    attributes = _named_by_nodes(materials, "ATTRIBUTE", "attribute_name")
    named = _named_by_nodes(materials, "VERTEX_COLOR", "layer_name")
    return named + [name for name in attributes if name in layers]


def _rendered_color(mesh: Any) -> str | None:
    layers, number = mesh.color_attributes, mesh.color_attributes.render_color_index
    return str(layers[number].name) if 0 <= number < len(layers) else None


def _named_by_nodes(materials: Collection[Any], kind: str, attribute: str) -> list[str]:
    trees = [material.node_tree for material in materials if material and material.node_tree]
    return [getattr(node, attribute) for tree in trees for node in tree.nodes if node.type == kind]
