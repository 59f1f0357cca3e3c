"""Playing cards as pictures: every face and back of several decks, drawn by program."""

from renderer.catalog.cards.backs import draw_back
from renderer.catalog.cards.deck import DeckStyle, Rank, Suit
from renderer.catalog.cards.faces import draw_face
from renderer.catalog.cards.styles import DECK_STYLES

__all__ = ["DECK_STYLES", "DeckStyle", "Rank", "Suit", "draw_back", "draw_face"]
