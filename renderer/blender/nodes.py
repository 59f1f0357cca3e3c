"""A small vocabulary for building node trees of shaders."""

from typing import Any

from renderer.scene import Vector3


def principled(tree: Any) -> Any:
    """The Principled shader of a material's tree."""
    return next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")


def set_color(tree: Any, output: Any) -> None:
    """Let a socket give the base colour."""
    tree.links.new(output, principled(tree).inputs["Base Color"])


def mix_colors(tree: Any, factor: Any, a: Vector3, b: Vector3) -> Any:
    """The colour `a` where the factor's socket is 0 and `b` where it is 1."""
    node = tree.nodes.new("ShaderNodeMix")
    node.data_type, node.blend_type = "RGBA", "MIX"
    tree.links.new(factor, node.inputs["Factor"])
    node.inputs[6].default_value = (*a, 1.0)  # sockets of one name for each data type: 6, 7 are colours
    node.inputs[7].default_value = (*b, 1.0)
    return node.outputs[2]


def multiplied(tree: Any, color: Any, tint: Vector3) -> Any:
    """A colour's socket times a colour."""
    node = tree.nodes.new("ShaderNodeMix")
    node.data_type, node.blend_type = "RGBA", "MULTIPLY"
    node.inputs["Factor"].default_value = 1.0
    tree.links.new(color, node.inputs[6])
    node.inputs[7].default_value = (*tint, 1.0)
    return node.outputs[2]


def add_bump(tree: Any, height: Any, bump_m: float) -> None:
    """Let a height from 0 to 1 raise the surface by up to `bump_m`."""
    node = tree.nodes.new("ShaderNodeBump")
    node.inputs["Distance"].default_value = bump_m
    tree.links.new(height, node.inputs["Height"])
    tree.links.new(node.outputs["Normal"], principled(tree).inputs["Normal"])
