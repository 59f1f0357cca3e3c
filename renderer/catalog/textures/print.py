"""Prints: newspaper page, magazine cover, ruled or gridded paper, gift wrap. Only gift wrap tiles."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from renderer.catalog.textures.lettering import Face, lettered, print_on, set_column, text_lines, words
from renderer.catalog.textures.noise import Field, fractal, relief, speckle, standardized
from renderer.catalog.textures.palette import Colour, Image, flat, pick_colour, shaded, varied
from renderer.catalog.textures.picture import GREYS, SCENERIES, draw_picture
from renderer.catalog.textures.shapes import (
    SUBPIXEL_BITS,
    Outline,
    disc,
    fill_outline,
    fir,
    heart,
    placed,
    star,
    subpixel,
)

NEWSPRINTS: Sequence[Colour] = ((214, 208, 196), (226, 222, 214), (200, 194, 178), (222, 206, 186))
PAPERS: Sequence[Colour] = (
    (240, 239, 235),
    (246, 245, 243),
    (238, 228, 150),
    (226, 222, 206),
    (214, 224, 226),
)
RULINGS: Sequence[Colour] = (
    (140, 168, 206),
    (170, 190, 200),
    (160, 160, 164),
    (150, 186, 160),
    (206, 160, 160),
)
PENS: Sequence[Colour] = ((36, 48, 120), (34, 34, 40), (70, 70, 76), (150, 40, 44))
BRIGHTS: Sequence[Colour] = (
    (200, 38, 40),
    (34, 92, 168),
    (60, 142, 66),
    (240, 190, 40),
    (24, 24, 28),
    (244, 242, 238),
    (230, 110, 40),
    (110, 56, 140),
    (40, 160, 170),
    (226, 120, 150),
    (16, 44, 84),
    (120, 26, 40),
)


def draw_newspaper(rng: np.random.Generator, size_px: int) -> Image:
    """Draw a page in columns: headlines, running text, grey pictures, rules."""
    paper, ink = pick_colour(rng, NEWSPRINTS, 6.0), varied(rng, (46, 44, 44), 8.0)
    page = flat(size_px, paper)
    top = int(size_px * rng.uniform(0.0, 0.03))
    while top < size_px:
        bottom = min(size_px, top + int(size_px * rng.uniform(0.25, 0.6)))
        top = _print_article(rng, page, (top, bottom), ink)
    return _on_paper(rng, page, crumple=rng.uniform(0.0, 0.05))


def draw_magazine_cover(rng: np.random.Generator, size_px: int) -> Image:
    """Draw a glossy cover: a picture over all of it, a title, blocks of colour, lines of text, a bar code."""
    page = draw_picture(rng, size_px, size_px, SCENERIES[int(rng.integers(len(SCENERIES)))])
    for _ in range(int(rng.integers(1, 4))):
        _print_block(rng, page)
    height_px, weight = int(size_px * rng.uniform(0.1, 0.2)), int(rng.integers(2, 5))
    title = lettered(words(rng, 1).upper(), height_px, _face(rng), weight)
    top = int(size_px * rng.uniform(0.02, 0.08))
    print_on(page, title, top, size_px // 20, pick_colour(rng, BRIGHTS))
    _print_contents(rng, page)
    if rng.random() < 0.6:
        _print_bar_code(rng, page)
    return shaded(page, 1 + 0.01 * speckle(rng, size_px))


def draw_ruled_paper(rng: np.random.Generator, size_px: int) -> Image:
    """Draw ruled or gridded paper, at times with a margin and handwriting."""
    page = flat(size_px, pick_colour(rng, PAPERS, 5.0))
    lines = int(rng.integers(14, 44))
    ruling = pick_colour(rng, RULINGS, 10.0)
    thickness = size_px / 512 * rng.uniform(0.8, 1.8)
    _rule(page, lines, ruling, thickness, axis=0)
    if rng.random() < 0.5:
        _rule(page, lines, ruling, thickness, axis=1)
    elif rng.random() < 0.6:
        left = int(size_px * rng.uniform(0.08, 0.2))
        page[:, left : left + max(1, round(thickness))] = (206, 110, 110)
    if rng.random() < 0.6:
        _scribble(rng, page, lines, pick_colour(rng, PENS, 6.0))
    return _on_paper(rng, page, crumple=rng.uniform(0.0, 0.03))


def draw_gift_wrap(rng: np.random.Generator, size_px: int) -> Image:
    """Draw wrapping paper: two motifs in staggered rows, at times over stripes, lightly creased."""
    ground = pick_colour(rng, BRIGHTS)
    page = flat(size_px, ground)
    if rng.random() < 0.35:
        _stripe(rng, page, pick_colour(rng, BRIGHTS))
    inks = [_contrasting(rng, ground) for _ in range(2)]
    motifs = [_motif(rng) for _ in range(2)]
    rows = 2 * int(rng.integers(2, 6))
    radius = size_px / rows * rng.uniform(0.2, 0.42)
    turn = rng.uniform(0, np.pi) if rng.random() < 0.4 else 0.0
    for row in range(rows):
        for column in range(rows):
            kind = (row + column) % 2
            centre = ((column + row % 2 / 2 + 0.25) * size_px / rows, (row + 0.5) * size_px / rows)
            outline = placed(motifs[kind], centre, radius * (1 - 0.3 * kind), turn * (row - column))
            fill_outline(page, outline, inks[kind])
    return _on_paper(rng, page, crumple=rng.uniform(0.01, 0.08))


def _print_article(rng: np.random.Generator, page: Image, rows: tuple[int, int], ink: Colour) -> int:
    """Print one article across the page into `rows` and return the row where the next may start."""
    size_px: int = page.shape[0]
    top, bottom = rows
    margin, gutter, face = size_px // 50, max(3, size_px // 60), _face(rng)
    if rng.random() < 0.85:
        height_px, weight = int(size_px * rng.uniform(0.03, 0.075)), int(rng.integers(1, 3))
        headline = lettered(words(rng, int(rng.integers(3, 8))), height_px, face, weight)
        print_on(page, headline[:, : size_px - 2 * margin], top, margin, ink)
        top += height_px + margin
    count = int(rng.integers(3, 6))
    width = (size_px - 2 * margin + gutter) // count - gutter
    lefts = [margin + index * (width + gutter) for index in range(count)]
    starts = _print_picture(rng, page, (top, bottom), lefts, width)
    pitch_px = max(4, round(size_px * rng.uniform(0.009, 0.013)))
    lines = text_lines(rng, round(0.8 * pitch_px), Face.SERIF)
    for left, start in zip(lefts, starts, strict=True):
        column = set_column(rng, lines, (max(0, bottom - start), width), pitch_px)
        print_on(page, column, start, left, ink)
    if rng.random() < 0.6:
        page[min(bottom + 2, size_px - 1), margin:-margin] = ink
    return bottom + margin


def _print_picture(
    rng: np.random.Generator, page: Image, rows: tuple[int, int], lefts: Sequence[int], width: int
) -> list[int]:
    """Print a grey picture over up to three columns; return the row where each column's text starts."""
    first, span = int(rng.integers(len(lefts))), int(rng.integers(0, 4))
    covered = lefts[first : first + span]
    bottom = rows[0] + int((rows[1] - rows[0]) * rng.uniform(0.4, 0.8))
    if not covered or bottom - rows[0] < 16:
        return [rows[0]] * len(lefts)
    area = page[rows[0] : bottom, covered[0] : covered[-1] + width]
    area[:] = draw_picture(rng, area.shape[0], area.shape[1], GREYS)
    return [bottom + 4 if left in covered else rows[0] for left in lefts]


def _print_contents(rng: np.random.Generator, page: Image) -> None:
    """Print what is inside as a stack of lines of several sizes."""
    size_px, tints = page.shape[0], [pick_colour(rng, BRIGHTS) for _ in range(2)]
    top, left = int(size_px * rng.uniform(0.25, 0.6)), int(size_px * rng.choice((0.05, 0.45)))
    for index in range(int(rng.integers(3, 10))):
        height_px = int(size_px * rng.uniform(0.018, 0.05))
        line = lettered(words(rng, int(rng.integers(2, 6))), height_px, _face(rng), int(rng.integers(1, 3)))
        print_on(page, line, top, left, tints[index % 2])
        top += int(height_px * rng.uniform(1.3, 2.4))


def _print_block(rng: np.random.Generator, page: Image) -> None:
    """Print a band or a box of one colour with text in it."""
    size_px = page.shape[0]
    height, width = int(size_px * rng.uniform(0.07, 0.22)), int(size_px * rng.choice((0.3, 0.5, 1.0)))
    top, left = int(rng.integers(size_px - height)), int(rng.integers(size_px - width + 1))
    colour = pick_colour(rng, BRIGHTS)
    page[top : top + height, left : left + width] = np.rint(colour)
    line = lettered(
        words(rng, 2), max(4, int(height * rng.uniform(0.3, 0.6))), _face(rng), int(rng.integers(1, 4))
    )
    inset = height // 5
    print_on(page, line[:, : width - 2 * inset], top + inset, left + inset, _contrasting(rng, colour))


def _print_bar_code(rng: np.random.Generator, page: Image) -> None:
    size_px: int = page.shape[0]
    border, height = size_px // 100, size_px // 9
    bars = np.repeat(rng.integers(0, 2, 48, dtype=np.uint8) * 255, max(1, size_px // 400))
    label = np.zeros((height + 2 * border, bars.size + 2 * border), dtype=np.uint8)
    label[border : border + height, border : border + bars.size] = bars
    top, left = int(size_px * 0.83), int(size_px * rng.uniform(0.05, 0.7))
    print_on(page, np.full_like(label, 255), top, left, (240, 240, 238))
    print_on(page, label, top, left, (24, 24, 26))


def _rule(page: Image, count: int, colour: Colour, thickness_px: float, axis: int) -> None:
    """Draw `count` evenly spaced lines across `axis`, with smooth edges."""
    size_px = page.shape[0]
    pitch = size_px / count
    to_line = np.abs((np.arange(size_px) + 0.5) % pitch - pitch / 2)
    cover = np.clip(thickness_px / 2 + 0.5 - to_line, 0, 1)
    cover = cover.reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
    page[:] = np.rint(page + cover * (np.asarray(colour) - page))


def _scribble(rng: np.random.Generator, page: Image, lines: int, colour: Colour) -> None:
    """Write words in a made-up hand on some of the lines."""
    size_px = page.shape[0]
    pitch = size_px / lines
    slant = rng.uniform(-0.1, 0.5)
    for line in range(int(rng.integers(1, lines))):
        x = size_px * rng.uniform(0.05, 0.2)
        while x < size_px * rng.uniform(0.6, 1.0):
            letters = int(rng.integers(2, 10))
            phase = np.linspace(0, 2 * np.pi * letters, 10 * letters)
            tall = np.repeat(rng.choice((0.25, 0.35, 0.4, 0.8, -0.5), letters), 10) * pitch / 2
            height = tall * (1 - np.cos(phase + rng.normal(0, 0.2, phase.size)))
            advance = phase / (2 * np.pi) * 0.42 * pitch + 0.12 * pitch * np.sin(phase)
            stroke = np.stack([x + advance + slant * height, (line + 0.5) * pitch - height], axis=-1)
            cv2.polylines(page, [subpixel(stroke)], False, colour, 1, cv2.LINE_AA, shift=SUBPIXEL_BITS)
            x += (letters + 1.2) * 0.42 * pitch


def _stripe(rng: np.random.Generator, page: Image, colour: Colour) -> None:
    """Paint diagonal or upright stripes, a whole number of them."""
    size_px = page.shape[0]
    place = np.arange(size_px)
    across = place[None] + int(rng.integers(-1, 2)) * place[:, None]
    page[across * int(rng.integers(3, 12)) / size_px % 1 < rng.uniform(0.15, 0.6)] = np.rint(colour)


def _motif(rng: np.random.Generator) -> Outline:
    makers: tuple[Callable[[], Outline], ...] = (
        disc,
        heart,
        fir,
        lambda: star(5, 0.4),
        lambda: star(6, 0.3),
        lambda: star(2, 0.6),
    )
    return makers[int(rng.integers(len(makers)))]()


def _contrasting(rng: np.random.Generator, colour: Colour) -> Colour:
    """Pick a bright colour that differs from `colour`; white or black when three tries fail."""
    for _ in range(3):
        other = pick_colour(rng, BRIGHTS)
        if abs(sum(other) - sum(colour)) > 150:
            return other
    return (240, 238, 234) if sum(colour) < 380 else (30, 30, 34)


def _face(rng: np.random.Generator) -> Face:
    return Face.SERIF if rng.random() < 0.5 else Face.SANS


def _on_paper(rng: np.random.Generator, page: Image, crumple: float) -> Image:
    """Light a printed sheet: fibres, uneven tone, gentle creases."""
    size_px = page.shape[0]
    return shaded(page, _sheet_light(rng, size_px, crumple) + 0.012 * speckle(rng, size_px))


def _sheet_light(rng: np.random.Generator, size_px: int, crumple: float) -> Field:
    facets = np.abs(fractal(rng, size_px, (3, 3), octaves=3, gain=0.4))
    slope = standardized(relief(facets, float(rng.uniform(0, 2 * np.pi))))
    return 1 + crumple * slope + 0.012 * fractal(rng, size_px, (3, 3), octaves=5)
