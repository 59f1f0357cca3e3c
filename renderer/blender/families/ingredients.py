"""What each family of materials is made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from renderer.blender.fields import Scalar, Vector, object_points
from renderer.blender.nodes import bumped
from renderer.catalog.model import Material
from renderer.recipe.objects import FAMILIES
from renderer.scene import Vector3

FAR = 50.0  # features; no two seeds show the same place
TINT = 0.2  # how far the asked colour moves a natural one


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredients:
    """A tree to fill, what was asked for, and the family's own randomness.

    Attributes:
        size_m: size of the features, metres.
        rng: the same for equal seeds.
    """

    tree: Any
    material: Material
    size_m: float
    color_2: Vector3
    rng: np.random.Generator

    @property
    def color(self) -> Vector3:
        """The first colour asked for."""
        return self.material.color

    def points(self, size_m: float) -> Vector:
        """Places in the object, in units of a size, from somewhere that the seed chooses."""
        x, y, z = self.rng.uniform(-FAR, FAR, 3).tolist()
        return object_points(self.tree) * (1 / size_m) + (x, y, z)

    def roughness(self, low: float, high: float) -> float:
        """The asked roughness, in the range that is plausible for the family."""
        return low + (high - low) * self.material.roughness

    def uniform(self, low: float, high: float) -> float:
        """A number that the seed chooses."""
        return float(self.rng.uniform(low, high))

    def one_of(self, options: Sequence[Any]) -> Any:
        """An option that the seed chooses."""
        return options[int(self.rng.integers(len(options)))]

    def natural(self, color: Vector3) -> Vector3:
        """A natural colour, moved a little towards the asked one without changing its brightness."""
        brightest = max(*self.color, 1e-3)
        tinted = [
            c * (1 - TINT + TINT * asked / brightest) for c, asked in zip(color, self.color, strict=True)
        ]
        red, green, blue = np.multiply(tinted, sum(color) / max(sum(tinted), 1e-6)).tolist()
        return (red, green, blue)

    def relief(self, height: Scalar, natural_m: float) -> Vector:
        """The normal of a surface whose relief is the family's own and the asked one together."""
        return bumped(height, natural_m + self.material.bump_m)


def gather(tree: Any, material: Material) -> Ingredients:
    """The ingredients of a material of a family."""
    family = material.family
    assert family is not None, "a material of no family"
    key = np.array([family.seed, FAMILIES.index(family.kind)], dtype=np.uint64)
    return Ingredients(
        tree=tree,
        material=material,
        size_m=family.size_m,
        color_2=family.color_2,
        rng=np.random.Generator(np.random.Philox(key=key)),
    )


def scaled(color: Vector3, factor: float) -> Vector3:
    """A brighter or darker colour, at most white."""
    red, green, blue = (min(c * factor, 1.0) for c in color)
    return (red, green, blue)


def towards(color: Vector3, other: Vector3, share: float) -> Vector3:
    """A colour between two."""
    red, green, blue = (a + (b - a) * share for a, b in zip(color, other, strict=True))
    return (red, green, blue)
