"""Image files of the user's: examined when a recipe is opened, read when a scene needs them."""

import functools
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image as PillowImage
from PIL import UnidentifiedImageError

from renderer.errors import CatalogError

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
LARGEST_IMAGE_PX = 1024
_KEPT_IMAGES = 16  # of at most 4 MB each: reading a PNG of 4096 x 4096 takes 0.36 s, and a set has several


def check_image(path: Path) -> None:
    """Decode it whole, JPEG at an eighth of its size: `verify` misses most files that break off.

    Raises:
        CatalogError: it cannot be read, or is so large that reading it would fill the memory.
    """
    try:
        with _opened(path) as image:
            image.draft("RGB", (1, 1))
            image.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise CatalogError(f"{path} is no readable image ({error}); repair or remove it") from None


@functools.lru_cache(maxsize=_KEPT_IMAGES)
def read_image(path: Path) -> UInt8[np.ndarray, "h w 4"]:
    """Colour and opacity, 8 bits each, read-only; reduced to at most `LARGEST_IMAGE_PX` a side."""
    with _opened(path) as image:
        reduced = _of_8_bits(image)
        reduced.thumbnail((LARGEST_IMAGE_PX, LARGEST_IMAGE_PX))
        pixels = np.array(reduced.convert("RGBA"))
    pixels.setflags(write=False)
    return pixels


@contextmanager
def _opened(path: Path) -> Iterator[PillowImage.Image]:
    """An image that was opened and not yet decoded; Pillow only warns of one of 90 to 179 megapixels."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", PillowImage.DecompressionBombWarning)
        try:
            image = PillowImage.open(path)
        except (PillowImage.DecompressionBombError, PillowImage.DecompressionBombWarning):
            most = (PillowImage.MAX_IMAGE_PIXELS or 0) // 10**6
            raise CatalogError(f"{path} must have at most {most} million pixels: reduce it") from None
    with image:
        yield image


def _of_8_bits(image: PillowImage.Image) -> PillowImage.Image:
    """One channel of 16 bits or of numbers from 0 to 1 as 8 bits; Pillow would cut it at 255."""
    if image.mode.startswith("I"):
        return PillowImage.fromarray(
            (np.asarray(image, dtype=np.int64).clip(0, 65535) // 257).astype(np.uint8)
        )
    if image.mode == "F":
        values: Any = np.nan_to_num(np.asarray(image)).clip(0, 1)
        return PillowImage.fromarray(np.rint(255 * values).astype(np.uint8))
    return image
