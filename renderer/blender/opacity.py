"""What is transparent by alpha: cut out where a material says so, else a blend that ids cannot follow.

Where a surface is neither opaque nor absent, Cycles leaves its id by chance. So a material that blends has a
switch: while `hard_opacity` holds, it is opaque from `OWNING_OPACITY` up, and absent below.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy

from renderer.blender.images import ImageNodes
from renderer.blender.nodes import calculated, principled, vertex_colors
from renderer.catalog.model import OWNING_OPACITY, Material

_SWITCH = "Hard opacity"


def add_opacity(images: ImageNodes, material: Material) -> None:
    """Let a material's own number, its texture and the mesh's colours say how opaque it is."""
    tree, factors = images.tree, []
    if material.texture is not None and material.texture.alpha is not None:
        factors.append(images.alpha(material.texture))
    if material.vertex_alpha:
        factors.append(vertex_colors(tree).outputs["Alpha"])
    if not factors and material.alpha == 1:
        return
    opacity = calculated(tree, "ADD", float(material.alpha), 0.0)
    for factor in factors:
        opacity = calculated(tree, "MULTIPLY", opacity, factor)
    if material.alpha_cutoff is None:
        seen = _switched(tree, opacity)
    else:
        seen = _step(tree, opacity, material.alpha_cutoff)
    tree.links.new(seen, principled(tree).inputs["Alpha"])


def blends() -> bool:
    """Whether any material in Blender blends with what lies behind it."""
    return any(True for _ in _switches())


@contextmanager
def hard_opacity() -> Iterator[None]:
    """Let no material blend."""
    switches = list(_switches())
    for switch in switches:
        switch.default_value = 1.0
    try:
        yield
    finally:
        for switch in switches:
            switch.default_value = 0.0


def _switches() -> Iterator[Any]:
    for material in bpy.data.materials:
        node = material.node_tree.nodes.get(_SWITCH) if material.use_nodes else None
        if node is not None:
            yield node.inputs["Factor"]


def _switched(tree: Any, opacity: Any) -> Any:
    node = tree.nodes.new("ShaderNodeMix")
    node.name = _SWITCH
    node.inputs["Factor"].default_value = 0.0
    tree.links.new(opacity, node.inputs["A"])
    tree.links.new(_step(tree, opacity, OWNING_OPACITY), node.inputs["B"])
    return node.outputs["Result"]


def _step(tree: Any, opacity: Any, least: float) -> Any:
    """1 from `least` up, else 0."""
    below = calculated(tree, "LESS_THAN", opacity, least)
    return calculated(tree, "SUBTRACT", 1.0, below)
