"""Stone: ceramic tiles, brick, marble, terrazzo, concrete and granite."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, Int

from renderer.catalog.textures.noise import (
    Field,
    blurred,
    cells,
    fractal,
    relief,
    smoothstep,
    speckle,
    warped,
)
from renderer.catalog.textures.palette import (
    Colour,
    Image,
    as_bytes,
    blended,
    flat,
    mixed,
    pick_colour,
    ramp,
    scaled,
    shaded,
    varied,
)
from renderer.catalog.textures.shapes import chip, fill_outline, placed

Column = Float32[np.ndarray, "size 1"]

TILE_COLOURS: Sequence[Colour] = (
    (206, 186, 158),
    (214, 211, 204),
    (178, 150, 118),
    (176, 98, 64),
    (112, 110, 106),
    (66, 66, 70),
    (146, 156, 158),
    (218, 206, 184),
    (122, 88, 64),
    (92, 116, 124),
)
GROUT_COLOURS: Sequence[Colour] = ((206, 200, 188), (150, 144, 134), (96, 92, 86), (228, 224, 216))
BRICK_COLOURS: Sequence[Colour] = (
    (150, 76, 54),
    (122, 62, 46),
    (172, 104, 74),
    (104, 70, 62),
    (186, 150, 118),
    (120, 112, 106),
    (200, 188, 172),
)
MORTAR_COLOURS: Sequence[Colour] = ((176, 168, 156), (126, 120, 112), (86, 80, 76), (206, 200, 190))
MARBLES: Sequence[tuple[Colour, Colour, Colour]] = (  # vein, shade, ground
    ((120, 122, 128), (208, 208, 208), (236, 235, 232)),
    ((146, 112, 76), (214, 198, 174), (234, 224, 206)),
    ((222, 220, 214), (58, 58, 62), (24, 24, 27)),
    ((176, 194, 180), (52, 82, 68), (30, 54, 46)),
    ((236, 216, 190), (146, 92, 66), (112, 62, 46)),
    ((92, 96, 102), (158, 162, 168), (190, 193, 197)),
)
CONCRETE_COLOURS: Sequence[Colour] = (
    (162, 160, 154),
    (128, 126, 122),
    (186, 180, 168),
    (96, 96, 96),
    (150, 142, 110),
    (206, 204, 200),
)
GRANITES: Sequence[tuple[Colour, ...]] = (
    ((44, 44, 46), (126, 124, 122), (172, 169, 165), (206, 203, 198)),
    ((18, 18, 20), (34, 35, 38), (62, 64, 68), (118, 122, 128)),
    ((36, 30, 28), (146, 98, 78), (186, 140, 116), (210, 194, 180)),
    ((42, 36, 30), (150, 118, 76), (202, 174, 128), (226, 208, 176)),
    ((40, 48, 46), (84, 100, 94), (136, 150, 142), (188, 196, 188)),
)
TERRAZZO_GROUNDS: Sequence[Colour] = (
    (226, 220, 210),
    (196, 190, 182),
    (64, 62, 62),
    (150, 142, 134),
    (206, 184, 164),
)
CHIP_COLOURS: Sequence[Colour] = (
    (240, 238, 232),
    (52, 50, 50),
    (176, 112, 84),
    (128, 126, 122),
    (196, 168, 122),
    (96, 110, 100),
    (110, 70, 60),
    (170, 178, 184),
)


def draw_ceramic_tiles(rng: np.random.Generator, size_px: int) -> Image:
    """Draw square tiles with soft edges in sunken grout, cloudy, each of a slightly different tone."""
    count = int(rng.integers(2, 6))
    glaze = pick_colour(rng, TILE_COLOURS, 14.0)
    other = pick_colour(rng, TILE_COLOURS, 14.0) if rng.random() < 0.3 and count % 2 == 0 else glaze
    odd = (np.indices((count, count)).sum(axis=0) % 2).astype(np.float32)
    tones = rng.normal(0, rng.uniform(0.01, 0.07), (count, count))
    cloud = fractal(rng, size_px, (3 * count, 3 * count), octaves=6, gain=0.75)
    bold = rng.uniform(0.02, 0.12)
    index = np.arange(size_px) * count // size_px
    tone = 0.5 + tones.astype(np.float32)[np.ix_(index, index)] + bold * cloud
    upright = np.zeros((size_px, 1), dtype=np.float32)
    inside = _inset(size_px, (count, count), upright, rng.uniform(0.004, 0.012) * size_px, 0.01 * size_px)
    inside += 0.001 * size_px * rng.uniform(0, 1) * fractal(rng, size_px, (16, 16), octaves=3)
    faces = _glazed(tone, glaze)
    if other != glaze:
        faces = blended(faces, _glazed(tone, other), odd[np.ix_(index, index)])
    height = smoothstep(inside, 0.0, 0.012 * size_px)
    joint = _grout(rng, size_px, pick_colour(rng, GROUT_COLOURS))
    light = 1 + 0.9 * relief(height, float(rng.uniform(0, 2 * np.pi))) + 0.012 * speckle(rng, size_px)
    return shaded(blended(joint, faces, smoothstep(inside, -0.6, 0.8)), light)


def draw_brick(rng: np.random.Generator, size_px: int) -> Image:
    """Draw rough bricks in running bond, or as square pavers, with worn edges and sandy mortar."""
    across, rows = int(rng.integers(2, 4)), 2 * int(rng.integers(3, 5))
    if rng.random() < 0.3:
        across, rows = 4, 4
    base, second = pick_colour(rng, BRICK_COLOURS), pick_colour(rng, BRICK_COLOURS)
    spread = rng.uniform(4, 16)
    table = np.array(
        [varied(rng, mixed(base, second, 0.5 * rng.random()), spread) for _ in range(rows * across)]
    )
    brick, shift_px = _bond(size_px, rows, across)
    rough = fractal(rng, size_px, (24, 24), octaves=5, gain=0.85)
    wear = fractal(rng, size_px, (8, 8), octaves=4)
    inside = _inset(size_px, (rows, across), shift_px, rng.uniform(0.01, 0.022) * size_px, 0.014 * size_px)
    inside += size_px * (0.0025 * fractal(rng, size_px, (20, 20), octaves=4) + 0.0015 * wear)
    faces = as_bytes(table)[brick]
    faces = shaded(faces, 1 + 0.1 * rough + 0.07 * wear)
    pits = smoothstep(fractal(rng, size_px, (90, 90), octaves=2), 1.3, 2.2)
    height = 3 * smoothstep(inside, -1.5, 0.012 * size_px) + 0.5 * rough - 0.8 * pits
    light = 1 + 0.22 * np.clip(relief(height, float(rng.uniform(0, 2 * np.pi))), -2, 2) - 0.25 * pits
    joint = _grout(rng, size_px, pick_colour(rng, MORTAR_COLOURS))
    return shaded(blended(joint, faces, smoothstep(inside, -0.8, 1.0)), light)


def draw_marble(rng: np.random.Generator, size_px: int) -> Image:
    """Draw clouded marble crossed by bundles of veins of uneven strength."""
    drift = [size_px * 0.06 * fractal(rng, size_px, (3, 3), octaves=4, gain=0.5) for _ in range(2)]
    shape = ((2, 3), (3, 2), (3, 3), (2, 2))[int(rng.integers(4))]
    broad = np.abs(warped(fractal(rng, size_px, shape, octaves=2), *drift))
    thin = np.abs(warped(fractal(rng, size_px, (5, 4), octaves=3), drift[1], drift[0]))
    strength = smoothstep(fractal(rng, size_px, (3, 3), octaves=3), -0.8, 1.4)
    cloud = fractal(rng, size_px, (4, 4), octaves=6, gain=0.65)
    veins = 0.75 * strength * np.exp(-broad * rng.uniform(10, 28)) + 0.2 * np.exp(-broad * 3)
    veins += 0.45 * (1 - 0.6 * strength) * np.exp(-thin * rng.uniform(18, 40))
    tone = 1.02 - rng.uniform(0.65, 1.0) * veins + 0.07 * cloud
    vein, shade, ground = MARBLES[int(rng.integers(len(MARBLES)))]
    colours = (varied(rng, vein, 8.0), varied(rng, shade, 6.0), varied(rng, ground, 6.0))
    return shaded(ramp(tone, colours), 1 + 0.01 * speckle(rng, size_px))


def draw_granite(rng: np.random.Generator, size_px: int) -> Image:
    """Draw polished granite: grains of three or four minerals that gather in clouds."""
    across = int(rng.integers(70, 130))
    grains = cells(rng, size_px, (across, across))
    mineral = rng.random(grains.count).astype(np.float32)
    cloud = fractal(rng, size_px, (9, 9), octaves=5, gain=0.85)
    fine = fractal(rng, size_px, (160, 160), octaves=2)
    rock = GRANITES[int(rng.integers(len(GRANITES)))]
    tone = 0.12 + 0.76 * mineral[grains.label] + 0.13 * cloud + 0.07 * fine
    tone += rng.uniform(-0.1, 0.1) - 0.5 * smoothstep(fine + cloud, 2.0, 2.6)
    colours = [varied(rng, colour, 6.0) for colour in rock for _ in range(2)]
    return shaded(ramp(blurred(tone, size_px / 700), colours), 1 + 0.02 * speckle(rng, size_px))


def draw_concrete(rng: np.random.Generator, size_px: int) -> Image:
    """Draw concrete: blotches, sand, pores, and at times a hairline crack."""
    colour = pick_colour(rng, CONCRETE_COLOURS, 14.0)
    blotch = fractal(rng, size_px, (3, 3), octaves=6, gain=0.75)
    sand = fractal(rng, size_px, (128, 128), octaves=3, gain=0.9)
    pores = smoothstep(fractal(rng, size_px, (int(rng.integers(40, 90)),) * 2, octaves=2), 2.1, 2.6)
    line = np.abs(fractal(rng, size_px, (2, 2), octaves=6, gain=0.55))
    where = smoothstep(fractal(rng, size_px, (2, 2), octaves=2), 0.6, 1.4)
    crack = where * np.exp(-(line**2) * 900) * (rng.random() < 0.4)
    tone = (
        0.55 + rng.uniform(0.04, 0.14) * blotch + rng.uniform(0.02, 0.06) * sand - 0.3 * pores - 0.4 * crack
    )
    image = ramp(
        tone, (scaled(colour, 0.4), scaled(colour, 0.92), mixed(scaled(colour, 1.2), (236, 234, 228), 0.3))
    )
    height = rng.uniform(0.3, 1.0) * sand - 3 * pores
    light = 1 + 0.07 * relief(height, float(rng.uniform(0, 2 * np.pi))) + 0.015 * speckle(rng, size_px)
    return shaded(image, light)


def draw_terrazzo(rng: np.random.Generator, size_px: int) -> Image:
    """Draw stone chips of a few colours and all sizes cast in cement and ground flat."""
    ground = pick_colour(rng, TERRAZZO_GROUNDS, 8.0)
    kinds = [pick_colour(rng, CHIP_COLOURS, 10.0) for _ in range(int(rng.integers(2, 5)))]
    canvas = flat(size_px, ground)
    largest = size_px * rng.uniform(0.015, 0.05)
    for _ in range(int(rng.integers(250, 650))):
        radius = largest * (0.12 + 0.88 * rng.random() ** 2.5)
        x, y = rng.uniform(0, size_px, 2)
        colour = varied(rng, kinds[int(rng.integers(len(kinds)))], 9.0)
        fill_outline(canvas, placed(chip(rng), (x, y), radius, rng.uniform(0, np.pi)), colour)
    cloud = fractal(rng, size_px, (8, 8), octaves=6, gain=0.85)
    return shaded(canvas, 1 + 0.035 * cloud + 0.02 * speckle(rng, size_px))


def _inset(
    size_px: int, counts: tuple[int, int], shift_x_px: Column, gap_px: float, round_px: float
) -> Field:
    """Distance to the edge of the rounded box a pixel is in, in pixels, negative in the gap between boxes."""
    place = np.arange(size_px, dtype=np.float32) + 0.5
    below = _to_line(place, size_px / counts[0]) - gap_px / 2
    beside = _to_line(place + shift_x_px, size_px / counts[1]) - gap_px / 2
    corner = np.hypot(np.maximum(round_px - beside, 0), np.maximum(round_px - below[:, None], 0))
    inset: Field = round_px - corner
    return inset


def _to_line(place_px: np.ndarray, pitch_px: float) -> np.ndarray:
    """Distance to the nearest of the lines at whole multiples of `pitch_px`."""
    within = place_px % pitch_px
    return np.minimum(within, pitch_px - within)


def _bond(size_px: int, rows: int, across: int) -> tuple[Int[np.ndarray, "size size"], Column]:
    """Number of the brick each pixel is in, and the shift (pixels) of every second row, in running bond."""
    row = (np.arange(size_px) * rows // size_px)[:, None]
    shift_px = (row % 2 * (size_px / across / 2)).astype(np.float32)
    column = ((np.arange(size_px) + 0.5 + shift_px) * across / size_px).astype(np.intp) % across
    return row * across + column, shift_px


def _glazed(tone: Field, colour: Colour) -> Image:
    return ramp(tone, (scaled(colour, 0.65), colour, mixed(scaled(colour, 1.15), (240, 236, 228), 0.3)))


def _grout(rng: np.random.Generator, size_px: int, colour: Colour) -> Image:
    dirt = fractal(rng, size_px, (6, 6), octaves=5, gain=0.8)
    return shaded(flat(size_px, colour), 0.95 + 0.06 * dirt + 0.05 * speckle(rng, size_px))
