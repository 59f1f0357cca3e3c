"""Cloth of the court figures: one colour with a repeated motif, as an area or as a band along a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Float

from renderer.catalog.cards.canvas import Canvas
from renderer.catalog.cards.curves import arc, stations
from renderer.catalog.cards.deck import Rgb, Suit
from renderer.catalog.cards.suits import suit_outline


class Motif(Enum):
    PLAIN = "plain"
    DOTS = "dots"
    LOZENGES = "lozenges"
    CHEQUER = "chequer"
    BARS = "bars"
    CHEVRONS = "chevrons"
    WAVES = "waves"
    RINGS = "rings"
    TREFOILS = "trefoils"
    SCALES = "scales"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloth:
    ground: Rgb
    ink: Rgb
    motif: Motif


def _stamp(
    *outlines: Sequence[tuple[float, float]] | Float[np.ndarray, "_k 2"],
) -> Float[np.ndarray, "n k 2"]:
    return np.array(outlines, dtype=np.float64)


def _ring() -> Float[np.ndarray, "1 k 2"]:
    outer, inner = arc((0.0, 0.0), (0.4, 0.4), 0.0, 360.0), arc((0.0, 0.0), (0.2, 0.2), 360.0, 0.0)
    return _stamp(np.concatenate([outer, inner]))


def _scale() -> Float[np.ndarray, "1 k 2"]:
    outer, inner = arc((-0.5, 0.0), (0.95, 0.5), -90.0, 90.0), arc((-0.5, 0.0), (0.62, 0.36), 90.0, -90.0)
    return _stamp(np.concatenate([outer, inner]))


def _wave() -> Float[np.ndarray, "1 k 2"]:
    x = np.linspace(-0.52, 0.52, 9)
    middle = 0.27 * np.sin(2 * np.pi * x)
    upper, lower = np.stack([x, middle - 0.13], axis=1), np.stack([x, middle + 0.13], axis=1)
    return _stamp(np.concatenate([upper, lower[::-1]]))


_STAMPS: dict[Motif, Float[np.ndarray, "n k 2"]] = {
    Motif.PLAIN: np.zeros((0, 3, 2)),
    Motif.DOTS: _stamp(arc((0.0, 0.0), (0.27, 0.27), 0.0, 324.0)),
    Motif.LOZENGES: _stamp([(-0.36, 0.0), (0.0, -0.42), (0.36, 0.0), (0.0, 0.42)]),
    Motif.CHEQUER: _stamp(
        [(-0.5, -0.5), (0.0, -0.5), (0.0, 0.0), (-0.5, 0.0)], [(0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5)]
    ),
    Motif.BARS: _stamp([(-0.17, -0.52), (0.17, -0.52), (0.17, 0.52), (-0.17, 0.52)]),
    Motif.CHEVRONS: _stamp([(-0.4, -0.5), (-0.05, -0.5), (0.4, 0.0), (-0.05, 0.5), (-0.4, 0.5), (0.05, 0.0)]),
    Motif.WAVES: _wave(),
    Motif.RINGS: _ring(),
    Motif.TREFOILS: _stamp(suit_outline(Suit.CLUBS) @ np.array([[0.0, 0.85], [-0.85, 0.0]])),
    Motif.SCALES: _scale(),
}
"""Outlines in the unit square, x along the band."""


def _scattered(
    motif: Motif,
    places: Float[np.ndarray, "n 2"],
    along: Float[np.ndarray, "n 2"],
    size: tuple[float, float],
) -> Float[np.ndarray, "m k 2"]:
    """The motif at each place, its x axis turned to `along`, stretched to `size` (along, across)."""
    stamps = _STAMPS[motif]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    x, y = stamps[None, :, :, :1] * size[0], stamps[None, :, :, 1:] * size[1]
    spread = places[:, None, None] + x * along[:, None, None] + y * across[:, None, None]
    outlines: Float[np.ndarray, "m k 2"] = spread.reshape(-1, *stamps.shape[1:])
    return outlines


def _grid(
    outline: Float[np.ndarray, "k 2"], pitch: float, along: Float[np.ndarray, "2"], stagger: float
) -> Float[np.ndarray, "n 2"]:
    """Grid points over the box of an outline, odd rows shifted by `stagger` pitches."""
    low, high = outline.min(axis=0), outline.max(axis=0)
    count = int(np.hypot(*(high - low)) / 2 / pitch) + 1
    column, row = np.meshgrid(*[np.arange(-count, count + 1, dtype=np.float64)] * 2)
    across = np.array([-along[1], along[0]])
    shifted = column + stagger * (row % 2)
    places = (low + high) / 2 + pitch * (shifted[:, :, None] * along + row[:, :, None] * across)
    inside: Float[np.ndarray, "n 2"] = places[
        ((places >= low - pitch) & (places <= high + pitch)).all(axis=2)
    ]
    return inside


def draw_area(
    canvas: Canvas, outline: Float[np.ndarray, "k 2"], cloth: Cloth, pitch: float, angle_deg: float = 0.0
) -> None:
    """Fills an outline with cloth whose motif repeats every `pitch`."""
    along = np.array([np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))])
    stagger = 0.0 if cloth.motif in (Motif.CHEQUER, Motif.BARS, Motif.WAVES) else 0.5
    places = _grid(outline, pitch, along, stagger)
    stamps = _scattered(cloth.motif, places, np.broadcast_to(along, places.shape), (pitch, pitch))

    def paint(layer: Canvas) -> None:
        layer.fill(outline, cloth.ground)
        layer.fill_each(stamps, cloth.ink)

    canvas.clipped(outline, paint)


def draw_band(
    canvas: Canvas,
    line: Float[np.ndarray, "k 2"],
    width: float,
    cloth: Cloth,
    hems: tuple[Rgb, ...],
) -> None:
    """A band of cloth along a line, with hems on both sides, the outermost first."""
    hem = min(0.33, 0.09 * width)
    for depth, ink in enumerate(hems):
        canvas.stroke(line, ink, width - 2 * hem * depth)
    inner = width - 2 * hem * len(hems)
    canvas.stroke(line, cloth.ground, inner)
    places, tangents = stations(line, inner * (0.5 if cloth.motif is Motif.BARS else 0.95))
    pitch = float(np.hypot(*(places[1] - places[0]))) if len(places) > 1 else inner
    size = (min(pitch, inner * 1.05), inner)
    canvas.fill_each(_scattered(cloth.motif, places, tangents, size), cloth.ink)
