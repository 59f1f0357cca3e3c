"""OBJ: polygons as fans, with texture coordinates, normals, colours of vertices, and materials (MTL).

The reader is ours because trimesh 5.2 is wrong without a word: it counts negative indices from the last
vertex of the file, so that the last of several objects takes the place of all; it takes index 0 for the first
vertex, leaves out lines that are indented or have tabs, drops colours and coordinates where only some corners
have them, and reads one of several material files (tests/unit/test_meshes_beyond_trimesh.py,
tests/unit/test_meshes_look.py).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float, Int

from renderer.catalog.meshes.fault import BrokenMeshError
from renderer.catalog.meshes.look import DULL, linear
from renderer.catalog.meshes.mtl import Entry, mtl_material, read_entries
from renderer.catalog.meshes.polygons import Corners, check_indices, fan_corners, welded
from renderer.catalog.meshes.source import Source
from renderer.catalog.model import Material, Model


@dataclass(slots=True, kw_only=True)
class _Lines:
    """What has been read so far; the corners of polygons are indices from 0, -1 is none."""

    vertices: list[list[float]] = field(default_factory=list)
    colors: dict[int, list[float]] = field(default_factory=dict)
    uvs: list[list[float]] = field(default_factory=list)
    normals: list[list[float]] = field(default_factory=list)
    corners: list[tuple[int, int, int]] = field(default_factory=list)
    polygon_sizes: list[int] = field(default_factory=list)
    polygon_materials: list[int] = field(default_factory=list)
    material_names: list[str | None] = field(default_factory=lambda: [None])
    libraries: list[str] = field(default_factory=list)


def read_obj(source: Source) -> Model:
    """The polygons of an OBJ file, of all its groups."""
    lines = _read_lines(source)
    if not lines.polygon_sizes:
        raise BrokenMeshError("has no triangles")
    sizes = np.array(lines.polygon_sizes)
    source.check_triangles(int((sizes - 2).sum()))
    corners = np.array(lines.corners, dtype=np.int64)
    fans = fan_corners(sizes)
    positions = np.array(lines.vertices, dtype=np.float64).reshape(-1, 3)
    check_indices(corners[:, 0], len(positions))
    polygon_of_corner = np.repeat(np.arange(len(sizes)), sizes)
    colors = _colors(lines, corners[:, 0])
    uvs = _of_corners(lines.uvs, corners[:, 1], 2)
    normals = _of_corners(lines.normals, corners[:, 2], 3)
    materials, material_index = _materials(source, lines, has_colors=colors is not None)
    mesh = welded(
        Corners(
            positions=positions,
            triangles=corners[:, 0][fans],
            normals=None if normals is None else normals[fans],
            uvs=None if uvs is None else uvs[fans],
            colors=None if colors is None else colors[fans],
            material_index=material_index[polygon_of_corner[fans[:, 0]]],
        )
    )
    return Model(mesh=mesh, materials=materials)


def library_names(content: bytes) -> Iterator[str]:
    """What the lines `mtllib` of an OBJ file say."""
    for line in content.splitlines():
        if line.startswith(b"mtllib "):
            yield _rest(line)


def read_libraries(source: Source, said: Iterable[str]) -> dict[str, Entry]:
    """The materials of all libraries that are named; a line names one, or several without spaces.

    One that is missing is no fault: meshes often come without theirs, and get a look of the recipe's.
    """
    entries: dict[str, Entry] = {}
    for text in said:
        is_one = " " not in text or source.beside(text, "material file") is not None
        for name in [text] if is_one else text.split():
            path = source.beside(name, "material file")
            if path is None:
                source.note(f"names the material file '{name}', which is missing")
            else:
                entries = read_entries(path.read_bytes().decode("utf-8", "replace")) | entries
    return entries


def _read_lines(source: Source) -> _Lines:
    """All lines of the file; what says nothing about triangles and their look is left out."""
    lines = _Lines()
    content = source.content().replace(b"\\\r\n", b" ").replace(b"\\\n", b" ")  # a line may go on
    seen: dict[bytes, tuple[int, int, int]] = {}
    material = 0
    indices: dict[str, int] = {}
    for line in content.splitlines():
        words = line.split()
        key = words[0] if words else b""
        if key == b"v":
            _add_vertex(lines, words)
        elif key == b"vt":
            lines.uvs.append([float(words[1]), float(words[2]) if len(words) > 2 else 0.0])
        elif key == b"vn":
            lines.normals.append([float(word) for word in words[1:4]])
        elif key == b"f" and len(words) > 3:
            _add_polygon(lines, words[1:], seen)
            lines.polygon_materials.append(material)
        elif key == b"usemtl":
            material = indices.setdefault(_rest(line) if len(words) > 1 else "", len(indices) + 1)
        elif key == b"mtllib" and len(words) > 1:
            lines.libraries.append(_rest(line))
    lines.material_names += indices
    return lines


def _rest(line: bytes) -> str:
    """What comes after the first word of a line."""
    return line.split(None, 1)[1].decode("utf-8", "replace").strip()


def _add_vertex(lines: _Lines, words: list[bytes]) -> None:
    """A vertex; six numbers are its place and its colour."""
    x, y, z, *more = [float(word) for word in words[1:]]
    if len(more) == 3:
        lines.colors[len(lines.vertices)] = more
    lines.vertices.append([x, y, z])


def _add_polygon(lines: _Lines, words: list[bytes], seen: dict[bytes, tuple[int, int, int]]) -> None:
    """A polygon; `seen` has the corners that are the same wherever in the file they stand."""
    for word in words:
        corner = seen.get(word)
        if corner is None:
            corner = _corner(word, lines)
            if b"-" not in word:
                seen[word] = corner
        lines.corners.append(corner)
    lines.polygon_sizes.append(len(words))


def _corner(word: bytes, lines: _Lines) -> tuple[int, int, int]:
    """A corner `vertex/uv/normal`; what is left out is -1, and a negative number counts from the last."""
    vertex, uv, normal, *_ = (*word.split(b"/"), b"", b"")
    return (
        _index(vertex, len(lines.vertices)),
        _index(uv, len(lines.uvs)) if uv else -1,
        _index(normal, len(lines.normals)) if normal else -1,
    )


def _index(word: bytes, count: int) -> int:
    number = int(word)
    index = number - 1 if number > 0 else count + number
    if number == 0 or index < 0:
        raise BrokenMeshError(f"has the triangle index {number}, which is out of range: OBJ counts from 1")
    return index


def _of_corners(
    values: list[list[float]], indices: Int[np.ndarray, " c"], width: int
) -> Float[np.ndarray, "c k"] | None:
    """Values of all corners, zero where one has none; None where none has."""
    if not values or (indices < 0).all():
        return None
    check_indices(indices[indices >= 0], len(values))
    rows = np.array([*values, [0.0] * width], dtype=np.float64)
    of_corners: Float[np.ndarray, "c k"] = rows[indices]
    return of_corners


def _colors(lines: _Lines, vertices: Int[np.ndarray, " c"]) -> Float[np.ndarray, "c 4"] | None:
    """Colours of all corners, white where one has none; sRGB in the file, as other programs take it."""
    if not lines.colors:
        return None
    rgba = np.ones((len(lines.vertices), 4))
    rgba[list(lines.colors), :3] = linear(np.array(list(lines.colors.values())))
    corners: Float[np.ndarray, "c 4"] = rgba[vertices]
    return corners


def _materials(
    source: Source, lines: _Lines, *, has_colors: bool
) -> tuple[tuple[Material, ...], Int[np.ndarray, " p"]]:
    """The materials in use, and which each polygon has; none where the file brings no look."""
    entries = read_libraries(source, lines.libraries)
    used, index = np.unique(np.array(lines.polygon_materials), return_inverse=True)
    names = [lines.material_names[number] for number in used]
    unknown = [name for name in names if name is not None and name not in entries]
    if unknown:
        source.note(f"has no material '{unknown[0]}' in its material files")
    if not has_colors and len(unknown) == len([name for name in names if name is not None]):
        return (), np.zeros(len(index), dtype=np.int64)
    plain = replace(DULL, color=(1.0, 1.0, 1.0)) if has_colors else DULL
    looks = [
        plain if name is None or name not in entries else mtl_material(source, entries[name])
        for name in names
    ]
    return tuple(replace(look, vertex_colors=has_colors) for look in looks), index
