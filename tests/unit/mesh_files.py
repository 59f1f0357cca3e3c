"""Mesh files by hand and by trimesh, and shelves of them."""

import functools
import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from unit.recipes import recipe_of

from renderer.catalog.meshes.reading import read_model
from renderer.catalog.meshes.shelf import MeshFile, Shelf, open_shelf
from renderer.catalog.model import Model
from renderer.errors import CatalogError
from renderer.recipe.distributions import Choice, Constant
from renderer.recipe.objects import Meshes

KEY = "objects.mesh"
TETRAHEDRON = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"
CORNERS = ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))
FACES = ((0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3))


@functools.cache
def _settings() -> Meshes:
    kind = recipe_of("tabletop").objects["mesh"]
    assert isinstance(kind, Meshes)
    return kind


def mesh_settings(path: Path | None, **values: Any) -> Meshes:
    """The settings of the recipe `tabletop` for a folder; a look is one value, or several by spaces."""
    settings = replace(_settings(), path=None if path is None else str(path))
    if "look" in values:
        looks = values.pop("look").split()
        choice = Choice(options=tuple(looks), weights=(1.0,) * len(looks))
        constant = Constant(value=looks[0])
        distribution = choice if len(looks) > 1 else constant
        settings = replace(settings, look=replace(settings.look, distribution=distribution))
    return replace(settings, **values)


def shelf_of(path: Path | None, **values: Any) -> Shelf:
    return open_shelf(KEY, mesh_settings(path, **values))


def only_mesh(path: Path, **values: Any) -> tuple[MeshFile, Model]:
    """The one mesh of a folder, and its model."""
    shelf = shelf_of(path, **values)
    (mesh,) = shelf.meshes
    assert shelf.broken == ()
    return mesh, read_model(mesh, shelf)


def faults_of(folder: Path, **values: Any) -> dict[str, str]:
    """Why files of a folder cannot be used, by name; a good one is there to make it a shelf."""
    (folder / "a good one.obj").write_text(TETRAHEDRON)
    shelf = shelf_of(folder, **values)
    assert "a good one.obj" in [mesh.name for mesh in shelf.meshes]
    return {broken.name: broken.reason for broken in shelf.broken}


def fault_of(path: Path, **values: Any) -> str:
    """Why one file cannot be used."""
    faults = faults_of(path.parent, **values)
    assert list(faults) == [path.name], faults
    return faults[path.name]


def refusal(path: Path | None, **values: Any) -> str:
    try:
        shelf_of(path, **values)
    except CatalogError as error:
        return str(error)
    raise AssertionError("the shelf opened")


def ply_text(vertices: Any = CORNERS, faces: Any = FACES) -> str:
    rows = [" ".join(map(str, row)) for row in vertices]
    rows += [" ".join(map(str, (len(face), *face))) for face in faces]
    return (
        f"ply\nformat ascii 1.0\nelement vertex {len(vertices)}\nproperty float x\nproperty float y\n"
        f"property float z\nelement face {len(faces)}\nproperty list uchar int vertex_indices\nend_header\n"
        + "\n".join(rows)
        + "\n"
    )


def stl_bytes(triangles: Any = None, announced: int | None = None) -> bytes:
    """A binary STL."""
    if triangles is None:
        triangles = np.array(CORNERS, dtype=float)[np.array(FACES)]
    body = b"".join(struct.pack("<12fH", 0, 0, 0, *np.ravel(triangle), 0) for triangle in triangles)
    return bytes(80) + struct.pack("<I", len(triangles) if announced is None else announced) + body


class GltfFile:
    """A glTF document that grows: buffers as data in accessors, everything else by hand."""

    def __init__(self) -> None:
        self.binary = b""
        self.json: dict[str, Any] = {
            "asset": {"version": "2.0"},
            "bufferViews": [],
            "accessors": [],
            "meshes": [],
            "nodes": [],
            "scenes": [{"nodes": []}],
        }

    def accessor(self, rows: Any, dtype: str = "<f4", **more: Any) -> int:
        array = np.asarray(rows, dtype=dtype)
        self.json["accessors"].append(
            {
                "bufferView": self.view(array.tobytes()),
                "componentType": {"<f4": 5126, "<u1": 5121, "<u2": 5123, "<u4": 5125}[dtype],
                "count": len(array),
                "type": "SCALAR" if array.ndim == 1 else f"VEC{array.shape[1]}",
                **more,
            }
        )
        return len(self.json["accessors"]) - 1

    def view(self, content: bytes) -> int:
        self.json["bufferViews"].append(
            {"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(content)}
        )
        self.binary += content + bytes(-len(content) % 4)
        return len(self.json["bufferViews"]) - 1

    def mesh(self, vertices: Any = CORNERS, faces: Any = FACES, **primitive: Any) -> int:
        attributes = {"POSITION": self.accessor(vertices), **primitive.pop("attributes", {})}
        indices = self.accessor(np.ravel(faces), "<u2")
        self.json["meshes"].append(
            {"primitives": [{"attributes": attributes, "indices": indices, **primitive}]}
        )
        return len(self.json["meshes"]) - 1

    def node(self, *, is_root: bool = True, **node: Any) -> int:
        self.json["nodes"].append(node)
        if is_root:
            self.json["scenes"][0]["nodes"].append(len(self.json["nodes"]) - 1)
        return len(self.json["nodes"]) - 1

    def image(self, content: bytes) -> int:
        """A texture of an image that lies in the buffer."""
        self.json.setdefault("images", []).append({"bufferView": self.view(content), "mimeType": "image/png"})
        self.json.setdefault("textures", []).append({"source": len(self.json["images"]) - 1})
        return len(self.json["textures"]) - 1

    def material(self, **material: Any) -> int:
        self.json.setdefault("materials", []).append(material)
        return len(self.json["materials"]) - 1

    def glb(self) -> bytes:
        document = {**self.json, "buffers": [{"byteLength": len(self.binary)}]}
        text = json.dumps(document).encode()
        text += b" " * (-len(text) % 4)
        length = 12 + 8 + len(text) + 8 + len(self.binary)
        chunks = struct.pack("<II", len(text), 0x4E4F534A) + text
        chunks += struct.pack("<II", len(self.binary), 0x004E4942) + self.binary
        return struct.pack("<4sII", b"glTF", 2, length) + chunks

    def gltf(self, uri: str) -> str:
        buffer = {"byteLength": len(self.binary), "uri": uri}
        return json.dumps({**self.json, "buffers": [buffer]})
