"""Random fields that wrap around: the building blocks of the textures."""

from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np
from jaxtyping import Float, Int

Field = Float[np.ndarray, "size size"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """A Voronoi partition that wraps around.

    Attributes:
        distance_px: from each pixel to the centre of its cell.
        label: cell of each pixel, 0 .. count - 1.
        count: number of cells.
    """

    distance_px: Field
    label: Int[np.ndarray, "size size"]
    count: int


def fractal(
    rng: np.random.Generator, size_px: int, cells_yx: tuple[int, int], octaves: int = 4, gain: float = 0.5
) -> Field:
    """Draw smooth noise of mean 0 and standard deviation 1 whose coarsest grid has `cells_yx` cells.

    Unequal cell counts give streaks along the axis with fewer cells. Octaves stop at the pixel grid.

    Args:
        rng: source of randomness.
        size_px: side of the field.
        cells_yx: lattice cells of the first octave, (down, across).
        octaves: each doubles the lattice.
        gain: amplitude of an octave relative to the one before.
    """
    lattice = rng.standard_normal(_capped(cells_yx, size_px), dtype=np.float32)
    for octave in range(1, octaves):
        finer = _capped((2 * lattice.shape[0], 2 * lattice.shape[1]), size_px)
        if finer == lattice.shape:
            break
        lattice = enlarged(lattice, finer) + gain**octave * rng.standard_normal(finer, dtype=np.float32)
    return standardized(enlarged(lattice, (size_px, size_px)))


def speckle(rng: np.random.Generator, size_px: int) -> Field:
    """Draw independent pixels of mean 0 and standard deviation 1, uniformly distributed."""
    levels = np.frombuffer(rng.bytes(size_px * size_px), dtype=np.uint8).reshape(size_px, size_px)
    return (levels.astype(np.float32) - 127.5) / 73.9  # a uniform byte has a deviation of 256 / sqrt(12)


def cells(rng: np.random.Generator, size_px: int, cells_yx: tuple[int, int], jitter: float = 0.9) -> Cells:
    """Partition the square around one point in each of `cells_yx` boxes.

    Args:
        rng: source of randomness.
        size_px: side of the square.
        cells_yx: boxes (down, across).
        jitter: 0 puts each point into the middle of its box, 1 anywhere in it.
    """
    count = cells_yx[0] * cells_yx[1]
    boxes = np.indices(cells_yx).transpose(1, 2, 0)
    places = (boxes + 0.5 + jitter * (rng.random((*cells_yx, 2)) - 0.5)) / cells_yx
    rows, columns = (places.reshape(count, 2) * size_px).astype(np.intp).T % size_px
    owner = np.full((size_px, size_px), -1, dtype=np.int32)
    owner[rows, columns] = np.arange(count)
    margin = min(size_px, ceil(2 * size_px / min(cells_yx)))
    owner = padded(owner, margin)
    distance, piece = cv2.distanceTransformWithLabels(
        (owner < 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    inner = (slice(margin, margin + size_px), slice(margin, margin + size_px))
    owner_of_piece = np.zeros(piece.max() + 1, dtype=np.int32)
    owner_of_piece[piece[owner >= 0]] = owner[owner >= 0]
    return Cells(distance_px=distance[inner], label=owner_of_piece[piece[inner]], count=count)


def blurred(field: Field, sigma_px: float) -> Field:
    """Blur with a Gaussian that wraps around."""
    margin = min(field.shape[0], ceil(3 * sigma_px))
    smooth = cv2.GaussianBlur(padded(field, margin), (2 * margin + 1, 2 * margin + 1), sigma_px)
    return smooth[margin:-margin, margin:-margin]


def warped(image: np.ndarray, shift_y_px: Field, shift_x_px: Field) -> np.ndarray:
    """Look each pixel up at a shifted place, wrapping around; `image` may have channels."""
    places = np.arange(image.shape[0], dtype=np.float32)
    return cv2.remap(
        image, shift_x_px + places, shift_y_px + places[:, None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
    )


def relief(height: Field, light_rad: float) -> Field:
    """Slope of `height` towards a light in direction `light_rad` (0 right, pi / 2 down), wrapping around.

    Its unit is height per 1/512 of the side, so that shading does not depend on the resolution.
    """
    scale = height.shape[0] / 1024  # neighbours to both sides are two pixels apart
    towards_x, towards_y = scale * float(np.cos(light_rad)), scale * float(np.sin(light_rad))
    ahead = padded(height, 1)
    slope_x = ahead[1:-1, :-2] - ahead[1:-1, 2:]
    slope_y = ahead[:-2, 1:-1] - ahead[2:, 1:-1]
    slope: Field = towards_x * slope_x + towards_y * slope_y
    return slope


def standardized(field: Field) -> Field:
    """Shift and scale to mean 0 and standard deviation 1; a constant field becomes 0."""
    centred: Field = field - field.mean()
    centred /= max(float(centred.std()), 1e-6)
    return centred


def smoothstep(field: Field, low: float, high: float) -> Field:
    """Rise from 0 at `low` to 1 at `high` without corners; `low` may exceed `high`."""
    t: Field = np.clip((field - low) * (1 / (high - low)), 0, 1)
    t *= t * (3 - 2 * t)
    return t


def padded(field: np.ndarray, margin: int) -> np.ndarray:
    """Continue `field` by `margin` pixels on each side, wrapping around."""
    return cv2.copyMakeBorder(field, margin, margin, margin, margin, cv2.BORDER_WRAP)


def enlarged(lattice: Float[np.ndarray, "h w"], shape: tuple[int, int]) -> Float[np.ndarray, "h2 w2"]:
    """Interpolate a periodic lattice up to `shape`, bicubically.

    `cv2.resize` rounds differently when it runs in another number of threads.
    """
    wide = _taller(np.ascontiguousarray(lattice.T), shape[1])
    return _taller(np.ascontiguousarray(wide.T), shape[0])


def _capped(shape: tuple[int, int], size_px: int) -> tuple[int, int]:
    return min(shape[0], size_px), min(shape[1], size_px)


def _taller(lattice: Float[np.ndarray, "h w"], rows: int) -> Float[np.ndarray, "rows w"]:
    """Interpolate a periodic lattice along its columns with the Catmull-Rom spline."""
    place = (np.arange(rows) + 0.5) * (lattice.shape[0] / rows) - 0.5
    before = np.floor(place).astype(np.intp)
    t = (place - before).astype(np.float32)[:, None]
    weights = (
        ((2 - t) * t - 1) * t / 2,
        (t * t * (3 * t - 5) + 2) / 2,
        ((4 - 3 * t) * t + 1) * t / 2,
        (t - 1) * t * t / 2,
    )
    taller = np.zeros((rows, lattice.shape[1]), dtype=np.float32)
    for offset, weight in enumerate(weights, start=-1):
        taller += weight * lattice.take(before + offset, axis=0, mode="wrap")
    return taller
