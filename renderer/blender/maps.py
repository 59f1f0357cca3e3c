"""The maps of a PBR material: images that say how rough, metallic and uneven its surface is."""

from typing import Any

from renderer.blender.images import ImageNodes, Side, weighted_sum
from renderer.blender.nodes import add_bump, calculated, principled, separated, vector_calculated
from renderer.catalog.model import Material, Texture


def add_maps(images: ImageNodes, material: Material) -> None:
    """Let the maps of a material say what they say; what is rough or metallic is so times its own number."""
    maps = material.maps
    if maps.roughness is not None:
        _scale(images, maps.roughness, "Roughness")
    if maps.metallic is not None:
        _scale(images, maps.metallic, "Metallic")
    if maps.normal is not None:
        tiled = maps.normal.tile_size_m is not None
        normal = (_tiled_normal if tiled else _tangent_normal)(images, maps.normal)
        images.tree.links.new(normal, principled(images.tree).inputs["Normal"])
    if maps.height is not None and material.bump_m > 0:
        add_bump(images.tree, images.data(maps.height), material.bump_m)


def _scale(images: ImageNodes, texture: Texture, name: str) -> None:
    value = principled(images.tree).inputs[name]
    scaled = calculated(images.tree, "MULTIPLY", images.data(texture), float(value.default_value))
    images.tree.links.new(scaled, value)


def _tangent_normal(images: ImageNodes, texture: Texture) -> Any:
    """By the mesh's own texture coordinates."""
    node = images.tree.nodes.new("ShaderNodeNormalMap")
    images.tree.links.new(images.data(texture), node.inputs["Color"])
    return node.outputs["Normal"]


def _tiled_normal(images: ImageNodes, texture: Texture) -> Any:
    """By the planes of the object's frame, whose axes are the tangents: there need be no coordinates."""
    tree = images.tree
    smooth = tree.nodes.new("ShaderNodeTexCoord").outputs["Normal"]
    sides = images.data_by_side(texture)
    tilted = [_tilted(tree, side, color, texture.turn_rad, smooth) for side, color in sides]
    node = tree.nodes.new("ShaderNodeVectorTransform")
    node.vector_type, node.convert_from, node.convert_to = "NORMAL", "OBJECT", "WORLD"
    tree.links.new(weighted_sum(tree, tilted, [side.weight for side, _ in sides]), node.inputs["Vector"])
    return node.outputs["Vector"]


def _tilted(tree: Any, side: Side, color: Any, turn_rad: float, smooth: Any) -> Any:
    """What a normal map's colour says, in the object's frame: x and y along the axes of a plane."""
    decoded = vector_calculated(tree, "MULTIPLY_ADD", color, (2.0, 2.0, 2.0), (-1.0, -1.0, -1.0))
    turned = tree.nodes.new("ShaderNodeVectorRotate")
    turned.rotation_type = "Z_AXIS"
    turned.inputs["Angle"].default_value = turn_rad
    tree.links.new(decoded, turned.inputs["Vector"])
    x, y, z = separated(tree, turned.outputs["Vector"])
    along = tree.nodes.new("ShaderNodeCombineXYZ")
    tree.links.new(x, along.inputs[side.u_axis])
    tree.links.new(y, along.inputs[side.v_axis])
    return vector_calculated(tree, "MULTIPLY_ADD", smooth, z, along.outputs["Vector"])
