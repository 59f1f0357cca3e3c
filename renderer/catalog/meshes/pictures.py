"""Images of a mesh's look: decoded with limits, and turned into textures."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image as PillowImage
from PIL import UnidentifiedImageError

from renderer.catalog.meshes.fault import BrokenMeshError
from renderer.catalog.model import Image, Texture

LARGEST_TEXTURE_PX = 2048
LARGEST_IMAGE_PIXELS = 16384 * 16384 // 2  # what is larger is no texture, but a bomb
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "TGA", "GIF", "DDS", "PPM")  # none that runs a program
_UNREADABLE = (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, NotImplementedError)
_WIDE_MODES = ("I", "F")  # those whose values do not end at 255 begin so: 'I;16', 'F'

Content = Path | bytes


def check_picture(content: Content, name: str) -> None:
    """Decode an image whole, JPEG at an eighth of its size.

    Raises:
        BrokenMeshError: it is no image, breaks off, or is too large.
    """
    with _opened(content, name) as image:
        image.draft("RGB", (1, 1))
        image.load()


def read_picture(content: Content, name: str) -> UInt8[np.ndarray, "h w 4"]:
    """RGB and opacity of an image; large ones are reduced.

    Raises:
        BrokenMeshError: it is no image, breaks off, or is too large.
    """
    with _opened(content, name) as image:
        image.draft("RGB", (LARGEST_TEXTURE_PX, LARGEST_TEXTURE_PX))
        small = _eight_bits(image)
        small.thumbnail((LARGEST_TEXTURE_PX, LARGEST_TEXTURE_PX))
        return np.asarray(small)


def color_texture(rgba: UInt8[np.ndarray, "h w 4"]) -> Texture:
    """A texture of colours, with opacity where a pixel is not opaque."""
    alpha = rgba[..., 3]
    return Texture(
        pixels=np.ascontiguousarray(rgba[..., :3]),
        alpha=None if alpha.min() == 255 else np.ascontiguousarray(alpha),
    )


def value_texture(values: UInt8[np.ndarray, "h w"], scale: float = 1.0) -> Texture:
    """A texture of one value, in all three channels, times `scale`."""
    scaled: Float[np.ndarray, "h w"] = np.clip(np.rint(values * float(scale)), 0, 255)
    return Texture(pixels=_grey(scaled.astype(np.uint8)))


def with_opacity(
    rgba: UInt8[np.ndarray, "h w 4"] | None, opacity: UInt8[np.ndarray, "k l"]
) -> UInt8[np.ndarray, "m n 4"]:
    """An image, or white, under an opacity of its own, which is brought to its size."""
    if rgba is None:
        white: UInt8[np.ndarray, "m n 4"] = np.dstack([_grey(np.full_like(opacity, 255)), opacity])
        return white
    height, width = rgba.shape[:2]
    resized = np.asarray(PillowImage.fromarray(opacity).resize((width, height)))
    covered: UInt8[np.ndarray, "m n 4"] = np.dstack([rgba[..., :3], resized])
    return covered


def _grey(values: UInt8[np.ndarray, "h w"]) -> Image:
    return np.repeat(values[..., None], 3, axis=2)


@contextmanager
def _opened(content: Content, name: str) -> Iterator[PillowImage.Image]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the size is looked at here, and odd metadata are no fault
            stream: Path | IO[bytes] = content if isinstance(content, Path) else io.BytesIO(content)
            with PillowImage.open(stream, formats=FORMATS) as image:
                if image.width * image.height > LARGEST_IMAGE_PIXELS:
                    raise BrokenMeshError(f"has the image '{name}' of {image.width} x {image.height} pixels")
                yield image
    except PillowImage.DecompressionBombError:
        raise BrokenMeshError(f"has the image '{name}' of far too many pixels") from None
    except _UNREADABLE as error:
        raise BrokenMeshError(f"has the image '{name}', which cannot be read ({_short(error)})") from None


def _short(error: BaseException) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "it is no image"
    return str(error) or type(error).__name__


def _eight_bits(image: PillowImage.Image) -> PillowImage.Image:
    """RGBA of 8 bits; wider values are scaled, not cut."""
    if image.mode.startswith(_WIDE_MODES):
        values = np.asarray(image).astype(np.float64)
        white = 1.0 if image.mode == "F" else 65535.0
        image = PillowImage.fromarray(np.clip(values * (255 / white), 0, 255).astype(np.uint8))
    return image.convert("RGBA")
