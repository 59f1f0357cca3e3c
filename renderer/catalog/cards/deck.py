"""What a deck of cards is: ranks, suits and the style in which they are printed."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

Rgb: TypeAlias = tuple[int, int, int]  # sRGB, 0..255

CARD_SIZE_MM = (63.0, 88.0)
"""Width and height of a poker-size card."""


class Rank(Enum):
    ACE = "ace"
    TWO = "two"
    THREE = "three"
    FOUR = "four"
    FIVE = "five"
    SIX = "six"
    SEVEN = "seven"
    EIGHT = "eight"
    NINE = "nine"
    TEN = "ten"
    JACK = "jack"
    QUEEN = "queen"
    KING = "king"


class Suit(Enum):
    SPADES = "spades"
    HEARTS = "hearts"
    DIAMONDS = "diamonds"
    CLUBS = "clubs"


class IndexFont(Enum):
    """Alphabet of the corner indices: drawn with a pen of one width, or a font among the assets."""

    MONOLINE = "monoline"
    LIGHT = "fonts/DejaVuSans-ExtraLight.ttf"
    SANS = "fonts/DejaVuSansCondensed-Bold.ttf"
    SLAB = "fonts/DejaVuSerifCondensed-Bold.ttf"
    ROMAN = "fonts/STIXGeneralBol.ttf"


class Corners(Enum):
    """Corners that carry an index."""

    TWO = "two"
    FOUR = "four"


class CourtFrame(Enum):
    NONE = "none"
    LINE = "line"
    DOUBLE = "double"


class BackPattern(Enum):
    LATTICE = "lattice"
    ROSETTES = "rosettes"
    PLAID = "plaid"
    STRIPE = "stripe"
    SCALES = "scales"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuitInks:
    spades: Rgb
    hearts: Rgb
    diamonds: Rgb
    clubs: Rgb

    def of(self, suit: Suit) -> Rgb:
        return {
            Suit.SPADES: self.spades,
            Suit.HEARTS: self.hearts,
            Suit.DIAMONDS: self.diamonds,
            Suit.CLUBS: self.clubs,
        }[suit]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexStyle:
    """Corner index: its letter stands above its small suit symbol, both centred on one vertical line."""

    font: IndexFont
    cap_height_mm: float
    letter_width_mm: float  # of a wide letter; glyphs are squeezed or stretched to it
    stroke_mm: float  # pen of the monoline alphabet
    centre_x_mm: float  # from the left edge of the card
    top_mm: float  # from the upper edge of the card to the letter
    gap_mm: float  # letter to suit symbol
    suit_height_mm: float
    corners: Corners = Corners.TWO


@dataclass(frozen=True, slots=True, kw_only=True)
class PipStyle:
    height_mm: float
    column_mm: float  # outer columns: distance from the vertical centre line
    row_mm: float  # outermost rows: distance from the horizontal centre line
    ace_height_mm: float
    ace_of_spades_height_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CourtStyle:
    frame: CourtFrame
    frame_size_mm: tuple[float, float]
    pip_height_mm: float
    red: Rgb
    yellow: Rgb
    blue: Rgb
    black: Rgb
    line: Rgb  # frame, faces and hands
    skin: Rgb
    robe_seed: int  # decks with other seeds dress their courts in other cloths


@dataclass(frozen=True, slots=True, kw_only=True)
class BackStyle:
    pattern: BackPattern
    ink: Rgb
    accent: Rgb
    border_mm: float  # of bare paper; 0 where the pattern runs off the card


@dataclass(frozen=True, slots=True, kw_only=True)
class DeckStyle:
    """Everything that tells one deck from another."""

    name: str
    paper: Rgb
    inks: SuitInks
    index: IndexStyle
    pips: PipStyle
    court: CourtStyle
    back: BackStyle
