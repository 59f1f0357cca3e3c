"""A small vocabulary for building node trees of shaders."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from renderer.blender.fields import Scalar, Value, Vector, feed, world_normal
from renderer.scene import Vector3

VERTEX_COLORS = "Color"  # name of the attribute that holds a mesh's own colours


def principled(tree: Any) -> Any:
    """The Principled shader of a material's tree."""
    return next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")


def nested_nodes(tree: Any) -> Iterator[Any]:
    """All nodes of a tree, those inside its groups too."""
    for node in tree.nodes:
        yield node
        if node.type == "GROUP" and node.node_tree:
            yield from nested_nodes(node.node_tree)


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


def multiplied(tree: Any, color: Any, factor: Vector | Vector3) -> Any:
    """A colour's socket times a colour."""
    node = tree.nodes.new("ShaderNodeMix")
    node.data_type, node.blend_type = "RGBA", "MULTIPLY"
    node.inputs["Factor"].default_value = 1.0
    tree.links.new(color, node.inputs[6])
    feed(tree, node.inputs[7], factor)
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
    normal = principled(tree).inputs["Normal"]
    relief = Vector(tree, normal.links[0].from_socket) if normal.is_linked else None
    feed(tree, normal, bumped(Scalar(tree, height), bump_m, relief))


def set_inputs(tree: Any, values: Mapping[str, Value]) -> None:
    """Give inputs of the Principled shader by their names."""
    shader = principled(tree)
    for name, value in values.items():
        feed(tree, shader.inputs[name], value)


def bumped(height: Scalar, height_m: float, normal: Vector | None = None) -> Vector:
    """The normal of a surface that a height of 1 raises by `height_m`, on top of another relief."""
    node = height.tree.nodes.new("ShaderNodeBump")
    node.inputs["Distance"].default_value = height_m
    feed(height.tree, node.inputs["Height"], height)
    if normal is not None:
        feed(height.tree, node.inputs["Normal"], normal)
    return Vector(height.tree, node.outputs["Normal"])


def overlay(tree: Any, mask: Scalar, values: Mapping[str, Value]) -> None:
    """Where the mask is 1, let other values take the place of what inputs of the Principled shader have."""
    for name, value in values.items():
        socket = principled(tree).inputs[name]
        feed(tree, socket, _mixed(mask, current(tree, socket), value))


def current(tree: Any, socket: Any) -> Value:
    """What gives an input now: another node or a constant."""
    kind = Scalar if socket.type == "VALUE" else Vector
    if socket.is_linked:
        return kind(tree, socket.links[0].from_socket)
    return socket.default_value if kind is Scalar else tuple(socket.default_value)[:3]


def _mixed(mask: Scalar, below: Value, above: Value) -> Scalar | Vector:
    if isinstance(above, Vector | tuple):
        assert isinstance(below, Vector | tuple), "a colour lies over a colour"
        return mask.blend(below, above)
    assert not isinstance(below, Vector | tuple), "a number lies over a number"
    return mask.between(below, above)


def tilted(tree: Any, lean: Vector) -> None:
    """Add a vector of the world to the normals of the surface and of its clear coat, whatever they are."""
    for name in ("Normal", "Coat Normal"):
        socket = principled(tree).inputs[name]
        relief = Vector(tree, socket.links[0].from_socket) if socket.is_linked else world_normal(tree)
        feed(tree, socket, (relief + lean).unit())
