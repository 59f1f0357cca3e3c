"""From the catalog's materials to Blender's node trees."""

from typing import Any

from renderer.blender.families import build_family
from renderer.blender.fields import Vector
from renderer.blender.images import ImageNodes
from renderer.blender.maps import add_maps
from renderer.blender.nodes import (
    add_bump,
    calculated,
    mix_colors,
    multiplied,
    principled,
    set_color,
    vertex_colors,
)
from renderer.blender.opacity import add_opacity
from renderer.blender.patterns import add_pattern
from renderer.blender.runtime import start_blender
from renderer.blender.wear import add_wear
from renderer.catalog.model import Jitter, Material


def build_material(name: str, material: Material) -> Any:
    """A BlenderProc material with the Principled shader and whatever else the material asks for."""
    built = start_blender().material.create(name)
    built.set_principled_shader_value("Roughness", material.roughness)
    built.set_principled_shader_value("Metallic", material.metallic)
    built.set_principled_shader_value("Transmission Weight", material.transmission)
    built.set_principled_shader_value("IOR", material.refraction_index)
    built.set_principled_shader_value("Base Color", [*material.color, 1.0])
    if any(material.emission):
        built.set_principled_shader_value("Emission Color", [*material.emission, 1.0])
        built.set_principled_shader_value("Emission Strength", 1.0)
    tree = built.blender_obj.node_tree
    if material.family is not None:
        build_family(tree, material)
    else:
        _build_generic(tree, material)
    if material.jitter is not None:
        _add_jitter(tree, material.jitter)
    if material.wear is not None:
        add_wear(tree, material.wear)
    return built


def _build_generic(tree: Any, material: Material) -> None:
    """Add pattern, image, maps and the mesh's own colours, where there are any."""
    images = ImageNodes(tree=tree)
    height = None
    if material.pattern is not None:
        height = add_pattern(tree, material.pattern)
        set_color(tree, mix_colors(tree, height, material.color, material.pattern.color_2))
    elif material.texture is not None:
        pixels = images.color(material.texture)
        set_color(tree, multiplied(tree, pixels, material.color))
        height = pixels
    if material.vertex_colors:
        own = Vector(tree, vertex_colors(tree).outputs["Color"])
        set_color(tree, multiplied(tree, _base_color(tree), own))
    add_maps(images, material)
    add_opacity(images, material)
    if height is not None and material.maps.height is None and material.bump_m > 0:
        add_bump(tree, height, material.bump_m)


def _base_color(tree: Any) -> Any:
    """The socket that gives the base colour."""
    slot = principled(tree).inputs["Base Color"]
    if slot.is_linked:
        return slot.links[0].from_socket
    node = tree.nodes.new("ShaderNodeRGB")
    node.outputs["Color"].default_value = slot.default_value
    return node.outputs["Color"]


def _add_jitter(tree: Any, jitter: Jitter) -> None:
    """Turn the hue of the base colour, scale its saturation and brightness, and shift the roughness."""
    if (jitter.hue_shift_deg, jitter.saturation_scale, jitter.value_scale) != (0, 1, 1):
        node = tree.nodes.new("ShaderNodeHueSaturation")
        node.inputs["Hue"].default_value = (0.5 + jitter.hue_shift_deg / 360) % 1  # 0.5 is no turn
        node.inputs["Saturation"].default_value = jitter.saturation_scale
        node.inputs["Value"].default_value = jitter.value_scale
        tree.links.new(_base_color(tree), node.inputs["Color"])
        set_color(tree, _at_most_white(tree, node.outputs["Color"]))
    roughness = principled(tree).inputs["Roughness"]
    if roughness.is_linked:
        rough = roughness.links[0].from_socket
        shifted = calculated(tree, "ADD", rough, float(jitter.roughness_shift), within_0_1=True)
        tree.links.new(shifted, roughness)
    else:
        roughness.default_value = min(max(roughness.default_value + jitter.roughness_shift, 0.0), 1.0)


def _at_most_white(tree: Any, color: Any) -> Any:
    """A brightened colour, cut at 1: a surface gives back no more light than it gets."""
    node = tree.nodes.new("ShaderNodeMix")
    node.data_type, node.clamp_result = "RGBA", True
    node.inputs["Factor"].default_value = 0.0
    tree.links.new(color, node.inputs[6])
    return node.outputs[2]
