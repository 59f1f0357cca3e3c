"""What each kind of wear is given."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from renderer.blender.fields import Vector, object_points

FAR_M = 20.0  # no two seeds show the same place


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """A finished tree, and how much of one kind of wear to lay over it.

    Attributes:
        amount: in (0, 1].
        rng: the same for equal seeds, of this kind of wear alone.
    """

    tree: Any
    amount: float
    rng: np.random.Generator

    def points(self, size_m: float) -> Vector:
        """Places in the object, in units of a size, from somewhere that the seed chooses."""
        x, y, z = (self.rng.uniform(-FAR_M, FAR_M, 3) / size_m).tolist()
        return object_points(self.tree) * (1 / size_m) + (x, y, z)

    def uniform(self, low: float, high: float) -> float:
        """A number that the seed chooses."""
        return float(self.rng.uniform(low, high))
