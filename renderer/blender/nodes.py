"""A small vocabulary for building node trees of shaders."""

from collections.abc import Sequence
from typing import Any

from renderer.scene import Vector3

VERTEX_COLORS = "Color"  # name of the attribute that holds a mesh's own colours


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


def product(tree: Any, a: Any, b: Any) -> Any:
    """The product of two colours' sockets."""
    node = tree.nodes.new("ShaderNodeMix")
    node.data_type, node.blend_type = "RGBA", "MULTIPLY"
    node.inputs["Factor"].default_value = 1.0
    tree.links.new(a, node.inputs[6])
    tree.links.new(b, node.inputs[7])
    return node.outputs[2]


def calculated(tree: Any, operation: str, *terms: Any, within_0_1: bool = False) -> Any:
    """What a Math node makes of numbers and sockets of numbers."""
    node = tree.nodes.new("ShaderNodeMath")
    node.operation, node.use_clamp = operation, within_0_1
    return _fed(tree, node, terms)


def vector_calculated(tree: Any, operation: str, *terms: Any) -> Any:
    """What a Vector Math node makes of vectors and sockets of vectors."""
    node = tree.nodes.new("ShaderNodeVectorMath")
    node.operation = operation
    return _fed(tree, node, terms)


def _fed(tree: Any, node: Any, terms: Sequence[Any]) -> Any:
    for term, slot in zip(terms, node.inputs, strict=False):
        if isinstance(term, float | tuple):
            slot.default_value = term
        else:
            tree.links.new(term, slot)
    return next(output for output in node.outputs if output.enabled)


def vertex_colors(tree: Any) -> Any:
    """A node of a mesh's own colours and their opacity."""
    node = tree.nodes.new("ShaderNodeVertexColor")
    node.layer_name = VERTEX_COLORS
    return node


def separated(tree: Any, vector: Any) -> list[Any]:
    """The sockets of a vector's x, y and z."""
    node = tree.nodes.new("ShaderNodeSeparateXYZ")
    tree.links.new(vector, node.inputs[0])
    return list(node.outputs)


def add_bump(tree: Any, height: Any, bump_m: float) -> None:
    """Let a height from 0 to 1 raise the surface by up to `bump_m`, over the relief that it has."""
    node = tree.nodes.new("ShaderNodeBump")
    node.inputs["Distance"].default_value = bump_m
    tree.links.new(height, node.inputs["Height"])
    normal = principled(tree).inputs["Normal"]
    if normal.is_linked:
        tree.links.new(normal.links[0].from_socket, node.inputs["Normal"])
    tree.links.new(node.outputs["Normal"], normal)
