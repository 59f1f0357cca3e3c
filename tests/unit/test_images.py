"""Photographs of every kind become upright 8-bit RGB; whatever is no whole picture is refused by name."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageFile, ImageOps

from renderer.errors import DataError
from train_eval.data.images import load_image, read_header
from train_eval.data.orientation import ORIENTATIONS, oriented_boxes, oriented_pixels, oriented_size

HEIGHT_PX, WIDTH_PX = 24, 40


def picture() -> np.ndarray:
    """No symmetry, smooth enough for JPEG: redder to the right, greener downwards."""
    y, x = np.mgrid[:HEIGHT_PX, :WIDTH_PX]
    return np.stack([x * 6, y * 10, np.full_like(x, 60)], axis=2).astype(np.uint8)


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = orientation
    return tags


def save(path, image: Image.Image, **options):
    image.save(path, **options)
    return path


def sixteen_bit_rgb_png(pixels: np.ndarray) -> bytes:
    """Pillow cannot write one."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    height, width, _ = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("suffix", ["png", "tiff", "bmp"])
def test_lossless_picture_keeps_its_pixels(tmp_path, suffix):
    path = save(tmp_path / f"a.{suffix}", Image.fromarray(picture()))
    np.testing.assert_array_equal(load_image(path), picture())


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_sixteen_bits_of_grey_are_scaled_not_cut(tmp_path, suffix):
    values = np.array([[0, 128, 129, 257, 32768, 65278, 65535]], dtype=np.uint16)
    path = save(tmp_path / f"a.{suffix}", Image.fromarray(values))
    expected = np.round(values / 65535 * 255).astype(np.uint8)
    np.testing.assert_array_equal(load_image(path), np.repeat(expected[..., None], 3, axis=2))


def test_sixteen_bits_of_colour_are_scaled_to_a_level(tmp_path):
    values = np.random.default_rng(0).integers(0, 65536, (5, 7, 3)).astype(np.uint16)
    path = tmp_path / "a.png"
    path.write_bytes(sixteen_bit_rgb_png(values))
    assert np.abs(load_image(path) - values / 257.0).max() <= 1


def test_cmyk_jpeg_shows_the_colours_of_its_inks(tmp_path):
    path = save(tmp_path / "a.jpg", Image.new("CMYK", (16, 16), (0, 255, 255, 0)), quality=100)
    assert np.abs(load_image(path).astype(int) - (255, 0, 0)).max() <= 4


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "RGBA"])
def test_opaque_picture_of_any_mode_becomes_rgb(tmp_path, mode):
    image = Image.fromarray(picture()).convert(mode)
    path = save(tmp_path / "a.png", image)
    np.testing.assert_array_equal(load_image(path), np.asarray(image.convert("RGB")))


def test_transparent_pixels_show_white_whatever_colour_they_hide(tmp_path):
    rgba = np.zeros((2, 2, 4), dtype=np.uint8)
    rgba[0] = (10, 20, 30, 255)
    loaded = load_image(save(tmp_path / "a.png", Image.fromarray(rgba)))
    assert loaded.tolist() == [[[10, 20, 30]] * 2, [[255, 255, 255]] * 2]


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("suffix", ["jpg", "png", "tiff", "webp"])
def test_orientation_is_applied_as_pillow_does(tmp_path, suffix, orientation):
    path = save(tmp_path / f"a.{suffix}", Image.fromarray(picture()), exif=exif(orientation))
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    np.testing.assert_array_equal(load_image(path), expected)
    assert read_header(path).displayed_hw == expected.shape[:2]
    assert read_header(path).stored_hw == (HEIGHT_PX, WIDTH_PX)


def test_orientation_that_does_not_exist_counts_as_none(tmp_path):
    path = save(tmp_path / "a.png", Image.fromarray(picture()), exif=exif(77))
    np.testing.assert_array_equal(load_image(path), picture())


@given(
    st.sampled_from(ORIENTATIONS),
    st.tuples(st.integers(0, 20), st.integers(0, 12), st.integers(1, 19), st.integers(1, 11)),
)
def test_box_turns_with_the_pixels_it_surrounds(orientation, box):
    x0, y0, width, height = box
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), dtype=bool)
    mask[y0 : y0 + height, x0 : x0 + width] = True
    boxes = np.array([[x0, y0, x0 + width, y0 + height]], dtype=np.float64)
    x0, y0, x1, y1 = oriented_boxes(boxes, mask.shape, orientation)[0].astype(int)
    turned = oriented_pixels(mask, orientation)
    assert turned.shape == oriented_size(mask.shape, orientation)
    expected = np.zeros_like(turned)
    expected[y0:y1, x0:x1] = True
    np.testing.assert_array_equal(turned, expected)


def test_first_picture_of_an_animation_is_taken(tmp_path):
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert load_image(tmp_path / "a.gif")[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff", "bmp", "gif"])
@pytest.mark.parametrize("fraction", [0.3, 0.6, 0.9])
def test_picture_cut_short_is_refused_by_name(tmp_path, suffix, fraction):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    content = io.BytesIO()
    Image.fromarray(noise).save(content, {"jpg": "JPEG", "tiff": "TIFF"}.get(suffix, suffix.upper()))
    path = tmp_path / f"cut.{suffix}"
    path.write_bytes(content.getvalue()[: int(len(content.getvalue()) * fraction)])
    with pytest.raises(DataError, match=f"cut.{suffix} "):
        load_image(path)


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
def test_file_that_is_no_picture_is_refused_by_name(tmp_path, content):
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(DataError, match="a.jpg"):
        load_image(tmp_path / "a.jpg")


@given(st.data())
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_damaged_png_is_refused_or_decodes(tmp_path_factory, data):
    content = io.BytesIO()
    Image.fromarray(picture()).save(content, "PNG", exif=exif(6))
    damaged = bytearray(content.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(8, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "a.png"
    path.write_bytes(damaged)
    with contextlib.suppress(DataError):
        assert load_image(path).dtype == np.uint8


def test_file_that_is_not_there_is_named(tmp_path):
    for read in (load_image, read_header):
        with pytest.raises(DataError, match="gone.jpg is not there"):
            read(tmp_path / "gone.jpg")


def test_floating_point_picture_is_refused(tmp_path):
    path = save(tmp_path / "a.tiff", Image.fromarray(np.zeros((4, 4), dtype=np.float32)))
    with pytest.raises(DataError, match="32 bits"):
        load_image(path)


def test_decompression_bomb_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    path = save(tmp_path / "a.png", Image.new("L", (200, 200)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    for read in (load_image, read_header):
        with pytest.raises(DataError, match="too large"):
            read(path)


def test_nothing_is_read_while_pillow_accepts_truncated_files(tmp_path, monkeypatch):
    path = save(tmp_path / "a.png", Image.fromarray(picture()))
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(DataError, match="LOAD_TRUNCATED_IMAGES"):
        load_image(path)


def test_size_is_read_without_decoding(tmp_path):
    path = save(tmp_path / "a.png", Image.fromarray(picture()))
    path.write_bytes(path.read_bytes()[:60])
    assert read_header(path).displayed_hw == (HEIGHT_PX, WIDTH_PX)
