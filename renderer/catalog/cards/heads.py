"""Heads of the court figures, drawn around the middle of the face (mm; the chin is at y = 6.9)."""

import numpy as np
from jaxtyping import Float

from renderer.catalog.cards.canvas import Canvas
from renderer.catalog.cards.curves import arc, mirrored, smooth
from renderer.catalog.cards.deck import CourtStyle, Rgb, Suit
from renderer.catalog.cards.suits import suit_outline

TOP = -11.9  # the frame cuts hats off here
_LINE = 0.28
_FACE = mirrored(smooth([(0.0, -7.0), (5.0, -6.6), (5.3, -1.0), (4.5, 3.4), (2.4, 6.2), (0.0, 6.9)]))


def _fan(
    roots: Float[np.ndarray, "n 2"], tips: Float[np.ndarray, "n 2"], bulge: float
) -> Float[np.ndarray, "n k 2"]:
    """Hair lines from roots to tips, bent sideways by `bulge` in the middle and curled at the end."""
    middle = (roots + tips) / 2 + (bulge, 0.0)
    t = np.linspace(0.0, 1.0, 9)[None, :, None]
    lines: Float[np.ndarray, "n k 2"] = (
        (1 - t) ** 2 * roots[:, None] + 2 * t * (1 - t) * middle[:, None] + t**2 * tips[:, None]
    )
    return lines


def _ends(start: tuple[float, float], end: tuple[float, float], count: int) -> Float[np.ndarray, "n 2"]:
    return np.linspace(start, end, count)


def _lock(canvas: Canvas, ground: Rgb, line: Rgb, *, length: float, flare: float) -> None:
    """Hair of one side (x > 0), from under the hat down to curls at `length`."""
    roots, tips = _ends((4.4, -6.4), (7.2, -6.8), 4), _ends((5.0, length), (6.6 + flare, length - 1.4), 4)
    strands = _fan(roots, tips, 1.4)
    canvas.fill(np.concatenate([strands[0], strands[-1][::-1]]), ground)
    canvas.stroke_each(strands, line, 0.22)
    for x, y in tips[::2]:
        canvas.disc(x, y, 1.25, line)
        canvas.disc(x, y, 1.0, ground)
        canvas.disc(x, y, 0.3, line)


def _features(canvas: Canvas, court: CourtStyle, turn: float) -> None:
    """Eyes, nose and mouth of a face turned towards +x by `turn` (mm)."""
    for eye in (-2.3 + turn, 2.2 + 0.6 * turn):
        canvas.stroke(arc((eye, -1.2), (1.5, 1.5), 205.0, 335.0), court.line, 0.4)
        canvas.stroke(arc((eye, -0.4), (1.3, 0.8), 190.0, 350.0), court.line, _LINE)
        canvas.stroke(arc((eye, -0.6), (1.2, 0.7), 20.0, 160.0), court.line, 0.2)
        canvas.disc(eye + 0.2 * turn, -0.6, 0.48, court.black)
    nose = [(0.2 + 0.7 * turn, -1.4), (0.6 + turn, 1.0), (1.1 + 1.2 * turn, 2.2), (-0.1 + turn, 2.6)]
    canvas.stroke(smooth(nose), court.line, _LINE)
    canvas.stroke(arc((turn, 3.9), (1.35, 0.45), 0.0, 180.0), court.red, 0.5)
    canvas.stroke([(-1.2 + turn, 3.9), (1.2 + turn, 3.9)], court.line, 0.22)
    canvas.stroke(arc((turn, 4.9), (0.8, 0.4), 20.0, 160.0), court.line, 0.22)


def _face(canvas: Canvas, court: CourtStyle, turn: float) -> None:
    canvas.fill(_FACE, court.skin)
    canvas.stroke(_FACE, court.line, _LINE, closed=True)
    canvas.stroke_each(
        _fan(_ends((-4.9, -1.5), (-3.4, 4.6), 6), _ends((-3.9, -0.9), (-2.6, 4.9), 6), 0.2), court.line, 0.2
    )
    _features(canvas, court, turn)


def _brim(y: float, half_width: float, sag: float) -> Float[np.ndarray, "k 2"]:
    return arc((0.0, y), (half_width, sag), 180.0, 0.0)


def _hat_outline(top: float, bottom: float, y: float, sag: float) -> Float[np.ndarray, "k 2"]:
    """A hat that widens upwards from its brim at `y` to the frame."""
    side = smooth([(bottom, y), (bottom + 0.35 * (top - bottom), (y + TOP) / 2), (top, TOP - 0.6)])
    return np.concatenate([side[::-1] * (-1.0, 1.0), _brim(y, bottom, sag), side])


def _crown(canvas: Canvas, court: CourtStyle) -> None:
    outline = _hat_outline(12.2, 7.4, -6.0, 1.0)
    canvas.fill(outline, court.yellow)
    canvas.stroke(outline, court.black, 0.35, closed=True)
    trefoil = suit_outline(Suit.CLUBS)
    for x in (-7.8, -4.0, 0.0, 4.0, 7.8):
        y = -9.6 + 0.5 * (1 - (x / 8) ** 2)
        canvas.at(x, y, scale=2.9).fill(trefoil, court.black)
    for x in (-6.0, -2.0, 2.0, 6.0):
        canvas.stroke(arc((x, -7.3), (2.0, 1.3), 180.0, 360.0), court.black, 0.35)
        canvas.disc(x, -7.5, 0.5, court.black)
    for y, ink, width in (
        (-6.9, court.black, 1.5),
        (-6.9, court.yellow, 0.5),
        (-6.0, court.red, 1.0),
        (-5.4, court.black, 0.35),
    ):
        canvas.stroke(_brim(y, 7.9, 1.0), ink, width)


def draw_king(canvas: Canvas, court: CourtStyle, *, turn: float) -> None:
    for side in (1.0, -1.0):
        _lock(canvas.at(0.0, 0.0, scale=(side, 1.0)), court.skin, court.line, length=5.6, flare=3.6)
    beard = mirrored([(0.0, 2.6), (4.9, 1.0), (4.8, 5.0), (3.0, 8.4), (1.2, 9.6), (0.6, 8.8), (0.0, 9.8)])
    _face(canvas, court, turn)
    canvas.fill(beard, court.skin)
    roots = np.concatenate([_ends((-4.6, 1.6), (-1.6, 4.8), 6), _ends((1.6, 4.8), (4.6, 1.6), 6)])
    tips = np.concatenate([_ends((-4.6, 5.8), (-0.8, 9.4), 6), _ends((0.8, 9.4), (4.6, 5.8), 6)])
    canvas.stroke_each(_fan(roots, tips, 0.5), court.line, _LINE)
    canvas.stroke(beard, court.line, _LINE, closed=True)
    moustache = smooth([(-3.6, 5.0), (-2.0, 3.4), (turn, 3.1), (2.0 + turn, 3.4), (3.8, 5.0)])
    canvas.stroke(moustache, court.line, 1.0)
    canvas.stroke(moustache, court.skin, 0.5)
    _features(canvas, court, turn)
    _crown(canvas, court)


def draw_veil(canvas: Canvas, court: CourtStyle) -> None:
    """The queen's crown in the upper right, and bands from it down behind the shoulders."""
    crown = np.array([(8.2, TOP - 0.6), (19.0, TOP - 0.6), (17.6, -1.8), (14.6, 0.4)])
    canvas.fill(crown, court.yellow)
    canvas.stroke(crown, court.black, 0.35, closed=True)
    for x, y in ((12.6, -9.4), (15.8, -8.8), (15.0, -5.0), (17.0, -3.8)):
        canvas.at(x, y, scale=2.9, angle_deg=32.0).fill(suit_outline(Suit.CLUBS), court.black)
    bands = (
        (0.0, court.black, 2.8),
        (-2.1, court.red, 2.0),
        (-3.3, court.black, 0.35),
        (-4.3, court.blue, 0.3),
        (-5.1, court.blue, 0.3),
    )
    right = smooth([(7.6, TOP - 1.0), (12.0, -4.0), (19.0, 13.0)])
    left = smooth([(-3.0, TOP - 0.5), (-7.2, -4.0), (-9.0, 9.0)])
    for shift, ink, width in bands:
        canvas.stroke(right + (shift, 0.0), ink, width)
    for shift, ink, width in ((-0.8, court.black, 2.6), (0.9, court.red, 1.2)):
        canvas.stroke(left + (shift, 0.0), ink, width)


def draw_queen(canvas: Canvas, court: CourtStyle, *, turn: float) -> None:
    for side in (1.0, -1.0):
        _lock(canvas.at(0.0, 0.0, scale=(side, 1.0)), court.skin, court.line, length=6.8, flare=0.4)
    _face(canvas, court, turn)
    forehead = mirrored([(0.0, TOP - 0.5), (3.6, TOP - 0.5), (5.6, -6.0), (4.4, -3.6), (0.0, -6.4)])
    canvas.fill(forehead, court.skin)
    parting, temples = _ends((-3.0, TOP - 0.4), (3.0, TOP - 0.4), 9), _ends((-5.4, -3.2), (5.4, -3.2), 9)
    canvas.stroke_each(_fan(parting, temples, 0.0), court.line, _LINE)


def _cap(canvas: Canvas, court: CourtStyle) -> None:
    outline = _hat_outline(12.0, 8.0, -6.6, 1.0)
    canvas.fill(outline, court.red)
    canvas.stroke(outline, court.black, 0.35, closed=True)
    for x in (-6.2, 0.0, 6.2):
        lean = 0.29 * x
        panel = [(lean - 2.2, -3.6), (-1.7, 0.0), (1.7, 0.0), (lean + 2.2, -3.6)]
        canvas.at(x, -7.9).stroke(panel, court.skin, 0.7)
    for y, ink, width in ((-6.4, court.black, 1.3), (-6.0, court.yellow, 0.4)):
        canvas.stroke(_brim(y, 8.2, 1.0), ink, width)


def draw_jack(canvas: Canvas, court: CourtStyle, *, turn: float) -> None:
    for side in (1.0, -1.0):
        _lock(canvas.at(0.0, 0.0, scale=(side, 1.0)), court.yellow, court.black, length=6.2, flare=3.0)
    _face(canvas, court, turn)
    _cap(canvas, court)
    canvas.fill(smooth([(8.2, -6.6), (12.6, -9.8), (13.0, -6.2), (9.4, -4.6)], closed=True), court.yellow)
    ribs = _fan(_ends((8.6, -7.2), (12.0, -8.6), 5), _ends((9.4, -5.4), (12.8, -6.8), 5), 0.0)
    canvas.stroke_each(ribs, court.black, 0.25)
