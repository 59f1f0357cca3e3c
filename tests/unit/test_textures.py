"""Textures: equal randomness gives equal bytes, edges meet, contrast is that of a surface."""

from collections.abc import Callable, Iterator
from functools import partial

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import Float, UInt8

from renderer.catalog.textures import TEXTURES, TextureSpec, draw_texture
from renderer.catalog.textures.noise import Field, blurred, cells, fractal, relief

NAMES = sorted(TEXTURES)
TILEABLE = [name for name in NAMES if TEXTURES[name].tileable]
SEAM_SEEDS = range(4)


def drawn(name: str, seed: int, size_px: int = 128) -> UInt8[np.ndarray, "size size 3"]:
    return draw_texture(np.random.default_rng(seed), name, size_px)


def steps_between_rows(image: np.ndarray) -> Float[np.ndarray, "rows"]:
    """Mean difference of each row from the next; the last entry is the step across the border."""
    following = np.roll(image, -1, axis=0).astype(np.float64)
    steps: Float[np.ndarray, "rows"] = np.abs(following - image).reshape(image.shape[0], -1).mean(axis=1)
    return steps


def seam_ratio(image: np.ndarray) -> float:
    """Step across the border over the largest step inside, the larger of both axes."""
    profiles = (steps_between_rows(image), steps_between_rows(np.swapaxes(image, 0, 1)))
    return max(float(steps[-1] / steps[:-1].max()) for steps in profiles)


@pytest.fixture
def restored_thread_count() -> Iterator[None]:
    threads = cv2.getNumThreads()
    yield
    cv2.setNumThreads(threads)


@pytest.mark.parametrize("name", NAMES)
def test_equal_seeds_give_equal_bytes_and_other_seeds_other_images(name: str) -> None:
    first = drawn(name, seed=3)
    assert np.array_equal(first, drawn(name, seed=3))
    assert np.abs(first.astype(int) - drawn(name, seed=4)).mean() > 1


@pytest.mark.usefixtures("restored_thread_count")
@pytest.mark.parametrize("name", NAMES)
def test_bytes_do_not_depend_on_the_thread_count(name: str) -> None:
    images = []
    for threads in (1, 2, 5):
        cv2.setNumThreads(threads)
        images.append(drawn(name, seed=8, size_px=256))
    assert all(np.array_equal(images[0], image) for image in images[1:])


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(NAMES), seed=st.integers(0, 2**32), size_px=st.integers(64, 150))
def test_every_size_gives_a_square_rgb_image_with_contrast(name: str, seed: int, size_px: int) -> None:
    image = drawn(name, seed, size_px)
    assert image.shape == (size_px, size_px, 3)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert image.std(axis=(0, 1)).max() > 1.5


@pytest.mark.parametrize("name", NAMES)
def test_colours_spread_over_light_and_dark(name: str) -> None:
    levels = [drawn(name, seed, size_px=64).mean() for seed in range(16)]
    assert np.std(levels) > 8


@pytest.mark.parametrize("name", TILEABLE)
def test_the_step_across_the_border_is_no_larger_than_those_inside(name: str) -> None:
    ratios = [seam_ratio(drawn(name, seed, size_px=200)) for seed in SEAM_SEEDS]
    assert np.mean(ratios) < 1.05


@pytest.mark.parametrize("name", ["marble", "concrete", "wrinkled_cloth", "wood_table"])
def test_the_seam_measure_sees_the_border_of_a_part_of_a_texture(name: str) -> None:
    ratios = [seam_ratio(drawn(name, seed, size_px=200)[:130, :130]) for seed in SEAM_SEEDS]
    assert np.mean(ratios) > 1.3


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (3, 17), (100, 6)])
def test_fractal_noise_is_standardized_and_wraps_around(shape: tuple[int, int]) -> None:
    field = fractal(np.random.default_rng(5), 150, shape, octaves=3)
    assert field.dtype == np.float32
    assert field.mean() == pytest.approx(0, abs=1e-4)
    assert field.std() == pytest.approx(1, abs=1e-3)
    assert seam_ratio(field) < 1.05


@pytest.mark.parametrize("wrapping", [partial(blurred, sigma_px=2.5), partial(relief, light_rad=0.7)])
def test_a_filter_that_wraps_around_commutes_with_rolling(wrapping: Callable[[Field], Field]) -> None:
    field = fractal(np.random.default_rng(5), 96, (9, 9))
    rolled = np.roll(field, (31, 50), axis=(0, 1))
    assert np.allclose(np.roll(wrapping(field), (31, 50), axis=(0, 1)), wrapping(rolled), atol=1e-5)


def test_cells_partition_the_square_and_distances_grow_from_their_centres() -> None:
    parts = cells(np.random.default_rng(2), 120, (6, 8))
    assert parts.count == 48
    assert np.array_equal(np.unique(parts.label), np.arange(48))
    centres = parts.label[parts.distance_px == 0]
    assert np.array_equal(np.sort(centres), np.arange(48))
    assert parts.distance_px.max() < 2 * 120 / 6


def test_relief_is_bright_on_the_side_that_faces_the_light() -> None:
    hill = np.exp(-(((np.arange(64, dtype=np.float32) - 32) / 8) ** 2))
    hill = np.repeat(hill[None], 64, axis=0).astype(np.float32)
    lit_from_the_right = relief(hill, 0.0)
    assert lit_from_the_right[32, 40] > 0 > lit_from_the_right[32, 24]


@pytest.mark.parametrize(
    ("typo", "meant"), [("carpets", "carpet"), ("wood_plank", "wood_planks"), ("brik", "brick")]
)
def test_an_unknown_name_lists_the_known_ones_nearest_first(typo: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"must be one of {meant}, .*, got '{typo}'") as caught:
        drawn(typo, seed=0)
    assert all(name in str(caught.value) for name in NAMES)


@pytest.mark.parametrize("size_px", [0, 63, 4097])
def test_a_size_out_of_range_is_refused(size_px: int) -> None:
    with pytest.raises(ValueError, match=rf"size_px must be in \[64, 4096\], got {size_px}"):
        drawn("brick", seed=0, size_px=size_px)


def test_a_spec_refuses_a_size_in_reality_that_is_not_positive() -> None:
    with pytest.raises(ValueError, match=r"tile_size_m must be positive, got -0\.5"):
        TextureSpec(draw=TEXTURES["brick"].draw, tile_size_m=-0.5)


def test_the_registry_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        TEXTURES["brick"] = TEXTURES["carpet"]  # type: ignore[index]
