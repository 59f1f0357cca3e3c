"""Photographs of any kind as 8-bit RGB, upright."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8, UInt16
from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from renderer.errors import DataError
from train_eval.data.orientation import ORIENTATIONS, UPRIGHT, oriented_pixels, oriented_size

IMAGE_SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
UNREADABLE_MODES = ("F", "I")  # 32 bits: nothing says which value is white
BEHIND_TRANSPARENCY = (255, 255, 255)
# What Pillow's decoders raise on damaged files, SyntaxError for a bad PNG checksum among them.
DECODE_ERRORS = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, OverflowError,
    AttributeError, NotImplementedError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageHeader:
    """What an image file says about itself before its pixels are decoded."""

    stored_hw: tuple[int, int]
    orientation: int

    @property
    def displayed_hw(self) -> tuple[int, int]:
        """Height and width, px, after the EXIF orientation was applied."""
        return oriented_size(self.stored_hw, self.orientation)


def read_header(path: Path) -> ImageHeader:
    """Size and orientation of an image file, without decoding it.

    Raises:
        DataError: the file is missing, no image, or larger than Pillow's guard against decompression bombs.
    """
    with _opened(path) as image:
        return _header(image)


def load_image(path: Path) -> UInt8[np.ndarray, "h w 3"]:
    """A photograph as displayed: RGB, 8 bits, the EXIF orientation applied.

    16 bits are scaled by 1/257, CMYK and palettes converted, transparent pixels laid over white, and of an
    animation the first picture is taken. A PNG's orientation counts where it stands before the pixels.

    Raises:
        DataError: the file is missing, damaged, cut short, no image, or has 32 bits a channel.
    """
    with _opened(path) as image:
        header = _header(image)
        image.load()
        # Pillow itself turns a TIFF upright as it loads it, and then forgets the tag.
        orientation = _orientation(image) if image.format == "TIFF" else header.orientation
        return np.ascontiguousarray(oriented_pixels(_rgb(image), orientation))


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """An open image; whatever goes wrong with the file inside is told with its name."""
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise DataError(
            f"{path} cannot be checked while PIL.ImageFile.LOAD_TRUNCATED_IMAGES is on; turn it off"
        )
    try:
        with Image.open(path) as image:
            yield image
    except DataError:
        raise
    except FileNotFoundError as error:
        raise DataError(f"{path} is not there; restore it, or remove it from the labels") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(f"{path} is too large to be a photograph ({error}); scale it down") from error
    except UnidentifiedImageError as error:
        raise DataError(
            f"{path} is no image that Pillow can read; save it anew as JPEG or PNG, or remove it"
        ) from error
    except DECODE_ERRORS as error:
        raise DataError(f"{path} is damaged or cut short ({error}); restore or remove it") from error


def _header(image: Image.Image) -> ImageHeader:
    width, height = image.size
    orientation = _orientation(image)
    tags = getattr(image, "tag_v2", {}) if image.format == "TIFF" else {}
    # The size that Pillow gives for a TIFF is, in newer releases, that of the picture as displayed.
    stored_hw = int(tags.get(257, height)), int(tags.get(256, width))
    return ImageHeader(stored_hw=stored_hw, orientation=orientation)


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation; a nonsensical one counts as none, as it does in viewers."""
    # Not PngImageFile.getexif: it decodes all pixels to look behind them.
    value = Image.Image.getexif(image).get(ExifTags.Base.Orientation, UPRIGHT)
    return int(value) if value in ORIENTATIONS else UPRIGHT


def _rgb(image: Image.Image) -> UInt8[np.ndarray, "h w 3"]:
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
        return _grey_to_rgb(np.asarray(image).astype(np.uint16))
    if image.mode in UNREADABLE_MODES:
        raise DataError(
            f"{getattr(image, 'filename', 'image')} has 32 bits a channel, expected 8 or 16; convert it first"
        )
    if image.has_transparency_data:
        return np.array(_over_white(image.convert("RGBA")))
    return np.array(image.convert("RGB"))


def _grey_to_rgb(grey: UInt16[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w 3"]:
    """16 bits to 8: 0 stays 0 and 65535 becomes 255, rounded to the nearest."""
    eight_bits = ((grey.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return np.repeat(eight_bits[..., None], 3, axis=2)


def _over_white(image: Image.Image) -> Image.Image:
    ground = Image.new("RGBA", image.size, BEHIND_TRANSPARENCY)
    return Image.alpha_composite(ground, image).convert("RGB")
