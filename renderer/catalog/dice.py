"""Six-sided dice: rounded cubes with drilled or printed pips, in code.

The frame: origin at the centre, face 1 up (+Z), opposite faces add to 7. On a right-handed die the
faces 1, 2, 3 turn counter-clockwise about their common corner, seen from outside.
"""

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.spatial import Delaunay

from renderer.catalog.model import Material, Model, Pattern, TriangleMesh
from renderer.rotation import (
    quaternion_about,
    quaternion_product,
    rotation_from_z,
    rotation_matrix,
    vector3,
)
from renderer.scene import Quaternion, Vector3

CATEGORIES = ("1", "2", "3", "4", "5", "6")
KEYPOINTS = tuple(f"face_{face}" for face in CATEGORIES)  # the middles of the faces
RING_SEGMENTS = 20
DRILL_DEPTH = 0.45  # of the pip's radius: a spherical cap, as ball-end mills leave it
LARGEST_PIP = 0.16  # of the edge: a single pip stays on the flat of its face
PRINT_DEPTH = 0.02  # of the pip's radius: paint lies about flush

# Columns are the face's u, v and outward normal in the die's frame.
_FACE_FRAMES: Mapping[int, Sequence[Vector3]] = {
    1: ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    6: ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
    2: ((0, 1, 0), (0, 0, 1), (1, 0, 0)),
    5: ((0, 1, 0), (0, 0, -1), (-1, 0, 0)),
    3: ((0, 0, 1), (1, 0, 0), (0, 1, 0)),
    4: ((0, 0, 1), (-1, 0, 0), (0, -1, 0)),
}
_MIRROR = np.diag([1.0, -1.0, 1.0])

_ANGLES = np.arange(RING_SEGMENTS) * (2 * math.pi / RING_SEGMENTS)
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)
_PIP_GRID = 0.25  # distance of outer pips from the middle of the face, in edges


def pip_layout(face: int) -> Float[np.ndarray, "n 2"]:
    """Pip centres of a face in edges, origin at the face's middle."""
    d = _PIP_GRID
    middle, diagonal = [(0.0, 0.0)], [(-d, -d), (d, d)]
    antidiagonal, sides = [(-d, d), (d, -d)], [(-d, 0.0), (d, 0.0)]
    layouts = {
        1: middle,
        2: diagonal,
        3: middle + diagonal,
        4: diagonal + antidiagonal,
        5: middle + diagonal + antidiagonal,
        6: diagonal + antidiagonal + sides,
    }
    return np.array(layouts[face])


@functools.cache
def face_normals(chirality: str) -> Float[np.ndarray, "6 3"]:
    """Outward normals of the faces 1 to 6, in the die's frame."""
    normals = np.array([_FACE_FRAMES[face][2] for face in range(1, 7)], dtype=float)
    normals = normals @ _MIRROR if chirality == "left" else normals
    normals.setflags(write=False)
    return normals


def face_up(rotation_wxyz: Sequence[float], chirality: str) -> int:
    """The face whose normal points most upwards under a rotation."""
    heights = face_normals(chirality) @ rotation_matrix(rotation_wxyz)[2]
    return int(np.argmax(heights)) + 1


def face_margin(rotation_wxyz: Sequence[float], chirality: str) -> float:
    """How clearly one face points upwards: 1 where a die lies flat, 0 where it stands on an edge.

    Height of the upper face's unit normal minus that of the second highest, clipped to [0, 1].
    """
    second, first = np.sort(face_normals(chirality) @ rotation_matrix(rotation_wxyz)[2])[-2:]
    return float(np.clip(first - second, 0.0, 1.0))


def keep_face_up(face: int, chirality: str, rotation_wxyz: Sequence[float]) -> Quaternion:
    """The rotation of a die that looks the same but for its pips, with the face up that is to be.

    The cube is turned in itself by a quarter or a half: whatever it lies on, it lies as before.
    """
    normals = face_normals(chirality)
    up = face_up(rotation_wxyz, chirality)
    if up == face:
        w, x, y, z = rotation_wxyz
        return (w, x, y, z)
    wanted, there = normals[face - 1], normals[up - 1]
    is_opposite = bool(wanted @ there < -0.5)
    axis = np.roll(there, 1) if is_opposite else np.cross(wanted, there)
    turn = quaternion_about(axis.tolist(), math.pi if is_opposite else math.pi / 2)
    return quaternion_product(rotation_wxyz, turn)


def turn_face_up(face: int, chirality: str, rotation_wxyz: Sequence[float]) -> Quaternion:
    """The rotation that brings a face up, followed by `rotation_wxyz`."""
    x, y, z = face_normals(chirality)[face - 1].tolist()
    return quaternion_product(rotation_wxyz, rotation_from_z((-x, -y, z)))


def die_model(parameters: Mapping[str, Any]) -> Model:
    """Mesh and materials of a die from the drawn values of `renderer.recipe.objects.Dice`."""
    swirl = Pattern(
        kind="marble",
        color_2=tuple(parameters["color_2"]),
        size_m=parameters["edge_m"] / 3,
        strength=parameters["swirl"],
    )
    body = Material(
        color=tuple(parameters["color"]),
        roughness=parameters["roughness"],
        transmission=parameters["transmission"],
        pattern=swirl if parameters["swirl"] > 0 else None,
    )
    pips = Material(color=tuple(parameters["pip_color"]), roughness=max(0.3, parameters["roughness"]))
    return Model(mesh=die_mesh(die_shape(parameters)), materials=(body, pips))


def face_centres(parameters: Mapping[str, Any]) -> dict[str, Vector3]:
    """The middles of the faces of a die, by the names of its keypoints, in its frame."""
    centres = parameters["edge_m"] / 2 * face_normals(parameters["chirality"])
    return {name: vector3(centre) for name, centre in zip(KEYPOINTS, centres, strict=True)}


def die_shape(parameters: Mapping[str, Any]) -> "DieShape":
    """The measures of a die from the drawn values of `renderer.recipe.objects.Dice`."""
    return DieShape(
        edge_m=parameters["edge_m"],
        corner=parameters["corner_fraction"],
        pip_radius=parameters["pip_fraction"],
        one_scale=parameters["one_scale"],
        depth=DRILL_DEPTH if parameters["pip_style"] == "drilled" else PRINT_DEPTH,
        mirrored=parameters["chirality"] == "left",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DieShape:
    """Measures of a die: the corner's and the pips' radius over the edge, the dent over the pip's radius."""

    edge_m: float
    corner: float
    pip_radius: float
    one_scale: float
    depth: float
    mirrored: bool


@functools.lru_cache(maxsize=128)  # of a scene: it is built, and looked at again when it is labelled
def die_mesh(shape: DieShape) -> TriangleMesh:
    """The closed mesh of a die: material 0 is the body, 1 the pips."""
    vertices, triangles, is_pip = [], [], []
    offset = 0
    for face, frame in _FACE_FRAMES.items():
        radius = min(shape.pip_radius * (shape.one_scale if face == 1 else 1.0), LARGEST_PIP)
        points, face_triangles = _face_grid(face, shape.corner, radius)
        raised = _raise_face(points, face, shape.corner, radius, shape.depth)
        vertices.append(raised @ np.array(frame, dtype=float))
        triangles.append(face_triangles + offset)
        is_pip.append(_inside_pip(points, face_triangles, face, radius))
        offset += len(points)
    welded, merged = _weld(np.concatenate(vertices), np.concatenate(triangles))
    if shape.mirrored:
        welded, merged = welded @ _MIRROR, merged[:, ::-1]
    mesh = TriangleMesh(
        vertices=welded * shape.edge_m,
        triangles=np.ascontiguousarray(merged, dtype=np.int32),
        material_index=np.concatenate(is_pip).astype(np.int32),
        smooth=np.ones(len(merged), dtype=bool),
    )
    for array in (mesh.vertices, mesh.triangles, mesh.material_index, mesh.smooth):
        array.setflags(write=False)
    return mesh


def _from_pips(u: Any, v: Any, face: int) -> Any:
    """Distances of points from the middle of the nearest pip of a face."""
    nearest = np.full(len(u), np.inf)
    for pip_u, pip_v in pip_layout(face):
        du, dv = u - pip_u, v - pip_v
        np.minimum(nearest, du * du + dv * dv, out=nearest)
    return np.sqrt(nearest)


def _inside_pip(points: Float[np.ndarray, "n 2"], triangles: Any, face: int, radius: float) -> Any:
    a, b, c = points.T[:, triangles.T].swapaxes(0, 1)
    u, v = (a + b + c) / 3
    return _from_pips(u, v, face) < radius * math.cos(math.pi / RING_SEGMENTS)


def _face_grid(face: int, corner: float, radius: float) -> tuple[Any, Any]:
    """Points in the unit face [-0.5, 0.5]^2 and their triangulation, with rings around the pips."""
    rounded = corner * np.tan(np.linspace(math.pi / 4, 0, 5))
    line = np.concatenate([-0.5 + corner - rounded, np.linspace(-0.5 + corner, 0, 4)[1:]])
    line = np.concatenate([line, -line[-2::-1]])
    u, v = np.repeat(line, len(line)), np.tile(line, len(line))
    away = _from_pips(u, v, face) > radius * 1.25
    border = np.maximum(np.abs(u), np.abs(v)) > 0.5 - 1e-9
    grid = np.stack([u, v], axis=1)[away | border]
    pips = np.concatenate([*(_CIRCLE * radius * k for k in (0.5, 0.8, 1.0, 1.1)), np.zeros((1, 2))])
    points = np.concatenate([grid, (pip_layout(face)[:, None] + pips[None]).reshape(-1, 2)])
    points = points[(np.abs(points) <= 0.5).all(axis=1)]
    return points, _counter_clockwise(points, Delaunay(points).simplices)


def _counter_clockwise(points: Any, triangles: Any) -> Any:
    (au, bu, cu), (av, bv, cv) = points.T[:, triangles.T]
    area = (bu - au) * (cv - av) - (bv - av) * (cu - au)
    oriented = np.where(area[:, None] < 0, triangles[:, ::-1], triangles)
    return oriented[np.abs(area) > 1e-10]


def _raise_face(points: Any, face: int, corner: float, radius: float, depth: float) -> Any:
    """Lift face points (u, v) to the rounded cube, with a spherical dent in each pip; unit edge."""
    flat = np.column_stack([points, np.full(len(points), 0.5)])
    core = np.clip(flat, -(0.5 - corner), 0.5 - corner)
    normals = flat - core
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    surface = core + corner * normals
    distance = _from_pips(points[:, 0], points[:, 1], face)
    dent_m = depth * radius
    sphere = (radius**2 + dent_m**2) / (2 * dent_m)
    dent = np.sqrt(np.maximum(sphere**2 - distance**2, 0)) - (sphere - dent_m)
    return surface - normals * np.maximum(dent, 0)[:, None]


def _weld(vertices: Any, triangles: Any) -> tuple[Any, Any]:
    """Merge the vertices that neighbouring faces share."""
    rounded = np.round(vertices, 7)
    order = np.lexsort(rounded.T[::-1])
    ascending = rounded[order]
    is_new = np.append(True, (ascending[1:] != ascending[:-1]).any(axis=1))
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.cumsum(is_new) - 1
    return vertices[order[is_new]], number[triangles]
