"""The printed side of a card that tells its rank and suit."""

import numpy as np
from jaxtyping import UInt8

from renderer.catalog.cards.canvas import Canvas, blank_card, developed
from renderer.catalog.cards.courts import draw_court
from renderer.catalog.cards.deck import CARD_SIZE_MM, Corners, DeckStyle, Rank, Suit
from renderer.catalog.cards.lettering import draw_rank
from renderer.catalog.cards.spade_ace import draw_ace_of_spades
from renderer.catalog.cards.suits import suit_outline

_MIDDLE, _OUTER = 0.0, 1.0
_PAIR = (-_OUTER, _OUTER)
COURTS = (Rank.JACK, Rank.QUEEN, Rank.KING)


def _columns(*rows: float) -> tuple[tuple[float, float], ...]:
    return tuple((column, row) for row in rows for column in _PAIR)


def _middle(*rows: float) -> tuple[tuple[float, float], ...]:
    return tuple((_MIDDLE, row) for row in rows)


PIP_PLACES: dict[Rank, tuple[tuple[float, float], ...]] = {
    Rank.TWO: _middle(-1, 1),
    Rank.THREE: _middle(-1, 0, 1),
    Rank.FOUR: _columns(-1, 1),
    Rank.FIVE: _columns(-1, 1) + _middle(0),
    Rank.SIX: _columns(-1, 0, 1),
    Rank.SEVEN: _columns(-1, 0, 1) + _middle(-1 / 2),
    Rank.EIGHT: _columns(-1, 0, 1) + _middle(-1 / 2, 1 / 2),
    Rank.NINE: _columns(-1, -1 / 3, 1 / 3, 1) + _middle(0),
    Rank.TEN: _columns(-1, -1 / 3, 1 / 3, 1) + _middle(-2 / 3, 2 / 3),
}
"""Where the pips of the number cards stand: (column, row), -1..1 from the centre to the outermost ones."""


def draw_face(rank: Rank, suit: Suit, style: DeckStyle, height_px: int = 528) -> UInt8[np.ndarray, "h w 3"]:
    """The whole rectangular face, sRGB; `height_px` times 63/88 pixels wide."""
    canvas = blank_card(height_px, style.paper)
    if rank in COURTS:
        draw_court(canvas, rank, suit, style)
    elif rank is Rank.ACE:
        _draw_ace(canvas, suit, style)
    else:
        _draw_pips(canvas, rank, suit, style)
    _draw_indices(canvas, rank, suit, style)
    return developed(canvas, height_px)


def _draw_pips(canvas: Canvas, rank: Rank, suit: Suit, style: DeckStyle) -> None:
    ink, outline = style.inks.of(suit), suit_outline(suit)
    for column, row in PIP_PLACES[rank]:
        height = style.pips.height_mm if row <= 0 else -style.pips.height_mm
        pip = canvas.at(column * style.pips.column_mm, row * style.pips.row_mm, scale=height)
        pip.fill(outline, ink)


def _draw_ace(canvas: Canvas, suit: Suit, style: DeckStyle) -> None:
    if suit is Suit.SPADES:
        draw_ace_of_spades(canvas, style)
    else:
        canvas.at(0.0, 0.0, scale=style.pips.ace_height_mm).fill(suit_outline(suit), style.inks.of(suit))


def _draw_indices(canvas: Canvas, rank: Rank, suit: Suit, style: DeckStyle) -> None:
    """Prints the upper indices, then the lower ones on the card turned upside down."""
    _draw_upper_indices(canvas, rank, suit, style)
    upside_down = canvas.pixels[::-1, ::-1]
    band = slice(0, len(upside_down) // 2)
    turned = Canvas(pixels=upside_down[band].copy(), pixel_from_local=canvas.pixel_from_local)
    _draw_upper_indices(turned, rank, suit, style)
    upside_down[band] = turned.pixels


def _draw_upper_indices(canvas: Canvas, rank: Rank, suit: Suit, style: DeckStyle) -> None:
    _draw_index(canvas, rank, suit, style, style.index.centre_x_mm)
    if style.index.corners is Corners.FOUR:
        _draw_index(canvas, rank, suit, style, CARD_SIZE_MM[0] - style.index.centre_x_mm)


def _draw_index(canvas: Canvas, rank: Rank, suit: Suit, style: DeckStyle, centre_x_mm: float) -> None:
    index, ink = style.index, style.inks.of(suit)
    corner = canvas.at(centre_x_mm - CARD_SIZE_MM[0] / 2, index.top_mm - CARD_SIZE_MM[1] / 2)
    draw_rank(corner, rank, index, ink)
    suit_y = index.cap_height_mm + index.gap_mm + index.suit_height_mm / 2
    corner.at(0.0, suit_y, scale=index.suit_height_mm).fill(suit_outline(suit), ink)
