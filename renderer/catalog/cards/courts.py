"""Jack, queen and king: a framed figure with two heads, one the other turned upside down."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from renderer.catalog.cards import heads, regalia
from renderer.catalog.cards.canvas import Canvas, double_headed
from renderer.catalog.cards.deck import CourtFrame, CourtStyle, DeckStyle, Rank, Suit
from renderer.catalog.cards.robes import (
    BROAD_SHOULDERS,
    SLOPING_SHOULDERS,
    Cut,
    Wardrobe,
    draw_collar,
    draw_robe,
    drawn_wardrobe,
)
from renderer.catalog.cards.suits import suit_outline

_DESIGN_SIZE_MM = (44.6, 70.4)  # the frame for which figures are laid out; other frames stretch them
_FACE_Y = -23.4
_PIP_PLACE = (-14.9, -26.6)

Prop = Callable[[Canvas, CourtStyle], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What is fixed about a court figure; its cloths are drawn from `seed`."""

    cut: Cut
    seed: int  # chosen by eye
    turn: float  # mm by which the features of the face look aside
    prop: Prop
    hand_xy: tuple[float, float]


_RIGHT, _EDGE, _LEFT = (17.6, -10.4), (19.8, -9.6), (-18.2, -8.4)
_FIGURES: dict[tuple[Rank, Suit], Figure] = {
    (Rank.KING, Suit.SPADES): Figure(
        cut=Cut.HOURGLASS, seed=5, turn=0.7, prop=regalia.draw_sword, hand_xy=_RIGHT
    ),
    (Rank.KING, Suit.HEARTS): Figure(
        cut=Cut.SASH, seed=8, turn=-0.7, prop=regalia.draw_sword, hand_xy=_RIGHT
    ),
    (Rank.KING, Suit.DIAMONDS): Figure(
        cut=Cut.HOURGLASS, seed=4, turn=-1.3, prop=regalia.draw_axe, hand_xy=_EDGE
    ),
    (Rank.KING, Suit.CLUBS): Figure(
        cut=Cut.TABARD, seed=2, turn=-0.5, prop=regalia.draw_sword, hand_xy=_RIGHT
    ),
    (Rank.QUEEN, Suit.SPADES): Figure(
        cut=Cut.SASH, seed=2, turn=0.6, prop=regalia.draw_flower, hand_xy=_LEFT
    ),
    (Rank.QUEEN, Suit.HEARTS): Figure(
        cut=Cut.TABARD, seed=4, turn=-0.6, prop=regalia.draw_flower, hand_xy=_LEFT
    ),
    (Rank.QUEEN, Suit.DIAMONDS): Figure(
        cut=Cut.HOURGLASS, seed=0, turn=-0.6, prop=regalia.draw_flower, hand_xy=_LEFT
    ),
    (Rank.QUEEN, Suit.CLUBS): Figure(cut=Cut.ARCS, seed=6, turn=0.5, prop=regalia.draw_flower, hand_xy=_LEFT),
    (Rank.JACK, Suit.SPADES): Figure(cut=Cut.SASH, seed=3, turn=1.3, prop=regalia.draw_chain, hand_xy=_RIGHT),
    (Rank.JACK, Suit.HEARTS): Figure(cut=Cut.ARCS, seed=3, turn=-1.3, prop=regalia.draw_leaf, hand_xy=_LEFT),
    (Rank.JACK, Suit.DIAMONDS): Figure(
        cut=Cut.SASH, seed=5, turn=-0.5, prop=regalia.draw_halberd, hand_xy=_EDGE
    ),
    (Rank.JACK, Suit.CLUBS): Figure(
        cut=Cut.TABARD, seed=1, turn=-0.5, prop=regalia.draw_halberd, hand_xy=_EDGE
    ),
}
_HEADS = {Rank.KING: heads.draw_king, Rank.QUEEN: heads.draw_queen, Rank.JACK: heads.draw_jack}


def draw_court(canvas: Canvas, rank: Rank, suit: Suit, style: DeckStyle) -> None:
    """Draws the court picture and its frame into the middle of a card."""
    court, figure = style.court, _FIGURES[rank, suit]
    robe = drawn_wardrobe(np.random.default_rng((figure.seed, court.robe_seed)), court)
    framed = _framed(canvas, court)
    scale = (court.frame_size_mm[0] / _DESIGN_SIZE_MM[0], court.frame_size_mm[1] / _DESIGN_SIZE_MM[1])
    _draw_upper_half(framed.at(0.0, 0.0, scale=scale), rank, suit, style, robe)
    _draw_frame(canvas, court)
    double_headed(canvas, robe.slope * scale[1] / scale[0])


def _framed(canvas: Canvas, court: CourtStyle) -> Canvas:
    """The part of the card inside the frame, (0, 0) still at its centre."""
    h, w = canvas.pixels.shape[:2]
    linear = canvas.pixel_from_local
    left = round(w / 2 - court.frame_size_mm[0] / 2 * linear[0, 0])
    top = round(h / 2 - court.frame_size_mm[1] / 2 * linear[1, 1])
    moved = linear.copy()
    moved[:, 2] -= (left, top)
    return Canvas(pixels=canvas.pixels[top : h - top, left : w - left], pixel_from_local=moved)


def _draw_upper_half(canvas: Canvas, rank: Rank, suit: Suit, style: DeckStyle, robe: Wardrobe) -> None:
    court, figure = style.court, _FIGURES[rank, suit]
    queen, head = rank is Rank.QUEEN, canvas.at(1.8, _FACE_Y)
    if queen:
        heads.draw_veil(head, court)
    draw_robe(canvas, figure.cut, robe, SLOPING_SHOULDERS if queen else BROAD_SHOULDERS)
    draw_collar(canvas.at(1.6, 0.0), robe, 11.5 if queen else 8.4, 5.8 if queen else 4.2)
    hand = canvas.at(*figure.hand_xy)
    figure.prop(hand, court)
    regalia.draw_hand(hand, court)
    _HEADS[rank](head, court, turn=figure.turn)
    pip = canvas.at(*_PIP_PLACE, scale=court.pip_height_mm)
    pip.fill(suit_outline(suit), style.inks.of(suit))


def _draw_frame(canvas: Canvas, court: CourtStyle) -> None:
    half = np.array(court.frame_size_mm) / 2
    corners = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])
    if court.frame is CourtFrame.NONE:
        return
    canvas.stroke(corners * half, court.line, 0.45, closed=True)
    if court.frame is CourtFrame.DOUBLE:
        canvas.stroke(corners * (half + 1.0), court.line, 0.3, closed=True)
