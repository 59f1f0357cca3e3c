"""The library: what a fraction names, what a folder must hold, what is part of a dataset's identity."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy import stats
from unit.recipes import dice_recipe
from unit.strategies import PLAIN

from renderer.catalog.image_files import LARGEST_IMAGE_PX
from renderer.catalog.library import (
    BUILT_IN,
    BUILT_IN_SKIES,
    USER_TILE_M,
    Library,
    built_in_texture,
    open_library,
    texture_of,
)
from renderer.catalog.model import Texture
from renderer.catalog.textures import TEXTURES
from renderer.errors import CatalogError

BUILT_IN_LIBRARY = open_library(dice_recipe())
IMAGES = {"surface.image_folder": ".bmp, .jpeg, .jpg, .png, .tif, .tiff, .webp"}
EXR_START = b"\x76\x2f\x31\x01"
SKIES = {"lighting.environment.folder": ".exr, .hdr"}


def library_of(**folders: Path) -> Library:
    return open_library(dice_recipe(**{key: str(folder) for key, folder in folders.items()}))


def refusal(key: str, folder: Path) -> str:
    with pytest.raises(CatalogError) as caught:
        library_of(**{key: folder})
    return str(caught.value)


def save_image(
    path: Path, color: tuple[int, int, int] = (200, 100, 50), size: tuple[int, int] = (40, 30)
) -> Path:
    Image.new("RGB", size, color).save(path)
    return path


def save_noise(path: Path) -> Path:
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(path)
    return path


@given(st.floats(0, 1))
def test_a_fraction_names_the_entry_at_that_part_of_the_list(fraction):
    position = fraction * len(BUILT_IN_SKIES)
    index = BUILT_IN_SKIES.index(BUILT_IN_LIBRARY.sky_name(fraction))
    assert index <= position <= index + 1


def test_even_fractions_name_every_entry_equally_often():
    fractions = (np.arange(800) + 0.5) / 800
    names = [BUILT_IN_LIBRARY.sky_name(float(fraction)) for fraction in fractions]
    assert {name: names.count(name) for name in names} == dict.fromkeys(BUILT_IN_SKIES, 100)
    assert BUILT_IN_LIBRARY.sky_name(0.0) == BUILT_IN_SKIES[0]
    assert BUILT_IN_LIBRARY.sky_name(1.0) == BUILT_IN_SKIES[-1]


def test_names_are_sorted_so_that_every_machine_lists_them_alike():
    assert list(BUILT_IN_LIBRARY.skies) == sorted(BUILT_IN_LIBRARY.skies)
    assert list(BUILT_IN_LIBRARY.surface_images) == sorted(f"{BUILT_IN}{name}" for name in TEXTURES)
    assert BUILT_IN_LIBRARY.manifest() == {}


def test_a_built_in_texture_is_equal_for_an_equal_seed_and_another_for_another():
    first, again, other = (built_in_texture("denim", seed).pixels for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert built_in_texture("denim", 0).tile_size_m == TEXTURES["denim"].tile_size_m


def test_the_draws_of_an_appearance_choose_texture_and_variant():
    count = len(TEXTURES)
    draws = PLAIN | {
        "appearance.image": (sorted(TEXTURES).index("cloth") + 0.5) / count,
        "appearance.pattern_seed": 7,
    }
    assert np.array_equal(texture_of(draws, BUILT_IN_LIBRARY).pixels, built_in_texture("cloth", 7).pixels)


def laid(library: Library = BUILT_IN_LIBRARY, **values: float) -> Texture:
    return texture_of(PLAIN | {f"appearance.{key}": value for key, value in values.items()}, library)


def test_an_image_lies_as_its_kind_says_until_told_otherwise():
    texture = laid(pattern_seed=7)
    assert texture.tile_size_m == TEXTURES[min(TEXTURES)].tile_size_m
    assert (texture.turn_rad, texture.shift, texture.flat) == (0, (0, 0), False)


@pytest.fixture(scope="module")
def one_image(tmp_path_factory) -> Library:
    folder = tmp_path_factory.mktemp("images")
    save_image(folder / "a.png")
    return library_of(**{"surface.image_folder": folder})


def test_scale_and_turn_of_an_image_are_those_of_its_tiles(one_image):
    texture = laid(one_image, image_scale=2.5, image_turn_deg=90.0)
    assert (texture.tile_size_m, texture.turn_rad) == (2.5 * USER_TILE_M, pytest.approx(np.pi / 2))


@given(st.floats(0, 1), st.integers(0, 10**9))
def test_the_seed_shifts_an_image_by_up_to_what_is_drawn(one_image, reach, seed):
    shift = laid(one_image, image_shift=reach, pattern_seed=seed).shift
    whole = laid(one_image, image_shift=1.0, pattern_seed=seed).shift
    assert all(0 <= part <= reach for part in shift)
    assert shift == pytest.approx(tuple(reach * part for part in whole))


def test_shifts_of_many_seeds_are_spread_over_the_tile(one_image):
    shifts = np.array([laid(one_image, image_shift=1.0, pattern_seed=seed).shift for seed in range(400)])
    assert stats.kstest(shifts[:, 0], "uniform").pvalue > 1e-3
    assert stats.kstest(shifts[:, 1], "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(shifts.T)[0, 1]) < 0.2


def test_an_image_is_opened_once_for_many_scenes(tmp_path, monkeypatch):
    save_image(tmp_path / "a.png")
    library = library_of(**{"surface.image_folder": tmp_path})
    first = library.surface_texture(0.0, 0).pixels
    monkeypatch.setattr(Image, "open", None)
    assert np.array_equal(library.surface_texture(0.0, 1).pixels, first)


@pytest.mark.parametrize(("key", "suffixes"), (IMAGES | SKIES).items())
class TestFolders:
    def test_a_missing_folder_is_named(self, key, suffixes, tmp_path):
        folder = tmp_path / "nowhere"
        assert refusal(key, folder) == f"{key} must be a folder, got '{folder}', which is not there"

    def test_a_file_is_no_folder(self, key, suffixes, tmp_path):
        file = save_image(tmp_path / "a.png")
        assert refusal(key, file) == f"{key} must be a folder, got '{file}', which is a file"

    def test_a_folder_without_anything_to_use_says_what_it_must_hold(self, key, suffixes, tmp_path):
        (tmp_path / "notes.txt").write_text("no image")
        (tmp_path / "folder.png").mkdir()
        (tmp_path / "folder.exr").mkdir()
        assert refusal(key, tmp_path) == f"{key} must hold {suffixes} files, got none in '{tmp_path}'"


def test_garbage_under_an_images_name_is_named(tmp_path):
    save_image(tmp_path / "good.png")
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no image at all")
    message = refusal("surface.image_folder", tmp_path)
    assert message.startswith(f"{bad} is no readable image (")
    assert message.endswith("); repair or remove it")


@pytest.mark.parametrize("name", ["sky.exr", "sky.hdr"])
def test_garbage_under_a_skys_name_is_named(tmp_path, name):
    (tmp_path / "good.exr").write_bytes(EXR_START)
    (tmp_path / "good.hdr").write_bytes(b"#?RADIANCE")
    library_of(**{"lighting.environment.folder": tmp_path})
    (tmp_path / name).write_bytes(b"no sky")
    message = refusal("lighting.environment.folder", tmp_path)
    assert message == f"{tmp_path / name} is no OpenEXR or Radiance file; repair or remove it"


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".webp", ".tif"])
def test_an_image_that_breaks_off_is_named(tmp_path, suffix):
    path = save_noise(tmp_path / f"broken{suffix}")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert refusal("surface.image_folder", tmp_path).startswith(f"{path} is no readable image (")


def test_the_users_images_take_the_place_of_the_built_in_ones(tmp_path):
    save_image(tmp_path / "b.PNG", (0, 255, 0))
    save_image(tmp_path / "a.png", (255, 0, 0))
    library = library_of(**{"surface.image_folder": tmp_path})
    assert library.surface_images == ("surface.image_folder/a.png", "surface.image_folder/b.PNG")
    assert library.skies == BUILT_IN_SKIES
    for fraction, color in ((0.2, (255, 0, 0)), (0.8, (0, 255, 0))):
        texture = library.surface_texture(fraction, seed=3)
        assert texture.tile_size_m == USER_TILE_M
        assert texture.pixels.shape == (30, 40, 3)
        assert (texture.pixels == color).all()


def test_large_images_are_reduced_and_grey_ones_get_three_channels(tmp_path):
    Image.new("L", (3000, 1500), 77).save(tmp_path / "grey.png")
    pixels = library_of(**{"surface.image_folder": tmp_path}).surface_texture(0.0, 0).pixels
    assert pixels.shape == (LARGEST_IMAGE_PX // 2, LARGEST_IMAGE_PX, 3)
    assert (pixels == 77).all()


def test_the_manifest_has_name_and_sha256_of_every_file_and_not_where_it_lies(tmp_path):
    contents = {}
    for place in ("here", "there"):
        images, skies = tmp_path / place / "images", tmp_path / place / "skies"
        images.mkdir(parents=True)
        skies.mkdir()
        contents = {
            "surface.image_folder/a.png": save_image(images / "a.png").read_bytes(),
            "lighting.environment.folder/a.exr": EXR_START + b"seen by Blender only",
        }
        (skies / "a.exr").write_bytes(contents["lighting.environment.folder/a.exr"])
    here, there = (
        library_of(
            **{
                "surface.image_folder": tmp_path / place / "images",
                "lighting.environment.folder": tmp_path / place / "skies",
            }
        ).manifest()
        for place in ("here", "there")
    )
    assert here == there == {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}


def test_the_manifest_changes_with_a_files_content(tmp_path):
    save_image(tmp_path / "a.png", (1, 2, 3))
    before = library_of(**{"surface.image_folder": tmp_path}).manifest()
    save_image(tmp_path / "a.png", (1, 2, 4))
    assert library_of(**{"surface.image_folder": tmp_path}).manifest() != before


def test_a_tilde_is_the_users_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    save_image(tmp_path / "a.png")
    library = open_library(dice_recipe(**{"surface.image_folder": "~"}))
    assert library.surface_images == ("surface.image_folder/a.png",)
