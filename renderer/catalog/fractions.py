"""Choosing from a list by a fraction, so that a draw means the same however long the list is."""

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def at_fraction(items: Sequence[Item], fraction: float) -> Item:
    """The item at a fraction in [0, 1] of a list that is not empty."""
    return items[min(int(fraction * len(items)), len(items) - 1)]
