"""Planar curves as polylines: Bezier and Catmull-Rom splines, arcs, stations along a line."""

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

POINTS_PER_SEGMENT = 8  # a pip of 200 px then shows no corners


def bezier(control: npt.ArrayLike) -> Float[np.ndarray, "k 2"]:
    """A cubic from its four control points, without its last point, so that segments can be joined."""
    start, leave, arrive, end = np.asarray(control, dtype=np.float64)
    t = np.linspace(0.0, 1.0, POINTS_PER_SEGMENT, endpoint=False)[:, None]
    curve: Float[np.ndarray, "k 2"] = (
        (1 - t) ** 3 * start + 3 * (1 - t) ** 2 * t * leave + 3 * (1 - t) * t**2 * arrive + t**3 * end
    )
    return curve


def arc(
    centre: tuple[float, float], radius: tuple[float, float], start_deg: float, end_deg: float
) -> Float[np.ndarray, "k 2"]:
    """An elliptic arc with both ends; 0 degrees is +x, angles grow towards +y, clockwise on a card."""
    count = max(3, int(abs(end_deg - start_deg) / 12) + 1)
    angle = np.radians(np.linspace(start_deg, end_deg, count))
    return np.stack([centre[0] + radius[0] * np.cos(angle), centre[1] + radius[1] * np.sin(angle)], axis=1)


def smooth(knots: npt.ArrayLike, *, closed: bool = False) -> Float[np.ndarray, "k 2"]:
    """The Catmull-Rom spline through the knots."""
    points = np.asarray(knots, dtype=np.float64)
    if closed:
        padded = np.concatenate([points[-1:], points, points[:2]])
    else:
        padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    before, start, end, after = padded[:-3, None], padded[1:-2, None], padded[2:-1, None], padded[3:, None]
    t = np.linspace(0.0, 1.0, POINTS_PER_SEGMENT, endpoint=False)[None, :, None]
    curve = 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
    flat: Float[np.ndarray, "k 2"] = curve.reshape(-1, 2)
    return flat if closed else np.concatenate([flat, points[-1:]])


def mirrored(half: npt.ArrayLike) -> Float[np.ndarray, "k 2"]:
    """The closed outline whose right half (x >= 0, from top to bottom) is given."""
    right = np.asarray(half, dtype=np.float64)
    return np.concatenate([right, right[::-1] * (-1.0, 1.0)])


def stations(
    line: Float[np.ndarray, "k 2"], pitch: float
) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n 2"]]:
    """Points every `pitch` along a polyline (half a pitch from its ends) and the unit tangents there."""
    steps = np.diff(line, axis=0)
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    total = float(lengths.sum())
    count = max(1, round(total / pitch))
    at = (np.arange(count) + 0.5) * total / count
    ends = np.concatenate([[0.0], np.cumsum(lengths)])
    segment = np.clip(np.searchsorted(ends, at, side="right") - 1, 0, len(steps) - 1)
    tangents = steps[segment] / np.maximum(lengths[segment], 1e-9)[:, None]
    return line[segment] + tangents * (at - ends[segment])[:, None], tangents
