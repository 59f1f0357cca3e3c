"""From a file's axes and unit to the object's frame: Z up, metres, about its origin."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from renderer.catalog.model import TriangleMesh
from renderer.recipe.objects import Meshes

METRES: Mapping[str, float] = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254, "foot": 0.3048}
Y_UP_SUFFIXES = frozenset({".obj", ".glb", ".gltf"})  # glTF by its specification, OBJ by custom

# Rotations `object_from_file` that turn an axis of the file up.
_TURNS: Mapping[str, Float[np.ndarray, "3 3"]] = {
    "z": np.eye(3),
    "-z": np.array([[1.0, 0, 0], [0, -1, 0], [0, 0, -1]]),
    "y": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
    "-y": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
    "x": np.array([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]]),
    "-x": np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]]),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """How a file is turned and scaled; where its origin comes to lie depends on the mesh."""

    object_from_file: Float[np.ndarray, "3 3"]
    metres: float
    origin: str


def frame_of(settings: Meshes, *, suffix: str, is_bop: bool, is_converted: bool) -> Frame:
    """The frame of a file with `suffix`.

    Blender gives what it converted as glTF, with +Y up, whatever axis was up: such a file is first turned
    back to the axes that the user's has.
    """
    natural = _natural_up(suffix, is_bop)
    up = natural if settings.up == "auto" else settings.up
    unit = ("mm" if is_bop else "m") if settings.unit == "auto" else settings.unit
    object_from_file = _TURNS[up]
    if is_converted:
        object_from_file = object_from_file @ _TURNS[natural].T @ _TURNS["y"]
    return Frame(object_from_file=object_from_file, metres=METRES[unit], origin=settings.origin)


def _natural_up(suffix: str, is_bop: bool) -> str:
    """The axis that is up by the format; Blender shows its own and what it imports with +Z up."""
    return "y" if suffix in Y_UP_SUFFIXES and not is_bop else "z"


def origin_m(vertices_m: Float[np.ndarray, "v 3"], origin: str) -> Float[np.ndarray, "3"]:
    """Where the object's origin lies among turned and scaled vertices."""
    low, high = vertices_m.min(axis=0), vertices_m.max(axis=0)
    if origin == "file":
        return np.zeros(3)
    middle: Float[np.ndarray, "3"] = low + (high - low) / 2
    if origin == "bottom":
        middle[2] = low[2]
    return middle


def in_metres(mesh: TriangleMesh, frame: Frame) -> TriangleMesh:
    """The mesh turned and scaled, about the file's origin."""
    return replace(mesh, vertices=mesh.vertices @ frame.object_from_file.T * frame.metres)


def about_origin(mesh: TriangleMesh, frame: Frame) -> TriangleMesh:
    """A turned and scaled mesh about its origin."""
    return replace(mesh, vertices=mesh.vertices - origin_m(mesh.vertices, frame.origin))
