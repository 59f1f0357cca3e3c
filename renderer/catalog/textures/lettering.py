"""Lettering: invented words as masks, and columns of running text made of them."""

from enum import Enum

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from renderer.catalog.textures.palette import Colour

Ink = UInt8[np.ndarray, "_ _"]  # 0 is bare paper, 255 full ink
SYLLABLES = (
    *("ba", "con", "de", "el", "for", "gra", "ha", "in", "ker", "lo", "men", "no", "or", "per", "qui", "ra"),
    *("sta", "ti", "ul", "ver", "wa", "ex", "ya", "zo", "the", "and", "ing", "er", "al", "us", "pro", "ch"),
)
SHARP_PX = 26  # smaller text is drawn at this height and scaled down, which keeps its shapes


class Face(Enum):
    """Kind of letters."""

    SANS = "sans"
    SERIF = "serif"


def words(rng: np.random.Generator, count: int) -> str:
    """Invent `count` words of one to four syllables, with here and there a capital or a full stop."""
    lengths = rng.integers(1, 5, count)
    picks = rng.integers(len(SYLLABLES), size=(count, 4))
    styles = rng.random(count)
    text = []
    for length, pick, style in zip(lengths, picks, styles, strict=True):
        word = "".join(SYLLABLES[index] for index in pick[:length])
        text.append(word.capitalize() if style < 0.15 else f"{word}." if style > 0.9 else word)
    return " ".join(text)


def lettered(text: str, height_px: int, face: Face, weight: int = 1) -> Ink:
    """Draw one line of text, cropped to its ink and scaled to `height_px`; `weight` 1 is regular."""
    drawn_px = max(SHARP_PX, height_px)
    stroke_px = max(1, round(weight * drawn_px / SHARP_PX))
    mask = _sans(text, drawn_px, stroke_px) if face is Face.SANS else _serif(text, drawn_px, stroke_px)
    rows, columns = np.flatnonzero(mask.max(axis=1)), np.flatnonzero(mask.max(axis=0))
    mask = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    width_px = max(1, round(mask.shape[1] * height_px / mask.shape[0]))
    return cv2.resize(mask, (width_px, max(1, height_px)), interpolation=cv2.INTER_AREA)


def text_lines(rng: np.random.Generator, height_px: int, face: Face) -> tuple[Ink, ...]:
    """Draw a few long lines of running text, to be cut up by `set_column`."""
    return tuple(lettered(words(rng, 24), height_px, face) for _ in range(4))


def set_column(
    rng: np.random.Generator, lines: tuple[Ink, ...], size_hw: tuple[int, int], pitch_px: int
) -> Ink:
    """Fill a column with pieces of `lines`, one every `pitch_px`, some paragraphs ending short."""
    height, width = size_hw
    column = np.zeros(size_hw, dtype=np.uint8)
    for top in range(0, height - pitch_px + 1, pitch_px):
        line = lines[int(rng.integers(len(lines)))][:pitch_px]
        start = int(rng.integers(max(1, line.shape[1] - width)))
        length = int(width * (rng.uniform(0.2, 0.9) if rng.random() < 0.12 else 1))
        piece = line[:, start : start + length]
        column[top : top + piece.shape[0], : piece.shape[1]] = piece
    return column


def print_on(
    page: UInt8[np.ndarray, "rows columns 3"], ink: Ink, top: int, left: int, colour: Colour
) -> None:
    """Print `ink` in `colour` on `page`, its top left corner at (`top`, `left`), clipped to the page."""
    bottom, right = top + ink.shape[0], left + ink.shape[1]
    area = page[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    first_row, first_column = max(0, -top), max(0, -left)
    ink = ink[first_row : first_row + area.shape[0], first_column : first_column + area.shape[1]]
    cover = ink[..., None].astype(np.float32) / 255
    area[:] = np.rint(area + cover * (np.asarray(colour, dtype=np.float32) - area))


def _sans(text: str, height_px: int, stroke_px: int) -> Ink:
    font = ImageFont.load_default(height_px)
    left, top, right, bottom = (int(edge) for edge in font.getbbox(text, stroke_width=stroke_px - 1))
    sheet = Image.new("L", (right - left + 4, bottom - top + 4))
    pen = ImageDraw.Draw(sheet)
    pen.text((2 - left, 2 - top), text, fill=255, font=font, stroke_width=stroke_px - 1)
    return np.asarray(sheet)


def _serif(text: str, height_px: int, stroke_px: int) -> Ink:
    scale = height_px / 30  # OpenCV's letters with their descenders are about 30 pixels high at scale 1
    (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_TRIPLEX, scale, stroke_px)
    border = 4 + stroke_px
    sheet = np.zeros((height + below + 2 * border, width + 2 * border), dtype=np.uint8)
    place = (border, height + border)
    cv2.putText(sheet, text, place, cv2.FONT_HERSHEY_TRIPLEX, scale, 255, stroke_px, cv2.LINE_AA)
    return sheet
