"""Filled outlines that continue on the other side of the image."""

from itertools import product

import cv2
import numpy as np
from jaxtyping import Float, Int32

from renderer.catalog.textures.palette import Colour, Image

Outline = Float[np.ndarray, "corners 2"]  # x right, y down
SUBPIXEL_BITS = 4  # OpenCV draws at fractions of a pixel through integers shifted left


def fill_outline(canvas: Image, outline_px: Outline, colour: Colour) -> None:
    """Fill a closed outline on `canvas`, with smooth edges, wrapping around what sticks out."""
    size_px = canvas.shape[0]
    low, high = outline_px.min(axis=0), outline_px.max(axis=0)
    shifts = [
        [0, *([size_px] if low[axis] < 1 else []), *([-size_px] if high[axis] > size_px - 1 else [])]
        for axis in (0, 1)
    ]
    for shift in product(*shifts):
        cv2.fillPoly(canvas, [subpixel(outline_px + shift)], colour, cv2.LINE_AA, shift=SUBPIXEL_BITS)


def subpixel(points_px: Outline) -> Int32[np.ndarray, "corners 2"]:
    """Points as OpenCV wants them with `shift=SUBPIXEL_BITS`."""
    points: Int32[np.ndarray, "corners 2"] = np.rint(points_px * (1 << SUBPIXEL_BITS)).astype(np.int32)
    return points


def placed(outline: Outline, centre_px: tuple[float, float], radius_px: float, angle_rad: float) -> Outline:
    """Turn a unit outline, scale it to `radius_px` and move it to `centre_px` (x, y)."""
    cosine, sine = radius_px * np.cos(angle_rad), radius_px * np.sin(angle_rad)
    x, y = outline[:, 0], outline[:, 1]
    return np.stack([centre_px[0] + cosine * x - sine * y, centre_px[1] + sine * x + cosine * y], axis=-1)


def chip(rng: np.random.Generator) -> Outline:
    """Unit outline of a broken stone: 5 to 8 corners."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(5, 9))))
    outline: Outline = _on_circle(angles)
    outline *= rng.uniform(0.55, 1, 2)
    return outline


def disc() -> Outline:
    """Unit circle."""
    return _on_circle(np.linspace(0, 2 * np.pi, 24, endpoint=False))


def star(points: int, depth: float) -> Outline:
    """Unit star with `points` tips whose valleys lie at radius `depth`."""
    angles = np.linspace(0, 2 * np.pi, 2 * points, endpoint=False) - np.pi / 2
    outline: Outline = _on_circle(angles)
    outline[1::2] *= depth
    return outline


def heart() -> Outline:
    """Unit heart, tip down."""
    angles = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    x = 16 * np.sin(angles) ** 3
    y = 13 * np.cos(angles) - 5 * np.cos(2 * angles) - 2 * np.cos(3 * angles) - np.cos(4 * angles)
    return np.stack([x, -y], axis=-1) / 17


def fir() -> Outline:
    """Unit fir tree of three tiers."""
    half = [
        (0, -1),
        (0.35, -0.4),
        (0.15, -0.4),
        (0.5, 0.1),
        (0.2, 0.1),
        (0.65, 0.65),
        (0.12, 0.65),
        (0.12, 0.95),
    ]
    return np.array(half + [(-x, y) for x, y in reversed(half[1:])])


def _on_circle(angles: np.ndarray) -> Outline:
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1)
