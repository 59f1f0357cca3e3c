"""A glTF document: its JSON, its buffers, and the arrays in them (glTF 2.0, section 3.6)."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import numpy as np
from jaxtyping import Float

from renderer.catalog.meshes.fault import BrokenMeshError
from renderer.catalog.meshes.source import LARGEST_FILE_BYTES, Source, data_uri_bytes

GLB_MAGIC = b"glTF"
_JSON_CHUNK, _BINARY_CHUNK = 0x4E4F534A, 0x004E4942
_TYPES: Mapping[int, str] = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS: Mapping[str, int] = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_UNDERSTOOD = frozenset(
    {"KHR_mesh_quantization", "KHR_texture_transform", "EXT_texture_webp", "KHR_lights_punctual"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A glTF file: `json` is what it says, `binary` is the buffer that lies in a GLB."""

    source: Source
    json: Mapping[str, Any]
    binary: bytes
    buffers: dict[int, bytes] = field(default_factory=dict)

    def items(self, kind: str) -> Sequence[Any]:
        """The list of that name, empty where there is none."""
        items = self.json.get(kind, [])
        if not isinstance(items, list):
            raise BrokenMeshError(f"has '{kind}' that are no list")
        return items

    def item(self, kind: str, index: Any) -> Mapping[str, Any]:
        """An entry of a list.

        Raises:
            BrokenMeshError: it is not there.
        """
        items = self.items(kind)
        if type(index) is not int or not 0 <= index < len(items) or not isinstance(items[index], dict):
            raise BrokenMeshError(f"names {kind}[{str(index)[:20]}], which is not there")
        entry: Mapping[str, Any] = items[index]
        return entry

    def view(self, index: Any) -> memoryview:
        """The bytes of a buffer view."""
        view = self.item("bufferViews", index)
        start, length = natural(view.get("byteOffset", 0)), natural(view["byteLength"])
        content = self.buffer(view["buffer"])
        if start + length > len(content):
            raise BrokenMeshError(f"breaks off: bufferViews[{index}] ends behind its buffer")
        return memoryview(content)[start : start + length]

    def array(self, index: Any) -> np.ndarray:
        """The rows of an accessor; normalized integers become numbers in [-1, 1]."""
        accessor = self.item("accessors", index)
        rows = self._dense(accessor, index)
        if "sparse" in accessor:
            rows = self._with_sparse(rows, accessor["sparse"], natural(accessor["count"]))
        if accessor.get("normalized") and rows.dtype.kind in "iu":
            return np.maximum(rows / np.iinfo(rows.dtype).max, -1.0)
        return rows

    def _dense(self, accessor: Mapping[str, Any], index: Any) -> np.ndarray:
        count, kind = natural(accessor["count"]), _kind(accessor)
        width = _WIDTHS[accessor["type"]]
        if "bufferView" not in accessor:
            if count * width * kind.itemsize > LARGEST_FILE_BYTES // 4:
                raise BrokenMeshError(f"has {count} rows in accessors[{index}], none of which is there")
            return np.zeros((count, width), kind)
        stride = natural(self.item("bufferViews", accessor["bufferView"]).get("byteStride", 0))
        return self._strided(accessor, (count, width), kind, stride or width * kind.itemsize)

    def _strided(
        self, part: Mapping[str, Any], shape: tuple[int, int], kind: np.dtype[Any], stride: int
    ) -> np.ndarray:
        """Rows that begin every `stride` bytes."""
        content, start = self.view(part["bufferView"]), natural(part.get("byteOffset", 0))
        row_bytes = shape[1] * kind.itemsize
        if stride < row_bytes or start + (shape[0] - 1) * stride + row_bytes > len(content):
            raise BrokenMeshError(f"breaks off: {shape[0]} rows end behind bufferViews[{part['bufferView']}]")
        return np.ndarray(shape, kind, content, start, (stride, kind.itemsize))

    def _with_sparse(self, rows: np.ndarray, sparse: Mapping[str, Any], count: int) -> np.ndarray:
        """The rows, some of which are replaced."""
        changed = natural(sparse["count"])
        if changed > count:
            raise BrokenMeshError("has more sparse rows than rows")
        places, values = sparse["indices"], sparse["values"]
        place_kind = np.dtype(_TYPES[places["componentType"]])
        at = self._strided(places, (changed, 1), place_kind, place_kind.itemsize)[:, 0]
        rows = rows.copy()
        rows[at] = self._strided(values, (changed, rows.shape[1]), rows.dtype, rows[:1].nbytes)
        return rows

    def buffer(self, index: Any) -> bytes:
        """The bytes of a buffer."""
        if index not in self.buffers:
            buffer = self.item("buffers", index)
            self.buffers[index] = self.binary if "uri" not in buffer else self.uri_bytes(buffer["uri"])
        return self.buffers[index]

    def uri_bytes(self, uri: str) -> bytes:
        """What the URI of a buffer holds.

        Raises:
            BrokenMeshError: it is missing, or no place in the folder.
        """
        inside = data_uri_bytes(uri)
        if inside is not None:
            return inside
        path = self.source.beside(unquote(uri), "buffer")
        if path is None:
            raise BrokenMeshError(f"names the buffer '{unquote(uri)}', which is missing")
        return path.read_bytes()


def natural(value: Any) -> int:
    """A whole number from 0.

    Raises:
        BrokenMeshError: it is none.
    """
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or value < 0
        or value != math.floor(value)
    ):
        raise BrokenMeshError(f"has {str(value)[:20]} where a count is due")
    return int(value)


def open_document(source: Source) -> Document:
    """Read the JSON of a .gltf or .glb file, and check that its extensions are understood.

    Raises:
        BrokenMeshError: it is no such file, breaks off, or needs an extension that is not read here.
    """
    content = source.content()
    text, binary = _glb_chunks(content) if content.startswith(GLB_MAGIC) else (content, b"")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise BrokenMeshError("has JSON that cannot be read: it breaks off or is no glTF") from None
    if not isinstance(document, dict) or not isinstance(document.get("asset"), dict):
        raise BrokenMeshError("is JSON, but no glTF")
    if not str(document["asset"].get("version", "2.0")).startswith("2"):
        raise BrokenMeshError("is glTF 1, of which nothing is read here: convert it to glTF 2")
    for name in document.get("extensionsRequired", []):
        if name not in _UNDERSTOOD and not str(name).startswith("KHR_materials_"):
            raise BrokenMeshError(f"needs the glTF extension {str(name)[:60]}, which is not read here")
    return Document(source=source, json=document, binary=binary)


def _glb_chunks(content: bytes) -> tuple[bytes, bytes]:
    """The JSON and the binary chunk of a GLB (section 4.4)."""
    version, length = (int.from_bytes(content[at : at + 4], "little") for at in (4, 8))
    if version != 2:
        raise BrokenMeshError(f"is glTF {version}, of which nothing is read here: convert it to glTF 2")
    if length > len(content):
        raise BrokenMeshError(f"breaks off: {length} bytes are announced, {len(content)} are there")
    chunks: dict[int, bytes] = {}
    at = 12
    while at + 8 <= length:
        size, kind = (int.from_bytes(content[at + i : at + i + 4], "little") for i in (0, 4))
        if at + 8 + size > length:
            raise BrokenMeshError("breaks off within a chunk")
        chunks.setdefault(kind, content[at + 8 : at + 8 + size])
        at += 8 + size
    return chunks.get(_JSON_CHUNK, b""), chunks.get(_BINARY_CHUNK, b"")


def _kind(accessor: Mapping[str, Any]) -> np.dtype[Any]:
    if accessor["componentType"] not in _TYPES or accessor["type"] not in _WIDTHS:
        raise BrokenMeshError("has an accessor of an unknown type")
    return np.dtype(_TYPES[accessor["componentType"]])


def floats(values: Any, count: int) -> Float[np.ndarray, " n"]:
    """So many numbers of the JSON.

    Raises:
        BrokenMeshError: there are more or fewer.
    """
    array = np.array(values, dtype=np.float64).ravel()
    if array.shape != (count,):
        raise BrokenMeshError(f"has {array.size} numbers where {count} are due")
    return array
