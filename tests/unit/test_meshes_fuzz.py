"""No bytes whatever end in anything but a mesh or a reason."""

import base64

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from unit.mesh_files import KEY, GltfFile, mesh_settings, ply_text, stl_bytes

from renderer.catalog.meshes.examine import examine


def text_stl() -> bytes:
    return trimesh.creation.box().export(file_type="stl_ascii").encode()


def textured_glb() -> bytes:
    box = trimesh.creation.box()
    image = Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
    look = trimesh.visual.material.PBRMaterial(baseColorTexture=image, metallicRoughnessTexture=image)
    box.visual = trimesh.visual.TextureVisuals(uv=np.zeros((8, 2)), material=look)
    return box.export(file_type="glb")


def nested_gltf() -> bytes:
    file = GltfFile()
    mesh = file.mesh()
    children = [file.node(is_root=False, mesh=mesh, translation=[1, 2, z]) for z in (3, 6)]
    file.node(children=children, rotation=[0, 0, 0, 1], scale=[1, 1, 1])
    return file.gltf("data:;base64," + base64.b64encode(file.binary).decode()).encode()


FILES = {
    "obj": [trimesh.creation.box().export(file_type="obj").encode()],
    "ply": [
        ply_text().encode(),
        trimesh.creation.box().export(file_type="ply"),
        trimesh.Trimesh(*[[(0, 0, 0), (1, 0, 0), (0, 1, 1)], [(0, 1, 2)]], face_colors=[[9, 9, 9, 9]]).export(
            file_type="ply"
        ),
    ],
    "stl": [stl_bytes(), text_stl()],
    "glb": [textured_glb()],
    "gltf": [nested_gltf()],
}


@st.composite
def damaged(draw, suffix: str) -> bytes:
    content = bytearray(draw(st.sampled_from(FILES[suffix])))
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, len(content) - 1))
        content[place] = draw(st.one_of(st.integers(0, 255), st.sampled_from(b'0123456789-.{}[]",: \n')))
    if draw(st.booleans()):
        content = content[: draw(st.integers(1, len(content)))]
    if draw(st.booleans()):
        start = draw(st.integers(0, len(content)))
        stop = draw(st.integers(start, len(content)))
        content[start:stop] = draw(st.binary(max_size=8))
    return bytes(content)


@pytest.mark.parametrize("suffix", FILES)
@given(data=st.data())
@settings(max_examples=60)
def test_damage_is_a_mesh_or_a_reason(suffix, data, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp()
    path = folder / f"damaged.{suffix}"
    path.write_bytes(data.draw(damaged(suffix)))
    found = examine(KEY, path.name, folder, mesh_settings(folder))
    assert (found.facts is None) == bool(found.reason)
    assert "Type-check" not in found.reason
    if found.facts is not None:
        assert np.isfinite([*found.facts.low_m, *found.facts.high_m, found.facts.reach_m]).all()
        assert found.facts.triangles > 0


@pytest.mark.parametrize("suffix", FILES)
def test_what_is_not_damaged_is_a_mesh(suffix, tmp_path):
    for number, content in enumerate(FILES[suffix]):
        (tmp_path / f"{number}.{suffix}").write_bytes(content)
        found = examine(KEY, f"{number}.{suffix}", tmp_path, mesh_settings(tmp_path, allow_flat=True))
        assert found.reason == ""
