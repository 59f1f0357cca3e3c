"""Which reader a file is for, what it really is by its first bytes, and how large, before it is read."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from renderer.catalog.meshes.fault import BrokenMeshError
from renderer.catalog.meshes.gltf import read_gltf
from renderer.catalog.meshes.gltf_document import open_document
from renderer.catalog.meshes.gltf_nodes import triangle_count
from renderer.catalog.meshes.obj import read_obj
from renderer.catalog.meshes.ply import read_ply
from renderer.catalog.meshes.ply_elements import LARGEST_HEADER_BYTES, read_header
from renderer.catalog.meshes.source import Source
from renderer.catalog.meshes.stl import HEADER_BYTES, announced, is_binary_stl, read_stl
from renderer.catalog.model import Model

READERS: Mapping[str, Callable[[Source], Model]] = {
    ".obj": read_obj, ".ply": read_ply, ".stl": read_stl, ".glb": read_gltf, ".gltf": read_gltf,
}  # fmt: skip
_EXPECTED: Mapping[str, tuple[str, ...]] = {
    ".obj": ("OBJ",), ".ply": ("PLY",), ".stl": ("STL",), ".glb": ("glTF",), ".gltf": ("glTF",),
    ".fbx": ("FBX",), ".usd": ("USD",), ".usda": ("USD",), ".usdc": ("USD",), ".usdz": ("a zip archive",),
    ".blend": ("a Blender file", "a gzip archive", "a Zstandard archive"),
}  # fmt: skip
SUFFIXES = tuple(sorted(_EXPECTED))
_START_BYTES = 4096
_CHUNK_BYTES = 1 << 22

_MAGIC: Mapping[bytes, str] = {
    b"\x89PNG": "a PNG image", b"\xff\xd8\xff": "a JPEG image", b"GIF8": "a GIF image", b"BM": "a BMP image",
    b"%PDF": "a PDF", b"PK\x03\x04": "a zip archive", b"\x1f\x8b": "a gzip archive", b"\x7fELF": "a program",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive", b"7z\xbc\xaf": "a 7z archive", b"Rar!": "a RAR archive",
    b"version https://git-lfs": "a pointer of Git LFS (git lfs pull fetches the file)",
    b"<!DOCTYPE": "a page of HTML", b"<!doctype": "a page of HTML", b"<html": "a page of HTML",
    b"<?xml": "XML", b"ISO-10303-21": "STEP", b"OFF": "OFF",
    b"glTF": "glTF", b"ply\n": "PLY", b"ply\r": "PLY", b"ply ": "PLY", b"BLENDER": "a Blender file",
    b"Kaydara FBX": "FBX", b"; FBX": "FBX", b"PXR-USDC": "USD", b"#usda": "USD",
}  # fmt: skip
_OBJ_LINE = re.compile(rb"^[ \t]*(v|vn|vt) +[-+.\d]|^[ \t]*(f +\d|mtllib +\S|usemtl +\S)", re.MULTILINE)
_BLANK = b" \t\r\n\xef\xbb\xbf"


def check_content(path: Path, size: int) -> None:
    """Look at the first bytes: are they of the format that the name says?

    Raises:
        BrokenMeshError: they are of another, or the file is empty.
    """
    if size == 0:
        raise BrokenMeshError("is empty")
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        start = file.read(_START_BYTES)
    kind = content_kind(start, size)
    expected = _EXPECTED[suffix]
    if kind in expected or (
        kind is None and suffix in (".obj", ".stl") and not _is_binary_obj(suffix, start)
    ):
        return
    named = suffix.removeprefix(".").upper() if suffix not in (".glb", ".gltf") else "glTF"
    raise BrokenMeshError(f"is {kind or 'nothing that is known here'}, not {named} as its name says")


def content_kind(start: bytes, size: int) -> str | None:
    """What a file of `size` bytes is that begins with `start`; None is unknown."""
    if is_binary_stl(start, size):
        return "STL"
    for magic, kind in _MAGIC.items():
        if start.startswith(magic):
            return kind
    text = start.lstrip(_BLANK)
    if text.startswith(b"{"):
        return "glTF" if b'"' in text else None
    if text[:5].lower() == b"solid":
        return "STL"
    return "OBJ" if b"\0" not in start and _OBJ_LINE.search(start) else None


def announced_triangles(source: Source) -> int:
    """How many triangles a file has, by its header or by a count of lines that keeps nothing."""
    suffix, size = source.path.suffix.lower(), source.path.stat().st_size
    if suffix == ".ply":
        with source.path.open("rb") as file:
            return read_header(file.read(LARGEST_HEADER_BYTES)).count("face")
    if suffix == ".stl":
        return _stl_triangles(source.path, size)
    return _obj_triangles(source.path) if suffix == ".obj" else triangle_count(open_document(source))


def _is_binary_obj(suffix: str, start: bytes) -> bool:
    return suffix == ".obj" and b"\0" in start


def _stl_triangles(path: Path, size: int) -> int:
    with path.open("rb") as file:
        start = file.read(HEADER_BYTES)
        if start[:5].lower() != b"solid" or is_binary_stl(start, size):
            return announced(start) if len(start) == HEADER_BYTES else 0
        count, end = 0, b""
        while chunk := file.read(_CHUNK_BYTES):
            count += (end + chunk).lower().count(b"endfacet")
            end = chunk[-7:]  # one letter less than the word: none is counted twice
        return count


def _obj_triangles(path: Path) -> int:
    """Triangles of the fans over all polygons."""
    count = 0
    with path.open("rb") as file:
        while line := file.readline(_CHUNK_BYTES):
            if line.startswith(b"f "):
                count += max(len(line.split()) - 3, 0)
    return count
