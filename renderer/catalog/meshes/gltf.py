"""glTF 2.0, as .gltf and as .glb: all meshes of its scene as one, with PBR materials.

The reader is ours because trimesh 5.2 is wrong without a word: it takes normalized integers as they are, so
that a quantized mesh is 65535 times too large, leaves out sparse rows, fans, all texture coordinates but the
first, and nodes of no scene, moves skinned meshes, and has linear colours of 8 bits; it fails at groups that
a camera is of (tests/unit/test_meshes_beyond_trimesh.py).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from renderer.catalog.meshes.fault import BrokenMeshError
from renderer.catalog.meshes.gltf_document import Document, open_document
from renderer.catalog.meshes.gltf_look import Look, look_of
from renderer.catalog.meshes.gltf_nodes import FAN, STRIP, TRIANGLES, instances, triangle_count
from renderer.catalog.meshes.polygons import Corners, check_indices, moved, together, welded
from renderer.catalog.meshes.source import Source
from renderer.catalog.model import Material, Model, TriangleMesh


def read_gltf(source: Source) -> Model:
    """The scene of a glTF file."""
    document = open_document(source)
    source.check_triangles(triangle_count(document))
    looks = _Looks(document)
    meshes: dict[int, list[TriangleMesh]] = {}
    parts: list[TriangleMesh] = []
    for instance in instances(document):
        if instance.mesh not in meshes:
            primitives = document.item("meshes", instance.mesh)["primitives"]
            meshes[instance.mesh] = [
                p for p in (_part(document, p, looks) for p in primitives) if p is not None
            ]
        parts += [moved(part, instance.scene_from_mesh) for part in meshes[instance.mesh]]
    if not parts:
        raise BrokenMeshError("has no triangles")
    return Model(mesh=together(parts), materials=tuple(looks.materials) if looks.is_own else ())


class _Looks:
    """The materials in use, in the order in which they are met; with and without colours they are two."""

    def __init__(self, document: Document) -> None:
        self.is_own = False
        self.materials: list[Material] = []
        self._document = document
        self._looks: dict[int | None, Look] = {}
        self._places: dict[tuple[int | None, bool], int] = {}

    def of(self, primitive: Mapping[str, Any]) -> tuple[Look, int]:
        """The look of a primitive, and which of the materials it is."""
        index, has_colors = primitive.get("material"), "COLOR_0" in primitive["attributes"]
        if index not in self._looks:
            self._looks[index] = look_of(self._document, index)
        look = self._looks[index]
        self.is_own = self.is_own or index is not None or has_colors
        key = (index, has_colors)
        if key not in self._places:
            self._places[key] = len(self.materials)
            self.materials.append(replace(look.material, vertex_colors=has_colors))
        return look, self._places[key]


def _part(document: Document, primitive: Mapping[str, Any], looks: _Looks) -> TriangleMesh | None:
    """The triangles of a primitive; None of points and lines."""
    attributes = primitive["attributes"]
    mode = primitive.get("mode", TRIANGLES)
    if mode not in (TRIANGLES, STRIP, FAN) or "POSITION" not in attributes:
        return None
    positions = _rows(document, attributes["POSITION"], 3)
    triangles = _triangles(document, primitive, mode, len(positions))
    if not len(triangles):
        return None
    check_indices(triangles, len(positions))
    look, material = looks.of(primitive)

    def corners(name: str, width: int) -> Float[np.ndarray, "t 3 k"] | None:
        if name not in attributes:
            return None
        rows = _rows(document, attributes[name], width)
        check_indices(triangles, len(rows))
        of_corners: Float[np.ndarray, "t 3 k"] = rows[triangles]
        return of_corners

    uvs = corners(f"TEXCOORD_{look.coordinates}", 2)
    return welded(
        Corners(
            positions=positions,
            triangles=triangles,
            normals=corners("NORMAL", 3),
            uvs=None if uvs is None else look.placed(uvs),
            colors=corners("COLOR_0", 4),
            material_index=np.full(len(triangles), material),
        )
    )


def _rows(document: Document, accessor: Any, width: int) -> Float[np.ndarray, "n k"]:
    """Rows of so many numbers; colours without opacity are opaque."""
    rows = document.array(accessor)
    if width == 4 and rows.shape[1] == 3:
        rows = np.column_stack([rows, np.ones(len(rows))])
    if rows.shape[1] != width:
        raise BrokenMeshError(f"has rows of {rows.shape[1]} numbers where {width} are due")
    return rows.astype(np.float64)


def _triangles(
    document: Document, primitive: Mapping[str, Any], mode: int, vertex_count: int
) -> Int[np.ndarray, "t 3"]:
    """Triangles from indices, or from vertices in their order (section 3.7.2.1)."""
    order = np.arange(vertex_count)
    if "indices" in primitive:
        indices = document.array(primitive["indices"])
        if indices.dtype.kind != "u" or indices.shape[1] != 1:
            raise BrokenMeshError("has triangle indices that are no natural numbers")
        order = indices[:, 0].astype(np.int64)
    if mode == TRIANGLES:
        return order[: len(order) // 3 * 3].reshape(-1, 3)
    steps = np.arange(max(len(order) - 2, 0))
    if mode == FAN:
        return np.stack([order[steps + 1], order[steps + 2], np.full_like(steps, order[0])], axis=1)
    odd = steps % 2
    return np.stack([order[steps], order[steps + 1 + odd], order[steps + 2 - odd]], axis=1)
