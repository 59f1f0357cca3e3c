"""What collides: convex pieces of objects and of the places they lie in."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from renderer.rotation import vector3
from renderer.scene import Pose


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solid:
    """A convex piece.

    Attributes:
        shape: 'plane' (all below z = 0 of its pose), 'box', 'ellipsoid', 'cylinder' (along z) or 'hull'.
        half_size_m: half extents along x, y and z; of a hull those of its vertices, of a plane nothing.
        pose: owner from piece; the owner is an object, or the world.
        vertices_m: of a hull, in its own frame.
        rounding_m: radius of the edges and corners of a box; lies within its half extents.
    """

    shape: str
    half_size_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    pose: Pose = field(default_factory=Pose)
    vertices_m: Float[np.ndarray, "n 3"] | None = None
    rounding_m: float = 0.0


def hull_solid(points_m: Float[np.ndarray, "n 3"]) -> Solid:
    """The convex hull of points in the owner's frame."""
    low, high = points_m.min(axis=0), points_m.max(axis=0)
    middle = (low + high) / 2
    return Solid(
        shape="hull",
        half_size_m=vector3((high - low) / 2),
        pose=Pose(position_m=vector3(middle)),
        vertices_m=points_m - middle,
    )
