"""What the court figures hold, drawn around the hand (mm, upright)."""

import numpy as np

from renderer.catalog.cards.canvas import Canvas
from renderer.catalog.cards.cloth import Cloth, Motif, draw_band
from renderer.catalog.cards.curves import arc, smooth
from renderer.catalog.cards.deck import CourtStyle

_LINE = 0.28


def draw_hand(canvas: Canvas, court: CourtStyle) -> None:
    """A fist with its cuff below."""
    cuff = np.array([(-2.6, 1.8), (2.6, 1.8), (3.6, 5.2), (-3.6, 5.2)])
    canvas.fill(cuff, court.yellow)
    canvas.stroke_each(
        np.stack([np.linspace((-2, 1.8), (2, 1.8), 5), np.linspace((-3, 5.2), (3, 5.2), 5)], axis=1),
        court.black,
        0.3,
    )
    canvas.stroke(cuff, court.black, 0.35, closed=True)
    fist = smooth(
        [(-2.2, -1.6), (0.0, -2.4), (2.2, -1.6), (2.4, 1.0), (1.4, 2.2), (-1.4, 2.2), (-2.4, 1.0)],
        closed=True,
    )
    canvas.fill(fist, court.skin)
    canvas.stroke(fist, court.line, 0.35, closed=True)
    fingers = [[(-2.2, y), (0.6, y - 0.2)] for y in (-0.9, 0.1, 1.1)]
    canvas.stroke_each(np.array(fingers), court.line, _LINE)


def draw_sword(canvas: Canvas, court: CourtStyle) -> None:
    blade = np.array([(-1.1, -3.0), (-1.1, -20.4), (0.0, -22.4), (1.1, -20.4), (1.1, -3.0)])
    canvas.fill(blade, court.skin)
    canvas.stroke(blade, court.line, 0.4, closed=True)
    canvas.stroke(np.array([(0.1, -4.0), (-0.2, -9.0), (0.2, -14.0), (0.0, -20.0)]), court.line, _LINE)
    canvas.stroke(smooth([(-3.2, -1.6), (-1.6, -3.0), (1.6, -3.0), (3.2, -4.2)]), court.black, 1.5)
    canvas.stroke(smooth([(-3.2, -1.6), (-1.6, -3.0), (1.6, -3.0), (3.2, -4.2)]), court.yellow, 0.8)
    canvas.disc(0.0, 3.4, 1.3, court.yellow)


def draw_halberd(canvas: Canvas, court: CourtStyle) -> None:
    pole = Cloth(ground=court.black, ink=court.yellow, motif=Motif.WAVES)
    draw_band(canvas, np.array([(0.0, 3.0), (0.0, -17.0)]), 2.2, pole, (court.yellow, court.black))
    blade = smooth([(0.0, -19.6), (-3.0, -17.6), (-4.4, -13.6), (-2.0, -15.2), (0.4, -14.6)])
    canvas.fill(blade, court.yellow)
    canvas.stroke(blade, court.black, 0.4)
    canvas.fill(np.array([(-1.1, -16.6), (0.0, -21.0), (1.1, -16.6)]), court.skin)


def draw_flower(canvas: Canvas, court: CourtStyle) -> None:
    canvas.stroke(smooth([(0.6, 0.0), (-0.4, -3.0), (0.0, -6.6)]), court.black, 0.5)
    for side in (-1.0, 1.0):
        leaf = smooth([(0.0, -2.8), (side * 2.4, -4.8), (side * 3.6, -3.4), (side * 1.8, -2.4)], closed=True)
        canvas.fill(leaf, court.yellow)
        canvas.stroke(leaf, court.line, _LINE, closed=True)
    for angle in (45.0, 135.0, 225.0, 315.0):
        x, y = 1.7 * np.cos(np.radians(angle)), 1.7 * np.sin(np.radians(angle)) - 7.6
        canvas.disc(float(x), float(y), 1.65, court.black)
        canvas.disc(float(x), float(y), 1.3, court.yellow)
    canvas.disc(0.0, -7.6, 1.2, court.red)
    canvas.disc(0.0, -7.6, 0.5, court.black)


def draw_leaf(canvas: Canvas, court: CourtStyle) -> None:
    leaf = smooth(
        [(0.0, -1.6), (2.4, -4.4), (1.4, -8.6), (-0.6, -11.0), (-2.0, -7.4), (-1.6, -3.6)], closed=True
    )
    canvas.fill(leaf, court.yellow)
    canvas.stroke(leaf, court.black, 0.35, closed=True)
    canvas.stroke(smooth([(0.0, -1.6), (0.4, -6.0), (-0.6, -11.0)]), court.black, 0.35)
    ribs = [[(0.2, y), (side * 1.6, y - 1.2)] for y in (-3.6, -5.4, -7.2) for side in (-1.0, 1.0)]
    canvas.stroke_each(np.array(ribs), court.line, _LINE)


def draw_chain(canvas: Canvas, court: CourtStyle) -> None:
    for y, radius in ((-3.4, 1.2), (-6.0, 1.7), (-9.2, 1.9), (-12.4, 1.7), (-15.0, 1.2)):
        canvas.disc(0.0, y, radius, court.black)
        canvas.disc(0.0, y, radius - 0.35, court.yellow)
        canvas.disc(0.0, y, 0.42 * radius, court.skin)
        canvas.stroke(arc((0.0, y), (0.42 * radius, 0.42 * radius), 0.0, 360.0), court.line, _LINE)


def draw_axe(canvas: Canvas, court: CourtStyle) -> None:
    shaft = Cloth(ground=court.red, ink=court.black, motif=Motif.BARS)
    draw_band(canvas, np.array([(0.0, 3.0), (0.0, -21.0)]), 1.8, shaft, (court.black, court.yellow))
    blade = smooth([(0.0, -18.6), (-4.0, -20.4), (-5.6, -16.0), (-4.0, -11.6), (0.0, -13.4)])
    canvas.fill(blade, court.yellow)
    canvas.stroke(blade, court.black, 0.4)
    canvas.stroke(arc((0.0, -16.0), (4.2, 3.4), 130.0, 230.0), court.line, 0.4)
    canvas.stroke(arc((0.0, -16.0), (3.0, 2.4), 130.0, 230.0), court.line, 0.4)
