"""Letters: the ranks in the corners, drawn with a pen or set from a font, and lines of fine print."""

import functools
from collections.abc import Mapping

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw, ImageFont

from renderer.catalog.assets import asset_path
from renderer.catalog.cards.canvas import Canvas
from renderer.catalog.cards.curves import smooth
from renderer.catalog.cards.deck import IndexFont, IndexStyle, Rank, Rgb

_LABELS = dict(zip(Rank, ("A", "2", "3", "4", "5", "6", "7", "8", "9", "10", "J", "Q", "K"), strict=True))
_TEN_STRETCH = 1.15  # two digits may be this much wider than a wide letter

Strokes = tuple[Float[np.ndarray, "_k 2"], ...]


def _line(*knots: tuple[float, float]) -> Float[np.ndarray, "k 2"]:
    return np.array(knots)


def _curve(*knots: tuple[float, float]) -> Float[np.ndarray, "k 2"]:
    return smooth(knots)


def _loop(*knots: tuple[float, float]) -> Float[np.ndarray, "k 2"]:
    ring = smooth(knots, closed=True)
    return np.concatenate([ring, ring[:1]])


def _six() -> Strokes:
    stem = [(0.95, 0.2), (0.82, 0.04), (0.52, 0.0), (0.16, 0.13), (0.0, 0.5), (0.05, 0.82), (0.24, 0.97)]
    bowl = [(0.52, 1.0), (0.88, 0.92), (1.0, 0.68), (0.87, 0.44), (0.54, 0.37), (0.16, 0.46), (0.01, 0.66)]
    return (_curve(*stem, *bowl),)


_PEN_STROKES: Mapping[Rank, Strokes] = {
    Rank.ACE: (
        _line((0.12, 1.0), (0.5, 0.0), (0.88, 1.0)),
        _line((0.25, 0.68), (0.75, 0.68)),
        _line((0.0, 1.0), (0.3, 1.0)),
        _line((0.7, 1.0), (1.0, 1.0)),
    ),
    Rank.TWO: (
        _curve(
            (0.03, 0.28),
            (0.14, 0.06),
            (0.5, 0.0),
            (0.86, 0.06),
            (0.97, 0.27),
            (0.8, 0.52),
            (0.3, 0.8),
            (0.0, 1.0),
        ),
        _line((0.0, 1.0), (1.0, 1.0)),
    ),
    Rank.THREE: (
        _curve((0.04, 0.22), (0.16, 0.05), (0.5, 0.0), (0.86, 0.06), (0.95, 0.25), (0.8, 0.42), (0.42, 0.47)),
        _curve((0.42, 0.47), (0.85, 0.53), (1.0, 0.73), (0.87, 0.94), (0.5, 1.0), (0.13, 0.94), (0.0, 0.76)),
    ),
    Rank.FOUR: (_line((0.76, 1.0), (0.76, 0.0), (0.0, 0.7), (1.0, 0.7)),),
    Rank.FIVE: (
        _line((0.92, 0.0), (0.16, 0.0), (0.07, 0.47)),
        _curve(
            (0.07, 0.47),
            (0.5, 0.36),
            (0.9, 0.46),
            (1.0, 0.68),
            (0.88, 0.92),
            (0.5, 1.0),
            (0.13, 0.94),
            (0.0, 0.78),
        ),
    ),
    Rank.SIX: _six(),
    Rank.SEVEN: (_line((0.0, 0.0), (1.0, 0.0)), _curve((1.0, 0.0), (0.6, 0.42), (0.38, 1.0))),
    Rank.EIGHT: (
        _loop(
            (0.5, 0.0),
            (0.85, 0.07),
            (0.94, 0.24),
            (0.82, 0.41),
            (0.5, 0.47),
            (0.18, 0.41),
            (0.06, 0.24),
            (0.15, 0.07),
        ),
        _loop(
            (0.5, 0.47),
            (0.88, 0.55),
            (1.0, 0.73),
            (0.88, 0.93),
            (0.5, 1.0),
            (0.12, 0.93),
            (0.0, 0.73),
            (0.12, 0.55),
        ),
    ),
    Rank.NINE: tuple(1.0 - stroke for stroke in _six()),
    Rank.TEN: (
        _line((0.06, 0.0), (0.06, 1.0)),
        _loop(
            (0.46, 0.12),
            (0.72, 0.0),
            (0.98, 0.12),
            (1.0, 0.5),
            (0.98, 0.88),
            (0.72, 1.0),
            (0.46, 0.88),
            (0.44, 0.5),
        ),
    ),
    Rank.JACK: (
        _line((0.4, 0.0), (1.0, 0.0)),
        _curve((0.72, 0.0), (0.72, 0.4), (0.72, 0.78), (0.6, 0.95), (0.34, 1.0), (0.09, 0.93), (0.02, 0.74)),
    ),
    Rank.QUEEN: (
        _loop(
            (0.5, 0.0),
            (0.82, 0.1),
            (0.92, 0.46),
            (0.82, 0.84),
            (0.5, 0.96),
            (0.18, 0.84),
            (0.08, 0.46),
            (0.18, 0.1),
        ),
        _curve((0.12, 0.98), (0.16, 0.78), (0.4, 0.72), (0.6, 0.9), (0.8, 1.06), (1.0, 0.98)),
    ),
    Rank.KING: (
        _line((0.16, 0.0), (0.16, 1.0)),
        _line((0.86, 0.0), (0.18, 0.62)),
        _line((0.42, 0.42), (0.88, 1.0)),
        _line((0.0, 0.0), (0.34, 0.0)),
        _line((0.0, 1.0), (0.34, 1.0)),
        _line((0.66, 0.0), (1.0, 0.0)),
        _line((0.7, 1.0), (1.0, 1.0)),
    ),
}
"""Centre lines of the pen in the unit square: narrow slab letters and plain digits."""


@functools.cache
def _font(font: IndexFont, cap_height_px: int) -> ImageFont.FreeTypeFont:
    """The font at the size at which its capital H is this high."""
    path = asset_path(font.value)
    probe = ImageFont.truetype(path, 200)
    _, top, _, bottom = probe.getbbox("H", anchor="ls")
    return ImageFont.truetype(path, max(4.0, cap_height_px * 200 / (bottom - top)))


def _coverage(text: str, font: ImageFont.FreeTypeFont) -> tuple[UInt8[np.ndarray, "h w"], int]:
    """Coverage of a text in its tight box, and how far the box reaches above the baseline (px)."""
    left, top, right, bottom = (int(edge) for edge in font.getbbox(text, anchor="ls"))
    picture = Image.new("L", (right - left, bottom - top), 0)
    ImageDraw.Draw(picture).text((-left, -top), text, fill=255, font=font, anchor="ls")
    return np.asarray(picture, dtype=np.uint8), -top


def draw_text(canvas: Canvas, text: str, font: IndexFont, cap_height: float, ink: Rgb) -> None:
    """Sets a line of text centred below (0, 0) of an unturned canvas."""
    cap_px = max(3, round(cap_height * canvas.pixels_per_unit))
    coverage, ascent_px = _coverage(text, _font(font, cap_px))
    h, w = coverage.shape
    _tint_centred(canvas, coverage, (w, h), cap_px - ascent_px, ink)


def _tint_centred(
    canvas: Canvas, coverage: UInt8[np.ndarray, "h w"], size_wh: tuple[int, int], down_px: int, ink: Rgb
) -> None:
    resized = np.asarray(cv2.resize(coverage, size_wh, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    x_px, y_px = canvas.pixel_from_local[:, 2]
    canvas.tint(resized, round(x_px - size_wh[0] / 2), round(y_px) + down_px, ink)


def _draw_with_pen(canvas: Canvas, rank: Rank, style: IndexStyle, ink: Rgb) -> None:
    pen = style.stroke_mm
    size = np.array([style.letter_width_mm - pen, style.cap_height_mm - pen])
    origin = np.array([-style.letter_width_mm / 2 + pen / 2, pen / 2])
    for stroke in _PEN_STROKES[rank]:
        canvas.stroke(stroke * size + origin, ink, pen)


def _draw_from_font(canvas: Canvas, rank: Rank, style: IndexStyle, ink: Rgb) -> None:
    """Sets the label exactly one capital high, also letters that reach below the line (Q, some J)."""
    height_px = max(3, round(style.cap_height_mm * canvas.pixels_per_unit))
    coverage, _ = _coverage(_LABELS[rank], _font(style.font, height_px))
    widest, _ = _coverage("Q", _font(style.font, height_px))
    limit_px = style.letter_width_mm * canvas.pixels_per_unit
    stretch = _TEN_STRETCH if rank is Rank.TEN else 1.0
    width_px = round(min(coverage.shape[1] * limit_px / widest.shape[1], stretch * limit_px))
    _tint_centred(canvas, coverage, (max(1, width_px), height_px), 0, ink)


def draw_rank(canvas: Canvas, rank: Rank, style: IndexStyle, ink: Rgb) -> None:
    """Draws the index letter centred below (0, 0)."""
    draw = _draw_with_pen if style.font is IndexFont.MONOLINE else _draw_from_font
    draw(canvas, rank, style, ink)
