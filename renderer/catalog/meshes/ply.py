"""PLY, binary and text: polygons, with colours of vertices or faces, or an image.

The reader is ours because trimesh 5.2 refuses binary polygons with different numbers of corners, which
Blender writes by default, or reads them as garbage where their bytes are as many as those of even ones. It
also refuses bytes behind the last element, takes a text that breaks off for whole, and makes 0 of 32768 in
colours of 16 bits (tests/unit/test_meshes_beyond_trimesh.py, tests/unit/test_meshes_look.py).
"""

import numpy as np
from jaxtyping import Float, Int

from renderer.catalog.meshes.fault import BrokenMeshError
from renderer.catalog.meshes.look import DULL, linear, textured
from renderer.catalog.meshes.ply_elements import Column, Table, read_header, read_tables
from renderer.catalog.meshes.polygons import Corners, check_indices, fan_corners, welded
from renderer.catalog.meshes.source import Source
from renderer.catalog.model import Material, Model

_INDICES = ("vertex_indices", "vertex_index")
_COORDINATES = (("s", "t"), ("u", "v"), ("texture_u", "texture_v"), ("texture_s", "texture_t"))


def read_ply(source: Source) -> Model:
    """The polygons of a PLY file as fans; colours and coordinates of its vertices, or of its faces."""
    content = source.content()
    header = read_header(content)
    source.check_triangles(header.count("face"))
    tables = read_tables(content, header, ("vertex", "face"))
    vertex, face = tables.get("vertex", {}), tables.get("face", {})
    polygons = next((face[name] for name in _INDICES if name in face), None)
    positions = _columns(vertex, ("x", "y", "z"))
    if polygons is None or polygons.counts is None or not len(positions):
        raise BrokenMeshError("has no triangles")
    source.check_triangles(int(np.maximum(polygons.counts - 2, 0).sum()))
    fans = fan_corners(polygons.counts)
    corner_vertices = polygons.values.astype(np.int64)  # those of a text are read as doubles
    check_indices(corner_vertices, len(positions))
    triangles = corner_vertices[fans]
    polygon_of_corner = np.repeat(np.arange(len(polygons.counts)), polygons.counts)
    colors = _colors(vertex, face, triangles, polygon_of_corner[fans[:, 0]])
    uvs = _uvs(vertex, _wedges(face, polygons.counts), triangles, fans)
    normals = _columns(vertex, ("nx", "ny", "nz"))
    mesh = welded(
        Corners(
            positions=positions,
            triangles=triangles,
            normals=normals[triangles] if len(normals) else None,
            uvs=uvs,
            colors=colors,
        )
    )
    return Model(mesh=mesh, materials=_materials(source, header.images, uvs is not None, colors is not None))


def _columns(table: Table, names: tuple[str, ...]) -> Float[np.ndarray, "n k"]:
    """Columns side by side; no rows where one is missing."""
    if not all(name in table and table[name].counts is None for name in names):
        return np.empty((0, len(names)))
    return np.stack([table[name].values.astype(np.float64) for name in names], axis=1)


def _colors(
    vertex: Table, face: Table, triangles: Int[np.ndarray, "t 3"], face_of_triangle: Int[np.ndarray, " t"]
) -> Float[np.ndarray, "t 3 4"] | None:
    """Colours of the corners: those of the vertices, or else of the faces."""
    of_vertices, of_faces = _rgba(vertex), _rgba(face)
    if not len(of_vertices) and not len(of_faces):
        return None
    corners: Float[np.ndarray, "t 3 4"]
    if len(of_vertices):
        corners = of_vertices[triangles]
    else:
        corners = np.repeat(of_faces[face_of_triangle][:, None], 3, axis=1)
    return corners


def _rgba(table: Table) -> Float[np.ndarray, "n 4"]:
    """Linear colours and opacity; no rows where there are none."""
    for prefix in ("", "diffuse_"):
        names = tuple(f"{prefix}{name}" for name in ("red", "green", "blue"))
        rgb = _columns(table, names)
        if len(rgb):
            alpha = _columns(table, ("alpha",))
            opacity = alpha[:, 0] / table["alpha"].top if len(alpha) else np.ones(len(rgb))
            return np.column_stack([linear(rgb / table[names[0]].top), opacity])
    return np.empty((0, 4))


def _wedges(face: Table, counts: Int[np.ndarray, " faces"]) -> Column | None:
    """The texture coordinates of the corners of faces, where each corner has two."""
    wedges = face.get("texcoord")
    if wedges is None or wedges.counts is None or (wedges.counts != 2 * counts).any():
        return None
    return wedges


def _uvs(
    vertex: Table, wedges: Column | None, triangles: Int[np.ndarray, "t 3"], fans: Int[np.ndarray, "t 3"]
) -> Float[np.ndarray, "t 3 2"] | None:
    """Texture coordinates: of the corners of faces, two for each, or else of the vertices."""
    uvs: Float[np.ndarray, "t 3 2"] | None = None
    of_vertices = next((uv for names in _COORDINATES if len(uv := _columns(vertex, names))), None)
    if wedges is not None:
        uvs = wedges.values.reshape(-1, 2)[fans]
    elif of_vertices is not None:
        uvs = of_vertices[triangles]
    return uvs


def _materials(
    source: Source, images: tuple[str, ...], has_uvs: bool, has_colors: bool
) -> tuple[Material, ...]:
    """The material of an image or of colours; none where there is neither."""
    if images and has_uvs:
        return (textured(source, DULL, images[0]),)
    return (
        (Material(color=(1.0, 1.0, 1.0), roughness=DULL.roughness, vertex_colors=True),) if has_colors else ()
    )
