"""The four suit symbols as outlines of height 1 around (0, 0), x right, y down, upright."""

import functools

import numpy as np
from jaxtyping import Float

from renderer.catalog.cards.curves import arc, bezier, mirrored
from renderer.catalog.cards.deck import Suit

_CLUB_LOBE_RADIUS = (0.222, 0.222)
_BOTTOM_TIP = np.array([(0.0, 0.5)])


def _joined(*pieces: Float[np.ndarray, "_k 2"]) -> Float[np.ndarray, "k 2"]:
    return mirrored(np.concatenate(pieces))


def _spade() -> Float[np.ndarray, "k 2"]:
    return _joined(
        bezier([(0.0, -0.5), (0.05, -0.37), (0.15, -0.24), (0.25, -0.14)]),
        bezier([(0.25, -0.14), (0.34, -0.05), (0.4, 0.02), (0.4, 0.13)]),
        bezier([(0.4, 0.13), (0.4, 0.24), (0.32, 0.31), (0.22, 0.31)]),
        bezier([(0.22, 0.31), (0.13, 0.31), (0.06, 0.26), (0.025, 0.2)]),
        bezier([(0.025, 0.2), (0.035, 0.33), (0.07, 0.43), (0.135, 0.5)]),
        np.array([(0.135, 0.5)]),
    )


def _heart() -> Float[np.ndarray, "k 2"]:
    return _joined(
        bezier([(0.0, -0.3), (0.02, -0.42), (0.1, -0.5), (0.21, -0.5)]),
        bezier([(0.21, -0.5), (0.33, -0.5), (0.41, -0.41), (0.41, -0.28)]),
        bezier([(0.41, -0.28), (0.41, -0.1), (0.3, 0.03), (0.2, 0.17)]),
        bezier([(0.2, 0.17), (0.11, 0.29), (0.04, 0.4), (0.0, 0.5)]),
        _BOTTOM_TIP,
    )


def _diamond() -> Float[np.ndarray, "k 2"]:
    return _joined(
        bezier([(0.0, -0.5), (0.09, -0.33), (0.23, -0.13), (0.37, 0.0)]),
        bezier([(0.37, 0.0), (0.23, 0.13), (0.09, 0.33), (0.0, 0.5)]),
        _BOTTOM_TIP,
    )


def _club() -> Float[np.ndarray, "k 2"]:
    return _joined(
        arc((0.0, -0.262), _CLUB_LOBE_RADIUS, -90.0, 50.0),
        arc((0.262, 0.09), _CLUB_LOBE_RADIUS, -129.0, 158.0),
        bezier([(0.035, 0.16), (0.045, 0.3), (0.08, 0.4), (0.14, 0.485)]),
        np.array([(0.14, 0.485)]),
    )


_OUTLINES = {Suit.SPADES: _spade, Suit.HEARTS: _heart, Suit.DIAMONDS: _diamond, Suit.CLUBS: _club}


@functools.cache
def suit_outline(suit: Suit) -> Float[np.ndarray, "k 2"]:
    """The closed outline of a suit symbol; shared, hence read-only."""
    outline = _OUTLINES[suit]()
    outline.setflags(write=False)
    return outline
