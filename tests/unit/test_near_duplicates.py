"""Photographs of one series fall into one group, whatever moved between them."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from train_eval.evaluation.near_duplicates import near_duplicate_groups

TRAY = (200, 200, 200)
COLOURS = ((200, 30, 30), (30, 160, 40), (40, 60, 200), (230, 200, 20), (90, 50, 30), (140, 40, 150))


def photograph(rng: np.random.Generator, colour, side_px: int = 200) -> np.ndarray:
    """A noisy tray in which some things of a colour lie anywhere."""
    image = rng.normal(TRAY, 4, (side_px, side_px, 3))
    for row, column in rng.integers(0, side_px - 20, (6, 2)):
        image[row : row + 18, column : column + 18] = rng.normal(colour, 6, (18, 18, 3))
    return image.clip(0, 255).astype(np.uint8)


@pytest.fixture
def series() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [photograph(rng, colour) for colour in COLOURS for _ in range(4)]


def as_sets(groups: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(groups == name).tolist()) for name in np.unique(groups)}


def test_throws_of_one_set_of_things_in_one_tray_form_a_group(series):
    np.testing.assert_array_equal(near_duplicate_groups(series), np.repeat(np.arange(len(COLOURS)), 4))


@settings(max_examples=10)
@given(st.permutations(range(24)))
def test_the_order_of_images_does_not_matter(order):
    rng = np.random.default_rng(1)
    images = [photograph(rng, colour, 64) for colour in COLOURS for _ in range(4)]
    groups = near_duplicate_groups([images[i] for i in order])
    back = np.empty(24, dtype=int)
    back[list(order)] = groups
    assert as_sets(back) == as_sets(near_duplicate_groups(images))


def test_copies_that_were_scaled_and_compressed_join_their_original():
    rng = np.random.default_rng(2)
    originals = [rng.integers(0, 256, (6, 6, 3), dtype=np.uint8) for _ in range(8)]
    scenes = [
        np.asarray(Image.fromarray(each).resize((240, 180), Image.Resampling.BICUBIC)) for each in originals
    ]
    copies = [recompressed(each) for each in scenes]
    np.testing.assert_array_equal(near_duplicate_groups(scenes), np.arange(8))
    np.testing.assert_array_equal(near_duplicate_groups(scenes + copies), np.tile(np.arange(8), 2))


def recompressed(image: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image).resize((320, 240)).save(file, "JPEG", quality=60)
    return np.asarray(Image.open(file))


def test_no_images_form_no_groups():
    assert near_duplicate_groups([]).shape == (0,)


def test_one_image_is_a_group_and_so_are_equal_ones():
    grey = np.full((10, 12, 3), 128, dtype=np.uint8)
    np.testing.assert_array_equal(near_duplicate_groups([grey]), [0])
    np.testing.assert_array_equal(near_duplicate_groups(iter([grey, grey])), [0, 0])
