"""Every fault of a mesh file is named in words that go after its name."""

import io
import json
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from unit.mesh_files import (
    CORNERS,
    FACES,
    TETRAHEDRON,
    GltfFile,
    fault_of,
    faults_of,
    only_mesh,
    ply_text,
    refusal,
    shelf_of,
    stl_bytes,
)

from renderer.catalog.meshes.fault import BrokenMeshError
from renderer.catalog.meshes.formats import SUFFIXES

FLAT = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
SQUARE = "".join(f"v {x} {y} {z}\n" for x, y, z in FLAT) + "f 1 2 3 4\n"
FLAT_FAULT = "is flat, without volume: objects.mesh.allow_flat=true uses it all the same"


def png(size: tuple[int, int] = (8, 8), mode: str = "RGB") -> bytes:
    rng = np.random.default_rng(0)
    shape = (size[1], size[0], len(mode))
    stream = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8), mode).save(stream, "PNG")
    return stream.getvalue()


def chain(depth: int, width: int) -> GltfFile:
    """Groups in groups: each holds the one below it `width` times, the last a mesh."""
    file = GltfFile()
    below = file.node(is_root=False, mesh=file.mesh())
    for _ in range(depth):
        below = file.node(is_root=False, children=[below] * width)
    file.node(children=[below])
    return file


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_empty_file_is_empty_whatever_its_format(suffix, tmp_path):
    (tmp_path / f"a{suffix}").write_bytes(b"")
    assert fault_of(tmp_path / f"a{suffix}") == "is empty"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("points.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\n"),
        ("lines.obj", TETRAHEDRON.replace("f ", "l ")),
        ("points.ply", ply_text(faces=[])),
        ("facets.stl", "solid nothing\nendsolid nothing\n"),
        ("empty.glb", GltfFile().glb()),
    ],
)
def test_points_and_lines_are_no_mesh(name, content, tmp_path):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert fault_of(tmp_path / name) == "has no triangles"


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e300"])
def test_vertices_must_be_finite(number, tmp_path):
    (tmp_path / "a.obj").write_text(TETRAHEDRON.replace("v 1 0 0", f"v {number} 0 0"))
    (tmp_path / "a.ply").write_text(ply_text([(0, number, 0), *CORNERS[1:]]))
    triangles = np.array(CORNERS, dtype=float)[np.array(FACES)]
    triangles[1, 1, 1] = min(float(number), 3e38)
    (tmp_path / "a.stl").write_bytes(stl_bytes(triangles))
    file = GltfFile()
    file.node(mesh=file.mesh(triangles.reshape(-1, 3), np.arange(12)))
    (tmp_path / "a.glb").write_bytes(file.glb())
    assert faults_of(tmp_path) == dict.fromkeys(
        ("a.glb", "a.obj", "a.ply", "a.stl"), "has vertices that are not finite"
    )


def test_triangle_indices_must_be_in_range(tmp_path):
    (tmp_path / "high.obj").write_text(TETRAHEDRON + "f 1 2 5\n")
    (tmp_path / "zero.obj").write_text(TETRAHEDRON + "f 0 1 2\n")
    (tmp_path / "negative.obj").write_text(TETRAHEDRON + "f -5 1 2\n")
    (tmp_path / "a.ply").write_text(ply_text(faces=[*FACES, (0, 1, 4)]))
    file = GltfFile()
    file.node(mesh=file.mesh(faces=[*FACES, (0, 1, 4)]))
    (tmp_path / "a.glb").write_bytes(file.glb())
    out_of_range = "has triangle indices that are out of range: it has 4 vertices"
    assert faults_of(tmp_path) == {
        "a.glb": out_of_range,
        "a.ply": out_of_range,
        "high.obj": out_of_range,
        "negative.obj": "has the triangle index -5, which is out of range: OBJ counts from 1",
        "zero.obj": "has the triangle index 0, which is out of range: OBJ counts from 1",
    }


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("a.obj", png(), "is a PNG image, not OBJ as its name says"),
        ("a.stl", TETRAHEDRON.encode(), "is OBJ, not STL as its name says"),
        ("a.ply", stl_bytes(), "is STL, not PLY as its name says"),
        ("a.obj", ply_text().encode(), "is PLY, not OBJ as its name says"),
        ("a.glb", b"PK\x03\x04 and so on", "is a zip archive, not glTF as its name says"),
        ("a.gltf", b"<!DOCTYPE html>", "is a page of HTML, not glTF as its name says"),
        ("a.fbx", TETRAHEDRON.encode(), "is OBJ, not FBX as its name says"),
        ("a.blend", png(), "is a PNG image, not BLEND as its name says"),
        ("a.ply", b"anything at all", "is nothing that is known here, not PLY as its name says"),
        ("a.obj", bytes(100), "is nothing that is known here, not OBJ as its name says"),
        (
            "a.glb",
            b"version https://git-lfs.github.com/spec/v1\n",
            "is a pointer of Git LFS (git lfs pull fetches the file), not glTF as its name says",
        ),
    ],
)
def test_the_content_must_be_of_the_format_that_the_name_says(name, content, fault, tmp_path):
    (tmp_path / name).write_bytes(content)
    assert fault_of(tmp_path / name) == fault


def test_more_triangles_than_allowed_are_counted_and_not_read(tmp_path, monkeypatch):
    many = "has 5000 triangles, more than max_triangles=999: raise it, or set decimate_to"
    (tmp_path / "a.obj").write_text(TETRAHEDRON + "f 1 2 3 4 1 2 3\n" * 999 + "f 1 2 3\n")
    (tmp_path / "a.ply").write_text(ply_text(faces=FACES * 1250))
    (tmp_path / "a.stl").write_bytes(stl_bytes(announced=5000) + bytes(50 * 4996))
    facet = "facet normal 0 0 0\nouter loop\n" + "vertex 0 0 0\n" * 3 + "endloop\nendfacet\n"
    (tmp_path / "text.stl").write_text(f"solid a\n{facet * 5000}endsolid a\n")
    file = GltfFile()
    mesh = file.mesh(faces=FACES * 10)
    for _ in range(125):
        file.node(mesh=mesh)
    (tmp_path / "a.glb").write_bytes(file.glb())
    for reader in ("obj._read_lines", "ply.read_tables", "stl.trimesh"):
        monkeypatch.setattr(f"renderer.catalog.meshes.{reader}", None)
    monkeypatch.setattr("renderer.catalog.meshes.gltf_document.Document.array", None)
    for name in ("a.obj", "a.ply", "a.stl", "text.stl", "a.glb"):
        assert refusal(tmp_path / name, max_triangles=999).endswith(f"'{name}' {many}")


def test_millions_of_triangles_in_a_polygon_are_counted_as_its_fan(tmp_path):
    (tmp_path / "a.ply").write_text(ply_text(faces=[tuple(range(4)) * 500]))
    assert fault_of(tmp_path / "a.ply", max_triangles=999).startswith("has 1998 triangles, more than")


def test_a_flat_mesh_is_used_where_that_is_allowed_in_whatever_direction_it_is_flat(tmp_path):
    (tmp_path / "even.obj").write_text(SQUARE)
    rows = [(x, x + y, y) for x, y, _ in FLAT]
    (tmp_path / "slanted.ply").write_text(ply_text(rows, [(0, 1, 2, 3)]))
    assert faults_of(tmp_path) == {"even.obj": FLAT_FAULT, "slanted.ply": FLAT_FAULT}
    assert faults_of(tmp_path, allow_flat=True) == {}


@pytest.mark.parametrize("allow_flat", [False, True])
def test_what_has_no_area_is_never_used(allow_flat, tmp_path):
    (tmp_path / "line.obj").write_text("v 0 0 0\nv 1 1 1\nv 2 2 2\nf 1 2 3\n")
    (tmp_path / "point.obj").write_text("v 5 5 5\nv 5 5 5\nv 5 5 5\nf 1 2 3\n")
    assert faults_of(tmp_path, allow_flat=allow_flat) == {
        "line.obj": "has no area: its vertices are on a line",
        "point.obj": "has no area: all of its vertices are at one place",
    }


class TestNestedGroups:
    def test_groups_that_contain_themselves(self, tmp_path):
        file = GltfFile()
        mesh = file.mesh()
        file.node(mesh=mesh, children=[1])
        file.node(is_root=False, children=[0])
        (tmp_path / "a.glb").write_bytes(file.glb())
        assert fault_of(tmp_path / "a.glb") == "has a node in two groups, or in itself"

    def test_groups_that_contain_themselves_below_the_outermost(self, tmp_path):
        file = GltfFile()
        file.node(children=[1])
        file.node(is_root=False, mesh=file.mesh(), children=[2])
        file.node(is_root=False, children=[1])
        (tmp_path / "a.glb").write_bytes(file.glb())
        assert fault_of(tmp_path / "a.glb") == "has a node in two groups, or in itself"

    def test_groups_that_would_expand_to_more_nodes_than_any_memory_holds(self, tmp_path):
        (tmp_path / "a.glb").write_bytes(chain(depth=60, width=10).glb())
        assert fault_of(tmp_path / "a.glb") == "has a node in two groups, or in itself"

    def test_more_nodes_than_any_mesh_has(self, tmp_path):
        file = GltfFile()
        file.node(mesh=file.mesh())
        file.json["nodes"] += [{}] * 100_000
        (tmp_path / "a.glb").write_bytes(file.glb())
        assert fault_of(tmp_path / "a.glb") == "has more than 100000 nodes"

    def test_the_triangles_of_all_copies_in_all_groups_count(self, tmp_path):
        file = GltfFile()
        mesh = file.mesh()
        for _ in range(10):
            file.node(children=[file.node(is_root=False, mesh=mesh) for _ in range(100)])
        (tmp_path / "a.glb").write_bytes(file.glb())
        assert fault_of(tmp_path / "a.glb", max_triangles=3999).startswith("has 4000 triangles")
        assert faults_of(tmp_path, max_triangles=4000) == {}

    def test_a_long_chain_of_groups_is_no_fault(self, tmp_path):
        (tmp_path / "a.glb").write_bytes(chain(depth=1500, width=1).glb())
        assert only_mesh(tmp_path)[0].triangles == 4


class TestReferences:
    @pytest.mark.parametrize(
        "place",
        ["../outside.mtl", "/etc/passwd", "C:\\materials\\a.mtl", "..\\outside.mtl", "link/outside.mtl"]
        + ["link.mtl", "http://host/a.mtl", "sub/../../outside.mtl"],
    )
    def test_a_material_file_must_lie_in_the_folder(self, place, tmp_path):
        (tmp_path / "outside.mtl").write_text("newmtl a\n")
        folder = tmp_path / "meshes"
        (folder / "sub").mkdir(parents=True)
        (folder / "link").symlink_to(tmp_path)
        (folder / "link.mtl").symlink_to(tmp_path / "outside.mtl")
        (folder / "a.obj").write_text(f"mtllib {place}\n{TETRAHEDRON}")
        faults = faults_of(folder)
        assert faults["a.obj"] == f"names the material file '{place}', which points outside the folder"

    def test_a_texture_must_lie_in_the_folder(self, tmp_path):
        folder = tmp_path / "meshes"
        folder.mkdir()
        (tmp_path / "secret.png").write_bytes(png())
        (folder / "a.mtl").write_text("newmtl a\nmap_Kd ../secret.png\n")
        (folder / "a.obj").write_text(f"mtllib a.mtl\nusemtl a\n{TETRAHEDRON}")
        assert fault_of(folder / "a.obj") == (
            "names the texture '../secret.png', which points outside the folder"
        )

    @pytest.mark.parametrize(
        ("uri", "shown"),
        [("%2e%2e/secret.bin", "../secret.bin"), ("http://host/a.bin",) * 2, ("file:///etc/passwd",) * 2]
        + [("//host/a.bin",) * 2],
    )
    def test_a_buffer_must_lie_in_the_folder_however_it_is_written(self, uri, shown, tmp_path):
        folder = tmp_path / "meshes"
        folder.mkdir()
        file = GltfFile()
        file.node(mesh=file.mesh())
        (tmp_path / "secret.bin").write_bytes(file.binary)
        (folder / "a.gltf").write_text(file.gltf(uri))
        assert fault_of(folder / "a.gltf") == f"names the buffer '{shown}', which points outside the folder"

    def test_a_mesh_that_links_out_of_the_folder_is_not_read(self, tmp_path):
        folder = tmp_path / "meshes"
        folder.mkdir()
        (tmp_path / "a.obj").write_text(TETRAHEDRON)
        (folder / "link.obj").symlink_to(tmp_path / "a.obj")
        (folder / "folder").symlink_to(tmp_path)
        (folder / "dangling.obj").symlink_to(folder / "nowhere.obj")
        assert faults_of(folder) == {
            "dangling.obj": "cannot be read (No such file or directory)",
            "folder": "points outside the folder",
            "link.obj": "points outside the folder",
        }

    def test_links_within_the_folder_are_followed(self, tmp_path):
        (tmp_path / "real.obj").write_text(TETRAHEDRON)
        (tmp_path / "link.obj").symlink_to("real.obj")
        assert [mesh.name for mesh in shelf_of(tmp_path).meshes] == ["link.obj", "real.obj"]

    def test_a_missing_buffer_is_a_fault(self, tmp_path):
        file = GltfFile()
        file.node(mesh=file.mesh())
        (tmp_path / "a.gltf").write_text(file.gltf("gone.bin"))
        assert fault_of(tmp_path / "a.gltf") == "names the buffer 'gone.bin', which is missing"

    def test_a_missing_texture_is_a_fault_only_where_the_look_is_kept(self, tmp_path):
        (tmp_path / "b.mtl").write_text("newmtl a\nmap_Kd gone.png\n")
        (tmp_path / "b.obj").write_text(f"mtllib b.mtl\nusemtl a\n{TETRAHEDRON}")
        file = GltfFile()
        file.json["images"], file.json["textures"] = [{"uri": "gone%20too.png"}], [{"source": 0}]
        material = file.material(pbrMetallicRoughness={"baseColorTexture": {"index": 0}})
        file.node(mesh=file.mesh(material=material))
        (tmp_path / "c.glb").write_bytes(file.glb())
        missing = {
            "b.obj": "names the texture 'gone.png', which is missing",
            "c.glb": "names the texture 'gone too.png', which is missing",
        }
        assert faults_of(tmp_path) == missing
        assert faults_of(tmp_path, look="keep replace") == missing
        shelf = shelf_of(tmp_path, look="replace")
        assert shelf.broken == ()
        notes = {mesh.name: mesh.notes for mesh in shelf.meshes}
        assert all(fault in notes[name] for name, fault in missing.items())

    def test_a_mesh_whose_material_file_is_missing_has_no_look_and_a_note(self, tmp_path):
        (tmp_path / "a.obj").write_text(f"mtllib gone.mtl\nusemtl a\n{TETRAHEDRON}")
        (mesh,) = shelf_of(tmp_path).meshes
        assert not mesh.has_look
        assert "names the material file 'gone.mtl', which is missing" in mesh.notes


class TestImages:
    def textured(self, folder, content: bytes, name: str = "a.png") -> str:
        (folder / name).write_bytes(content)
        (folder / "a.mtl").write_text(f"newmtl a\nmap_Kd {name}\n")
        (folder / "a.obj").write_text(f"mtllib a.mtl\nusemtl a\n{TETRAHEDRON}")
        return fault_of(folder / "a.obj")

    def test_an_image_that_breaks_off(self, tmp_path):
        content = png((64, 64))
        fault = self.textured(tmp_path, content[: len(content) // 2])
        assert fault.startswith("has the image 'a.png', which cannot be read (")

    def test_what_is_no_image(self, tmp_path):
        fault = self.textured(tmp_path, b"no image at all")
        assert fault == "has the image 'a.png', which cannot be read (it is no image)"

    @pytest.mark.parametrize(
        ("side", "words"), [(12_000, "of 12000 x 12000 pixels"), (100_000, "of far too many pixels")]
    )
    def test_a_bomb_is_not_decoded(self, side, words, tmp_path):
        header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(10**5))), (b"IEND", b"")]
        content = b"\x89PNG\r\n\x1a\n"
        for kind, data in chunks:
            content += struct.pack(">I", len(data)) + kind + data
            content += struct.pack(">I", zlib.crc32(kind + data))
        assert self.textured(tmp_path, content) == f"has the image 'a.png' {words}"

    def test_an_image_in_a_glb(self, tmp_path):
        file = GltfFile()
        texture = file.image(png()[:60])
        file.node(mesh=file.mesh(material=file.material(emissiveTexture={"index": texture})))
        material = file.json["materials"][0]
        (tmp_path / "unseen.glb").write_bytes(file.glb())
        material["normalTexture"] = {"index": texture}
        (tmp_path / "a.glb").write_bytes(file.glb())
        assert fault_of(tmp_path / "a.glb").startswith("has the image 'images[0]', which cannot be read (")


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("a.stl", stl_bytes()[:200], "breaks off: 4 triangles are announced, 2 are there"),
        ("a.stl", b"solid a\nfacet normal 0 0 1\n", "breaks off: its last line is not 'endsolid'"),
        ("a.ply", ply_text().encode()[:-25], "breaks off: 4 rows of 'face' are announced"),
        ("a.ply", ply_text().encode()[:50], "breaks off within its header"),
        (
            "a.gltf",
            b'{"asset": {"version": "2.0"}',
            "has JSON that cannot be read: it breaks off or is no glTF",
        ),
        ("a.gltf", b"{" * 5 + b'"a":' * 99999, "has JSON that cannot be read: it breaks off or is no glTF"),
        ("a.gltf", b'{"name": "package"}', "is JSON, but no glTF"),
        (
            "a.gltf",
            json.dumps({"asset": {}, "extensionsRequired": ["KHR_draco_mesh_compression"]}).encode(),
            "needs the glTF extension KHR_draco_mesh_compression, which is not read here",
        ),
        (
            "a.gltf",
            json.dumps({"asset": {"version": "1.0"}}).encode(),
            "is glTF 1, of which nothing is read here: convert it to glTF 2",
        ),
        ("a.obj", b"v 0 0 zero\nf 1 1 1\n", "cannot be read: its content makes no sense"),
    ],
)
def test_what_breaks_off_or_is_not_read_here_is_named(name, content, fault, tmp_path):
    (tmp_path / name).write_bytes(content)
    assert fault_of(tmp_path / name).startswith(fault)


def test_a_glb_that_breaks_off_says_how_much_is_there(tmp_path):
    content = chain(1, 1).glb()
    (tmp_path / "a.glb").write_bytes(content[:-10])
    fault = f"breaks off: {len(content)} bytes are announced, {len(content) - 10} are there"
    assert fault_of(tmp_path / "a.glb") == fault


def test_rows_that_are_announced_and_not_there_take_no_memory(tmp_path):
    file = GltfFile()
    file.node(mesh=file.mesh())
    del file.json["accessors"][0]["bufferView"]
    file.json["accessors"][0]["count"] = 10**15
    (tmp_path / "a.glb").write_bytes(file.glb())
    assert fault_of(tmp_path / "a.glb") == (
        "has 1000000000000000 rows in accessors[0], none of which is there"
    )


def test_a_file_of_any_size_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "a.obj").open("wb") as file:
        file.truncate(5 * 10**9)  # takes no space on the disk
    assert fault_of(tmp_path / "a.obj") == "is larger than 4 GB"


def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "a.obj")
    assert fault_of(tmp_path / "a.obj") == "is no regular file"


def test_a_file_without_permission_is_examined_again_the_next_time(tmp_path, monkeypatch):
    (tmp_path / "a.obj").write_text(TETRAHEDRON)

    def refuse(path, size):
        if path.name == "a.obj":
            raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("renderer.catalog.meshes.examine.check_content", refuse)
        assert fault_of(tmp_path / "a.obj") == "cannot be read (Permission denied)"
    assert faults_of(tmp_path) == {}


def test_what_blender_cannot_convert_is_named(tmp_path, monkeypatch):
    def fail(conversions):
        error = BrokenMeshError("cannot be converted: Blender found no mesh in it")
        return dict.fromkeys(conversions, error)

    monkeypatch.setattr("renderer.catalog.meshes.shelf.convert_many", fail)
    (tmp_path / "a.blend").write_bytes(b"BLENDER-v402")
    assert fault_of(tmp_path / "a.blend") == "cannot be converted: Blender found no mesh in it"


def test_what_a_file_names_is_looked_at_before_blender_reads_it(tmp_path, monkeypatch):
    monkeypatch.setattr("renderer.catalog.meshes.conversion.converted", None)
    folder = tmp_path / "meshes"
    folder.mkdir()
    (folder / "a.obj").write_text(f"mtllib ../a.mtl\n{TETRAHEDRON}" + "f 1 2 3\n" * 20)
    fault = fault_of(folder / "a.obj", decimate_to=10)
    assert fault == "names the material file '../a.mtl', which points outside the folder"
