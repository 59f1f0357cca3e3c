"""Photographs as the ground: laid over what a camera sees, and cut to the aspect of its image."""

from typing import Any

import bpy

from renderer.catalog.model import Texture
from renderer.scene import Camera

_FRAMING = "Framing"
_ASPECT = "aspect"


def framed_window(tree: Any, texture: Texture) -> Any:
    """The socket of texture coordinates that `frame_photos` fits to each camera."""
    node = tree.nodes.new("ShaderNodeMapping")
    node.name = _FRAMING
    height, width, _ = texture.pixels.shape
    node[_ASPECT] = width / height
    tree.links.new(tree.nodes.new("ShaderNodeTexCoord").outputs["Window"], node.inputs["Vector"])
    return node.outputs["Vector"]


def frame_photos(camera: Camera) -> None:
    """Let photographs fill the image of a camera: what is too wide or too high for it is cut off evenly."""
    seen = camera.width_px / camera.fx_px / (camera.height_px / camera.fy_px)
    for material in bpy.data.materials:
        node = material.node_tree.nodes.get(_FRAMING) if material.use_nodes else None
        if node is not None:
            share = (min(seen / node[_ASPECT], 1.0), min(node[_ASPECT] / seen, 1.0))
            node.inputs["Scale"].default_value = (*share, 1.0)
            node.inputs["Location"].default_value = (*((1 - part) / 2 for part in share), 0.0)
