"""Files of Blender's formats become .glb in metres, with their look; what would harm is refused and named."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image
from unit.mesh_files import shelf_of

from renderer.catalog.meshes import converter
from renderer.catalog.meshes.conversion import Conversion, convert_many, converted
from renderer.catalog.meshes.fault import BrokenMeshError
from renderer.errors import CatalogError

MAKER = Path(__file__).with_name("mesh_files.py")
USD_TRIANGLE = """def Xform "L0" {
  def Mesh "m" {
    int[] faceVertexCounts = [3]
    int[] faceVertexIndices = [0, 1, 2]
    point3f[] points = [(0, 0, 0), (1, 0, 0), (0, 1, 0)]
  }
}"""
USD_REFERENCE = """  def Xform "i{}" (
    instanceable = true
    prepend references = </L{}>
  ) {{
  }}"""
BOXES = ["boxes.blend", "boxes.fbx", "boxes.usda", "boxes.usdc", "boxes.usdz"]


@pytest.fixture(scope="module")
def meshes(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("files") / "meshes"
    subprocess.run([sys.executable, str(MAKER), str(folder)], check=True, capture_output=True, timeout=100)
    return folder


@pytest.fixture(scope="module")
def results(meshes, tmp_path_factory):
    """Every .blend, FBX and USD file of the folder, converted with one start of Blender."""
    patch = pytest.MonkeyPatch()
    patch.setenv("GAPLESS_CACHE", str(tmp_path_factory.mktemp("cache")))
    paths = [path for path in sorted(meshes.iterdir()) if path.suffix not in (".obj", ".mtl", "")]
    found = convert_many(Conversion(path=path, root=meshes) for path in paths)
    patch.undo()
    return {conversion.path.name: result for conversion, result in found.items()}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("GAPLESS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def loaded(path: Path) -> trimesh.Trimesh:
    scene = trimesh.load_scene(path)
    assert len(scene.geometry) == 1
    return scene.to_geometry()


def contents(path: Path) -> dict:
    """The JSON of a .glb."""
    content = path.read_bytes()
    return json.loads(content[20 : 20 + int.from_bytes(content[12:16], "little")])


def fault_of(path: Path, root: Path, **options) -> str:
    with pytest.raises(BrokenMeshError) as caught:
        converted(path, root, None, **options)
    return str(caught.value)


# what comes out


@pytest.mark.parametrize("name", BOXES)
def test_three_linked_boxes_come_out_in_metres_with_y_up(results, name):
    mesh = loaded(results[name])
    assert len(mesh.faces) == 36
    # 2 x 11 x 3 with Z up in the file; glTF's Y is up, and its Z is the file's -Y
    np.testing.assert_allclose(mesh.bounds, [[-1, -1.5, -10.5], [1, 1.5, 0.5]], atol=1e-5)
    assert mesh.volume == pytest.approx(3 * 6, rel=1e-4)  # positive: faces look outwards


@pytest.mark.parametrize("name", BOXES)
def test_image_comes_along(results, name):
    material = loaded(results[name]).visual.material
    assert np.array(material.baseColorTexture)[0, 0].tolist()[:3] == [255, 0, 0]


def test_unit_of_a_blend_file_counts(results):
    np.testing.assert_allclose(loaded(results["centimetres.blend"]).extents, [0.02, 0.03, 0.11], atol=1e-6)


@pytest.mark.parametrize(
    ("unit", "height_m"), [("metersPerUnit = 0.01", 0.03), ("", 0.03), ("metersPerUnit = 1", 3)]
)
def test_unit_of_a_usd_file_counts(meshes, tmp_path, unit, height_m):
    text = (meshes / "boxes.usda").read_text()
    assert "metersPerUnit = 1" in text
    shutil.copytree(meshes / "images", tmp_path / "images")
    (tmp_path / "boxes.usda").write_text(text.replace("metersPerUnit = 1", unit))
    result = converted(tmp_path / "boxes.usda", tmp_path, None, needs_look=False)
    assert loaded(result).extents[1] == pytest.approx(height_m, rel=1e-4)


def test_only_what_renders_comes_out_with_its_modifiers(results):
    mesh = loaded(results["hidden.blend"])
    assert len(mesh.faces) == 36
    np.testing.assert_allclose(mesh.extents, [2, 3, 12], atol=1e-5)


def test_shear_and_mirroring_come_out_as_they_are(results):
    mesh = loaded(results["sheared.blend"])
    # a unit square turned by 45 degrees, four times as wide
    np.testing.assert_allclose(sorted(mesh.extents), [1, 2**0.5, 4 * 2**0.5], atol=1e-5)
    assert mesh.volume == pytest.approx(4, rel=1e-5)


def test_look_that_gltf_cannot_say_becomes_a_plain_colour(results):
    looks = {
        material["name"]: material["pbrMetallicRoughness"]
        for material in contents(results["looks.blend"])["materials"]
    }
    assert looks["ShaderNodeBsdfDiffuse"]["baseColorFactor"] == [0, 0.5, 0, 1]
    assert "roughnessFactor" not in looks["ShaderNodeBsdfDiffuse"]  # 1, as glTF has it by itself
    assert "baseColorTexture" not in looks["ShaderNodeTexNoise"]


def test_colours_of_a_mesh_come_along_where_its_material_uses_them(results):
    blue, *others = sorted(
        (
            mesh.visual.vertex_attributes["color"]
            for mesh in trimesh.load_scene(results["looks.blend"]).geometry.values()
        ),
        key=lambda colors: colors.sum(),
    )
    assert (blue == [0, 0, 65535, 65535]).all()
    assert all((colors == 65535).all() for colors in others)


def test_display_colours_of_a_usd_file_come_along(tmp_path):
    color = "color3f[] primvars:displayColor = [(1, 0, 0)]"
    red = USD_TRIANGLE.replace("int[] faceVertexCounts", f"{color}\n    int[] faceVertexCounts")
    other = USD_TRIANGLE.replace("L0", "other")
    (tmp_path / "red.usda").write_text(f"#usda 1.0\n{red}\n{other}\n")
    colors = loaded(converted(tmp_path / "red.usda", tmp_path, None)).visual.vertex_colors
    assert sorted(map(tuple, colors.tolist())) == 3 * [(255, 0, 0, 255)] + 3 * [(255, 255, 255, 255)]


@pytest.mark.parametrize("name", ["sphere.blend", "sphere.obj"])
def test_decimation_leaves_as_many_triangles_as_asked_for_and_texture_coordinates(meshes, name):
    result = converted(meshes / name, meshes, 500)
    mesh = loaded(result)
    assert 450 <= len(mesh.faces) <= 500
    assert "TEXCOORD_0" in contents(result)["meshes"][0]["primitives"][0]["attributes"]
    np.testing.assert_allclose(mesh.extents, [2, 2, 2], rtol=0.02)
    seen = mesh.visual.uv[:, 1]  # of the sphere: height
    expected = (
        0.5 + np.arcsin(np.clip(mesh.vertices[:, 1] / np.linalg.norm(mesh.vertices, axis=1), -1, 1)) / np.pi
    )
    assert np.abs(seen - expected).max() < 0.05


def test_mesh_that_has_fewer_triangles_is_not_decimated(meshes):
    assert len(loaded(converted(meshes / "boxes.blend", meshes, 100)).faces) == 36


@pytest.mark.parametrize("suffix", ["obj", "glb", "ply", "stl"])
def test_file_without_axes_of_its_own_has_the_usual_ones(tmp_path, suffix):
    source = trimesh.creation.box((1, 2, 3)).apply_translation((4, 5, 6))
    source.export(tmp_path / f"box.{suffix}")
    mesh = loaded(converted(tmp_path / f"box.{suffix}", tmp_path, 1000))
    if suffix in ("ply", "stl"):  # Z is up, as glTF's Y is
        mesh.vertices = mesh.vertices @ [[1, 0, 0], [0, 0, 1], [0, -1, 0]]
    np.testing.assert_allclose(mesh.bounds, source.bounds, atol=1e-5)


# what is found again


def test_second_time_starts_no_blender(meshes, monkeypatch):
    first = converted(meshes / "boxes.fbx", meshes, None)
    monkeypatch.setattr(converter, "COMMAND", (sys.executable, "-c", "raise SystemExit(1)"))
    assert converted(meshes / "boxes.fbx", meshes, None) == first


def test_image_that_changes_is_converted_again(meshes, tmp_path):
    (tmp_path / "images").mkdir()
    image = tmp_path / "images" / "red.png"
    image.write_bytes((meshes / "images" / "red.png").read_bytes())
    (tmp_path / "boxes.fbx").write_bytes((meshes / "boxes.fbx").read_bytes())
    first = converted(tmp_path / "boxes.fbx", tmp_path, None)
    Image.new("RGB", (8, 8), (0, 0, 255)).save(image)
    second = converted(tmp_path / "boxes.fbx", tmp_path, None)
    assert np.array(loaded(second).visual.material.baseColorTexture)[0, 0].tolist()[:3] == [0, 0, 255]
    assert first != second
    assert first.is_file()


def test_image_of_a_converted_file_counts_for_the_identity_and_is_looked_at_again(meshes, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(meshes / "images", folder / "images")
    shutil.copy(meshes / "boxes.fbx", folder / "boxes.fbx")
    (before,) = shelf_of(folder).meshes
    Image.new("RGB", (8, 8), (0, 0, 255)).save(folder / "images" / "red.png")
    (after,) = shelf_of(folder).meshes
    assert after.hashes["images/red.png"] != before.hashes["images/red.png"]
    assert after.readable != before.readable


def test_nothing_half_written_stays(meshes, cache):
    converted(meshes / "boxes.usdc", meshes, None)
    assert sorted(path.suffix for path in (cache / "conversions").iterdir()) == [".glb", ".json"]


def test_cache_that_cannot_be_written_is_named(meshes, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GAPLESS_CACHE", str(tmp_path / "file"))
    with pytest.raises(CatalogError, match="cannot be written .*set GAPLESS_CACHE"):
        converted(meshes / "boxes.usdc", meshes, None)


# what is refused


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("bomb.blend", "has more than 100000 instances"),
        ("empty.blend", "has no faces that render"),
        ("outside.blend", "names '../outside.png', which points outside the folder"),
        ("outside.fbx", "names '../outside.png', which points outside the folder"),
        ("linked.blend", "names '../library.blend', which points outside the folder"),
        ("lost.blend", "names the image 'lost.png', which is missing"),
    ],
)
def test_fault_is_named(results, name, reason):
    assert str(results[name]) == reason


def test_link_that_leads_outside_is_followed_to_where_it_leads(meshes, tmp_path):
    (tmp_path / "boxes.fbx").write_bytes((meshes / "boxes.fbx").read_bytes())
    (tmp_path / "images").symlink_to(meshes / "images")
    assert (
        fault_of(tmp_path / "boxes.fbx", tmp_path)
        == "names 'images/red.png', which points outside the folder"
    )


def test_image_that_is_missing_is_no_fault_where_no_look_is_wanted(meshes):
    mesh = loaded(converted(meshes / "lost.blend", meshes, None, needs_look=False))
    assert len(mesh.faces) == 36


def test_script_and_driver_of_a_blend_file_are_not_executed(results, meshes):
    assert isinstance(results["script.blend"], Path)
    assert not (meshes / "executed").exists()


@pytest.mark.parametrize("name", BOXES)
def test_damaged_file_is_named(meshes, tmp_path, name):
    content = (meshes / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 3])
    assert re.match("is (a )?damaged|Blender crashed|has no faces", fault_of(tmp_path / name, tmp_path))


@pytest.mark.parametrize("name", BOXES)
def test_wrong_extension_is_named(meshes, tmp_path, name):
    (tmp_path / name).write_bytes((meshes / "sphere.obj").read_bytes())
    suffix = Path(name).suffix
    expected = (
        "is a damaged USD package" if suffix == ".usdz" else f"is no {suffix} file: it does not begin as one"
    )
    assert fault_of(tmp_path / name, tmp_path) == expected


def test_usd_file_of_nested_instances_is_refused(tmp_path):
    levels = [USD_TRIANGLE]
    for level in range(8):
        references = "\n".join(USD_REFERENCE.format(number, level) for number in range(10))
        levels.append(f'def Xform "L{level + 1}" {{\n{references}\n}}')
    (tmp_path / "bomb.usda").write_text("#usda 1.0\n" + "\n".join(levels))
    assert fault_of(tmp_path / "bomb.usda", tmp_path) == "has more than 100000 instances"


# what goes wrong on the way


def test_file_that_takes_too_long_is_named_and_nothing_runs_on(meshes, tmp_path, monkeypatch):
    noted = tmp_path / "pid"
    code = f"import os, time; open({str(noted)!r}, 'w').write(str(os.getpid())); time.sleep(100)"
    monkeypatch.setattr(converter, "COMMAND", (sys.executable, "-c", code))
    monkeypatch.setattr(converter, "TIME_LIMIT_S", 1.0)
    assert fault_of(meshes / "boxes.fbx", meshes) == "takes longer than 1 s to read"
    with pytest.raises(ProcessLookupError):
        os.kill(int(noted.read_text()), 0)


def test_crash_is_the_fault_of_its_file_and_others_are_converted(meshes, monkeypatch):
    code = (
        "import os, json, renderer.blender.convert as c; convert = c.convert\n"
        "c.convert = lambda job: os.abort() if 'boxes.usda' in job['path'] else convert(job)\n"
        "c.main()"
    )
    monkeypatch.setattr(converter, "COMMAND", (sys.executable, "-c", code))
    conversions = [
        Conversion(path=meshes / name, root=meshes) for name in ("boxes.fbx", "boxes.usda", "boxes.usdc")
    ]
    found = {key.path.name: result for key, result in convert_many(conversions).items()}
    assert str(found["boxes.usda"]) == "Blender crashed on it, or needs too much memory for it"
    assert isinstance(found["boxes.fbx"], Path)
    assert isinstance(found["boxes.usdc"], Path)


def test_crash_after_other_files_is_tried_again_in_a_new_process(meshes, monkeypatch):
    code = (
        "import os, json, renderer.blender.convert as c; convert, seen = c.convert, []\n"
        "c.convert = lambda job: os.abort() if seen else (seen.append(job), convert(job))[1]\n"
        "c.main()"
    )
    monkeypatch.setattr(converter, "COMMAND", (sys.executable, "-c", code))
    conversions = [Conversion(path=meshes / name, root=meshes) for name in ("boxes.fbx", "boxes.usdc")]
    assert all(isinstance(result, Path) for result in convert_many(conversions).values())


def test_memory_is_limited(meshes, monkeypatch):
    code = (
        "import renderer.blender.convert as c; c.MEMORY_LIMIT_BYTES = 6 << 30\n"
        "c.convert = lambda job: bytearray(7 << 30)\n"
        "c.main()"
    )
    monkeypatch.setattr(converter, "COMMAND", (sys.executable, "-c", code))
    assert fault_of(meshes / "boxes.fbx", meshes) == "needs more than 6 GB of memory"
