"""A folder as users have it: meshes of many formats that nobody prepared, some of them broken."""

import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import trimesh
from PIL import Image

TEN_MILLION = 10_000_000
GOOD = ("box.obj", "cone.stl", "toys/ball.ply", "toys/ring.glb", "toys/mug.gltf")


def write_good(folder: Path) -> None:
    """Five meshes that can be used."""
    (folder / "toys").mkdir(parents=True, exist_ok=True)
    textured = trimesh.creation.box((1.0, 2.0, 3.0))
    image = Image.fromarray(np.full((8, 8, 3), (200, 30, 30), dtype=np.uint8))
    textured.visual = trimesh.visual.TextureVisuals(
        uv=np.random.Generator(np.random.Philox(1)).random((len(textured.vertices), 2)), image=image
    )
    textured.export(folder / "box.obj")
    trimesh.creation.cone(0.5, 1.0).export(folder / "cone.stl")
    ball = trimesh.creation.icosphere(subdivisions=2)
    ball.visual.vertex_colors = np.full((len(ball.vertices), 4), (20, 60, 200, 255), dtype=np.uint8)
    ball.export(folder / "toys" / "ball.ply")
    trimesh.creation.torus(0.4, 0.1).export(folder / "toys" / "ring.glb")
    (folder / "toys" / "mug.gltf").write_text(json.dumps(gltf_of(trimesh.creation.capsule(0.5, 0.2))))


def gltf_of(mesh: trimesh.Trimesh) -> dict:
    """A mesh as glTF, its buffer within."""
    import base64

    points = mesh.vertices.astype("<f4").tobytes()
    corners = mesh.faces.astype("<u4").tobytes()
    data = base64.b64encode(points + corners).decode()
    return {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "buffers": [
            {"byteLength": len(points + corners), "uri": f"data:application/octet-stream;base64,{data}"}
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": len(points)},
            {"buffer": 0, "byteOffset": len(points), "byteLength": len(corners)},
        ],
        "accessors": [
            {
                "bufferView": 0,
                "componentType": 5126,
                "count": len(mesh.vertices),
                "type": "VEC3",
                "min": mesh.vertices.min(axis=0).tolist(),
                "max": mesh.vertices.max(axis=0).tolist(),
            },
            {"bufferView": 1, "componentType": 5125, "count": 3 * len(mesh.faces), "type": "SCALAR"},
        ],
    }


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _not_finite(path: Path) -> None:
    path.write_text("v 0 0 0\nv 1 0 nan\nv 0 1 0\nv 0 0 1\nf 1 2 3\nf 1 2 4\nf 1 3 4\nf 2 3 4\n")


def _without_texture(path: Path) -> None:
    path.with_suffix(".mtl").write_text("newmtl skin\nmap_Kd lost.png\n")
    text = trimesh.exchange.obj.export_obj(trimesh.creation.box(), include_texture=False)
    path.write_text(f"mtllib {path.stem}.mtl\nusemtl skin\nvt 0 0\n{text}")


def _ten_million_triangles(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"\0" * 80 + struct.pack("<I", TEN_MILLION))
        file.truncate(84 + 50 * TEN_MILLION)  # sparse: it takes no disk


def _flat(path: Path) -> None:
    path.write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf 1 2 3 4\n")


def _picture(path: Path) -> None:
    Image.new("RGB", (8, 8)).save(path, format="PNG")


def _nested_groups(path: Path) -> None:
    """Thirty groups, each of the next one twice: a milliard boxes."""
    document = gltf_of(trimesh.creation.box())
    document["nodes"] = [{"children": [n + 1, n + 1]} for n in range(30)] + [{"mesh": 0}]
    path.write_text(json.dumps(document))


def _outside(path: Path) -> None:
    document = gltf_of(trimesh.creation.box())
    document["buffers"][0]["uri"] = "../../secret.bin"
    path.write_text(json.dumps(document))


def _cut_off(path: Path) -> None:
    whole = trimesh.creation.icosphere().export(file_type="glb")
    path.write_bytes(whole[: len(whole) // 2])


def _link_out(path: Path) -> None:
    outside = path.parents[2] / "outside.stl"
    trimesh.creation.box().export(outside)
    path.symlink_to(outside)


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "broken/empty.obj": (_empty, "is empty"),
    "broken/not_finite.obj": (_not_finite, "not finite"),
    "broken/without_texture.obj": (_without_texture, "lost.png"),
    "broken/ten_million.stl": (_ten_million_triangles, "10000000 triangles"),
    "broken/flat.obj": (_flat, "flat"),
    "broken/picture.stl": (_picture, "STL"),
    "broken/nested.gltf": (_nested_groups, "nested"),
    "broken/outside.gltf": (_outside, "outside the folder"),
    "broken/cut_off.glb": (_cut_off, ""),
    "broken/link.stl": (_link_out, "outside the folder"),
}


def write_broken(folder: Path) -> None:
    """One of each kind of file that cannot be used."""
    (folder / "broken").mkdir(parents=True, exist_ok=True)
    for name, (write, _) in BROKEN.items():
        write(folder / name)
