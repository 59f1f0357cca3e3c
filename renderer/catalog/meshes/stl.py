"""STL, binary and text: triangles without a look."""

import numpy as np
from jaxtyping import Float

from renderer.catalog.meshes.fault import BrokenMeshError
from renderer.catalog.meshes.polygons import Corners, welded
from renderer.catalog.meshes.source import Source
from renderer.catalog.model import Model

HEADER_BYTES = 84  # 80 of any content, then the number of triangles
_RECORD = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def is_binary_stl(start: bytes, size: int) -> bool:
    """Whether a file that begins with `start` is a binary STL: its size is that of its triangles."""
    return len(start) >= HEADER_BYTES and size == HEADER_BYTES + announced(start) * _RECORD.itemsize


def announced(start: bytes) -> int:
    """The number of triangles that the header of a binary STL announces."""
    return int.from_bytes(start[80:84], "little")


def read_stl(source: Source) -> Model:
    """The triangles of an STL file; their normals follow from their corners."""
    content = source.content()
    is_text = content[:5].lower() == b"solid" and not is_binary_stl(content[:HEADER_BYTES], len(content))
    corners = _text_corners(content) if is_text else _binary_corners(content)
    source.check_triangles(len(corners))
    triangles = np.arange(3 * len(corners)).reshape(-1, 3)
    return Model(mesh=welded(Corners(positions=corners.reshape(-1, 3), triangles=triangles)))


def _binary_corners(content: bytes) -> Float[np.ndarray, "t 3 3"]:
    """The corners of as many triangles as the header announces; what comes after them is left out."""
    count, there = announced(content), (len(content) - HEADER_BYTES) // _RECORD.itemsize
    if count > there:
        raise BrokenMeshError(f"breaks off: {count} triangles are announced, {max(there, 0)} are there")
    corners: Float[np.ndarray, "t 3 3"] = np.frombuffer(content, _RECORD, count, HEADER_BYTES)["corners"]
    return corners


def _text_corners(content: bytes) -> Float[np.ndarray, "t 3 3"]:
    lines = content.lower().splitlines()
    if not any(line.lstrip().startswith(b"endsolid") for line in reversed(lines)):
        raise BrokenMeshError("breaks off: its last line is not 'endsolid'")
    words = (line.split() for line in lines)
    places = [[float(number) for number in w[1:4]] for w in words if len(w) == 4 and w[0] == b"vertex"]
    if len(places) % 3:
        raise BrokenMeshError("has facets that are no triangles")
    return np.array(places, dtype=np.float64).reshape(-1, 3, 3)
