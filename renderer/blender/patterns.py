"""Procedural patterns of two colours, in object coordinates."""

from collections.abc import Callable, Mapping
from typing import Any

from renderer.catalog.model import Pattern


def add_pattern(tree: Any, pattern: Pattern) -> Any:
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
