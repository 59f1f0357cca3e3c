"""Colours: drawing them, spreading them over fields, shading them. All are sRGB, 0 .. 255."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from renderer.catalog.textures.noise import Field

Channel = int | float
Colour = tuple[Channel, Channel, Channel]
Image = UInt8[np.ndarray, "size size 3"]


def pick_colour(rng: np.random.Generator, colours: Sequence[Colour], spread: float = 12.0) -> Colour:
    """Draw one of `colours`, then vary its lightness by about `spread` and each channel by a sixth of it."""
    return varied(rng, colours[int(rng.integers(len(colours)))], spread)


def varied(rng: np.random.Generator, colour: Colour, spread: float) -> Colour:
    """Vary the lightness of `colour` by about `spread` and each channel by a sixth of it."""
    lightness = rng.normal(0, spread)
    red, green, blue = np.clip(np.asarray(colour) + lightness + rng.normal(0, spread / 6, 3), 4, 251)
    return float(red), float(green), float(blue)


def scaled(colour: Colour, factor: float) -> Colour:
    """Make a colour lighter or darker in proportion."""
    red, green, blue = (min(255.0, channel * factor) for channel in colour)
    return red, green, blue


def mixed(first: Colour, second: Colour, share: float) -> Colour:
    """Go from `first` (share 0) to `second` (share 1)."""
    red, green, blue = (a + share * (b - a) for a, b in zip(first, second, strict=True))
    return red, green, blue


def ramp(tone: Field, colours: Sequence[Colour]) -> Image:
    """Colour a field: tone 0 gives the first colour, 1 the last, the others lie evenly between."""
    stops = np.linspace(0, 255, len(colours))
    table = np.stack(
        [np.interp(np.arange(256), stops, channel) for channel in np.transpose(colours)], axis=-1
    )
    level = cv2.cvtColor(as_bytes(tone * 255), cv2.COLOR_GRAY2RGB)
    return cv2.LUT(level, np.rint(table).astype(np.uint8)[None])


def flat(size_px: int, colour: Colour) -> Image:
    """Fill a square with one colour."""
    return np.full((size_px, size_px, 3), np.rint(colour), dtype=np.uint8)


def shaded(image: Image, factor: Field) -> Image:
    """Multiply each pixel by its factor and saturate."""
    return cv2.multiply(image, cv2.cvtColor(factor, cv2.COLOR_GRAY2RGB), dtype=cv2.CV_8U)


def blended(below: Image, above: Image, cover: Field) -> Image:
    """Lay `above` over `below` where `cover` (0 .. 1) says."""
    return cv2.blendLinear(above, below, cover, 1 - cover)


def as_bytes(values: Float[np.ndarray, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
    """Round and saturate."""
    rounded: UInt8[np.ndarray, "*shape"] = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return rounded
