"""The families of materials as node trees."""

from typing import Any

from renderer.catalog.model import Material


def build_family(tree: Any, material: Material) -> None:
    """Turn a material's tree, which holds a Principled shader, into the one of its family."""
    assert material.family is not None, "a material of no family"
