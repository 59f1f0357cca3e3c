"""What OBJ, PLY and glTF files hold that trimesh reads otherwise or not at all: why their readers are ours.

Where trimesh comes to read a case rightly, the second test fails: then look whether its reader can be
dropped.
"""

import io

import numpy as np
import pytest
import trimesh
from unit.mesh_files import CORNERS, FACES, TETRAHEDRON, GltfFile, only_mesh, ply_text

Triangles = np.ndarray
SOLID = np.array(CORNERS, dtype=float)[np.array(FACES)]
SHIFT = (5, 0, 0)
PYRAMID = [(0, 0, 0), (2, 0, 0), (2, 2, 0), (0, 2, 0), (1, 1, 3)]
SIDES = [(0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4)]


def relative_obj() -> tuple[bytes, Triangles]:
    """Two objects that count from the last vertex: each from that of its own, when it is read."""
    faces = "".join(f"f {' '.join(str(index - 4) for index in face)}\n" for face in FACES)
    text = ""
    for shift in (0, 5):
        text += f"o at {shift}\n" + "".join(f"v {x + shift} {y} {z}\n" for x, y, z in CORNERS) + faces
    return text.encode(), np.concatenate([SOLID, SOLID + SHIFT])


def spaced_obj(old: str, new: str) -> tuple[bytes, Triangles]:
    """The words of a line may be parted by any white space, and come after it."""
    lines = [line.replace(old, new, 1) for line in TETRAHEDRON.splitlines()]
    return "\n".join(lines).encode(), SOLID


def uneven_ply(faces: list[tuple[int, ...]]) -> tuple[bytes, Triangles]:
    """Polygons with different numbers of corners, as Blender writes them unless it is told not to."""
    header, end, _ = ply_text(PYRAMID, faces).partition("end_header\n")
    content = (header.replace("ascii", "binary_little_endian") + end).encode()
    content += np.array(PYRAMID, "<f4").tobytes()
    content += b"".join(bytes([len(face)]) + np.array(face, "<i4").tobytes() for face in faces)
    fans = [(face[0], face[i], face[i + 1]) for face in faces for i in range(1, len(face) - 1)]
    return content, np.array(PYRAMID, dtype=float)[np.array(fans)]


def long_ply() -> tuple[bytes, Triangles]:
    """Bytes behind the last element."""
    content = trimesh.Trimesh(CORNERS, FACES, process=False).export(file_type="ply")
    return content + b"\n", SOLID


def quantized_glb() -> tuple[bytes, Triangles]:
    """Positions as normalized integers (KHR_mesh_quantization), as programs that shrink files write them."""
    file = GltfFile()
    rows = np.array([(*corner, 0) for corner in CORNERS]) * 65535  # rows begin every 4 bytes
    mesh = file.mesh()
    accessor = file.accessor(rows, "<u2", normalized=True)
    file.json["accessors"][accessor]["type"] = "VEC3"
    file.json["bufferViews"][-1]["byteStride"] = 8
    file.json["meshes"][mesh]["primitives"][0]["attributes"]["POSITION"] = accessor
    file.json["extensionsRequired"] = ["KHR_mesh_quantization"]
    file.node(mesh=mesh, scale=[2, 2, 2])
    return file.glb(), 2 * SOLID


def sparse_glb() -> tuple[bytes, Triangles]:
    """Rows of which some are replaced."""
    file = GltfFile()
    mesh = file.mesh()
    file.json["accessors"][0]["sparse"] = {
        "count": 1,
        "indices": {"bufferView": file.view(bytes([3])), "componentType": 5121},
        "values": {"bufferView": file.view(np.array([0, 0, 7], "<f4").tobytes())},
    }
    file.node(mesh=mesh)
    return file.glb(), SOLID * (1, 1, 7)


def fan_glb() -> tuple[bytes, Triangles]:
    """A fan beside a mesh."""
    file = GltfFile()
    file.node(mesh=file.mesh())
    file.node(mesh=file.mesh(PYRAMID, (4, 0, 1, 2, 3), mode=6), translation=SHIFT)
    fan = np.array(PYRAMID, dtype=float)[np.array(SIDES[:3])]
    return file.glb(), np.concatenate([SOLID, fan + SHIFT])


def camera_glb() -> tuple[bytes, Triangles]:
    """A mesh in a group that a camera is of."""
    file = GltfFile()
    child = file.node(is_root=False, mesh=file.mesh())
    file.json["cameras"] = [{"type": "perspective", "perspective": {"yfov": 1, "znear": 0.1}}]
    file.node(children=[child], camera=0, translation=SHIFT)
    return file.glb(), SOLID + SHIFT


def skinned_glb() -> tuple[bytes, Triangles]:
    """A skinned mesh, which is not where its node is (section 3.7.3.3)."""
    file = GltfFile()
    file.json["skins"] = [{"joints": [0]}]
    file.node(mesh=file.mesh(), skin=0, translation=SHIFT)
    return file.glb(), SOLID


def sceneless_gltf() -> tuple[bytes, Triangles]:
    """Nodes of no scene."""
    file = GltfFile()
    file.node(mesh=file.mesh(), translation=SHIFT)
    del file.json["scenes"]
    return file.glb(), SOLID + SHIFT


CASES = {
    "relative.obj": relative_obj(),
    "tabs.obj": spaced_obj(" ", "\t"),
    "indented.obj": spaced_obj("f", " f"),
    "uneven.ply": uneven_ply([(0, 3, 2, 1), *SIDES]),
    "as long as quads.ply": uneven_ply([(0, 3, 2, 1), (0, 1, 4), (0, 1, 2, 3, 4)]),
    "long.ply": long_ply(),
    "quantized.glb": quantized_glb(),
    "sparse.glb": sparse_glb(),
    "fan.glb": fan_glb(),
    "camera.glb": camera_glb(),
    "skinned.glb": skinned_glb(),
    "sceneless.glb": sceneless_gltf(),
}


def as_set(triangles: Triangles) -> list[list[tuple[float, ...]]]:
    """Triangles in an order that does not depend on that of the file."""
    return sorted(sorted(map(tuple, triangle)) for triangle in np.round(triangles, 4) + 0.0)


@pytest.mark.parametrize("name", CASES)
def test_what_is_in_the_file_is_read(name, tmp_path):
    content, expected = CASES[name]
    (tmp_path / name).write_bytes(content)
    _, model = only_mesh(tmp_path, up="z", origin="file")
    assert as_set(model.mesh.vertices[model.mesh.triangles]) == as_set(expected)


@pytest.mark.parametrize("name", CASES)
def test_trimesh_reads_it_otherwise_or_not_at_all(name):
    content, expected = CASES[name]
    try:
        scene = trimesh.load_scene(io.BytesIO(content), file_type=name.rsplit(".", 1)[1], process=False)
        read = scene.to_mesh().triangles
    except (ValueError, IndexError):
        return
    assert as_set(read) != as_set(expected)
