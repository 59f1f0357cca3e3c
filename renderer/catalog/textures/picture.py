"""Stand-ins for printed photographs."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import UInt8

from renderer.catalog.textures.noise import fractal
from renderer.catalog.textures.palette import Colour, ramp

SCENERIES: Sequence[tuple[Colour, ...]] = (  # from shadow to light
    ((18, 22, 34), (60, 84, 120), (150, 170, 190), (236, 226, 206)),
    ((24, 16, 12), (110, 60, 34), (206, 140, 84), (246, 226, 190)),
    ((10, 16, 12), (46, 84, 50), (132, 158, 96), (226, 232, 206)),
    ((14, 12, 14), (58, 54, 58), (140, 136, 134), (230, 228, 224)),
    ((30, 40, 30), (96, 110, 90), (126, 168, 206), (222, 236, 244)),
    ((6, 8, 14), (16, 22, 38), (40, 56, 92), (150, 170, 200)),
    ((26, 10, 20), (122, 30, 54), (216, 96, 84), (250, 214, 160)),
)
GREYS: tuple[Colour, ...] = ((52, 50, 50), (112, 110, 108), (158, 156, 152), (206, 202, 194))


def draw_picture(
    rng: np.random.Generator, height: int, width: int, colours: Sequence[Colour]
) -> UInt8[np.ndarray, "height width 3"]:
    """Draw a lit background, a horizon and a few figures, from shadow to light in `colours`."""
    size = max(height, width, 16)
    light = np.linspace(rng.uniform(0.5, 1), rng.uniform(0.1, 0.7), size, dtype=np.float32)[:, None]
    tone = light + 0.12 * fractal(rng, size, (3, 3), octaves=6, gain=0.6)
    horizon = size * rng.uniform(0.5, 0.8) + 0.04 * size * fractal(rng, size, (3, 3), octaves=4)[0]
    tone[np.arange(size)[:, None] > horizon] -= rng.uniform(-0.3, 0.3)
    figures = np.zeros((size, size), dtype=np.uint8)
    for _ in range(int(rng.integers(1, 5))):
        _add_figure(rng, figures[:height, :width])
    modelling = 0.1 * fractal(rng, size, (8, 8), octaves=4, gain=0.7)
    tone = np.where(figures > 0, figures.astype(np.float32) / 255 + modelling, tone)
    return ramp(cv2.GaussianBlur(tone, (0, 0), 0.8), colours)[:height, :width]


def _add_figure(rng: np.random.Generator, canvas: UInt8[np.ndarray, "height width"]) -> None:
    """Paint head and shoulders, the head a little lighter."""
    height, width = canvas.shape
    shade, head = int(rng.integers(20, 216)), max(height, width) * rng.uniform(0.04, 0.12)
    x, y = rng.uniform(0.15, 0.85) * width, rng.uniform(0.2, 0.6) * height
    cv2.ellipse(canvas, ((x, y + 4.2 * head), (3.6 * head, 6 * head), 0), shade, -1)
    cv2.ellipse(canvas, ((x, y), (1.6 * head, 2.1 * head), rng.uniform(-15, 15)), shade + 40, -1)
