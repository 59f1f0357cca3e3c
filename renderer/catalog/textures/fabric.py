"""Fabric: woven cloth, denim, wrinkled dark cloth and deep-pile carpet."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float

from renderer.catalog.textures.noise import (
    Field,
    blurred,
    cells,
    enlarged,
    fractal,
    relief,
    smoothstep,
    speckle,
    standardized,
    warped,
)
from renderer.catalog.textures.palette import (
    Colour,
    Image,
    as_bytes,
    mixed,
    pick_colour,
    ramp,
    scaled,
    shaded,
)
from renderer.catalog.textures.shapes import SUBPIXEL_BITS, subpixel

CLOTH_COLOURS: Sequence[Colour] = (
    (226, 220, 206),
    (176, 160, 134),
    (122, 126, 128),
    (46, 58, 88),
    (128, 34, 38),
    (58, 84, 62),
    (196, 152, 70),
    (92, 130, 158),
    (36, 36, 38),
    (156, 104, 96),
)
WRINKLED_COLOURS: Sequence[Colour] = (
    (22, 22, 24),
    (34, 38, 58),
    (58, 60, 72),
    (52, 40, 34),
    (70, 26, 32),
    (40, 52, 44),
    (108, 108, 112),
    (168, 160, 148),
    (222, 220, 216),
)
DENIM_COLOURS: Sequence[Colour] = ((34, 44, 70), (58, 80, 118), (104, 130, 162), (38, 38, 42), (88, 92, 98))
CARPET_COLOURS: Sequence[Colour] = (
    (186, 168, 140),
    (158, 136, 104),
    (130, 106, 78),
    (104, 80, 58),
    (150, 144, 136),
    (112, 110, 110),
    (208, 198, 180),
    (70, 66, 66),
    (92, 62, 46),
    (76, 84, 104),
)


def draw_cloth(rng: np.random.Generator, size_px: int) -> Image:
    """Draw woven cloth, plain or twill, of one colour, striped or checked."""
    threads = 4 * int(rng.integers(20, 34))
    position = np.arange(size_px) * threads / size_px
    thread = position.astype(np.intp)
    profile = np.sin(np.pi * (position - thread)).astype(np.float32)
    run = int(rng.choice((2, 2, 4)))
    warp_above = (thread[:, None] + thread) % run < run // 2
    bands = _bands(rng, threads)
    slub = rng.normal(1, 0.06, (2, threads, 1))
    warp_colours, weft_colours = as_bytes(bands[0] * slub[0]), as_bytes(bands[1] * slub[1])
    colours = np.where(warp_above[..., None], warp_colours[thread][None], weft_colours[thread][:, None])
    bulge = np.where(
        warp_above, profile * (0.6 + 0.4 * profile[:, None]), profile[:, None] * (0.6 + 0.4 * profile)
    )
    sway = [size_px / 260 * fractal(rng, size_px, (4, 4), octaves=4, gain=0.7) for _ in range(2)]
    lit = 0.62 + 0.5 * bulge + 0.05 * speckle(rng, size_px)
    woven = warped(shaded(colours, lit.astype(np.float32)), *sway)
    return shaded(woven, 1 + 0.04 * fractal(rng, size_px, (3, 3), octaves=5, gain=0.7))


def draw_denim(rng: np.random.Generator, size_px: int) -> Image:
    """Draw twill of dyed and bleached thread, faded along streaks and lying in soft folds."""
    dyed = pick_colour(rng, DENIM_COLOURS, 8.0)
    ribs = int(rng.integers(90, 130))  # over the image, a whole number so that they join
    position = np.arange(size_px, dtype=np.float32) / size_px
    warp = fractal(rng, size_px, (20, 256), octaves=2)
    weft = fractal(rng, size_px, (200, 12), octaves=2)
    slub = 0.08 * warp + 0.05 * weft
    rib = np.cos(2 * np.pi * (ribs * (position[:, None] + position) + 2 * slub))
    fade = fractal(rng, size_px, (3, 3), octaves=5)
    bleached = 0.36 + 0.1 * rib + slub + 0.09 * speckle(rng, size_px) + 0.05 * fade
    bright = mixed(scaled(dyed, 1.8), (222, 222, 220), 0.35)
    image = ramp(bleached, (scaled(dyed, 0.6), scaled(dyed, 1.1), bright))
    return shaded(image, _folds(rng, size_px, depth=rng.uniform(0.04, 0.25)))


def draw_wrinkled_cloth(rng: np.random.Generator, size_px: int) -> Image:
    """Draw a thin, mostly dark cloth with folds and creases, a little lint on it."""
    colour = pick_colour(rng, WRINKLED_COLOURS, 8.0)
    weave = fractal(rng, size_px, (240, 60), octaves=2) + fractal(rng, size_px, (60, 240), octaves=2)
    fold = _folds(rng, size_px, depth=rng.uniform(0.15, 0.42))
    light = fold * (1 + 0.03 * weave) + 0.03 * speckle(rng, size_px)
    bright = mixed(scaled(colour, 1.6), (190, 190, 196), 0.12)
    image = ramp(0.5 * light, (scaled(colour, 0.15), colour, bright))
    return _with_lint(rng, image, count=int(rng.integers(0, 14)))


def draw_carpet(rng: np.random.Generator, size_px: int) -> Image:
    """Draw pile carpet: tufts that lean about, light on top, with dark gaps between them."""
    across = int(rng.integers(40, 84))
    pitch_px = size_px / across
    tufts = cells(rng, size_px, (across, int(across * rng.uniform(0.7, 1))), jitter=0.85)
    yarn = rng.normal(0, rng.uniform(0.05, 0.13), tufts.count).astype(np.float32)
    sunk = rng.uniform(0.5, 1.3, tufts.count).astype(np.float32)
    depth = (tufts.distance_px / pitch_px) ** 2 * sunk[tufts.label]
    bend = [0.22 * pitch_px * fractal(rng, size_px, (across, across), octaves=2, gain=0.9) for _ in range(2)]
    dome = warped(blurred(1 - depth, 0.08 * pitch_px + 0.25), *bend)
    fibre = fractal(rng, size_px, (2 * across, 2 * across), octaves=3, gain=0.9)
    light = standardized(relief(dome + 0.03 * fibre, float(rng.uniform(0, 2 * np.pi))))
    pile = fractal(rng, size_px, (5, 5), octaves=4, gain=0.8)
    gloom = rng.uniform(0.14, 0.24)
    tone = 0.6 + gloom * np.maximum(standardized(dome), -2.2) + 0.1 * light
    tone += warped(blurred(yarn[tufts.label], 0.08 * pitch_px), *bend) + 0.05 * fibre + 0.04 * pile
    colour = pick_colour(rng, CARPET_COLOURS, 10.0)
    tip = mixed(scaled(colour, 1.3), (240, 232, 218), 0.3)
    image = ramp(tone, (scaled(colour, 0.3), scaled(colour, 0.65), colour, tip))
    return shaded(image, 1 + 0.04 * speckle(rng, size_px))


def _bands(rng: np.random.Generator, threads: int) -> Float[np.ndarray, "2 threads 3"]:
    """Choose the colour of each warp and each weft thread: plain, striped or checked."""
    ground = pick_colour(rng, CLOTH_COLOURS)
    bands = np.tile(np.asarray(ground), (2, threads, 1))
    style = int(rng.integers(4))
    if style == 0:
        return bands
    stripe = pick_colour(rng, CLOTH_COLOURS)
    period = threads // int(rng.choice((4, 4, 8, 12))) or 1
    striped = np.arange(threads) % period < period * rng.uniform(0.15, 0.6)
    bands[0, striped] = stripe
    if style > 1:
        bands[1, striped] = stripe
    return bands


def _folds(rng: np.random.Generator, size_px: int, depth: float) -> Field:
    """Light on a lying cloth, about 1: wide soft swells, and creases with a bright and a dark side."""
    coarse_px = (size_px + 1) // 2  # folds are smooth: half the resolution is enough
    swell = fractal(rng, coarse_px, (2, 2), octaves=4, gain=0.55)
    angle = float(rng.uniform(0, 2 * np.pi))
    slope = 0.35 * standardized(relief(swell, angle)) + 0.25 * swell
    lean = int(rng.integers(-2, 3))
    for shape, sharpness in (((2, 1), 7.0), ((1, 2), 10.0), ((3, 3), 5.0)):
        slope += _creases(rng, coarse_px, shape, lean, sharpness * rng.uniform(0.6, 1.4))
    return np.maximum(1 + depth * enlarged(slope, (size_px, size_px)), 0.3)


def _creases(
    rng: np.random.Generator, size_px: int, shape: tuple[int, int], lean: int, sharpness: float
) -> Field:
    """Slopes beside a few long lines that come and go; `lean` whole turns of shear keep the wrap-around."""
    line = fractal(rng, size_px, shape, octaves=4, gain=0.32)
    strength = smoothstep(fractal(rng, size_px, (3, 3), octaves=2), -0.3, 1.6)
    across = sharpness * _sheared(line, lean)
    return 2.2 * strength * across * np.exp(-across * across)


def _sheared(field: Field, turns: int) -> Field:
    size_px = field.shape[0]
    shift = np.repeat(turns * np.arange(size_px, dtype=np.float32)[:, None], size_px, axis=1)
    return warped(field, np.zeros_like(shift), shift)


def _with_lint(rng: np.random.Generator, image: Image, count: int) -> Image:
    """Add short light hairs; they end at the border, being too thin to show a seam."""
    size_px = image.shape[0]
    lint = image.copy()
    for _ in range(count):
        start, length = rng.uniform(0, size_px, 2), size_px * rng.uniform(0.01, 0.07)
        angle = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.35, 8))
        steps = np.stack([np.cos(angle), np.sin(angle)], axis=-1) * length / 8
        path = subpixel(start + np.cumsum(steps, axis=0))
        cv2.polylines(lint, [path], False, (170, 166, 160), 1, cv2.LINE_AA, shift=SUBPIXEL_BITS)
    return cv2.addWeighted(image, 0.6, lint, 0.4, 0)
