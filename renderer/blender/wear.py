"""Stains, scratches, dust and fingerprints, laid over whatever a material is."""

from typing import Any

from renderer.catalog.model import Wear


def add_wear(tree: Any, wear: Wear) -> None:
    """Lay wear over a finished material's tree."""
