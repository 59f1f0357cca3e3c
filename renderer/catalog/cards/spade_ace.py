"""The ornate ace of spades with its lettering."""

import numpy as np

from renderer.catalog.cards.canvas import Canvas
from renderer.catalog.cards.cloth import Cloth, Motif, draw_area
from renderer.catalog.cards.curves import arc
from renderer.catalog.cards.deck import DeckStyle, IndexFont, Suit
from renderer.catalog.cards.lettering import draw_text
from renderer.catalog.cards.suits import suit_outline

_FINE_PRINT = ("THE SYNTHETIC PLAYING CARD COMPANY", "MADE IN BLENDER", "1001-G8831")


def draw_ace_of_spades(canvas: Canvas, style: DeckStyle) -> None:
    ink, paper, height = style.inks.spades, style.paper, style.pips.ace_of_spades_height_mm
    outline = suit_outline(Suit.SPADES)
    spade = canvas.at(0.0, 0.0, scale=height)
    spade.fill(outline, ink)
    lace = (outline - (0.0, 0.07)) * 0.8 + (0.0, 0.055)
    spade.fill(lace, paper)
    draw_area(spade, lace * 0.97, Cloth(ground=paper, ink=ink, motif=Motif.RINGS), 0.034)
    heart = outline * 0.5
    draw_area(spade, heart, Cloth(ground=ink, ink=paper, motif=Motif.DOTS), 0.05)
    _draw_medallion(spade, style)
    _draw_print(canvas, style)


def _draw_medallion(spade: Canvas, style: DeckStyle) -> None:
    ink, paper = style.inks.spades, style.paper
    for angle in np.arange(0.0, 360.0, 30.0):
        petal = spade.at(0.0, 0.06, angle_deg=float(angle))
        petal.fill(arc((0.0, -0.075), (0.018, 0.04), 0.0, 340.0), paper)
    for radius, colour in ((0.05, paper), (0.04, ink), (0.022, paper)):
        spade.disc(0.0, 0.06, radius, colour)


def _draw_print(canvas: Canvas, style: DeckStyle) -> None:
    half, ink = style.pips.ace_of_spades_height_mm / 2, style.inks.spades
    draw_text(canvas.at(0.0, -half - 8.6), "GAPLESS", IndexFont.ROMAN, 3.6, ink)
    draw_text(canvas.at(0.0, -half - 3.6), "6388", IndexFont.ROMAN, 2.2, ink)
    for line, text in enumerate(_FINE_PRINT):
        draw_text(canvas.at(0.0, half + 3.2 + 2.6 * line), text, IndexFont.SANS, 1.2, ink)
