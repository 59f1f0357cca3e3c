"""Meshes in each format come back as they were written, by trimesh and by hand, in the object's frame."""

import base64
import itertools

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.mesh_files import CORNERS, FACES, GltfFile, mesh_settings, only_mesh, ply_text, shelf_of, stl_bytes

from renderer.catalog.meshes.frames import frame_of
from renderer.recipe.objects import AXES, UNITS

FORMATS = ("obj", "stl", "ply", "glb", "gltf")
UP = {"obj": "y", "glb": "y", "gltf": "y", "stl": "z", "ply": "z"}
# What stands where in the object's frame, by the axis of the file that is up: (axis of the file, sign).
Y_UP = ((0, 1), (2, -1), (1, 1))
Z_UP = ((0, 1), (1, 1), (2, 1))


def write(mesh: trimesh.Trimesh, folder, suffix: str, **options) -> None:
    folder.mkdir(exist_ok=True)
    if suffix == "gltf":
        for name, content in trimesh.exchange.gltf.export_gltf(mesh.scene(), **options).items():
            (folder / name).write_bytes(content)
    else:
        mesh.export(folder / f"model.{suffix}", **options)


def in_object_frame(vertices: np.ndarray, suffix: str) -> np.ndarray:
    rows = Y_UP if UP[suffix] == "y" else Z_UP
    turned = np.stack([sign * vertices[:, axis] for axis, sign in rows], axis=1)
    return turned - (turned.min(axis=0) + turned.max(axis=0)) / 2


@st.composite
def solids(draw) -> trimesh.Trimesh:
    shape = draw(st.sampled_from(["box", "icosphere", "cylinder", "hull"]))
    size = np.array(draw(st.tuples(*[st.floats(0.01, 10)] * 3)))
    shift = np.array(draw(st.tuples(*[st.floats(-5, 5)] * 3)))
    if shape == "box":
        solid = trimesh.creation.box()
    elif shape == "icosphere":
        solid = trimesh.creation.icosphere(subdivisions=1)
    elif shape == "cylinder":
        solid = trimesh.creation.cylinder(radius=0.5, height=1, sections=7)
    else:
        points = np.random.default_rng(draw(st.integers(0, 99))).normal(size=(12, 3))
        solid = trimesh.convex.convex_hull(points)
    # as a file of 32 bits holds them: a small solid far from the origin loses more than any tolerance by it
    vertices = np.float32(solid.vertices * size + shift)
    return trimesh.Trimesh(vertices, solid.faces, process=False)


@pytest.mark.parametrize("suffix", FORMATS)
@given(solid=solids())
@settings(max_examples=12)
def test_what_trimesh_writes_comes_back_triangle_by_triangle(suffix, solid, tmp_path_factory):
    folder = tmp_path_factory.mktemp("meshes")
    write(solid, folder, suffix)
    mesh, model = only_mesh(folder)
    expected = in_object_frame(solid.vertices, suffix)[solid.faces]
    scale = np.abs(solid.vertices).max()
    assert np.abs(model.mesh.vertices[model.mesh.triangles] - expected).max() < 1e-6 * scale
    assert mesh.triangles == len(solid.faces)
    assert mesh.is_watertight == solid.is_watertight
    assert np.allclose(mesh.low_m, expected.min(axis=(0, 1)), atol=1e-6 * scale)
    assert np.allclose(mesh.high_m, expected.max(axis=(0, 1)), atol=1e-6 * scale)
    reach = np.linalg.norm(expected, axis=2).max()
    radius = np.linalg.norm(expected[..., :2], axis=2).max()
    assert mesh.reach_m == pytest.approx(reach, rel=1e-5)
    assert mesh.radius_m == pytest.approx(radius, rel=1e-5)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("unit", UNITS)
def test_a_box_shows_the_unit_and_the_axis_that_is_up(suffix, unit, tmp_path):
    write(trimesh.creation.box((1, 2, 3)), tmp_path / "box", suffix)
    mesh, _ = only_mesh(tmp_path / "box", unit=unit)
    metres = {"m": 1, "cm": 0.01, "mm": 0.001, "inch": 0.0254, "foot": 0.3048}[unit]
    size = (1, 3, 2) if UP[suffix] == "y" else (1, 2, 3)
    assert np.subtract(mesh.high_m, mesh.low_m) == pytest.approx(np.array(size) * metres)


@pytest.mark.parametrize("up", AXES)
def test_the_axis_that_is_said_to_be_up_points_up_and_nothing_is_mirrored(up, tmp_path):
    tip = {"x": (9, 0, 0), "y": (0, 9, 0), "z": (0, 0, 9)}[up[-1]]
    tip = np.array(tip) * (-1 if up[0] == "-" else 1)
    solid = trimesh.convex.convex_hull(np.array([tip, *np.eye(3), *-np.eye(3)]))
    write(solid, tmp_path / "tip", "stl")
    mesh, model = only_mesh(tmp_path / "tip", up=up, origin="file")
    assert mesh.high_m == pytest.approx((1, 1, 9))
    read = trimesh.Trimesh(model.mesh.vertices, model.mesh.triangles)
    assert read.volume == pytest.approx(solid.volume)


@pytest.mark.parametrize("up", AXES)
def test_every_map_of_axes_is_a_proper_rotation(up):
    for suffix, is_converted in itertools.product((".obj", ".stl", ".fbx"), (False, True)):
        frame = frame_of(mesh_settings(None, up=up), suffix=suffix, is_bop=False, is_converted=is_converted)
        turn = frame.object_from_file
        assert np.array_equal(turn @ turn.T, np.eye(3))
        assert np.linalg.det(turn) == 1


@pytest.mark.parametrize(
    ("origin", "low"), [("center", (-1, -1, -1)), ("bottom", (-1, -1, 0)), ("file", (4, 9, 14))]
)
def test_the_origin_is_where_the_recipe_says(origin, low, tmp_path):
    solid = trimesh.creation.box((2, 2, 2))
    solid.apply_translation((5, 10, 15))
    write(solid, tmp_path / "box", "stl")
    assert only_mesh(tmp_path / "box", origin=origin)[0].low_m == pytest.approx(low)


def test_what_blender_converted_has_the_axes_of_the_users_file(tmp_path, monkeypatch):
    # Blender takes (x, y, z) of an STL as they are, and writes glTF with +Y up: (x, z, -y)
    solid = trimesh.creation.icosphere(subdivisions=2)
    solid.vertices *= (1, 2, 3)
    write(solid, tmp_path / "stl", "stl")
    plain, _ = only_mesh(tmp_path / "stl", up="x")
    solid.vertices = solid.vertices[:, [0, 2, 1]] * (1, 1, -1)
    glb = tmp_path / "converted.glb"
    solid.export(glb)
    monkeypatch.setattr("renderer.catalog.meshes.conversion.converted", lambda *_, **__: glb)
    reduced, _ = only_mesh(tmp_path / "stl", up="x", decimate_to=100)
    assert reduced.readable == glb
    assert reduced.high_m == pytest.approx(plain.high_m)
    assert list(reduced.hashes) == ["model.stl"]


def test_a_small_mesh_is_not_decimated(tmp_path):
    write(trimesh.creation.icosphere(subdivisions=2), tmp_path / "stl", "stl")
    mesh, _ = only_mesh(tmp_path / "stl", decimate_to=320)
    assert mesh.readable == mesh.path


def test_text_and_bytes_of_stl_are_the_same_mesh(tmp_path):
    solid = trimesh.creation.icosphere(subdivisions=1)
    write(solid, tmp_path / "binary", "stl")
    write(solid, tmp_path / "text", "stl", file_type="stl_ascii")
    assert (tmp_path / "text" / "model.stl").read_bytes().startswith(b"solid")
    (_, one), (_, other) = only_mesh(tmp_path / "binary"), only_mesh(tmp_path / "text")
    assert np.allclose(one.mesh.vertices, other.mesh.vertices, atol=1e-6)
    assert np.array_equal(one.mesh.triangles, other.mesh.triangles)


def test_all_solids_of_an_stl_in_text_are_read(tmp_path):
    corners = np.array(CORNERS, dtype=float)[np.array(FACES)]
    text = ""
    for shift in (0, 5):
        text += f"solid at {shift}\n"
        for triangle in corners + (shift, 0, 0):
            lines = "".join(f"vertex {x:e} {y:e} {z:e}\n" for x, y, z in triangle)
            text += f"facet normal 0 0 0\nouter loop\n{lines}endloop\nendfacet\n"
        text += f"endsolid at {shift}\n"
    (tmp_path / "model.stl").write_text(text)
    mesh, model = only_mesh(tmp_path, origin="file")
    assert (mesh.low_m, mesh.high_m) == ((0, 0, 0), (6, 1, 1))
    expected = np.concatenate([corners, corners + (5, 0, 0)])
    assert np.array_equal(model.mesh.vertices[model.mesh.triangles], expected)


def test_bytes_behind_the_triangles_of_a_binary_stl_are_left_out(tmp_path):
    (tmp_path / "model.stl").write_bytes(stl_bytes() + b"behind")
    mesh, model = only_mesh(tmp_path, origin="file")
    assert mesh.is_watertight
    assert np.array_equal(model.mesh.vertices[model.mesh.triangles], np.array(CORNERS)[np.array(FACES)])


def test_a_binary_stl_whose_header_begins_as_text_does_is_read(tmp_path):
    content = b"solid by some program".ljust(80) + stl_bytes()[80:]
    (tmp_path / "model.stl").write_bytes(content)
    assert only_mesh(tmp_path)[0].triangles == 4


@pytest.mark.parametrize("kind", ["binary_little_endian", "binary_big_endian", "ascii"])
def test_polygons_of_ply_may_differ_in_their_corners(kind, tmp_path):
    # a pyramid: one square and four triangles
    vertices = [(0, 0, 0), (2, 0, 0), (2, 2, 0), (0, 2, 0), (1, 1, 3)]
    faces = [(0, 3, 2, 1), (0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4)]
    order = ">" if "big" in kind else "<"
    header, _, body = ply_text(vertices, faces).partition("end_header\n")
    content = body.encode()
    if kind != "ascii":
        rows = [np.array(face, f"{order}i4") for face in faces]
        content = np.array(vertices, f"{order}f4").tobytes()
        content += b"".join(bytes([len(row)]) + row.tobytes() for row in rows)
    (tmp_path / "model.ply").write_bytes(header.replace("ascii", kind).encode() + b"end_header\n" + content)
    mesh, model = only_mesh(tmp_path)
    assert (mesh.triangles, mesh.is_watertight) == (6, True)
    read = trimesh.Trimesh(model.mesh.vertices, model.mesh.triangles)
    assert read.volume == pytest.approx(4)


def test_obj_counts_from_one_or_from_the_last_vertex_and_lines_may_go_on(tmp_path):
    text = "".join(f"v {x} {y} {z}\n" for x, y, z in CORNERS)
    text += "f -4 -2 \\\n -3\nf 1 2 4\r\nf -4 -1 -2\nf 2 3 4\nv 9 9 9\n"
    (tmp_path / "model.obj").write_bytes(text.encode())
    mesh, model = only_mesh(tmp_path)
    assert mesh.is_watertight
    assert mesh.high_m == pytest.approx((0.5, 0.5, 0.5)), "a vertex of no triangle does not count"
    assert trimesh.Trimesh(model.mesh.vertices, model.mesh.triangles).volume == pytest.approx(1 / 6)


def test_nodes_of_gltf_move_turn_and_mirror_their_meshes(tmp_path):
    file = GltfFile()
    mesh = file.mesh()
    matrix = np.diag([1.0, 1, -1, 1])
    matrix[:3, 3] = (0, 0, -10)
    child = file.node(is_root=False, mesh=mesh, matrix=matrix.T.ravel().tolist())
    file.node(mesh=mesh, scale=[2, 2, 2])
    half = np.sqrt(0.5)
    file.node(children=[child], translation=[0, 5, 0], rotation=[0, 0, half, half])
    (tmp_path / "model.glb").write_bytes(file.glb())
    found, model = only_mesh(tmp_path, origin="file")
    oracle = trimesh.load(tmp_path / "model.glb", process=False).to_geometry()
    vertices = np.stack([oracle.vertices[:, 0], -oracle.vertices[:, 2], oracle.vertices[:, 1]], axis=1)
    assert found.low_m == pytest.approx(vertices.min(axis=0), abs=1e-6)
    assert found.high_m == pytest.approx(vertices.max(axis=0), abs=1e-6)
    read = trimesh.Trimesh(model.mesh.vertices, model.mesh.triangles)
    assert read.volume == pytest.approx(8 / 6 + 1 / 6), "the mirrored one is not inside out"
    assert found.is_watertight


def test_linked_copies_of_a_mesh_each_have_their_triangles(tmp_path):
    file = GltfFile()
    mesh = file.mesh()
    for number in range(10):
        file.node(mesh=mesh, translation=[2 * number, 0, 0])
    (tmp_path / "model.glb").write_bytes(file.glb())
    found, _ = only_mesh(tmp_path)
    assert found.triangles == 40
    assert found.high_m[0] - found.low_m[0] == pytest.approx(19)


@pytest.mark.parametrize(("mode", "order"), [(5, (0, 1, 2, 3)), (6, (0, 1, 2, 3))])
def test_strips_and_fans_of_gltf_are_triangles(mode, order, tmp_path):
    file = GltfFile()
    file.node(mesh=file.mesh(CORNERS, order, mode=mode))
    (tmp_path / "model.glb").write_bytes(file.glb())
    _, model = only_mesh(tmp_path, origin="file", up="z")
    corners = [
        [CORNERS.index(tuple(np.round(v))) for v in t] for t in model.mesh.vertices[model.mesh.triangles]
    ]
    expected = [[0, 1, 2], [1, 3, 2]] if mode == 5 else [[1, 2, 0], [2, 3, 0]]
    assert corners == expected


def test_sparse_rows_replace_others(tmp_path):
    file = GltfFile()
    index = file.mesh()
    sparse = {
        "count": 1,
        "indices": {"bufferView": file.view(bytes([3])), "componentType": 5121},
        "values": {"bufferView": file.view(np.array([0, 0, 7], "<f4").tobytes())},
    }
    file.json["accessors"][0]["sparse"] = sparse
    file.node(mesh=index)
    (tmp_path / "model.glb").write_bytes(file.glb())
    assert only_mesh(tmp_path, up="z", origin="file")[0].high_m == pytest.approx((1, 1, 7))


def test_a_gltf_may_hold_its_buffer_as_text_or_beside_it_under_an_encoded_name(tmp_path):
    file = GltfFile()
    file.node(mesh=file.mesh())
    for name in ("inside", "beside"):
        (tmp_path / name).mkdir()
    data = "data:application/octet-stream;base64," + base64.b64encode(file.binary).decode()
    (tmp_path / "inside" / "a.gltf").write_text(file.gltf(data))
    (tmp_path / "beside" / "a.gltf").write_text(file.gltf("my%20buffer.bin"))
    (tmp_path / "beside" / "my buffer.bin").write_bytes(file.binary)
    inside, beside = shelf_of(tmp_path / "inside").meshes[0], shelf_of(tmp_path / "beside").meshes[0]
    assert inside.high_m == beside.high_m
    assert sorted(beside.hashes) == ["a.gltf", "my buffer.bin"]


def test_angles_say_what_is_smooth_and_its_edges_share_no_vertices(tmp_path):
    write(trimesh.creation.cylinder(radius=1, height=2, sections=32), tmp_path / "cylinder", "stl")
    _, model = only_mesh(tmp_path / "cylinder")
    normals = trimesh.Trimesh(model.mesh.vertices, model.mesh.triangles, process=False).face_normals
    on_the_side = np.abs(normals[:, 2]) < 0.5
    assert np.array_equal(model.mesh.smooth, on_the_side)
    of_side, of_caps = (set(model.mesh.triangles[side].ravel()) for side in (on_the_side, ~on_the_side))
    assert not of_side & of_caps
    assert len(of_side) == 64, "the side is one surface"


def test_normals_of_the_file_say_what_is_smooth(tmp_path):
    ball = trimesh.creation.icosphere(subdivisions=0)
    normals = ball.vertices / np.linalg.norm(ball.vertices, axis=1)[:, None]
    for name, attributes in (("round", {"NORMAL": normals}), ("flat", {})):
        file = GltfFile()
        given_normals = {key: file.accessor(rows) for key, rows in attributes.items()}
        file.node(mesh=file.mesh(ball.vertices, ball.faces, attributes=given_normals))
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.glb").write_bytes(file.glb())
    assert only_mesh(tmp_path / "round")[1].mesh.smooth.all()
    assert not only_mesh(tmp_path / "flat")[1].mesh.smooth.any()


def test_a_mesh_with_a_hole_is_not_watertight_and_noted(tmp_path):
    (tmp_path / "model.ply").write_text(ply_text(faces=FACES[1:]))
    mesh, _ = only_mesh(tmp_path)
    assert not mesh.is_watertight
    assert mesh.notes == ("is not watertight",)
