"""Wood: planks with knots, quiet table tops and strongly veined veneer. The grain runs across the image."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from renderer.catalog.textures.noise import Field, fractal, relief, smoothstep, speckle
from renderer.catalog.textures.palette import Colour, Image, ramp, shaded

Stain = tuple[Colour, Colour, Colour]  # latewood, middle, earlywood: dark to light

PLANK_STAINS: Sequence[Stain] = (
    ((150, 112, 70), (196, 158, 108), (222, 190, 142)),  # pine
    ((108, 72, 40), (156, 112, 68), (188, 146, 98)),  # oak
    ((58, 36, 22), (92, 60, 38), (124, 86, 58)),  # walnut
    ((92, 40, 20), (134, 66, 34), (164, 94, 54)),  # cherry
    ((96, 88, 78), (138, 130, 118), (172, 164, 152)),  # weathered grey
    ((176, 164, 146), (206, 198, 184), (228, 222, 212)),  # whitewashed
    ((30, 22, 18), (50, 38, 31), (74, 58, 48)),  # wenge
)
TABLE_STAINS: Sequence[Stain] = (
    ((46, 16, 8), (82, 34, 18), (108, 52, 30)),  # mahogany
    ((92, 36, 16), (132, 60, 30), (160, 84, 48)),  # cherry
    ((54, 32, 18), (88, 56, 34), (116, 80, 52)),  # walnut
    ((132, 84, 40), (176, 124, 70), (204, 156, 100)),  # honey
    ((26, 16, 12), (42, 28, 22), (58, 42, 34)),  # black-brown
    ((186, 154, 112), (214, 186, 148), (230, 208, 176)),  # beech
    ((152, 140, 124), (182, 172, 158), (204, 196, 184)),  # grey oak
)
VENEER_STAINS: Sequence[Stain] = (
    ((30, 19, 13), (102, 70, 44), (176, 134, 92)),  # brown oak
    ((38, 22, 10), (128, 78, 36), (198, 138, 74)),  # honey oak
    ((26, 20, 18), (92, 76, 62), (196, 180, 160)),  # limed, dark pores
    ((44, 20, 10), (110, 56, 28), (164, 98, 58)),  # rosewood
    ((22, 20, 19), (66, 60, 54), (134, 124, 112)),  # grey ash
    ((112, 84, 56), (172, 138, 98), (216, 188, 150)),  # pale ash
)


def draw_wood_veneer(rng: np.random.Generator, size_px: int) -> Image:
    """Draw flame-grained veneer: dark veins with one frayed and one soft edge, as on oak table tops."""
    figure = fractal(rng, size_px, (int(rng.integers(3, 6)), int(rng.integers(1, 3))), octaves=3, gain=0.35)
    fray = fractal(rng, size_px, (90, 6), octaves=3, gain=0.8)
    rings = int(rng.integers(14, 30)) * _rows(size_px)
    wave = _fraction(rings + rng.uniform(1.5, 3.5) * figure + rng.uniform(0.1, 0.22) * fray)
    width = rng.uniform(0.35, 0.6) + 0.1 * fractal(rng, size_px, (5, 3), octaves=2)
    vein = smoothstep(wave, 0.0, 0.15) * smoothstep(wave - width, 0.25, -0.15)
    ticks = smoothstep(fractal(rng, size_px, (200, 24), octaves=2), 0.7, 1.7)
    cloud = fractal(rng, size_px, (3, 2), octaves=3)
    tone = 0.85 - rng.uniform(0.5, 0.75) * vein - 0.2 * ticks + 0.07 * fray + 0.08 * cloud
    return _finished(rng, tone, _stain(rng, VENEER_STAINS), roughness=0.02)


def draw_wood_table(rng: np.random.Generator, size_px: int) -> Image:
    """Draw a quiet, jointless table top: fine straight grain, short pores, a little figure."""
    figure = fractal(rng, size_px, (int(rng.integers(3, 7)), 1), octaves=3)
    fibre = fractal(rng, size_px, (140, 5), octaves=3, gain=0.7)
    rings = int(rng.integers(10, 34)) * _rows(size_px)
    wave = _fraction(rings + rng.uniform(0.5, 1.2) * figure + 0.12 * fibre)
    band = smoothstep(wave, 0.0, 0.75) * smoothstep(wave, 1.0, 0.88)
    pores = smoothstep(fractal(rng, size_px, (220, 20), octaves=2), 0.9, 2.0)
    cloud = fractal(rng, size_px, (4, 3), octaves=4)
    tone = 0.7 - rng.uniform(0.1, 0.3) * band - rng.uniform(0.2, 0.5) * pores + 0.1 * fibre + 0.09 * cloud
    return _finished(rng, tone, _stain(rng, TABLE_STAINS), roughness=0.015)


def draw_wood_planks(rng: np.random.Generator, size_px: int) -> Image:
    """Draw boards side by side, each with grain, tone and knots of its own, ends staggered."""
    figure = fractal(rng, size_px, (int(rng.integers(4, 9)), 1), octaves=3)
    fibre = fractal(rng, size_px, (130, 6), octaves=3, gain=0.7)
    knot, dark_heart = _knots(rng, size_px, count=int(rng.integers(0, 9)))
    rings = int(rng.integers(26, 52)) * _rows(size_px)
    wave = _fraction(rings + rng.uniform(0.8, 1.8) * figure + 0.13 * fibre + knot)
    band = smoothstep(wave, 0.0, 0.8) * smoothstep(wave, 1.0, 0.9)
    grain = 0.72 - rng.uniform(0.2, 0.42) * band + 0.09 * fibre - 0.7 * dark_heart
    tone, gap = _boards(rng, grain)
    joint = 1 - rng.uniform(0.45, 0.85) * gap
    stain = _stain(rng, PLANK_STAINS)
    return shaded(_finished(rng, tone, stain, roughness=0.025), joint)


def _boards(rng: np.random.Generator, grain: Field) -> tuple[Field, Field]:
    """Cut `grain` into boards and return it with the cover (0 .. 1) of the gaps between them."""
    size_px = grain.shape[0]
    tone, gap = np.empty_like(grain), np.zeros_like(grain)
    rows = np.rint(np.linspace(0, size_px, int(rng.integers(4, 9)) + 1)).astype(int)
    contrast, gap_px = rng.uniform(0.03, 0.13), max(1, round(size_px / 340))
    for top, bottom in pairwise(rows.tolist()):
        start = int(rng.integers(size_px))
        ends = (start, start + int(size_px * rng.uniform(0.35, 0.65)), start + size_px)
        for left, right in pairwise(ends):
            source = np.arange(left, right) + int(rng.integers(size_px))
            board = grain[top:bottom].take(source, axis=1, mode="wrap") + rng.normal(0, contrast)
            tone[top:bottom, np.arange(left, right) % size_px] = board
            gap[top:bottom, np.arange(left, left + gap_px) % size_px] = 0.8
        gap[top : top + gap_px] = 1
    return tone, gap


def _knots(rng: np.random.Generator, size_px: int, count: int) -> tuple[Field, Field]:
    """Return what knots add to the phase of the rings, and the cover of their dark hearts."""
    phase = np.zeros((size_px, size_px), dtype=np.float32)
    heart = np.zeros_like(phase)
    for _ in range(count):
        row, column = rng.integers(size_px, size=2)
        radius_px = size_px * rng.uniform(0.008, 0.02)
        reach = int(5 * radius_px)
        offsets = np.arange(-reach, reach + 1, dtype=np.float32)
        squared = (offsets[:, None] / radius_px) ** 2 + (offsets / (1.6 * radius_px)) ** 2
        window = np.ix_((row + offsets.astype(int)) % size_px, (column + offsets.astype(int)) % size_px)
        phase[window] += rng.uniform(2, 4) * np.exp(-squared / 3.5)
        heart[window] = np.maximum(heart[window], rng.uniform(0.5, 0.9) * np.exp(-squared))
    return phase, heart


def _finished(rng: np.random.Generator, tone: Field, stain: Stain, roughness: float) -> Image:
    """Colour the tone and add what the light makes of an open-pored surface."""
    light = relief(tone, float(rng.uniform(0, 2 * np.pi)))
    factor = 1 + 0.35 * light + roughness * speckle(rng, tone.shape[0])
    return shaded(ramp(tone, stain), factor)


def _stain(rng: np.random.Generator, stains: Sequence[Stain]) -> Stain:
    """Draw a stain, lighter or darker and warmer or cooler than in the list."""
    factor = rng.normal(1, 0.1) * (1 + rng.normal(0, 0.03) * np.array([1, 0, -1]))
    dark, middle, light = stains[int(rng.integers(len(stains)))]
    return _tinted(dark, factor), _tinted(middle, factor), _tinted(light, factor)


def _tinted(colour: Colour, factor: Float[np.ndarray, "3"]) -> Colour:
    red, green, blue = np.clip(np.asarray(colour) * factor, 4, 251).tolist()
    return red, green, blue


def _rows(size_px: int) -> np.ndarray:
    """Height of each row in image heights, as a column."""
    return (np.arange(size_px, dtype=np.float32) / size_px)[:, None]


def _fraction(phase: Field) -> Field:
    fraction: Field = phase - np.floor(phase)
    return fraction
