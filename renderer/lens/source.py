"""The camera whose image a lens warps: what Blender renders."""

import functools
import math
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from renderer.lens.distortion import distort, largest_radius, undistort
from renderer.scene import Camera, Lens

ID_DENSITY = 2  # id samples per pixel and axis: an edge is at most a quarter of a pixel off
WIDEST_DEG = 70.0  # off the axis of a lens that is no fisheye: beyond, a plane image grows without bound
MARGIN_PX = 2.0  # around what the warp reads
BORDER_POINTS = 65  # a side, on which the extent is measured
FOLD_MARGIN = 0.98  # of the radius where the lens folds: at it the image is stretched without bound
LARGEST_ERROR_PX = 0.01  # there and back


# What sees beyond a plane: the angle from the axis is the distance from the middle.
EQUIDISTANT = Lens(model="fisheye", coefficients=(0.0, 0.0, 0.0, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A camera that Blender has, which sees all that a camera with a lens does.

    Attributes:
        camera: without a lens, or EQUIDISTANT and square; its image is larger.
        map_xy: for the centre of each pixel of the image, the place in the source's image, in pixels.
        axis_share: of each pixel's ray, the length along the optical axis over its own.
    """

    camera: Camera
    map_xy: Float[np.ndarray, "h w 2"]
    axis_share: Float[np.ndarray, "h w"]


@functools.lru_cache(maxsize=2)  # of image and ids, which are rendered, warped and looked at again
def source_of(camera: Camera, density: float) -> Source:
    """The source of a camera with a lens: a fisheye's is a fisheye too.

    Args:
        density: pixels of the source per pixel of the image and axis, at least, where the lens squeezes most.
    """
    rays = pixel_rays(camera)
    flat, border = _flatten(camera, rays), _flatten(camera, _rays(camera, *_border(camera)))
    focal_px = np.array([camera.fx_px, camera.fy_px]) * density / _smallest_step(camera, flat)
    if _is_fisheye(camera):
        focal_px = focal_px.max(keepdims=True).repeat(2)
        high = np.linalg.norm(border, axis=-1).max(keepdims=True).repeat(2) + MARGIN_PX / focal_px
        low = -high
    else:
        low, high = border.min(axis=0) - MARGIN_PX / focal_px, border.max(axis=0) + MARGIN_PX / focal_px
    width_px, height_px = (int(side) for side in np.ceil((high - low) * focal_px))
    middle = np.array([width_px, height_px]) / 2 if _is_fisheye(camera) else -low * focal_px
    source = replace(
        camera,
        lens=EQUIDISTANT if _is_fisheye(camera) else None,
        width_px=width_px,
        height_px=height_px,
        fx_px=float(focal_px[0]),
        fy_px=float(focal_px[1]),
        cx_px=float(middle[0]),
        cy_px=float(middle[1]),
    )
    return Source(camera=source, map_xy=flat * focal_px + middle, axis_share=rays[..., 2])


def _is_fisheye(camera: Camera) -> bool:
    return camera.lens is not None and camera.lens.model == "fisheye"


@functools.lru_cache(maxsize=1)  # of both sources, and of what labels the view
def pixel_rays(camera: Camera) -> Float[np.ndarray, "h w 3"]:
    """The rays of the pixels' centres, through the lens."""
    u, v = np.meshgrid(np.arange(camera.width_px) + 0.5, np.arange(camera.height_px) + 0.5)
    return _rays(camera, u, v)


def _rays(camera: Camera, u: np.ndarray, v: np.ndarray) -> Float[np.ndarray, "... 3"]:
    assert camera.lens is not None, "a camera without a lens is its own source"
    return undistort(camera.lens, _distorted(camera, u, v))


def _flatten(camera: Camera, rays: Float[np.ndarray, "... 3"]) -> Float[np.ndarray, "... 2"]:
    """Where rays fall in the source's image, at a focal length of 1."""
    return distort(EQUIDISTANT, rays) if _is_fisheye(camera) else np.asarray(rays[..., :2] / rays[..., 2:])


def _smallest_step(camera: Camera, flat: Float[np.ndarray, "h w 2"]) -> float:
    """How far the source's places of neighbouring pixels lie apart, at least, in pixels of the camera."""
    pixels = flat * (camera.fx_px, camera.fy_px)
    steps = (np.linalg.norm(np.diff(pixels, axis=axis), axis=-1).min() for axis in (0, 1))
    return float(min(steps))


def lens_fault(camera: Camera) -> str | None:
    """Why a camera's lens cannot be rendered, in words that follow 'the lens', or None."""
    if camera.lens is None:
        return None
    border = _distorted(camera, *_border(camera))
    if np.linalg.norm(border, axis=-1).max() > FOLD_MARGIN * largest_radius(camera.lens):
        return "folds the image over before it reaches the corners"
    rays = undistort(camera.lens, border)
    widest_deg = math.degrees(math.acos(float(rays[:, 2].min())))
    if not _is_fisheye(camera) and widest_deg > WIDEST_DEG:
        return f"looks {widest_deg:.0f} degrees off its axis in the corners, more than {WIDEST_DEG:.0f}"
    if np.abs(distort(camera.lens, rays) - border).max() * camera.fx_px > LARGEST_ERROR_PX:
        return "folds the image over before it reaches the corners"
    return None


def _border(camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Points along the four sides of the image, in pixels."""
    along = np.linspace(0, 1, BORDER_POINTS)
    zero, one = np.zeros_like(along), np.ones_like(along)
    u = np.concatenate([along, along, zero, one]) * camera.width_px
    v = np.concatenate([zero, one, along, along]) * camera.height_px
    return u, v


def _distorted(camera: Camera, u: np.ndarray, v: np.ndarray) -> Float[np.ndarray, "... 2"]:
    return np.stack([(u - camera.cx_px) / camera.fx_px, (v - camera.cy_px) / camera.fy_px], axis=-1)
