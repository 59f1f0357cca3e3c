"""The sources of objects, by the name a recipe gives: what each yields and how it lies on others."""

import functools
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from renderer.catalog import dice
from renderer.catalog.cards import DECK_STYLES, Rank, Suit, draw_back, draw_face
from renderer.catalog.cards.mesh import KEYPOINTS as CARD_KEYPOINTS
from renderer.catalog.cards.mesh import bend_height_m, card_keypoints, card_mesh, card_outline
from renderer.catalog.cards.symmetry import looks_same_upside_down
from renderer.catalog.image_files import frozen
from renderer.catalog.library import Library
from renderer.catalog.meshes.placing import (
    appearance_of,
    mesh_box_m,
    mesh_file,
    mesh_keypoints,
    mesh_look,
    mesh_model,
    mesh_radius_m,
    mesh_shape,
    mesh_vertices,
    sized_mesh,
)
from renderer.catalog.meshes.symmetries import Symmetry
from renderer.catalog.model import Image, Material, Model, Texture, TriangleMesh
from renderer.catalog.primitives import primitive_mesh
from renderer.catalog.surfaces import appearance_material
from renderer.recipe.objects import Cards, Dice, Meshes, ObjectKind
from renderer.recipe.schema import Recipe
from renderer.rotation import rotation_matrix, vector3
from renderer.scene import SceneObject, Vector3

BOX_DIAGONAL = 1.25  # of a rectangle's longer side: its other side is three quarters of it
Parameters = Mapping[str, Any]
HALF_TURN = Symmetry(axis=(0.0, 0.0, 1.0), turns=2)
_CUBE = np.stack(np.meshgrid([-1.0, 1.0], [-1.0, 1.0], [-1.0, 1.0]), axis=-1).reshape(-1, 3)
_ANGLES_RAD = np.arange(32) * (2 * np.pi / 32)
_DIRECTIONS = np.stack([np.cos(_ANGLES_RAD), np.sin(_ANGLES_RAD)])  # in which outlines are looked at


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Support:
    """How an object lies: its convex outline from above and its lower side, in world orientation.

    Attributes:
        outline_m: corners relative to the object's origin, counter-clockwise.
        lower_m: height of the lower side over the object's origin at points relative to it.
        height_m: from the lower side to the upper side.
    """

    outline_m: Float[np.ndarray, "n 2"]
    lower_m: Callable[[Float[np.ndarray, "m 2"]], Float[np.ndarray, " m"]]
    height_m: float


def categories(recipe: Recipe, library: Library) -> tuple[str, ...]:
    """All categories that a recipe can label, in the order of their kinds, without repeats."""
    names: list[str] = []
    for name, kind in recipe.objects.items():
        if isinstance(kind, Dice):
            names += dice.CATEGORIES
        elif isinstance(kind, Cards):
            names += kind.categories
        elif isinstance(kind, Meshes):
            names += library.shelves[name].categories()
    return tuple(dict.fromkeys(names))


def is_labelled(kind: ObjectKind) -> bool:
    """Whether objects of a kind can have a category."""
    return isinstance(kind, Dice | Cards) or (isinstance(kind, Meshes) and kind.labelled)


def build_model(item: SceneObject, library: Library) -> Model:
    """The mesh and materials of an object, in its own frame."""
    if item.source == "mesh":
        return mesh_model(item, library)
    return _MODELS[item.source](item.parameters, library)


def mesh_of(item: SceneObject, library: Library) -> TriangleMesh:
    """The mesh of an object alone, that of `build_model`; no image is read or drawn."""
    if item.source == "mesh":
        return sized_mesh(item, library)
    return _MESHES[item.source](item.parameters)


def box_of(item: SceneObject, library: Library) -> tuple[Vector3, Vector3]:
    """The lowest and the highest corner of the box around an object, along the axes of its own frame, m."""
    if item.source == "mesh":
        return mesh_box_m(item, library)
    points = bounding_points(item, library) if item.source == "die" else mesh_of(item, library).vertices
    return vector3(points.min(axis=0)), vector3(points.max(axis=0))


def symmetries_of(item: SceneObject, library: Library) -> tuple[Symmetry, ...]:
    """Turns of an object that change nothing that can be seen; the pips of a die leave it none."""
    if item.source == "mesh":
        return mesh_file(item, library).symmetries
    if item.source == "playing_card":
        drawn = item.parameters
        same = looks_same_upside_down(Rank(drawn["rank"]), Suit(drawn["suit"]), drawn["deck"])
        return (HALF_TURN,) if same else ()
    return ()


def keypoints_of(item: SceneObject, library: Library) -> Mapping[str, Vector3]:
    """The keypoints that an object declares, by name, in its own frame, metres."""
    if item.source == "mesh":
        return mesh_keypoints(item, library)
    if item.source == "playing_card":
        return card_keypoints(item.parameters)
    return dice.face_centres(item.parameters) if item.source == "die" else {}


def category_keypoints(recipe: Recipe, library: Library) -> dict[str, tuple[str, ...]]:
    """The names of the keypoints of each category of which all objects declare the same, in one order."""
    declared: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for name, kind in recipe.objects.items():
        for category in dice.CATEGORIES if isinstance(kind, Dice) else ():
            declared[category].add(dice.KEYPOINTS)
        for category in kind.categories if isinstance(kind, Cards) else ():
            declared[category].add(CARD_KEYPOINTS)
        for mesh in library.shelves[name].meshes if isinstance(kind, Meshes) else ():
            if mesh.category is not None:
                declared[mesh.category].add(tuple(mesh.keypoints))
    agreed = {category: next(iter(names)) for category, names in declared.items() if len(names) == 1}
    return {category: names for category, names in agreed.items() if names}


def shape_key(item: SceneObject, library: Library) -> str:
    """What the mesh of an object follows from: objects with equal keys have equal meshes."""
    if item.source == "mesh":
        return _key(item, mesh_shape(item, library))
    if item.source in ("die", "playing_card"):
        return _key(item, item.parameters)
    return _key(item, {name: item.parameters[name] for name in ("shape", "size_m", "flatness")})


def look_key(item: SceneObject, library: Library) -> str:
    """What the materials of an object follow from: objects with equal keys have equal materials."""
    if item.source == "mesh":
        return _key(item, mesh_look(item, library))
    if item.source in ("die", "playing_card"):
        return _key(item, item.parameters)
    return _key(item, appearance_of(item.parameters))


def _key(item: SceneObject, parameters: Parameters) -> str:
    return json.dumps([item.kind, parameters], sort_keys=True)


def radius_m(item: SceneObject, library: Library) -> float:
    """Radius of the smallest circle about the object's origin that holds its outline, as it is turned."""
    source, parameters = item.source, item.parameters
    if source == "mesh":
        return mesh_radius_m(item, library)
    if source == "die":
        # Rounded corners cut the diagonal: h - r + r / sqrt(2) along each axis, h = 1/2.
        return float(parameters["edge_m"] * (0.5 - parameters["corner_fraction"] * 0.2929) * 2**0.5)
    if source == "playing_card":
        return float(parameters["scale"] * np.linalg.norm(card_outline(), axis=1).max())
    is_angular = parameters["shape"] in ("box", "book")
    return 0.5 * float(parameters["size_m"]) * (BOX_DIAGONAL if is_angular else 1.0)


def support_of(item: SceneObject, library: Library) -> Support:
    """How an object lies in its pose's rotation; for a card turned about the vertical only."""
    rotation = rotation_matrix(item.pose.rotation_wxyz)
    if item.source == "playing_card":
        return _card_support(item.parameters, rotation)
    vertices = bounding_points(item, library) @ rotation.T
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    outline = _convex_outline(vertices[:, :2])
    return Support(
        outline_m=outline,
        lower_m=lambda points: np.full(len(points), low[2]),
        height_m=float(high[2] - low[2]),
    )


def bounding_points(item: SceneObject, library: Library) -> Float[np.ndarray, "n 3"]:
    """Points whose convex hull holds an object that is no sheet, in its own frame."""
    if item.source == "mesh":
        return mesh_vertices(item, library)
    if item.source == "die":
        return float(item.parameters["edge_m"]) / 2 * _CUBE
    return primitive_mesh(item.parameters).vertices


def _convex_outline(points: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "m 2"]:
    """The convex hull seen in 32 directions: enough for footprints."""
    outline: Float[np.ndarray, "m 2"] = points[np.argmax(points @ _DIRECTIONS, axis=0)]
    return outline


def _card_support(parameters: Parameters, rotation: Float[np.ndarray, "3 3"]) -> Support:
    card_from_world, scale = rotation[:2, :2].T, parameters["scale"]
    return Support(
        outline_m=scale * card_outline() @ rotation[:2, :2].T,
        lower_m=lambda points: bend_height_m(points @ card_from_world.T / scale, parameters),
        height_m=float(parameters["thickness_m"]),
    )


def _die_model(parameters: Parameters, library: Library) -> Model:
    return dice.die_model(parameters)


def _primitive_model(parameters: Parameters, library: Library) -> Model:
    return Model(mesh=primitive_mesh(parameters), materials=(appearance_material(parameters, library),))


@functools.lru_cache(maxsize=64)  # of 0.6 MB each: drawing one takes 35 ms
def _printed_face(rank: str, suit: str, deck: str) -> Image:
    return frozen(draw_face(Rank(rank), Suit(suit), DECK_STYLES[deck]))


@functools.lru_cache(maxsize=len(DECK_STYLES))
def _printed_back(deck: str) -> Image:
    return frozen(draw_back(DECK_STYLES[deck]))


def _card_model(parameters: Parameters, library: Library) -> Model:
    sides = [
        _printed_face(parameters["rank"], parameters["suit"], parameters["deck"]),
        _printed_back(parameters["deck"]),
    ]
    if not parameters["face_up"]:
        sides.reverse()
    tint, roughness = tuple(parameters["tint"]), parameters["roughness"]
    printed = [Material(color=tint, roughness=roughness, texture=Texture(pixels=pixels)) for pixels in sides]
    return Model(mesh=card_mesh(parameters), materials=(*printed, Material(color=tint, roughness=0.8)))


_MESHES: Mapping[str, Callable[[Parameters], TriangleMesh]] = {
    "die": lambda parameters: dice.die_mesh(dice.die_shape(parameters)),
    "playing_card": card_mesh,
    "primitive": primitive_mesh,
    "foreground": primitive_mesh,
}
_MODELS: Mapping[str, Callable[[Parameters, Library], Model]] = {
    "die": _die_model,
    "playing_card": _card_model,
    "primitive": _primitive_model,
    "foreground": _primitive_model,
}
