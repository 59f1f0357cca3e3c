"""Background photographs: checked at the start, part of a dataset's identity, upright when read."""

import numpy as np
import pytest
from PIL import Image
from unit.recipes import dice_recipe

from renderer.catalog.image_files import LARGEST_PHOTO_PX
from renderer.catalog.library import open_library
from renderer.catalog.surfaces import ground_models
from renderer.errors import CatalogError, RecipeError
from renderer.randomize.scenes import sample_scene

ORIENTATION = 0x0112  # EXIF's tag


def library_of(folder, **values):
    return open_library(dice_recipe("surface=photo", **{"surface.photo_folder": str(folder)}, **values))


def save(path, color=(200, 10, 30), size=(40, 30)):
    Image.new("RGB", size, color).save(path)
    return path


def test_photographs_must_be_given_where_one_can_be_drawn():
    for recipe in (
        dice_recipe("surface=photo"),
        dice_recipe(**{"surface.place": ["choice", {"plane": 9, "photo": 1}]}),
        dice_recipe(
            **{"conditions.a": {"factor": "surface.place", "when": "layout.physics", "draw": "photo"}}
        ),
    ):
        with pytest.raises(RecipeError, match=r"^surface\.photo_folder must be given, for surface\.place"):
            open_library(recipe)
    assert open_library(dice_recipe()).photos == ()


def test_a_photograph_that_breaks_off_is_named(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (90, 90, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.jpg")
    content = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(content[: len(content) // 2])
    with pytest.raises(CatalogError, match=r"a\.jpg is no readable image \(.*\); repair or remove it$"):
        library_of(tmp_path)


def test_photographs_are_chosen_by_a_fraction_and_are_in_the_manifest(tmp_path):
    save(tmp_path / "a.png", (255, 0, 0))
    save(tmp_path / "b.png", (0, 255, 0))
    library = library_of(tmp_path)
    assert library.photos == ("surface.photo_folder/a.png", "surface.photo_folder/b.png")
    assert (library.photo_pixels(0.4) == (255, 0, 0)).all()
    assert (library.photo_pixels(0.6) == (0, 255, 0)).all()
    before = library.manifest()
    assert set(before) == set(library.photos)
    save(tmp_path / "b.png", (0, 254, 0))
    assert library_of(tmp_path).manifest() != before


def test_a_photograph_is_turned_upright_and_reduced(tmp_path):
    image = Image.new("RGB", (3000, 1500))
    image.paste((255, 255, 255), (0, 0, 1500, 1500))
    exif = image.getexif()
    exif[ORIENTATION] = 6  # to be turned clockwise by a quarter: its left side is the upper one
    image.save(tmp_path / "a.jpg", exif=exif)
    pixels = library_of(tmp_path).photo_pixels(0.0)
    assert pixels.shape == (LARGEST_PHOTO_PX, LARGEST_PHOTO_PX // 2, 3)
    assert pixels[:900].min() > 250
    assert pixels[-900:].max() < 5


def test_the_ground_is_a_photograph_to_the_horizon(tmp_path):
    save(tmp_path / "a.png")
    library = library_of(tmp_path)
    ground = sample_scene(dice_recipe("surface=photo"), library, 0).ground
    (model,) = ground_models(ground, library).values()
    (material,) = model.materials
    assert material.texture is not None
    assert material.texture.projected
    assert ground.parameters == {}
    assert np.abs(model.mesh.vertices).max() > 100
