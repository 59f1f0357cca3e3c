"""Image files of the user's: examined when a recipe is opened, read when a scene needs them."""

import functools
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from jaxtyping import UInt8
from PIL import Image as PillowImage
from PIL import ImageOps, UnidentifiedImageError

from renderer.errors import CatalogError

EXR_SUFFIX = ".exr"
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
LARGEST_IMAGE_PX = 1024
LARGEST_PHOTO_PX = 2048  # a background fills the image, where a tile of a surface has a part of it
_KEPT_IMAGES = 16  # of at most 3 MB each: reading a PNG of 4096 x 4096 takes 0.36 s


def check_image(path: Path) -> None:
    """Decode it whole, JPEG at an eighth of its size: `verify` misses most files that break off.

    Raises:
        CatalogError: it cannot be read, or is so large that reading it would fill the memory.
    """
    try:
        if path.suffix.lower() == EXR_SUFFIX:
            _open_exr(path)
            return
        with _opened(path) as image:
            image.draft("RGB", (1, 1))
            image.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, RuntimeError) as error:
        raise CatalogError(f"{path} is no readable image ({error}); repair or remove it") from None


def read_image(path: Path) -> UInt8[np.ndarray, "h w 4"]:
    """Colour and opacity, 8 bits each; reduced to at most `LARGEST_IMAGE_PX` a side."""
    with _open_exr(path) if path.suffix.lower() == EXR_SUFFIX else _opened(path) as image:
        reduced = _of_8_bits(image)
        reduced.thumbnail((LARGEST_IMAGE_PX, LARGEST_IMAGE_PX))
        return np.array(reduced.convert("RGBA"))


@functools.lru_cache(maxsize=_KEPT_IMAGES)
def read_colors(path: Path) -> UInt8[np.ndarray, "h w 3"]:
    """Colour alone, see `read_image`; kept for the next scene, and so read-only."""
    return frozen(read_image(path)[..., :3])


def frozen(image: UInt8[np.ndarray, "..."]) -> UInt8[np.ndarray, "..."]:
    """In a block of its own, which nobody can write to: it is kept for the next scene."""
    image = np.array(image, order="C")
    image.setflags(write=False)
    return image


def read_photo(path: Path) -> UInt8[np.ndarray, "h w 3"]:
    """A photograph, the way up that its camera was held; at most `LARGEST_PHOTO_PX` a side."""
    with _opened(path) as image:
        image.draft("RGB", (LARGEST_PHOTO_PX, LARGEST_PHOTO_PX))
        upright = _of_8_bits(ImageOps.exif_transpose(image))
        upright.thumbnail((LARGEST_PHOTO_PX, LARGEST_PHOTO_PX))
        return np.array(upright.convert("RGB"))


def _open_exr(path: Path) -> PillowImage.Image:
    """An OpenEXR of numbers from 0 to 1, which stay linear: for maps, not for colours."""
    low, high = OpenEXR.File(str(path), header_only=True).header()["dataWindow"]
    if np.prod(np.subtract(high, low, dtype=float) + 1) > _most_pixels():
        raise _too_large(path)
    name, channel = next(iter(OpenEXR.File(str(path)).channels().items()))
    values: Any = np.nan_to_num(channel.pixels.astype(np.float32)).clip(0, 1)
    pixels = np.rint(255 * values).astype(np.uint8)
    return PillowImage.fromarray(pixels[..., :3] if name.startswith("RGB") else pixels)


def _most_pixels() -> int:
    return PillowImage.MAX_IMAGE_PIXELS or 0


def _too_large(path: Path) -> CatalogError:
    return CatalogError(f"{path} must have at most {_most_pixels() // 10**6} million pixels: reduce it")


@contextmanager
def _opened(path: Path) -> Iterator[PillowImage.Image]:
    """An image that was opened and not yet decoded; Pillow only warns of one of 90 to 179 megapixels."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", PillowImage.DecompressionBombWarning)
        try:
            image = PillowImage.open(path)
        except (PillowImage.DecompressionBombError, PillowImage.DecompressionBombWarning):
            raise _too_large(path) from None
    with image:
        yield image


def _of_8_bits(image: PillowImage.Image) -> PillowImage.Image:
    """One channel of 16 bits or of numbers from 0 to 1 as 8 bits; Pillow would cut it at 255."""
    if image.mode.startswith("I"):
        values: Any = np.asarray(image, dtype=np.int64).clip(0, 65535) + 128  # to be rounded
        return PillowImage.fromarray((values // 257).astype(np.uint8))
    if image.mode == "F":
        values = np.nan_to_num(np.asarray(image)).clip(0, 1)
        return PillowImage.fromarray(np.rint(255 * values).astype(np.uint8))
    return image
