"""From the catalog's materials to Blender's node trees."""

from collections.abc import Callable, Mapping
from typing import Any

import bpy
import numpy as np

from renderer.blender.families import build_family
from renderer.blender.nodes import add_bump, mix_colors, multiplied, set_color
from renderer.blender.runtime import start_blender
from renderer.blender.wear import add_wear
from renderer.catalog.model import Image, Material, Pattern, Texture


def build_material(name: str, material: Material) -> Any:
    """A BlenderProc material with the Principled shader and, where asked for, a pattern or an image."""
    built = start_blender().material.create(name)
    built.set_principled_shader_value("Roughness", material.roughness)
    built.set_principled_shader_value("Metallic", material.metallic)
    built.set_principled_shader_value("Transmission Weight", material.transmission)
    built.set_principled_shader_value("IOR", material.refraction_index)
    built.set_principled_shader_value("Base Color", [*material.color, 1.0])
    tree = built.blender_obj.node_tree
    if material.family is not None:
        build_family(tree, material)
    else:
        _build_generic(tree, material, name)
    if material.wear is not None:
        add_wear(tree, material.wear)
    return built


def _build_generic(tree: Any, material: Material, name: str) -> None:
    """Add the pattern or the image, where there is one."""
    height = None
    if material.pattern is not None:
        height = _add_pattern(tree, material.pattern)
        set_color(tree, mix_colors(tree, height, material.color, material.pattern.color_2))
    elif material.texture is not None:
        pixels = _add_texture(tree, material.texture, name)
        set_color(tree, multiplied(tree, pixels, material.color))
        height = pixels
    if height is not None and material.bump_m > 0:
        add_bump(tree, height, material.bump_m)


def _add_pattern(tree: Any, pattern: Pattern) -> Any:
    """Nodes that give 0 to 1 in object coordinates; returns the output socket."""
    node, output = _PATTERNS[pattern.kind](tree)
    node.inputs["Scale"].default_value = 1 / pattern.size_m
    coordinates = tree.nodes.new("ShaderNodeTexCoord")
    shift = tree.nodes.new("ShaderNodeMapping")
    shift.inputs["Location"].default_value = pattern.offset_m
    tree.links.new(coordinates.outputs["Object"], shift.inputs["Vector"])
    tree.links.new(shift.outputs["Vector"], node.inputs["Vector"])
    contrast = tree.nodes.new("ShaderNodeMapRange")
    contrast.inputs["From Min"].default_value = 0.3
    contrast.inputs["From Max"].default_value = 0.7
    contrast.inputs["To Max"].default_value = pattern.strength
    tree.links.new(node.outputs[output], contrast.inputs["Value"])
    return contrast.outputs["Result"]


def _noise(tree: Any) -> tuple[Any, str]:
    node = tree.nodes.new("ShaderNodeTexNoise")
    node.inputs["Detail"].default_value = 3.0
    return node, "Fac"


def _marble(tree: Any) -> tuple[Any, str]:
    node, output = _noise(tree)
    node.inputs["Distortion"].default_value = 2.5
    return node, output


def _cells(tree: Any) -> tuple[Any, str]:
    return tree.nodes.new("ShaderNodeTexVoronoi"), "Distance"


def _waves(tree: Any) -> tuple[Any, str]:
    node = tree.nodes.new("ShaderNodeTexWave")
    node.inputs["Distortion"].default_value = 6.0
    node.inputs["Detail"].default_value = 2.0
    return node, "Fac"


def _checker(tree: Any) -> tuple[Any, str]:
    return tree.nodes.new("ShaderNodeTexChecker"), "Fac"


def _bricks(tree: Any) -> tuple[Any, str]:
    return tree.nodes.new("ShaderNodeTexBrick"), "Fac"


# Each adds a texture node and names the output that runs from 0 to 1.
_PATTERNS: Mapping[str, Callable[[Any], tuple[Any, str]]] = {
    "noise": _noise,
    "marble": _marble,
    "cells": _cells,
    "waves": _waves,
    "checker": _checker,
    "bricks": _bricks,
}


def _add_texture(tree: Any, texture: Texture, name: str) -> Any:
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = _add_image(name, texture.pixels)
    coordinates = tree.nodes.new("ShaderNodeTexCoord")
    if texture.tile_size_m is None:
        tree.links.new(coordinates.outputs["UV"], node.inputs["Vector"])
        return node.outputs["Color"]
    mapping = tree.nodes.new("ShaderNodeMapping")
    mapping.inputs["Scale"].default_value = (1 / texture.tile_size_m,) * 3
    mapping.inputs["Location"].default_value = (0.5, 0.5, 0.0)
    tree.links.new(coordinates.outputs["Object"], mapping.inputs["Vector"])
    tree.links.new(mapping.outputs["Vector"], node.inputs["Vector"])
    return node.outputs["Color"]


def _add_image(name: str, pixels: Image) -> Any:
    height, width = pixels.shape[:2]
    image = bpy.data.images.new(name, width, height)
    rgba = np.ones((height, width, 4), dtype=np.float32)
    rgba[..., :3] = pixels[::-1]  # Blender's row 0 is the bottom
    rgba[..., :3] /= 255
    image.pixels.foreach_set(rgba.ravel())
    image.update()
    return image
