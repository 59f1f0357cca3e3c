"""Draws from the ranges and probabilities of an augmentation.

Every draw takes one number from the stream, whatever its range: narrowing one leaves the others as they were.
"""

from collections.abc import Sequence

import numpy as np


def uniform(rng: np.random.Generator, bounds: Sequence[float]) -> float:
    """Uniform between two bounds; exactly the bound where both are equal."""
    low, high = bounds
    return low + (high - low) * rng.random()


def log_uniform(rng: np.random.Generator, bounds: Sequence[float]) -> float:
    """A factor as likely to be in [low, a] as in [high / a * low, high]; the bound where both are equal."""
    low, high = bounds
    return float(low * (high / low) ** rng.random())


def happens(rng: np.random.Generator, probability: float) -> bool:
    """Never at probability 0, always at 1."""
    return bool(rng.random() < probability)
