"""Looks of mesh files: linear colours, images with opacity, PBR values, one material for each triangle."""

import colorsys
import io
from dataclasses import replace

import numpy as np
import pytest
import trimesh
from PIL import Image
from unit.mesh_files import CORNERS, FACES, TETRAHEDRON, GltfFile, mesh_settings, only_mesh, ply_text

from renderer.catalog.meshes.examine import keeps_look
from renderer.catalog.meshes.pictures import LARGEST_TEXTURE_PX
from renderer.recipe.distributions import Choice

SRGB_HALF = 0.21404  # linear value of 0.5 (IEC 61966-2-1)
PIXELS = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [9, 99, 199]]], dtype=np.uint8)


def encoded(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


def with_alpha(alpha: list[list[int]]) -> np.ndarray:
    return np.dstack([PIXELS, np.array(alpha, dtype=np.uint8)])


def obj_material(folder, entry: str, more: str = ""):
    (folder / "a.mtl").write_text(f"newmtl my look\n{entry}\n{more}")
    (folder / "a.obj").write_text(f"mtllib a.mtl\nusemtl my look\n{TETRAHEDRON}")
    mesh, model = only_mesh(folder)
    assert mesh.has_look
    (material,) = model.materials
    return material


def glb_material(folder, file: GltfFile, **material):
    file.node(mesh=file.mesh(material=file.material(**material)))
    (folder / "a.glb").write_bytes(file.glb())
    mesh, model = only_mesh(folder)
    assert mesh.has_look
    return model.materials[0]


class TestMtl:
    def test_numbers(self, tmp_path):
        material = obj_material(tmp_path, "Kd 0.1 0.2 0.3\nd 0.25\nNs 250\nKe 0 1 0\nPm 0.75")
        assert material.color == (0.1, 0.2, 0.3)
        assert material.alpha == 0.25
        assert material.roughness == pytest.approx(0.5)
        assert material.emission == (0, 1, 0)
        assert material.metallic == 0.75

    def test_transparency_is_the_rest_of_opacity_and_pr_is_the_roughness(self, tmp_path):
        material = obj_material(tmp_path, "Tr 0.75\nNs 1000\nPr 0.9")
        assert (material.alpha, material.roughness) == (0.25, 0.9)

    def test_an_image_takes_the_place_of_the_colour(self, tmp_path):
        (tmp_path / "my image.png").write_bytes(encoded(PIXELS))
        material = obj_material(tmp_path, "Kd 0 0 0\nmap_Kd -s 1 1 1 -clamp on my image.png")
        assert material.color == (1, 1, 1)
        assert np.array_equal(material.texture.pixels, PIXELS)
        assert material.texture.alpha is None
        assert material.texture.tile_size_m is None

    def test_the_opacity_of_an_image_is_kept(self, tmp_path):
        (tmp_path / "leaf.png").write_bytes(encoded(with_alpha([[0, 255], [128, 255]])))
        material = obj_material(tmp_path, "map_Kd leaf.png")
        assert material.texture.alpha.tolist() == [[0, 255], [128, 255]]

    def test_an_opacity_of_its_own_is_brought_to_the_image(self, tmp_path):
        (tmp_path / "leaf.png").write_bytes(encoded(PIXELS))
        (tmp_path / "cut.png").write_bytes(encoded(np.full((4, 4), 77, np.uint8)))
        material = obj_material(tmp_path, "map_Kd leaf.png\nmap_d cut.png")
        assert np.array_equal(material.texture.pixels, PIXELS)
        assert (material.texture.alpha == 77).all()
        alone = obj_material(tmp_path, "map_d cut.png")
        assert alone.texture.pixels.shape == (4, 4, 3)
        assert (alone.texture.alpha == 77).all()

    def test_maps_of_values(self, tmp_path):
        (tmp_path / "a.png").write_bytes(encoded(np.array([[10, 250]], np.uint8)))
        maps = obj_material(tmp_path, "map_Pr a.png\nmap_Pm a.png\nnorm a.png").maps
        for texture in (maps.roughness, maps.metallic, maps.normal):
            assert texture.pixels.tolist() == [[[10] * 3, [250] * 3]]

    def test_each_triangle_has_its_material_and_its_coordinates(self, tmp_path):
        (tmp_path / "a.mtl").write_text(
            "newmtl red\nKd 1 0 0\nnewmtl blue\nKd 0 0 1\nnewmtl unused\nKd 0 1 0\n"
        )
        vertices, faces = TETRAHEDRON[:32], TETRAHEDRON[32:].replace("f 2 3 4\n", "")
        text = (
            f"mtllib a.mtl\n{vertices}vt 0 0\nvt 1 0\nvt 0 1\nusemtl blue\n{faces}usemtl red\nf 2/1 3/2 4/3\n"
        )
        (tmp_path / "a.obj").write_text(text)
        _, model = only_mesh(tmp_path)
        colors = [model.materials[index].color for index in model.mesh.material_index]
        assert colors == [(0, 0, 1)] * 3 + [(1, 0, 0)]
        assert len(model.materials) == 2
        assert model.mesh.uvs[3].tolist() == [[0, 0], [1, 0], [0, 1]]
        assert not model.mesh.uvs[:3].any()

    def test_a_material_that_is_not_there_is_noted(self, tmp_path):
        (tmp_path / "a.mtl").write_text("newmtl a\nKd 1 0 0\n")
        (tmp_path / "a.obj").write_text(f"mtllib a.mtl\nusemtl b\n{TETRAHEDRON}")
        mesh, model = only_mesh(tmp_path)
        assert mesh.notes == ("has no material 'b' in its material files",)
        assert not mesh.has_look
        assert model.materials == ()

    def test_several_material_files_may_be_named(self, tmp_path):
        (tmp_path / "a.mtl").write_text("newmtl a\nKd 1 0 0\n")
        (tmp_path / "my b.mtl").write_text("newmtl b\nKd 0 1 0\n")
        (tmp_path / "c.mtl").write_text("newmtl c\nKd 0 0 1\n")
        (tmp_path / "a.obj").write_text(f"mtllib a.mtl c.mtl\nmtllib my b.mtl\nusemtl b\n{TETRAHEDRON}")
        mesh, model = only_mesh(tmp_path)
        assert [material.color for material in model.materials] == [(0, 1, 0)]
        assert sorted(mesh.hashes) == ["a.mtl", "a.obj", "c.mtl", "my b.mtl"]


class TestGltf:
    def test_factors(self, tmp_path):
        values = {"baseColorFactor": [0.1, 0.2, 0.3, 0.5], "roughnessFactor": 0.4, "metallicFactor": 0.6}
        extensions = {
            "KHR_materials_transmission": {"transmissionFactor": 0.7},
            "KHR_materials_ior": {"ior": 1.33},
            "KHR_materials_emissive_strength": {"emissiveStrength": 4},
        }
        material = glb_material(
            tmp_path,
            GltfFile(),
            pbrMetallicRoughness=values,
            extensions=extensions,
            emissiveFactor=[0, 0.5, 0],
            alphaMode="BLEND",
        )
        assert material.color == (0.1, 0.2, 0.3)
        assert (material.alpha, material.alpha_cutoff) == (0.5, None)
        assert (material.roughness, material.metallic) == (0.4, 0.6)
        assert (material.transmission, material.refraction_index) == (0.7, 1.33)
        assert material.emission == (0, 2, 0)

    def test_what_is_not_said_is_a_rough_white_metal(self, tmp_path):
        material = glb_material(tmp_path, GltfFile())
        assert material.color == (1, 1, 1)
        assert (material.roughness, material.metallic, material.transmission) == (1, 1, 0)

    @pytest.mark.parametrize(
        ("mode", "cutoff", "alpha"),
        [({}, None, None), ({"alphaMode": "OPAQUE"}, None, None), ({"alphaMode": "MASK"}, 0.5, [[0, 255]])]
        + [({"alphaMode": "MASK", "alphaCutoff": 0.2}, 0.2, [[0, 255]])]
        + [({"alphaMode": "BLEND"}, None, [[0, 255]])],
    )
    def test_opacity_counts_as_the_mode_says(self, mode, cutoff, alpha, tmp_path):
        file = GltfFile()
        texture = {"index": file.image(encoded(np.array([[[1, 2, 3, 0], [4, 5, 6, 255]]], np.uint8)))}
        values = {"baseColorTexture": texture, "baseColorFactor": [1, 1, 1, 0.8]}
        material = glb_material(tmp_path, file, pbrMetallicRoughness=values, **mode)
        assert material.alpha_cutoff == cutoff
        assert material.alpha == (0.8 if alpha else 1)
        assert (None if material.texture.alpha is None else material.texture.alpha.tolist()) == alpha
        assert material.texture.pixels.tolist() == [[[1, 2, 3], [4, 5, 6]]]

    def test_roughness_is_green_and_metal_is_blue_times_their_factors(self, tmp_path):
        file = GltfFile()
        texture = {"index": file.image(encoded(np.array([[[7, 100, 200]]], np.uint8)))}
        values = {"metallicRoughnessTexture": texture, "roughnessFactor": 0.5}
        maps = glb_material(tmp_path, file, pbrMetallicRoughness=values).maps
        assert maps.roughness.pixels.tolist() == [[[50, 50, 50]]]
        assert maps.metallic.pixels.tolist() == [[[200, 200, 200]]]

    def test_textures_of_trimesh_lie_as_they_did(self, tmp_path):
        box = trimesh.creation.box()
        uv = np.random.default_rng(0).uniform(size=(len(box.vertices), 2))
        image = Image.fromarray(PIXELS)
        look = trimesh.visual.material.PBRMaterial(baseColorTexture=image, roughnessFactor=0.5)
        box.visual = trimesh.visual.TextureVisuals(uv=uv, material=look)
        for suffix in ("glb", "obj"):
            (tmp_path / suffix).mkdir()
            box.export(tmp_path / suffix / f"a.{suffix}")
            _, model = only_mesh(tmp_path / suffix)
            assert np.abs(model.mesh.uvs - uv[box.faces]).max() < 1e-6
            assert np.array_equal(model.materials[0].texture.pixels, PIXELS)

    def test_coordinates_are_moved_as_their_extension_says(self, tmp_path):
        file = GltfFile()
        rows = [(0, 0), (1, 0), (0, 1), (1, 1)]
        transform = {"offset": [0.25, 0.5], "rotation": np.pi / 2, "scale": [2, 3], "texCoord": 1}
        texture = {"index": file.image(encoded(PIXELS)), "extensions": {"KHR_texture_transform": transform}}
        material = file.material(pbrMetallicRoughness={"baseColorTexture": texture})
        attributes = {"TEXCOORD_1": file.accessor(rows)}
        file.node(mesh=file.mesh(material=material, attributes=attributes))
        (tmp_path / "a.glb").write_bytes(file.glb())
        _, model = only_mesh(tmp_path)
        # a quarter turn takes (u, v), v downwards, to (v, -u)
        moved = {i: (0.25 + 3 * v, 1 - (0.5 - 2 * u)) for i, (u, v) in enumerate(rows)}
        expected = [[moved[corner] for corner in face] for face in FACES]
        assert np.allclose(model.mesh.uvs, expected)

    def test_colours_of_corners_are_linear_and_integers_are_normalized(self, tmp_path):
        file = GltfFile()
        rows = [(255, 0, 0, 255), (0, 51, 0, 255), (0, 0, 0, 0), (255, 255, 255, 102)]
        colors = file.accessor(rows, "<u1", normalized=True)
        file.node(mesh=file.mesh(attributes={"COLOR_0": colors}))
        (tmp_path / "a.glb").write_bytes(file.glb())
        mesh, model = only_mesh(tmp_path)
        assert mesh.has_look
        assert model.materials[0].vertex_colors
        assert np.allclose(model.mesh.colors, np.array(rows)[np.array(FACES)] / 255)

    def test_parts_keep_their_own_materials_and_only_some_have_colours(self, tmp_path):
        file = GltfFile()
        red, green = (
            file.material(pbrMetallicRoughness={"baseColorFactor": color})
            for color in ([1, 0, 0, 1], [0, 1, 0, 1])
        )
        colors = file.accessor(np.full((4, 3), 0.5))
        file.node(mesh=file.mesh(material=red))
        file.node(mesh=file.mesh(material=green, attributes={"COLOR_0": colors}))
        (tmp_path / "a.glb").write_bytes(file.glb())
        _, model = only_mesh(tmp_path)
        assert [material.color for material in model.materials] == [(1, 0, 0), (0, 1, 0)]
        assert [material.vertex_colors for material in model.materials] == [False, True]
        assert model.mesh.material_index.tolist() == [0] * 4 + [1] * 4
        assert (model.mesh.colors[:4] == 1).all()
        assert np.allclose(model.mesh.colors[4:, :, :3], 0.5)

    def test_an_image_of_its_own_light_is_left_out_and_noted(self, tmp_path):
        file = GltfFile()
        texture = {"index": file.image(encoded(PIXELS))}
        material = glb_material(tmp_path, file, emissiveTexture=texture, emissiveFactor=[1, 1, 1])
        assert material.emission == (0, 0, 0)
        notes = only_mesh(tmp_path)[0].notes
        assert notes == ("has an image of its own light, which is left out",)


class TestColorsOfVerticesAndFaces:
    def test_ply_has_srgb_colours_of_vertices(self, tmp_path):
        solid = trimesh.Trimesh(CORNERS, FACES, process=False)
        solid.visual.vertex_colors = [[255, 0, 128, 255], [0, 0, 0, 51]] * 2
        solid.export(tmp_path / "a.ply")
        mesh, model = only_mesh(tmp_path)
        assert mesh.has_look
        assert [m.vertex_colors for m in model.materials] == [True]
        linear_128 = ((128 / 255 + 0.055) / 1.055) ** 2.4
        expected = np.array([[1, 0, linear_128, 1], [0, 0, 0, 0.2]] * 2)[np.array(FACES)]
        assert np.allclose(model.mesh.colors, expected)

    @pytest.mark.parametrize(("kind", "half", "full"), [("ushort", 32768, 65535), ("float", 0.5, 1)])
    def test_ply_has_colours_of_any_type(self, kind, half, full, tmp_path):
        header, _, rows = ply_text().partition("end_header\n")
        names = "".join(f"property {kind} {name}\n" for name in ("red", "green", "blue"))
        header = header.replace("element face", f"{names}element face")
        lines = [f"{line} {half} 0 {full}" if i < 4 else line for i, line in enumerate(rows.splitlines())]
        (tmp_path / "a.ply").write_text(header + "end_header\n" + "\n".join(lines))
        colors = only_mesh(tmp_path)[1].mesh.colors
        assert np.allclose(colors, (SRGB_HALF, 0, 1, 1), atol=1e-4)

    def test_ply_has_colours_of_faces(self, tmp_path):
        solid = trimesh.Trimesh(CORNERS, FACES, process=False)
        rows = [[int(255 * c) for c in colorsys.hsv_to_rgb(h, 1, 1)] + [255] for h in (0, 1 / 3, 2 / 3, 0)]
        solid.visual.face_colors = rows
        solid.export(tmp_path / "a.ply")
        colors = only_mesh(tmp_path)[1].mesh.colors
        assert np.allclose(colors, np.repeat(np.array(rows)[:, None], 3, axis=1) / 255)

    def test_obj_has_srgb_colours_of_vertices(self, tmp_path):
        lines = TETRAHEDRON.replace("v 0 0 1\n", "v 0 0 1 1 0.5 0\n")
        (tmp_path / "a.obj").write_text(lines)
        mesh, model = only_mesh(tmp_path)
        assert mesh.has_look
        assert np.allclose(model.mesh.colors[3, 2], (1, SRGB_HALF, 0, 1), atol=1e-4)
        assert (model.mesh.colors[0] == 1).all()

    def test_ply_has_coordinates_of_vertices_and_an_image(self, tmp_path):
        (tmp_path / "a.png").write_bytes(encoded(PIXELS))
        header = (
            "ply\nformat ascii 1.0\ncomment TextureFile a.png\nelement vertex 4\nproperty float x\n"
            "property float y\nproperty float z\nproperty float s\nproperty float t\nelement face 4\n"
            "property list uchar int vertex_indices\nend_header\n"
        )
        uvs = [(0, 0), (0.25, 0), (0, 0.5), (1, 1)]
        rows = [" ".join(map(str, (*place, *uv))) for place, uv in zip(CORNERS, uvs, strict=True)]
        rows += [" ".join(map(str, (3, *face))) for face in FACES]
        (tmp_path / "a.ply").write_text(header + "\n".join(rows))
        _, model = only_mesh(tmp_path)
        assert np.array_equal(model.materials[0].texture.pixels, PIXELS)
        assert np.allclose(model.mesh.uvs, np.array(uvs)[np.array(FACES)])


class TestImages:
    def test_large_ones_are_reduced(self, tmp_path):
        side = LARGEST_TEXTURE_PX
        (tmp_path / "a.png").write_bytes(encoded(np.full((side // 4, 2 * side), 99, np.uint8)))
        assert obj_material(tmp_path, "map_Kd a.png").texture.pixels.shape == (side // 8, side, 3)

    def test_wide_values_are_scaled_not_cut(self, tmp_path):
        (tmp_path / "a.png").write_bytes(encoded(np.array([[0, 257 * 100, 65535]], np.uint16)))
        pixels = obj_material(tmp_path, "map_Kd a.png").texture.pixels
        assert pixels[0, :, 0].tolist() == [0, 100, 255]

    def test_a_palette_with_a_transparent_entry_has_opacity(self, tmp_path):
        image = Image.fromarray(PIXELS).quantize(4)
        stream = io.BytesIO()
        image.save(stream, "PNG", transparency=image.getpixel((0, 0)))
        (tmp_path / "a.png").write_bytes(stream.getvalue())
        assert obj_material(tmp_path, "map_Kd a.png").texture.alpha.tolist() == [[0, 255], [255, 255]]


def test_a_look_is_wanted_where_any_draw_can_be_keep():
    assert keeps_look(mesh_settings(None, look="keep"))
    assert not keeps_look(mesh_settings(None, look="replace"))
    assert keeps_look(mesh_settings(None, look="replace keep"))
    settings = mesh_settings(None, look="keep")
    never = Choice(options=("keep", "replace"), weights=(0.0, 1.0))
    assert not keeps_look(replace(settings, look=replace(settings.look, distribution=never)))


def test_a_file_without_a_look_has_none(tmp_path):
    (tmp_path / "a.obj").write_text(TETRAHEDRON)
    mesh, model = only_mesh(tmp_path)
    assert not mesh.has_look
    assert model.materials == ()
    assert (model.mesh.uvs, model.mesh.colors) == (None, None)
