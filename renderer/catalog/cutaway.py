"""Which parts of a place are cut away, so that a camera sees the layout area."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from renderer.scene import Vector3

MOST_HIDDEN = 0.1  # of the layout area: a part that would hide more of it from a camera is not shown to it
HEIGHT_M = 0.01  # above the ground, of what must be seen
_PLACES = 9  # along each side of the layout area, at which this is found


def hides_layout(low_m: Vector3, high_m: Vector3, eye_m: Vector3, half_size_m: tuple[float, float]) -> bool:
    """Whether a box, given by its lower and upper corner, stands between a camera and the layout area."""
    along = np.linspace(-1, 1, _PLACES)
    x, y = (axis.ravel() for axis in np.meshgrid(along * half_size_m[0], along * half_size_m[1]))
    seen = np.column_stack([x, y, np.full_like(x, HEIGHT_M)])
    return float(_crossed(low_m, high_m, np.array(eye_m), seen).mean()) > MOST_HIDDEN


def _crossed(
    low_m: Sequence[float],
    high_m: Sequence[float],
    eye: Float[np.ndarray, "3"],
    ends: Float[np.ndarray, "n 3"],
) -> np.ndarray:
    """Which straight lines from the eye to the ends meet the box, by its slabs (Kay and Kajiya, 1986)."""
    ray = ends - eye
    ray = np.where(np.abs(ray) < 1e-12, 1e-12, ray)
    first, second = (np.array(low_m) - eye) / ray, (np.array(high_m) - eye) / ray
    enters, leaves = np.minimum(first, second).max(axis=1), np.maximum(first, second).min(axis=1)
    return np.asarray((enters <= leaves) & (leaves >= 0) & (enters <= 1))
