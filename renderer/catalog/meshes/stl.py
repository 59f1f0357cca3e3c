"""STL, binary and text: triangles without a look, read by trimesh."""

import io

import numpy as np
import trimesh

from renderer.catalog.meshes.fault import BrokenMeshError
from renderer.catalog.meshes.polygons import Corners, welded
from renderer.catalog.meshes.source import Source
from renderer.catalog.model import Model

HEADER_BYTES = 84  # 80 of any content, then the number of triangles
_RECORD_BYTES = 50


def is_binary_stl(start: bytes, size: int) -> bool:
    """Whether a file that begins with `start` is a binary STL: its size is that of its triangles."""
    return len(start) >= HEADER_BYTES and size == HEADER_BYTES + announced(start) * _RECORD_BYTES


def announced(start: bytes) -> int:
    """The number of triangles that the header of a binary STL announces."""
    return int.from_bytes(start[80:84], "little")


def read_stl(source: Source) -> Model:
    """The triangles of an STL file, of all its solids; their normals follow from their corners."""
    scene = trimesh.load_scene(io.BytesIO(_whole(source.content())), file_type="stl", process=False)
    solids = [solid.vertices[solid.faces] for solid in scene.geometry.values()]
    if not solids:
        raise BrokenMeshError("has no triangles")
    corners = np.concatenate(solids)
    source.check_triangles(len(corners))
    triangles = np.arange(3 * len(corners)).reshape(-1, 3)
    return Model(mesh=welded(Corners(positions=corners.reshape(-1, 3), triangles=triangles)))


def _whole(content: bytes) -> bytes:
    """The content without what comes after the triangles that a header announces, which trimesh refuses."""
    if content[:5].lower() == b"solid" and not is_binary_stl(content[:HEADER_BYTES], len(content)):
        if b"endsolid" not in content.lower():
            raise BrokenMeshError("breaks off: its last line is not 'endsolid'")
        return content
    count, there = announced(content), (len(content) - HEADER_BYTES) // _RECORD_BYTES
    if count > there:
        raise BrokenMeshError(f"breaks off: {count} triangles are announced, {max(there, 0)} are there")
    return content[: HEADER_BYTES + count * _RECORD_BYTES]
