"""JPEG: the bytes that Pillow decodes from the file that it encodes with the same tables."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy import fft

from renderer.recipe.imaging import JPEG_TABLES, SUBSAMPLINGS
from renderer.sensor.dct import forward_dct, inverse_dct
from renderer.sensor.jpeg import FACTORS_HW, compress
from renderer.sensor.quantization import TABLES, scaled_tables

RENDERED = Path(__file__).parents[2] / "docs" / "images" / "demo.jpg"
QUALITIES = (1, 12, 30, 50, 75, 90, 96, 100)
qualities, names = st.integers(1, 100), st.sampled_from(JPEG_TABLES)


def pillows(image: np.ndarray, quality: float, tables: str, subsampling: str) -> np.ndarray:
    """What Pillow reads from the file that it writes."""
    file = io.BytesIO()
    steps = [table.flatten().tolist() for table in scaled_tables(tables, quality)]
    Image.fromarray(image).save(file, "JPEG", qtables=steps, subsampling=subsampling)
    return np.asarray(Image.open(file))


def ours(image: np.ndarray, quality: float, tables: str, subsampling: str) -> np.ndarray:
    batch = torch.from_numpy(image.copy()).permute(2, 0, 1)[None]
    return compress(batch, [quality], [tables], [subsampling])[0].permute(1, 2, 0).numpy()


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def waves(height: int, width: int) -> np.ndarray:
    """Smooth colours that reach 0 and 255."""
    y, x = np.mgrid[:height, :width]
    channels = [np.sin(x / 9 + y / 17), np.cos(x / 23), np.sin(y / 5 - x / 40)]
    return np.clip(128 + 140 * np.stack(channels, axis=-1), 0, 255).astype(np.uint8)


def rendered() -> np.ndarray:
    with Image.open(RENDERED) as picture:
        return np.asarray(picture.convert("RGB"))[:203, :317]


@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
@pytest.mark.parametrize(
    "picture", [noise(64, 48), waves(120, 97), rendered()], ids=["noise", "waves", "rendered"]
)
@pytest.mark.parametrize("tables", JPEG_TABLES)
def test_round_trip_equals_pillows_in_every_byte(subsampling, picture, tables):
    for quality in QUALITIES:
        expected = pillows(picture, quality, tables, subsampling)
        np.testing.assert_array_equal(ours(picture, quality, tables, subsampling), expected)


@given(
    st.integers(16, 50),
    st.integers(16, 50),
    qualities,
    names,
    st.sampled_from(SUBSAMPLINGS),
    st.integers(0, 99),
)
def test_round_trip_equals_pillows_at_any_size(height, width, quality, tables, subsampling, seed):
    picture = noise(height, width, seed)
    expected = pillows(picture, quality, tables, subsampling)
    np.testing.assert_array_equal(ours(picture, quality, tables, subsampling), expected)


@pytest.mark.parametrize("quality", range(1, 101))
def test_standard_tables_are_those_that_pillow_writes(quality):
    file = io.BytesIO()
    Image.fromarray(noise(16, 16)).save(file, "JPEG", quality=quality)
    written = Image.open(file).quantization
    assert [written[0], written[1]] == scaled_tables("standard", quality).flatten(1).tolist()


def test_every_table_and_subsampling_of_the_schema_is_there():
    assert set(TABLES) == set(JPEG_TABLES)
    assert set(FACTORS_HW) == set(SUBSAMPLINGS)


@pytest.mark.parametrize("name", JPEG_TABLES)
def test_tables_have_64_steps_and_are_themselves_at_quality_50_and_all_ones_at_100(name):
    luma, chroma = scaled_tables(name, 50).flatten(1).tolist()
    assert luma == [min(255, step) for step in TABLES[name].luma]
    assert chroma == [min(255, step) for step in TABLES[name].chroma]
    assert scaled_tables(name, 100).unique().tolist() == [1]


@given(st.integers(1, 99), names)
def test_better_quality_has_no_larger_step(quality, name):
    assert (scaled_tables(name, quality + 1) <= scaled_tables(name, quality)).all()


def test_quality_is_rounded_to_a_whole_number():
    assert torch.equal(scaled_tables("standard", 74.6), scaled_tables("standard", 75))


def test_transform_is_the_cosine_transform_up_to_rounding():
    blocks = np.random.default_rng(0).integers(-128, 128, (8, 8, 500))
    coefficients = forward_dct(torch.from_numpy(blocks).int())
    expected = 8 * fft.dctn(blocks.astype(float), axes=(0, 1), norm="ortho")
    assert np.abs(coefficients.numpy() - expected).max() < 2.5  # a third of the smallest step
    whole = torch.from_numpy(np.rint(expected / 8)).int()
    back = fft.idctn(whole.double().numpy(), axes=(0, 1), norm="ortho")
    assert np.abs(inverse_dct(whole).numpy() - back).max() < 1


def test_images_of_a_batch_have_files_of_their_own():
    batch = torch.from_numpy(np.stack([noise(33, 41, seed) for seed in range(4)])).permute(0, 3, 1, 2)
    values = (
        [90, 5, 40.0, 71],
        ["standard", "huawei", "mozjpeg", "huawei"],
        ["4:2:0", "4:4:4", "4:2:2", "4:2:0"],
    )
    together = compress(batch, *values)
    for n in (3, 1, 0, 2):
        assert torch.equal(compress(batch[n : n + 1], *([v[n]] for v in values))[0], together[n])
