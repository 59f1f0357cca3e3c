"""What the readers of all formats share: fans, welding, smoothness, and the sum of parts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from renderer.catalog.meshes.fault import BrokenMeshError
from renderer.catalog.model import TriangleMesh

SMOOTH_BELOW_COS = np.cos(np.radians(30))  # of the angle between neighbours, where a file has no normals
CURVED_BELOW_COS = np.cos(np.radians(0.5))  # what is nearer is flat


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corners:
    """Triangles as a file has them: what each corner is, before equal corners are welded.

    Attributes:
        normals: of each corner, of any length; None leaves it to the angles.
    """

    positions: Float[np.ndarray, "v 3"]
    triangles: Int[np.ndarray, "t 3"]
    normals: Float[np.ndarray, "t 3 3"] | None = None
    uvs: Float[np.ndarray, "t 3 2"] | None = None
    colors: Float[np.ndarray, "t 3 4"] | None = None
    material_index: Int[np.ndarray, " t"] | None = None


def check_indices(indices: Int[np.ndarray, "..."], count: int) -> None:
    """Check that indices of vertices are in [0, count).

    Raises:
        BrokenMeshError: they are not.
    """
    if len(indices) and (indices.min() < 0 or indices.max() >= count):
        raise BrokenMeshError(f"has triangle indices that are out of range: it has {count} vertices")


def fan_corners(counts: Int[np.ndarray, " p"]) -> Int[np.ndarray, "t 3"]:
    """Triangle fans over polygons with so many corners, as indices of the corners of all polygons."""
    counts = np.asarray(counts, dtype=np.int64)
    if len(counts) and (counts == 3).all():
        return np.arange(3 * len(counts)).reshape(-1, 3)
    starts = np.cumsum(counts) - counts
    per_polygon = np.maximum(counts - 2, 0)
    first = np.repeat(starts, per_polygon)
    step = np.arange(len(first)) - np.repeat(np.cumsum(per_polygon) - per_polygon, per_polygon)
    fans: Int[np.ndarray, "t 3"] = np.stack([first, first + step + 1, first + step + 2], axis=1)
    return fans


def welded(corners: Corners) -> TriangleMesh:
    """A mesh whose triangles share a vertex where shading is smooth, and none across an edge.

    The file's normals say where that is, or else the angles do. Vertices of no triangle are left out.

    Raises:
        BrokenMeshError: it has no triangles, indices out of range, or vertices that are not finite.
    """
    triangles = corners.triangles
    if not len(triangles):
        raise BrokenMeshError("has no triangles")
    check_indices(triangles, len(corners.positions))
    corner_places = corners.positions[triangles].reshape(-1, 3).astype(np.float64)
    if not (np.abs(corner_places) < 1e12).all():  # metres or millimetres: no object is there
        raise BrokenMeshError("has vertices that are not finite")
    first, place_of_corner = _equal_rows(corner_places + 0.0)  # -0 and 0 are one place
    faces = normals_of(corner_places[first], place_of_corner.reshape(-1, 3))
    if corners.normals is None:
        vertex_of_corner, smooth = _parted_at_creases(place_of_corner.reshape(-1, 3), faces)
    else:
        directions = _directions(corners.normals)
        smooth = _curved(directions, faces)
        keys = np.column_stack([place_of_corner, np.round(directions.reshape(-1, 3), 3) + 0.0])
        vertex_of_corner = _equal_rows(keys)[1].reshape(-1, 3)
    vertices = np.empty((vertex_of_corner.max() + 1, 3))
    vertices[vertex_of_corner.ravel()] = corner_places
    count = len(triangles)
    index = corners.material_index if corners.material_index is not None else np.zeros(count, dtype=np.int32)
    return TriangleMesh(
        vertices=vertices,
        triangles=vertex_of_corner.astype(np.int32),
        material_index=index.astype(np.int32),
        smooth=smooth,
        uvs=corners.uvs if corners.uvs is None else np.nan_to_num(corners.uvs.astype(np.float64)),
        colors=corners.colors if corners.colors is None else np.nan_to_num(corners.colors.astype(np.float64)),
    )


def together(parts: Sequence[TriangleMesh]) -> TriangleMesh:
    """All parts as one mesh; where only some have colours, the others are white."""
    if len(parts) == 1:
        return parts[0]
    offsets = np.cumsum([0, *(len(part.vertices) for part in parts)])
    uvs = colors = None
    if any(part.uvs is not None for part in parts):
        uvs = np.concatenate([_or_constant(part.uvs, part, 0.0, 2) for part in parts])
    if any(part.colors is not None for part in parts):
        colors = np.concatenate([_or_constant(part.colors, part, 1.0, 4) for part in parts])
    return TriangleMesh(
        vertices=np.concatenate([part.vertices for part in parts]),
        triangles=np.concatenate([p.triangles + o for p, o in zip(parts, offsets[:-1], strict=True)]),
        material_index=np.concatenate([part.material_index for part in parts]),
        smooth=np.concatenate([part.smooth for part in parts]),
        uvs=uvs,
        colors=colors,
    )


def moved(mesh: TriangleMesh, parent_from_mesh: Float[np.ndarray, "4 4"]) -> TriangleMesh:
    """The mesh under an affine transform; a mirrored one is turned inside out, so that outside stays so."""
    linear = parent_from_mesh[:3, :3]
    vertices = mesh.vertices @ linear.T + parent_from_mesh[:3, 3]
    if np.linalg.det(linear) >= 0:
        return replace(mesh, vertices=vertices)
    return replace(
        mesh,
        vertices=vertices,
        triangles=mesh.triangles[:, ::-1],
        uvs=None if mesh.uvs is None else mesh.uvs[:, ::-1],
        colors=None if mesh.colors is None else mesh.colors[:, ::-1],
    )


def normals_of(
    vertices: Float[np.ndarray, "v 3"], triangles: Int[np.ndarray, "t 3"]
) -> Float[np.ndarray, "t 3"]:
    """Unit normals of triangles; zero where one has no area."""
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    return _directions(np.cross(b - a, c - a))


def is_closed(mesh: TriangleMesh) -> bool:
    """Whether the surface is watertight: each edge is that of two triangles, which run along it both ways."""
    _, place_of_vertex = _equal_rows(mesh.vertices + 0.0)
    triangles = place_of_vertex[mesh.triangles]
    starts, ends = triangles.ravel(), np.roll(triangles, -1, axis=1).ravel()
    count = len(mesh.vertices)
    there, back = np.sort(starts * count + ends), np.sort(ends * count + starts)
    return bool((there == back).all() and (np.diff(there) > 0).all() and (starts != ends).all())


def _equal_rows(rows: Float[np.ndarray, "n k"]) -> tuple[Int[np.ndarray, " u"], Int[np.ndarray, " n"]]:
    """The first of each set of equal rows, in their order, and which set each row is of."""
    order = np.lexsort(rows.T[::-1])
    differs = np.ones(len(rows), dtype=bool)
    differs[1:] = (np.diff(rows[order], axis=0) != 0).any(axis=1)
    set_of_sorted = np.cumsum(differs) - 1
    first_sorted = np.minimum.reduceat(order, np.flatnonzero(differs))
    rank = np.empty(len(first_sorted), dtype=np.int64)
    by_first = np.argsort(first_sorted)
    rank[by_first] = np.arange(len(first_sorted))
    set_of_row = np.empty(len(rows), dtype=np.int64)
    set_of_row[order] = rank[set_of_sorted]
    return first_sorted[by_first], set_of_row


def _directions(vectors: Float[np.ndarray, "... 3"]) -> Float[np.ndarray, "... 3"]:
    """Unit vectors; zero for those without a direction."""
    vectors = np.nan_to_num(np.asarray(vectors, dtype=np.float64), posinf=0.0, neginf=0.0)
    largest = np.abs(vectors).max(axis=-1, keepdims=True)
    vectors = np.divide(vectors, largest, out=np.zeros_like(vectors), where=largest > 0)
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    directions: Float[np.ndarray, "... 3"] = np.zeros_like(vectors)
    np.divide(vectors, lengths, out=directions, where=lengths > 0)
    return directions


def _curved(
    directions: Float[np.ndarray, "t 3 3"], faces: Float[np.ndarray, "t 3"]
) -> Bool[np.ndarray, " t"]:
    """Whether the normals of a triangle's corners are others than its own."""
    cosines: Float[np.ndarray, "t 3"] = np.einsum("tck,tk->tc", directions, faces)
    given: Bool[np.ndarray, " t"] = np.linalg.norm(directions, axis=-1).min(axis=1) > 0.5
    curved: Bool[np.ndarray, " t"] = given & (np.abs(cosines).min(axis=1) < CURVED_BELOW_COS)
    return curved


def _parted_at_creases(
    triangles: Int[np.ndarray, "t 3"], faces: Float[np.ndarray, "t 3"]
) -> tuple[Int[np.ndarray, "t 3"], Bool[np.ndarray, " t"]]:
    """Which corners share a vertex, when only gentle edges are shaded smoothly; and which triangles are so.

    Corners at one place are one vertex where gentle edges lead from one to the next.
    """
    count = len(triangles)
    corner = np.arange(3 * count).reshape(-1, 3)
    starts, ends = triangles.ravel(), np.roll(triangles, -1, axis=1).ravel()
    start_corner, end_corner = corner.ravel(), np.roll(corner, -1, axis=1).ravel()
    forth = starts < ends
    low_corner, high_corner = (np.where(forth, *pair) for pair in (
        (start_corner, end_corner), (end_corner, start_corner),
    ))  # fmt: skip
    low, high = np.minimum(starts, ends), np.maximum(starts, ends)
    order = np.lexsort((high, low))
    one, other = order[:-1], order[1:]
    shared = (low[one] == low[other]) & (high[one] == high[other])
    one, other = one[shared], other[shared]
    cosines = np.einsum("ek,ek->e", faces[one // 3], faces[other // 3])
    gentle = cosines > SMOOTH_BELOW_COS
    rows = np.concatenate([low_corner[one[gentle]], high_corner[one[gentle]]])
    columns = np.concatenate([low_corner[other[gentle]], high_corner[other[gentle]]])
    links = coo_matrix((np.ones(len(rows), dtype=bool), (rows, columns)), shape=(3 * count, 3 * count))
    _, vertex_of_corner = connected_components(links, directed=False)
    smooth = np.zeros(count, dtype=bool)
    curved = gentle & (cosines < CURVED_BELOW_COS)
    smooth[one[curved] // 3] = smooth[other[curved] // 3] = True
    return vertex_of_corner.reshape(-1, 3), smooth


def _or_constant(
    values: Float[np.ndarray, "t 3 k"] | None, mesh: TriangleMesh, constant: float, width: int
) -> Float[np.ndarray, "t 3 k"]:
    return values if values is not None else np.full((len(mesh.triangles), 3, width), constant)
