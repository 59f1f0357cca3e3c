"""The families of materials as node trees."""

from collections.abc import Callable, Mapping
from typing import Any

from renderer.blender.families.fabric import build_fabric
from renderer.blender.families.glass import build_glass, build_translucent
from renderer.blender.families.ingredients import Ingredients, gather
from renderer.blender.families.metal import build_brushed_metal, build_cast_metal
from renderer.blender.families.paint import build_flake_paint
from renderer.blender.families.paper import build_paper
from renderer.blender.families.plastic import build_plastic, build_rubber
from renderer.blender.families.stone import build_stone
from renderer.blender.families.wood import build_wood
from renderer.catalog.model import Material

# By the names of `renderer.recipe.objects.FAMILIES`.
_BUILDERS: Mapping[str, Callable[[Ingredients], None]] = {
    "wood": build_wood,
    "stone": build_stone,
    "fabric": build_fabric,
    "brushed_metal": build_brushed_metal,
    "cast_metal": build_cast_metal,
    "flake_paint": build_flake_paint,
    "plastic": build_plastic,
    "translucent": build_translucent,
    "glass": build_glass,
    "paper": build_paper,
    "rubber": build_rubber,
}


def build_family(tree: Any, material: Material) -> None:
    """Turn a material's tree, which holds a Principled shader, into the one of its family."""
    assert material.family is not None, "a material of no family"
    _BUILDERS[material.family.kind](gather(tree, material))
