"""Sets of PBR images: found by their names, refused with a reason, read as what they say."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from unit.recipes import dice_recipe
from unit.strategies import PLAIN

from renderer.catalog import image_files
from renderer.catalog.image_files import LARGEST_IMAGE_PX, read_colors
from renderer.catalog.library import Library, open_library
from renderer.catalog.pbr import COLOR, NORMAL, NORMAL_DX, SUFFIXES, PbrPixels, list_pbr_sets, read_pbr
from renderer.catalog.surfaces import appearance_material, ground_models
from renderer.errors import CatalogError, RecipeError
from renderer.scene import Ground

KEY = "surface.pbr_folder"
CLAY = (180, 90, 60)


def save(path: Path, color: Any = CLAY, mode: str = "RGB", size: tuple[int, int] = (8, 8)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, color).save(path)
    return path


def save_all(folder: Path, names: Mapping[str, Any]) -> None:
    for name, color in names.items():
        save(folder / name, color, "RGBA" if isinstance(color, tuple) and len(color) == 4 else "RGB")


def pixels_of(folder: Path) -> PbrPixels:
    (only,) = list_pbr_sets(KEY, str(folder))
    return read_pbr(only)


def refusal(folder: Path) -> str:
    with pytest.raises(CatalogError) as caught:
        list_pbr_sets(KEY, str(folder))
    return str(caught.value)


@pytest.mark.parametrize(
    ("files", "name"),
    [
        (
            ["Wood049_1K-JPG_Color.jpg", "Wood049_1K-JPG_Roughness.jpg", "Wood049_1K-JPG_NormalGL.jpg"],
            "wood049",
        ),
        (["oak_diff_4k.jpg", "oak_rough_4k.png", "oak_nor_gl_4k.png", "oak_disp_4k.png"], "oak"),
        (["T Steel BaseColor.png", "T Steel Metalness.png"], "t_steel"),
        (["old.tiles.albedo.2048x2048.png", "old.tiles.height.2048x2048.png"], "old_tiles"),
        (["bark/albedo.jpg", "bark/normal-dx.jpg", "bark/Opacity.png"], "bark"),
        (["a/b/Moss-base_color-2048px.webp", "a/b/moss-rgh.bmp"], "a/b/moss"),
    ],
)
def test_the_names_in_use_make_sets(tmp_path, files, name):
    save_all(tmp_path, dict.fromkeys(files, CLAY))
    (found,) = list_pbr_sets(KEY, str(tmp_path))
    assert found.name == name
    assert sorted(found.named_files()) == sorted(files)


@given(
    st.sampled_from([(role, suffix) for role, suffixes in SUFFIXES.items() for suffix in suffixes]),
    st.sampled_from(["_", "-", ".", " "]),
    st.sampled_from([str.lower, str.upper, str.title]),
    st.sampled_from(["", "1k", "8K", "4096"]),
    st.booleans(),
)
@settings(max_examples=60)
def test_a_suffix_is_known_in_any_case_after_any_separator_at_any_resolution(
    tmp_path_factory, role_and_suffix, separator, case, resolution, is_last
):
    role, suffix = role_and_suffix
    folder = tmp_path_factory.mktemp("set")
    words = ["Brick", resolution, case(suffix)] if is_last else ["Brick", case(suffix), resolution]
    name = separator.join(word for word in words if word)
    save(folder / f"{name}.png")
    if role != COLOR:
        save(folder / "brick_albedo.png")
    (found,) = list_pbr_sets(KEY, str(folder))
    assert found.name == "brick"
    assert found.files[role].stem == name


def test_sets_are_sorted_and_what_is_no_map_is_left_alone(tmp_path):
    save_all(tmp_path, {"z_col.png": CLAY, "b/m_albedo.png": CLAY, "a_diffuse.png": CLAY})
    save_all(tmp_path, {"preview.png": CLAY, "a_ao.png": CLAY, "a_specular.png": CLAY, "._a_rough.png": CLAY})
    (tmp_path / "license.txt").write_text("CC0")
    assert [item.name for item in list_pbr_sets(KEY, str(tmp_path))] == ["a", "b/m", "z"]
    assert [set(item.files) for item in list_pbr_sets(KEY, str(tmp_path))] == [{COLOR}] * 3


def test_gloss_is_roughness_the_other_way_round(tmp_path):
    save_all(tmp_path, {"a_col.png": CLAY, "a_gloss.png": (30, 30, 30)})
    roughness = pixels_of(tmp_path).roughness
    assert roughness is not None
    assert (roughness == 225).all()


def test_directx_normals_are_opengls_with_green_turned(tmp_path):
    save_all(tmp_path, {"gl/a_col.png": CLAY, "gl/a_normal.png": (100, 200, 220)})
    save_all(tmp_path, {"dx/a_col.png": CLAY, "dx/a_normaldx.png": (100, 55, 220)})
    normals = [pixels_of(tmp_path / name).normal for name in ("gl", "dx")]
    assert np.array_equal(*normals)


def test_of_both_kinds_of_normals_opengls_are_taken(tmp_path):
    save_all(tmp_path, {"a_col.png": CLAY, "a_NormalGL.png": (1, 2, 3), "a_NormalDX.png": (7, 8, 9)})
    (found,) = list_pbr_sets(KEY, str(tmp_path))
    assert {NORMAL, NORMAL_DX} < set(found.files)
    assert (pixels_of(tmp_path).normal == (1, 2, 3)).all()


@pytest.mark.parametrize("suffix", ["arm", "ORM"])
def test_packed_maps_hold_roughness_in_green_and_metallic_in_blue(tmp_path, suffix):
    save_all(tmp_path, {"a_col.png": CLAY, f"a_{suffix}.png": (10, 120, 240)})
    pixels = pixels_of(tmp_path)
    assert (pixels.roughness == 120).all()
    assert (pixels.metallic == 240).all()
    save(tmp_path / "a_metallic.png", (7, 7, 7))
    assert (pixels_of(tmp_path).metallic == 7).all()


def test_opacity_comes_from_its_map_at_the_colors_size_else_from_the_colors_own(tmp_path):
    save_all(tmp_path, {"a_col.png": (*CLAY, 99)})
    assert (pixels_of(tmp_path).opacity == 99).all()
    save(tmp_path / "a_alpha.png", (55, 55, 55), size=(20, 4))
    opacity = pixels_of(tmp_path).opacity
    assert opacity is not None
    assert opacity.shape == (8, 8)
    assert (opacity == 55).all()
    save_all(tmp_path / "opaque", {"b_col.png": (*CLAY, 255)})
    assert pixels_of(tmp_path / "opaque").opacity is None


def test_16_bit_maps_keep_their_range(tmp_path):
    save(tmp_path / "a_col.png")
    Image.fromarray(np.full((8, 8), 0x8040, dtype=np.uint16)).save(tmp_path / "a_height.png")
    assert (pixels_of(tmp_path).height == 128).all()


def test_openexr_maps_are_linear(tmp_path):
    save(tmp_path / "a_col.png")
    level = np.full((8, 8), 0.25, dtype=np.float32)
    write_exr(tmp_path / "a_rough_1k.exr", {"Y": level})
    write_exr(tmp_path / "a_nor_gl_1k.exr", {"R": level, "G": level + 0.25, "B": level + 0.75})
    pixels = pixels_of(tmp_path)
    assert (pixels.roughness == 64).all()
    assert (pixels.normal == (64, 128, 255)).all()


def write_exr(path: Path, channels: Mapping[str, np.ndarray]) -> None:
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, dict(channels)).write(str(path))


def test_maps_are_reduced(tmp_path):
    save(tmp_path / "a_col.png", size=(2048, 512))
    assert pixels_of(tmp_path).color.shape == (LARGEST_IMAGE_PX // 4, LARGEST_IMAGE_PX, 3)


def test_images_that_were_read_cannot_be_written_to(tmp_path):
    """They are kept for the next scene."""
    save_all(tmp_path, {"a_col.png": (*CLAY, 99), "a_normal.png": CLAY, "a_gloss.png": CLAY})
    pixels = pixels_of(tmp_path)
    for image in (pixels.color, pixels.opacity, pixels.normal, pixels.roughness):
        assert image is not None
        with pytest.raises(ValueError, match="read-only"):
            image[0, 0] = 0
    with pytest.raises(ValueError, match="read-only"):
        read_colors(tmp_path / "a_col.png")[0, 0] = 0


class TestRefusals:
    def test_a_set_without_base_color_is_named_with_what_it_has(self, tmp_path):
        save_all(tmp_path, {"a_col.png": CLAY, "moss_rough.png": CLAY, "moss_normal.png": CLAY})
        assert refusal(tmp_path) == (
            f"{KEY}: set 'moss' must have a base colour, got moss_normal.png, moss_rough.png: "
            "call one basecolor or albedo"
        )

    def test_two_images_for_one_map_are_named(self, tmp_path):
        save_all(tmp_path, {"a_col.png": CLAY, "a_rough_1k.png": CLAY, "a_roughness_2k.png": CLAY})
        assert refusal(tmp_path) == (
            f"{KEY}: set 'a' must have one image for roughness, got a_rough_1k.png and a_roughness_2k.png: "
            "move one away"
        )

    def test_a_folder_without_sets_says_how_they_are_called(self, tmp_path):
        save(tmp_path / "photo.png")
        assert refusal(tmp_path) == (
            f"{KEY} must hold sets of images that are called by their maps, such as planks_basecolor.png and "
            f"planks_roughness.png, got none in '{tmp_path}'"
        )

    def test_a_missing_folder_and_a_file_are_named(self, tmp_path):
        missing, file = tmp_path / "nowhere", save(tmp_path / "a.png")
        assert refusal(missing) == f"{KEY} must be a folder, got '{missing}', which is not there"
        assert refusal(file) == f"{KEY} must be a folder, got '{file}', which is a file"

    @pytest.mark.parametrize("suffix", ["png", "jpg", "exr"])
    def test_an_image_that_cannot_be_read_is_named(self, tmp_path, suffix):
        save(tmp_path / "a_col.png")
        broken = tmp_path / f"a_rough.{suffix}"
        broken.write_bytes(b"no image")
        assert refusal(tmp_path).startswith(f"{broken} is no readable image (")

    def test_a_link_out_of_the_folder_is_named(self, tmp_path):
        outside = save(tmp_path / "elsewhere" / "secret.png")
        save(tmp_path / "sets" / "a_col.png")
        link = tmp_path / "sets" / "a_rough.png"
        link.symlink_to(outside)
        message = f"{KEY} must hold its own files, but {link} leads out: copy the image"
        assert refusal(tmp_path / "sets") == message

    def test_an_image_of_too_many_pixels_is_named_before_it_is_decoded(self, tmp_path, monkeypatch):
        monkeypatch.setattr(image_files.PillowImage, "MAX_IMAGE_PIXELS", 2_000_000)
        save(tmp_path / "a_col.png")
        for size in ((2000, 1500), (3000, 2000)):  # Pillow warns of the first and refuses the second
            bomb = save(tmp_path / "a_rough.png", size=size)
            assert refusal(tmp_path) == f"{bomb} must have at most 2 million pixels: reduce it"
        bomb.unlink()
        write_exr(tmp_path / "a_rough.exr", {"Y": np.zeros((1500, 2000), dtype=np.float16)})
        assert (
            refusal(tmp_path) == f"{tmp_path / 'a_rough.exr'} must have at most 2 million pixels: reduce it"
        )

    def test_a_base_color_in_openexr_is_refused(self, tmp_path):
        write_exr(tmp_path / "a_col.exr", {"Y": np.zeros((8, 8), dtype=np.float16)})
        assert refusal(tmp_path) == f"{KEY}: a base colour must be PNG or JPEG, got a_col.exr: convert it"


def library_of(folder: Path) -> Library:
    return open_library(dice_recipe(**{KEY: str(folder)}))


def test_the_manifest_has_the_files_of_all_sets_by_their_place_in_the_folder(tmp_path):
    save_all(tmp_path, {"x/a_col.png": CLAY, "x/a_rough.png": CLAY, "x/preview.png": CLAY})
    before = library_of(tmp_path).manifest()
    assert set(before) == {f"{KEY}/x/a_col.png", f"{KEY}/x/a_rough.png"}
    save(tmp_path / "x/a_rough.png", (1, 1, 1))
    assert library_of(tmp_path).manifest() != before


def test_even_fractions_name_every_set_equally_often(tmp_path):
    save_all(tmp_path, {f"set{i}_col.png": CLAY for i in range(5)})
    library = library_of(tmp_path)
    names = [library.pbr_set(float(fraction)).name for fraction in np.linspace(0, 1, 101)]
    assert names == sorted(names)
    assert {name: names.count(name) for name in names} == {f"set{i}": 20 + (i == 4) for i in range(5)}


PBR = PLAIN | {"appearance.material": "pbr", "appearance.roughness": 0.3, "appearance.metallic": 0.6}


def test_a_set_makes_a_material_whose_numbers_stand_in_for_the_maps_it_lacks(tmp_path):
    save_all(tmp_path, {"a_col.png": CLAY, "b_col.png": CLAY, "b_orm.png": CLAY, "b_height.png": CLAY})
    library = library_of(tmp_path)
    bare, full = (appearance_material(PBR | {"appearance.image": image}, library) for image in (0.2, 0.8))
    assert (bare.roughness, bare.metallic) == (0.3, 0.6)
    assert (full.roughness, full.metallic) == (1, 1)
    assert bare.maps.roughness is None
    assert full.texture is not None
    for texture in (full.texture, full.maps.roughness, full.maps.metallic, full.maps.height):
        assert texture is not None
        assert (texture.tile_size_m, texture.turn_rad, texture.shift) == (0.5, 0, (0, 0))


def test_all_images_of_a_set_are_laid_alike_and_flat_on_the_table_alone(tmp_path):
    save_all(tmp_path, {"a_col.png": CLAY, "a_normal.png": CLAY})
    placed = {"image_scale": 0.5, "image_turn_deg": 90.0, "image_shift": 1.0, "pattern_seed": 3}
    parameters = PBR | {f"appearance.{key}": value for key, value in placed.items()}
    tray = {"wall_height_m": 0.03, "wall_thickness_m": 0.004} | parameters
    ground = Ground(half_size_m=(0.1, 0.1), parameters=parameters, tray=tray)
    for name, model in ground_models(ground, library_of(tmp_path)).items():
        (material,) = model.materials
        color, normal = material.texture, material.maps.normal
        assert color is not None
        assert normal is not None
        assert (color.tile_size_m, color.turn_rad) == (0.25, pytest.approx(np.pi / 2))
        assert (normal.tile_size_m, normal.turn_rad, normal.shift) == (0.25, color.turn_rad, color.shift)
        assert color.flat == normal.flat == (name == "table")


PBR_DRAWN: list[dict[str, Any]] = [
    {"surface.appearance.material": "pbr"},
    {"surface.tray.appearance.material": ["choice", {"wood": 1, "pbr": 2}]},
    {
        "conditions.now_and_then": {
            "factor": "surface.appearance.material",
            "when": "surface.appearance.roughness > 0.5",
            "draw": "pbr",
        }
    },
]


@pytest.mark.parametrize("values", PBR_DRAWN)
def test_a_recipe_that_can_draw_pbr_needs_a_folder(values, tmp_path):
    name = next((key for key in values if key.startswith("surface")), "surface.appearance.material")
    with pytest.raises(RecipeError) as caught:
        open_library(dice_recipe(**values))
    assert str(caught.value) == f"{KEY} must be given, for {name} can be pbr: a folder of PBR image sets"
    save(tmp_path / "a_col.png")
    assert len(open_library(dice_recipe(**values, **{KEY: str(tmp_path)})).pbr_sets) == 1


def test_a_recipe_that_never_draws_pbr_needs_none():
    open_library(dice_recipe(**{"surface.appearance.material": ["choice", {"wood": 1, "pbr": 0}]}))


def test_no_two_maps_are_called_alike():
    suffixes = list(itertools.chain.from_iterable(SUFFIXES.values()))
    assert len(set(suffixes)) == len(suffixes)
