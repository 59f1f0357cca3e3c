"""The named decks."""

from collections.abc import Mapping
from types import MappingProxyType

from renderer.catalog.cards.deck import (
    BackPattern,
    BackStyle,
    Corners,
    CourtFrame,
    CourtStyle,
    DeckStyle,
    IndexFont,
    IndexStyle,
    PipStyle,
    Rgb,
    SuitInks,
)


def _two_inks(black: Rgb, red: Rgb) -> SuitInks:
    return SuitInks(spades=black, hearts=red, diamonds=red, clubs=black)


CLASSIC = DeckStyle(
    name="classic",
    paper=(250, 250, 247),
    inks=_two_inks((20, 18, 20), (215, 24, 38)),
    index=IndexStyle(
        font=IndexFont.MONOLINE,
        cap_height_mm=9.2,
        letter_width_mm=5.9,
        stroke_mm=0.88,
        centre_x_mm=5.3,
        top_mm=3.7,
        gap_mm=1.4,
        suit_height_mm=6.5,
    ),
    pips=PipStyle(
        height_mm=16.0, column_mm=13.7, row_mm=28.3, ace_height_mm=16.5, ace_of_spades_height_mm=33.0
    ),
    court=CourtStyle(
        frame=CourtFrame.LINE,
        frame_size_mm=(44.6, 70.4),
        pip_height_mm=14.2,
        red=(214, 32, 44),
        yellow=(250, 206, 28),
        blue=(24, 78, 162),
        black=(20, 18, 20),
        line=(30, 84, 168),
        skin=(250, 250, 247),
        robe_seed=0,
    ),
    back=BackStyle(pattern=BackPattern.ROSETTES, ink=(188, 30, 42), accent=(252, 250, 246), border_mm=3.4),
)

HERITAGE = DeckStyle(
    name="heritage",
    paper=(247, 243, 232),
    inks=_two_inks((28, 24, 26), (190, 26, 34)),
    index=IndexStyle(
        font=IndexFont.ROMAN,
        cap_height_mm=8.0,
        letter_width_mm=5.2,
        stroke_mm=0.9,
        centre_x_mm=5.4,
        top_mm=4.6,
        gap_mm=1.4,
        suit_height_mm=5.6,
    ),
    pips=PipStyle(
        height_mm=14.6, column_mm=13.4, row_mm=27.4, ace_height_mm=24.0, ace_of_spades_height_mm=38.0
    ),
    court=CourtStyle(
        frame=CourtFrame.DOUBLE,
        frame_size_mm=(44.0, 69.0),
        pip_height_mm=12.6,
        red=(196, 38, 40),
        yellow=(226, 176, 54),
        blue=(38, 66, 124),
        black=(28, 24, 26),
        line=(28, 24, 26),
        skin=(246, 226, 204),
        robe_seed=1,
    ),
    back=BackStyle(pattern=BackPattern.LATTICE, ink=(30, 58, 122), accent=(240, 236, 224), border_mm=4.0),
)

JUMBO = DeckStyle(
    name="jumbo",
    paper=(252, 252, 252),
    inks=_two_inks((10, 10, 12), (226, 16, 30)),
    index=IndexStyle(
        font=IndexFont.SANS,
        cap_height_mm=15.0,
        letter_width_mm=10.0,
        stroke_mm=1.6,
        centre_x_mm=7.6,
        top_mm=3.6,
        gap_mm=1.6,
        suit_height_mm=9.6,
    ),
    pips=PipStyle(
        height_mm=13.0, column_mm=10.4, row_mm=29.0, ace_height_mm=28.0, ace_of_spades_height_mm=36.0
    ),
    court=CourtStyle(
        frame=CourtFrame.LINE,
        frame_size_mm=(36.0, 74.0),
        pip_height_mm=12.4,
        red=(226, 24, 36),
        yellow=(255, 214, 20),
        blue=(20, 66, 176),
        black=(12, 12, 14),
        line=(12, 12, 14),
        skin=(252, 240, 226),
        robe_seed=2,
    ),
    back=BackStyle(pattern=BackPattern.SCALES, ink=(20, 60, 150), accent=(235, 240, 250), border_mm=3.0),
)

FOUR_COLOUR = DeckStyle(
    name="four_colour",
    paper=(251, 251, 251),
    inks=SuitInks(spades=(16, 16, 18), hearts=(216, 22, 34), diamonds=(18, 88, 192), clubs=(16, 128, 60)),
    index=IndexStyle(
        font=IndexFont.SANS,
        cap_height_mm=10.4,
        letter_width_mm=7.0,
        stroke_mm=1.2,
        centre_x_mm=6.0,
        top_mm=4.2,
        gap_mm=1.3,
        suit_height_mm=7.2,
    ),
    pips=PipStyle(
        height_mm=14.0, column_mm=12.6, row_mm=28.0, ace_height_mm=30.0, ace_of_spades_height_mm=34.0
    ),
    court=CourtStyle(
        frame=CourtFrame.LINE,
        frame_size_mm=(41.0, 71.0),
        pip_height_mm=13.0,
        red=(210, 36, 44),
        yellow=(244, 198, 40),
        blue=(30, 96, 176),
        black=(22, 22, 26),
        line=(22, 22, 26),
        skin=(250, 232, 214),
        robe_seed=3,
    ),
    back=BackStyle(pattern=BackPattern.PLAID, ink=(18, 108, 72), accent=(232, 226, 196), border_mm=2.6),
)

VINTAGE = DeckStyle(
    name="vintage",
    paper=(238, 226, 198),
    inks=_two_inks((44, 36, 32), (168, 44, 36)),
    index=IndexStyle(
        font=IndexFont.ROMAN,
        cap_height_mm=7.0,
        letter_width_mm=4.4,
        stroke_mm=0.8,
        centre_x_mm=4.8,
        top_mm=4.0,
        gap_mm=1.2,
        suit_height_mm=4.8,
    ),
    pips=PipStyle(
        height_mm=15.0, column_mm=14.4, row_mm=29.0, ace_height_mm=22.0, ace_of_spades_height_mm=36.0
    ),
    court=CourtStyle(
        frame=CourtFrame.LINE,
        frame_size_mm=(47.0, 74.0),
        pip_height_mm=13.4,
        red=(176, 52, 40),
        yellow=(206, 160, 62),
        blue=(62, 84, 98),
        black=(44, 36, 32),
        line=(60, 48, 40),
        skin=(238, 222, 192),
        robe_seed=4,
    ),
    back=BackStyle(pattern=BackPattern.STRIPE, ink=(120, 44, 38), accent=(222, 200, 152), border_mm=3.6),
)

MINIMAL = DeckStyle(
    name="minimal",
    paper=(255, 255, 255),
    inks=_two_inks((40, 42, 48), (236, 70, 72)),
    index=IndexStyle(
        font=IndexFont.LIGHT,
        cap_height_mm=9.4,
        letter_width_mm=6.2,
        stroke_mm=0.7,
        centre_x_mm=6.4,
        top_mm=5.0,
        gap_mm=1.8,
        suit_height_mm=4.6,
    ),
    pips=PipStyle(
        height_mm=11.0, column_mm=11.4, row_mm=24.6, ace_height_mm=13.0, ace_of_spades_height_mm=26.0
    ),
    court=CourtStyle(
        frame=CourtFrame.NONE,
        frame_size_mm=(40.0, 66.0),
        pip_height_mm=10.4,
        red=(236, 70, 72),
        yellow=(250, 200, 120),
        blue=(96, 134, 170),
        black=(40, 42, 48),
        line=(40, 42, 48),
        skin=(255, 255, 255),
        robe_seed=5,
    ),
    back=BackStyle(pattern=BackPattern.STRIPE, ink=(40, 42, 48), accent=(236, 70, 72), border_mm=0.0),
)

CASINO = DeckStyle(
    name="casino",
    paper=(240, 240, 236),
    inks=_two_inks((8, 8, 16), (158, 8, 26)),
    index=IndexStyle(
        font=IndexFont.SLAB,
        cap_height_mm=9.2,
        letter_width_mm=5.8,
        stroke_mm=1.1,
        centre_x_mm=5.4,
        top_mm=3.6,
        gap_mm=1.3,
        suit_height_mm=6.6,
        corners=Corners.FOUR,
    ),
    pips=PipStyle(
        height_mm=14.2, column_mm=12.8, row_mm=28.2, ace_height_mm=20.0, ace_of_spades_height_mm=34.0
    ),
    court=CourtStyle(
        frame=CourtFrame.DOUBLE,
        frame_size_mm=(42.6, 72.0),
        pip_height_mm=13.2,
        red=(170, 14, 34),
        yellow=(232, 184, 30),
        blue=(14, 40, 112),
        black=(8, 8, 16),
        line=(8, 8, 16),
        skin=(246, 236, 220),
        robe_seed=6,
    ),
    back=BackStyle(pattern=BackPattern.LATTICE, ink=(132, 12, 30), accent=(244, 236, 224), border_mm=0.0),
)

CONTINENTAL = DeckStyle(
    name="continental",
    paper=(246, 248, 250),
    inks=_two_inks((24, 26, 34), (206, 40, 62)),
    index=IndexStyle(
        font=IndexFont.MONOLINE,
        cap_height_mm=7.4,
        letter_width_mm=5.2,
        stroke_mm=1.15,
        centre_x_mm=5.0,
        top_mm=3.8,
        gap_mm=1.3,
        suit_height_mm=5.4,
        corners=Corners.FOUR,
    ),
    pips=PipStyle(
        height_mm=13.4, column_mm=13.0, row_mm=27.6, ace_height_mm=19.0, ace_of_spades_height_mm=24.0
    ),
    court=CourtStyle(
        frame=CourtFrame.LINE,
        frame_size_mm=(43.6, 73.0),
        pip_height_mm=12.8,
        red=(206, 48, 66),
        yellow=(240, 214, 96),
        blue=(58, 140, 170),
        black=(24, 26, 34),
        line=(24, 26, 34),
        skin=(252, 226, 204),
        robe_seed=7,
    ),
    back=BackStyle(pattern=BackPattern.ROSETTES, ink=(28, 92, 122), accent=(238, 242, 236), border_mm=4.4),
)

DECK_STYLES: Mapping[str, DeckStyle] = MappingProxyType(
    {
        style.name: style
        for style in (CLASSIC, HERITAGE, JUMBO, FOUR_COLOUR, VINTAGE, MINIMAL, CASINO, CONTINENTAL)
    }
)
"""Every deck that can be drawn, by its name."""
