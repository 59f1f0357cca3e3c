"""What collides of an object: convex pieces in its own frame."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from renderer.catalog.cards.mesh import bend_height_m, card_outline
from renderer.catalog.convex import convex_pieces
from renderer.catalog.library import Library
from renderer.catalog.meshes.placing import mesh_file, mesh_scale
from renderer.catalog.meshes.reading import read_model
from renderer.catalog.primitives import primitive_mesh
from renderer.catalog.solids import Solid, hull_solid
from renderer.scene import SceneObject

TORUS_PIECES = 12  # the chord of a piece lies within its ring by 0.9 % of the ring's radius
CARD_STRIPS = 8
FLAT_BEND_M = 2e-5  # a card that bends by less lies flat


def solids_of(item: SceneObject, library: Library) -> tuple[Solid, ...]:
    """The convex pieces of an object, metres; a card's follow its bend.

    Raises:
        CatalogError: a mesh cannot be read, or takes too long to be taken apart.
    """
    if item.source == "mesh":
        return _mesh_solids(item, library)
    return _SOLIDS[item.source](item.parameters)


def _mesh_solids(item: SceneObject, library: Library) -> tuple[Solid, ...]:
    """The pieces at the mesh's own size, scaled."""
    mesh = mesh_file(item, library)
    shape = read_model(mesh, library.shelves[item.kind]).mesh
    scale = mesh_scale(mesh, item.parameters)
    return tuple(hull_solid(piece * scale) for piece in convex_pieces(mesh.name, shape))


def die_solids(parameters: Mapping[str, Any]) -> tuple[Solid, ...]:
    """The one piece of a die: a cube with round edges."""
    half_m = float(parameters["edge_m"]) / 2
    rounding_m = float(parameters["corner_fraction"] * parameters["edge_m"])
    return (Solid(shape="box", half_size_m=(half_m, half_m, half_m), rounding_m=rounding_m),)


def primitive_solids(parameters: Mapping[str, Any]) -> tuple[Solid, ...]:
    """The pieces of a plain shape; a torus has several."""
    vertices = primitive_mesh(parameters).vertices
    shape = _PRIMITIVES.get(parameters["shape"])
    if shape is not None:
        whole = hull_solid(vertices)
        return (Solid(shape=shape, half_size_m=whole.half_size_m, pose=whole.pose),)
    if parameters["shape"] == "torus":
        return tuple(hull_solid(piece) for piece in _sectors(vertices))
    return (hull_solid(vertices),)


def _sectors(vertices: Float[np.ndarray, "n 3"]) -> Iterator[Float[np.ndarray, "m 3"]]:
    """The vertices of a ring about z, cut like a cake; neighbours share those on their cut."""
    angles = np.arctan2(vertices[:, 1], vertices[:, 0])
    half_rad = math.pi / TORUS_PIECES
    for number in range(TORUS_PIECES):
        away = np.angle(np.exp(1j * (angles - (2 * number + 1) * half_rad)))
        yield vertices[np.abs(away) <= half_rad + 1e-6]


def _card_solids(parameters: Mapping[str, Any]) -> tuple[Solid, ...]:
    axis_rad = math.radians(parameters["bend_axis_deg"])
    across = card_outline() @ (-math.sin(axis_rad), math.cos(axis_rad))
    strips = 1 if abs(parameters["bend_m"]) < FLAT_BEND_M else CARD_STRIPS
    cuts = np.linspace(across.min(), across.max(), strips + 1)
    outlines = (_strip(card_outline(), across, low, high) for low, high in itertools.pairwise(cuts.tolist()))
    return tuple(hull_solid(_sheet(outline, parameters)) for outline in outlines)


def _strip(
    outline: Float[np.ndarray, "n 2"], across: Float[np.ndarray, " n"], low: float, high: float
) -> Float[np.ndarray, "m 2"]:
    """The corners of the part of a convex outline that lies between two heights `across` it."""
    points = [outline[(across >= low) & (across <= high)]]
    following, next_across = np.roll(outline, -1, axis=0), np.roll(across, -1)
    for cut in (low, high):
        crosses = (across - cut) * (next_across - cut) < 0
        share = (cut - across[crosses]) / (next_across[crosses] - across[crosses])
        points.append(outline[crosses] + share[:, None] * (following[crosses] - outline[crosses]))
    return np.concatenate(points)


def _sheet(outline: Float[np.ndarray, "n 2"], parameters: Mapping[str, Any]) -> Float[np.ndarray, "m 3"]:
    """The points of an outline on a card of scale 1, on the bent card's lower and upper side."""
    lower = np.column_stack([outline * parameters["scale"], bend_height_m(outline, parameters)])
    return np.concatenate([lower, lower + (0, 0, parameters["thickness_m"])])


_PRIMITIVES: Mapping[str, str] = {"box": "box", "book": "box", "sphere": "ellipsoid", "cylinder": "cylinder"}
_SOLIDS: Mapping[str, Callable[[Mapping[str, Any]], tuple[Solid, ...]]] = {
    "die": die_solids,
    "primitive": primitive_solids,
    "foreground": primitive_solids,
    "playing_card": _card_solids,
}
