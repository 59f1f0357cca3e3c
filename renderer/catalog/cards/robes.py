"""Robes of the court figures: four cuts, sewn from cloths that are drawn for each figure.

Coordinates are mm around the centre of the court's frame, reaching from -22.3 to 22.3 sideways. Only what
lies above the line between the two halves of the figure is seen in the end; a cut that crosses that line at
(x, 0) meets its turned counterpart at (-x, 0).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Float

from renderer.catalog.cards.canvas import Canvas
from renderer.catalog.cards.cloth import Cloth, Motif, draw_area, draw_band
from renderer.catalog.cards.curves import arc, mirrored, smooth
from renderer.catalog.cards.deck import CourtStyle, Rgb

_EDGE, _BELOW = 24.0, 14.0  # beyond the frame, and beyond the steepest line between the halves
_ALL = np.array([(-_EDGE, -22.0), (_EDGE, -22.0), (_EDGE, _BELOW), (-_EDGE, _BELOW)])

BROAD_SHOULDERS = np.concatenate(
    [
        smooth([(-_EDGE, -8.5), (-18.0, -12.6), (-11.0, -15.6), (-6.0, -18.6), (6.0, -18.6), (11.0, -15.6)]),
        smooth([(13.0, -15.2), (18.0, -13.4), (_EDGE, -9.5)]),
        [(_EDGE, _BELOW), (-_EDGE, _BELOW)],
    ]
)
SLOPING_SHOULDERS = np.concatenate(
    [
        smooth(
            [
                (-_EDGE, -1.5),
                (-19.0, -6.0),
                (-12.0, -12.0),
                (-7.0, -18.6),
                (8.0, -18.6),
                (15.0, -12.4),
                (_EDGE, -8.0),
            ]
        ),
        [(_EDGE, _BELOW), (-_EDGE, _BELOW)],
    ]
)


class Cut(Enum):
    HOURGLASS = "hourglass"
    SASH = "sash"
    ARCS = "arcs"
    TABARD = "tabard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wardrobe:
    """Cloths of one figure."""

    sleeve: Cloth
    ring: Cloth
    cuff: Cloth
    lapel: Cloth
    chest: Cloth
    middle: Cloth
    sash: Cloth
    collar: Cloth
    hem_light: Rgb
    hem_dark: Rgb
    lining: Rgb
    slope: float  # of the line between the halves: y = slope * x


def drawn_wardrobe(rng: np.random.Generator, court: CourtStyle) -> Wardrobe:
    """Cloths in the court's colours."""
    dark = (Motif.PLAIN, Motif.WAVES, Motif.RINGS, Motif.DOTS, Motif.TREFOILS, Motif.SCALES)
    gold = (Motif.CHEQUER, Motif.CHEVRONS, Motif.SCALES, Motif.BARS)
    pale = (Motif.TREFOILS, Motif.LOZENGES, Motif.DOTS)

    def cloth(ground: Rgb, inks: tuple[Rgb, ...], motifs: tuple[Motif, ...]) -> Cloth:
        return Cloth(
            ground=ground, ink=inks[rng.integers(len(inks))], motif=motifs[rng.integers(len(motifs))]
        )

    black, red, blue, yellow, skin = court.black, court.red, court.blue, court.yellow, court.skin
    field, other = ((red, blue), (blue, red))[rng.integers(2)]
    return Wardrobe(
        sleeve=cloth(field, (yellow,), dark),
        ring=cloth(black, (yellow,), dark) if rng.random() < 0.5 else cloth(yellow, (black,), gold),
        cuff=cloth(other, (yellow, skin), (Motif.PLAIN, Motif.BARS, Motif.SCALES, Motif.WAVES)),
        lapel=(cloth(skin, (court.line, black), pale), cloth(black, (yellow, skin), pale))[rng.integers(2)],
        chest=cloth(other, (skin, yellow), (Motif.PLAIN, Motif.PLAIN, Motif.BARS, Motif.DOTS)),
        middle=cloth(yellow, (black, red), gold),
        sash=cloth(black, (yellow,), (Motif.CHEVRONS, Motif.WAVES, Motif.CHEQUER)),
        collar=cloth(yellow, (black,), (Motif.CHEQUER, Motif.LOZENGES, Motif.DOTS)),
        hem_light=(skin, yellow)[rng.integers(2)],
        hem_dark=black,
        lining=other,
        slope=(0.0, 0.32, -0.32)[rng.integers(3)],
    )


def draw_robe(canvas: Canvas, cut: Cut, robe: Wardrobe, silhouette: Float[np.ndarray, "k 2"]) -> None:
    """Draws the robe inside a silhouette and outlines it."""
    canvas.clipped(silhouette, lambda layer: _SEWN[cut](layer, robe))
    canvas.stroke(silhouette, robe.hem_dark, 0.5)


def draw_collar(canvas: Canvas, robe: Wardrobe, half_width: float, depth: float) -> None:
    """A yoke below the chin at (0, -16.6)."""
    upper = arc((0.0, -17.6), (half_width * 0.62, depth * 0.5), 180.0, 0.0)
    lower = arc((0.0, -16.4), (half_width, depth), 0.0, 180.0)
    outline = np.concatenate([upper, lower])
    draw_area(canvas, outline, robe.collar, 1.9)
    canvas.stroke(outline, robe.hem_dark, 0.5, closed=True)
    canvas.stroke(arc((0.0, -16.6), (half_width * 0.92, depth - 0.7), 0.0, 180.0), robe.hem_dark, 0.3)


def _mirror_pair(canvas: Canvas, paint: Callable[[Canvas], None]) -> None:
    for side in (1.0, -1.0):
        paint(canvas.at(0.0, 0.0, scale=(side, 1.0)))


def _hems(robe: Wardrobe) -> tuple[Rgb, ...]:
    return (robe.hem_dark, robe.hem_light, robe.hem_dark)


def _round_sleeve(canvas: Canvas, robe: Wardrobe, y: float, radius: float) -> None:
    """Nested rings of cloth around an elbow at the right edge of the frame."""
    elbow = (_EDGE, y)
    draw_band(canvas, arc(elbow, (radius, radius), 80.0, 280.0), 4.0, robe.ring, _hems(robe))
    inner = arc(elbow, (radius - 2.0, radius - 2.0), 80.0, 280.0)
    draw_area(canvas, inner, robe.cuff, 2.0, 90.0)
    rings = ((0.42, robe.hem_dark), (0.36, robe.hem_light), (0.3, robe.hem_dark), (0.24, robe.lining))
    for share, ink in rings:
        canvas.disc(*elbow, radius * share, ink)


def _belt(canvas: Canvas, robe: Wardrobe, half_width: float) -> None:
    line = np.array([(-half_width, -half_width * robe.slope), (half_width, half_width * robe.slope)])
    draw_band(canvas, line, 3.0, robe.sash, (robe.hem_dark, robe.hem_light))
    buckle = Cloth(ground=robe.hem_dark, ink=robe.middle.ground, motif=Motif.CHEQUER)
    square = np.array([(-2.6, -2.4), (2.6, -2.4), (2.6, 2.4), (-2.6, 2.4)])
    draw_area(canvas, square, buckle, 2.6)
    canvas.stroke(square, robe.hem_dark, 0.4, closed=True)


def _hourglass(canvas: Canvas, robe: Wardrobe) -> None:
    draw_area(canvas, _ALL, robe.sleeve, 2.6, 20.0)
    lapel = smooth([(9.4, -20.0), (8.4, -13.0), (5.4, -5.6), (4.4, 0.0), (5.4, 5.6), (8.0, 12.0)])
    _mirror_pair(canvas, lambda half: _round_sleeve(half, robe, -1.5, 13.0))
    draw_area(canvas, mirrored(lapel), robe.chest, 1.9)
    draw_band(canvas, np.array([(0.0, -19.0), (0.0, 12.0)]), 4.2, robe.middle, _hems(robe))
    _mirror_pair(canvas, lambda half: draw_band(half, lapel, 4.4, robe.lapel, _hems(robe)))
    _belt(canvas, robe, 4.0)


def _sash(canvas: Canvas, robe: Wardrobe) -> None:
    draw_area(canvas, _ALL, robe.sleeve, 2.8, 0.0)
    breast = np.array([(-6.0, -22.0), (_EDGE, -22.0), (_EDGE, _BELOW), (2.0, 2.0)])
    draw_area(canvas, breast, robe.chest, 2.0, 60.0)
    _mirror_pair(canvas, lambda half: _round_sleeve(half, robe, -2.0, 11.0))
    draw_band(canvas, smooth([(8.6, -20.0), (10.0, -10.0), (7.0, 4.0)]), 3.6, robe.lapel, _hems(robe))
    draw_band(canvas, np.array([(-9.0, -20.0), (7.0, 6.0)]), 4.2, robe.middle, _hems(robe))
    draw_band(canvas, np.array([(-14.0, -18.0), (2.0, 8.0)]), 3.4, robe.lapel, (robe.hem_dark,))
    across = np.array([(-_EDGE, -_EDGE * robe.slope), (_EDGE, _EDGE * robe.slope)])
    draw_band(canvas, across, 6.4, robe.sash, (robe.hem_dark, robe.lining, robe.hem_dark))


def _arcs(canvas: Canvas, robe: Wardrobe) -> None:
    draw_area(canvas, _ALL, robe.sleeve, 2.4, 45.0)
    for radius, cloth, width in (
        (20.4, robe.lapel, 3.6),
        (16.2, robe.ring, 4.4),
        (11.6, robe.sleeve, 3.6),
        (8.0, robe.ring, 3.2),
    ):
        ring = arc((0.0, 0.0), (radius, radius), -184.0, 4.0)
        draw_band(canvas, ring, width, cloth, _hems(robe)[:2])
    wedge = np.array([(0.0, 3.0), (-9.6, -22.0), (9.6, -22.0)])
    draw_area(canvas, wedge, robe.chest, 2.2)
    draw_band(canvas, np.array([(0.0, -20.0), (0.0, 6.0)]), 3.0, robe.middle, (robe.hem_dark,))
    for side in (-1.0, 1.0):
        strap = np.array([(side * 9.8, -22.0), (0.0, 2.0)])
        draw_band(canvas, strap, 3.2, robe.sash, (robe.hem_dark, robe.hem_light))
    _belt(canvas, robe, 6.0)


def _tabard(canvas: Canvas, robe: Wardrobe) -> None:
    draw_area(canvas, _ALL, robe.sleeve, 2.8, 90.0)
    panels = (
        (21.0, robe.ring, 5.0),
        (15.6, robe.sleeve, 4.6),
        (10.8, robe.lapel, 4.8),
        (5.6, robe.chest, 4.8),
        (0.0, robe.middle, 6.2),
    )
    for x, cloth, width in panels:
        line = smooth([(0.86 * x, -20.0), (1.02 * x, -10.0), (x, 0.0), (0.96 * x, 10.0)])
        for side in (1.0, -1.0) if x else (1.0,):
            draw_band(canvas, line * (side, 1.0), width, cloth, (robe.hem_dark, robe.hem_light))
    across = np.array([(-_EDGE, -_EDGE * robe.slope), (_EDGE, _EDGE * robe.slope)])
    draw_band(canvas, across, 3.6, robe.sash, _hems(robe))


_SEWN: dict[Cut, Callable[[Canvas, Wardrobe], None]] = {
    Cut.HOURGLASS: _hourglass,
    Cut.SASH: _sash,
    Cut.ARCS: _arcs,
    Cut.TABARD: _tabard,
}
