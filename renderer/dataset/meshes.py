"""Export of what is known of the user's meshes: sizes, symmetries, categories, and what could not be used."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from renderer.catalog.meshes.shelf import MeshFile, Shelf
from renderer.files import write_json


def write_meshes(shelves: Mapping[str, Shelf], path: Path) -> None:
    """Write the meshes of each kind of objects, and the broken ones; instances name theirs as `mesh`."""
    kinds = {
        name: {
            "meshes": [_mesh(mesh) for mesh in shelf.meshes],
            "broken": [{"file": broken.name, "reason": broken.reason} for broken in shelf.broken],
        }
        for name, shelf in shelves.items()
    }
    write_json(path, kinds)


def _mesh(mesh: MeshFile) -> dict[str, Any]:
    return {
        "file": mesh.name,
        "sha256": dict(mesh.hashes),
        "category": mesh.category,
        "low_m": mesh.low_m,
        "high_m": mesh.high_m,
        "triangles": mesh.triangles,
        "is_watertight": mesh.is_watertight,
        "symmetries": [asdict(symmetry) for symmetry in mesh.symmetries],
        "keypoints": mesh.keypoints,
    }
