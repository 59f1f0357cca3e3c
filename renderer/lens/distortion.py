"""What a lens does to rays: Brown-Conrady and fisheye, forwards in closed form, backwards by Newton's method.

A ray (x, y, z) of the OpenCV camera meets the plane z = 1 at the undistorted point (x / z, y / z); the lens
moves it to a distorted point, which the intrinsics turn into a pixel. A fisheye sees rays behind that plane
too, so backwards leads to rays.
"""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from renderer.scene import Lens

COEFFICIENTS = {
    "brown_conrady": ("k1", "k2", "p1", "p2", "k3"),
    "fisheye": ("k1", "k2", "k3", "k4"),
}
STEPS = 60  # of Newton's method or of halving: five do for phones, more for lenses close to folding
CLOSE = 1e-12  # distorted coordinates: far below a thousandth of a pixel
NEGLIGIBLE = 1e-12  # a coefficient without effect on any pixel
WIDEST_ANGLE_RAD = math.pi  # a fisheye looks behind itself at most
WIDEST_RADIUS = 100.0  # of a ray on the plane z = 1: 89.4 degrees from the axis


def distort(lens: Lens, rays: Float[np.ndarray, "... 3"]) -> Float[np.ndarray, "... 2"]:
    """Distorted points of rays.

    Brown-Conrady (Brown 1966, in OpenCV's form) takes rays with z above 0; fisheye is the polynomial of
    Kannala and Brandt (2006), as OpenCV has it.
    """
    if lens.model == "fisheye":
        radius = np.linalg.norm(rays[..., :2], axis=-1)
        angle = np.arctan2(radius, rays[..., 2])
        distorted = angle * _polynomial(lens.coefficients, angle**2)
        scale = np.divide(distorted, radius, out=np.ones_like(radius), where=radius > 0)
        return np.asarray(rays[..., :2] * scale[..., None])
    return _brown_conrady(lens.coefficients, rays[..., :2] / rays[..., 2:])


def undistort(lens: Lens, points: Float[np.ndarray, "... 2"]) -> Float[np.ndarray, "... 3"]:
    """Rays of unit length that a lens moves to distorted points: the inverse of `distort`.

    Points must lie within `largest_radius` of the axis.
    """
    rays = _undistort_fisheye(lens, points) if lens.model == "fisheye" else _undistort_brown(lens, points)
    return np.asarray(rays / np.linalg.norm(rays, axis=-1, keepdims=True))


def largest_radius(lens: Lens) -> float:
    """The distorted radius up to which different rays fall on different points; infinity where all do.

    Beyond it the radial polynomial turns back and the image would be folded over itself.
    """
    fold = _fold(_radial(lens))
    if lens.model == "fisheye":
        fold = min(fold, WIDEST_ANGLE_RAD)
    return (
        fold * float(_polynomial(_radial(lens), np.array([fold**2]))[0]) if math.isfinite(fold) else math.inf
    )


def fold_angle_rad(lens: Lens) -> float:
    """The angle from the axis up to which different rays fall on different points."""
    fold = _fold(_radial(lens))
    if lens.model == "fisheye":
        return min(fold, WIDEST_ANGLE_RAD)
    return math.atan(min(fold, WIDEST_RADIUS))


def _radial(lens: Lens) -> Sequence[float]:
    if lens.model == "fisheye":
        return lens.coefficients
    k1, k2, _, _, k3 = lens.coefficients
    return (k1, k2, k3)


def _fold(coefficients: Sequence[float]) -> float:
    """The smallest r above 0 at which r (1 + k1 r² + k2 r⁴ + ...) stops growing."""
    slope = [(2 * i + 3) * k if abs(k) > NEGLIGIBLE else 0.0 for i, k in enumerate(coefficients)]
    squares = np.roots([*reversed(slope), 1.0])
    real = squares.real[(np.abs(squares.imag) < 1e-9) & (squares.real > 0)]
    return math.sqrt(real.min()) if real.size else math.inf


def _polynomial(coefficients: Sequence[float], squared: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """1 + k1 s + k2 s² + ..."""
    value: np.ndarray = np.zeros_like(squared)
    for coefficient in reversed(coefficients):
        value = (value + coefficient) * squared
    return 1 + value


def _invert_radial(
    coefficients: Sequence[float], distorted: Float[np.ndarray, "..."], limit: float
) -> Float[np.ndarray, "..."]:
    """The r in [0, limit] at which r (1 + k1 r² + ...) is as given: Newton's steps, halved where they leave.

    Args:
        limit: up to which the polynomial grows.
    """
    slopes = [(2 * i + 3) * k for i, k in enumerate(coefficients)]
    low, high = np.zeros_like(distorted), np.full_like(distorted, limit)
    found: np.ndarray = np.minimum(distorted, limit)
    for _ in range(STEPS):
        error = found * _polynomial(coefficients, found**2) - distorted
        if np.abs(error).max(initial=0) < CLOSE:
            break
        low, high = np.where(error < 0, found, low), np.where(error < 0, high, found)
        newton = found - error / np.maximum(_polynomial(slopes, found**2), 1e-9)
        found = np.where((newton > low) & (newton < high), newton, (low + high) / 2)
    return found


def _undistort_fisheye(lens: Lens, points: Float[np.ndarray, "... 2"]) -> Float[np.ndarray, "... 3"]:
    radius = np.linalg.norm(points, axis=-1)
    limit = min(_fold(lens.coefficients), WIDEST_ANGLE_RAD)
    angle = _invert_radial(lens.coefficients, radius, limit)
    scale = np.divide(np.sin(angle), radius, out=np.ones_like(radius), where=radius > 0)
    return np.concatenate([points * scale[..., None], np.cos(angle)[..., None]], axis=-1)


def _undistort_brown(lens: Lens, points: Float[np.ndarray, "... 2"]) -> Float[np.ndarray, "... 3"]:
    """The radial part alone leads close to the whole."""
    radius = np.linalg.norm(points, axis=-1)
    limit = min(_fold(_radial(lens)), WIDEST_RADIUS)
    straight = _invert_radial(_radial(lens), radius, limit)
    found = points * np.divide(straight, radius, out=np.ones_like(radius), where=radius > 0)[..., None]
    for _ in range(STEPS):
        error = _brown_conrady(lens.coefficients, found) - points
        if np.abs(error).max(initial=0) < CLOSE:
            break
        found = found - _solve(_brown_jacobian(lens.coefficients, found), error)
    return np.concatenate([found, np.ones_like(found[..., :1])], axis=-1)


def _brown_conrady(k: Sequence[float], points: Float[np.ndarray, "... 2"]) -> Float[np.ndarray, "... 2"]:
    k1, k2, p1, p2, k3 = k
    x, y = points[..., 0], points[..., 1]
    squared = x * x + y * y
    radial = _polynomial((k1, k2, k3), squared)
    return np.stack(
        [
            x * radial + 2 * p1 * x * y + p2 * (squared + 2 * x * x),
            y * radial + p1 * (squared + 2 * y * y) + 2 * p2 * x * y,
        ],
        axis=-1,
    )


def _brown_jacobian(
    k: Sequence[float], points: Float[np.ndarray, "... 2"]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Derivatives of the distorted x by x, x by y (and y by x: they are equal), and y by y."""
    k1, k2, p1, p2, k3 = k
    x, y = points[..., 0], points[..., 1]
    squared = x * x + y * y
    radial = _polynomial((k1, k2, k3), squared)
    by_squared = k1 + squared * (2 * k2 + squared * 3 * k3)
    return (
        radial + 2 * x * x * by_squared + 2 * p1 * y + 6 * p2 * x,
        2 * x * y * by_squared + 2 * p1 * x + 2 * p2 * y,
        radial + 2 * y * y * by_squared + 6 * p1 * y + 2 * p2 * x,
    )


def _solve(
    jacobian: tuple[np.ndarray, np.ndarray, np.ndarray], error: Float[np.ndarray, "... 2"]
) -> Float[np.ndarray, "... 2"]:
    """Solve the symmetric systems [[a, b], [b, d]] step = error."""
    a, b, d = jacobian
    determinant = np.maximum(a * d - b * b, 1e-6)
    u, v = error[..., 0], error[..., 1]
    return np.stack([(d * u - b * v) / determinant, (a * v - b * u) / determinant], axis=-1)
