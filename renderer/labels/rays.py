"""The rays through the centres of a view's pixels, and which pixels a triangle can reach.

Every step is one IEEE operation on doubles, so that all devices give the same bits.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int64
from torch import Tensor

from renderer.lens.distortion import distort, fold_angle_rad, largest_radius, undistort
from renderer.lens.source import FOLD_MARGIN, ID_DENSITY, pixel_rays, source_of
from renderer.scene import NEAR_M, Camera

SLACK_PX = 1e-3  # around the pixels that a triangle can reach, for rounding
LENS_SLACK_PX = 1.5  # ids under a lens are sampled up to a quarter of a pixel off the centre
WIDE_RAD = 0.3  # a triangle seen under less is bounded by points of its edges, whatever the lens sees of it
WIDE_SEGMENTS = 16  # of an edge of others


Ray = tuple[Float64[Tensor, " n"], Float64[Tensor, " n"], Float64[Tensor, " n"] | None]


class Window(NamedTuple):
    """A range of pixels, half-open; it may reach beyond the image."""

    x0: int
    y0: int
    x1: int
    y1: int


class Reach(NamedTuple):
    """First and last column and row that a triangle can reach; first > last where it reaches none."""

    first_column: Int64[Tensor, " t"]
    last_column: Int64[Tensor, " t"]
    first_row: Int64[Tensor, " t"]
    last_row: Int64[Tensor, " t"]

    def counts(self) -> tuple[Int64[Tensor, " t"], Int64[Tensor, " t"]]:
        """The number of columns, and of pixels."""
        columns = (self.last_column - self.first_column + 1).clamp(min=0)
        return columns, columns * (self.last_row - self.first_row + 1).clamp(min=0)

    def of(self, chosen: Int64[Tensor, " c"]) -> "Reach":
        """That of some triangles."""
        return Reach(*(values[chosen] for values in self))

    def within(self, window: Window) -> "Reach":
        """What of it lies in a window."""
        return Reach(
            first_column=self.first_column.clamp(min=window.x0),
            last_column=self.last_column.clamp(max=window.x1 - 1),
            first_row=self.first_row.clamp(min=window.y0),
            last_row=self.last_row.clamp(max=window.y1 - 1),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rays:
    """The rays of a window's pixels.

    Attributes:
        lens_rays: under a lens, the direction for each pixel of the window; not a number where it has none.
    """

    camera: Camera
    window: Window
    device: torch.device
    lens_rays: Float64[Tensor, "n 3"] | None

    def at(self, columns: Int64[Tensor, " n"], rows: Int64[Tensor, " n"]) -> Ray:
        """Directions x, y and z of pixels; z is None where it is 1."""
        camera = self.camera
        if self.lens_rays is not None:
            width = self.window.x1 - self.window.x0
            picked = self.lens_rays[(rows - self.window.y0) * width + columns - self.window.x0]
            return picked[:, 0], picked[:, 1], picked[:, 2]
        x = (columns.double() + (0.5 - camera.cx_px)) / camera.fx_px
        y = (rows.double() + (0.5 - camera.cy_px)) / camera.fy_px
        return x, y, None


def image_window(camera: Camera) -> Window:
    """The pixels of the image."""
    return Window(0, 0, camera.width_px, camera.height_px)


def wide_window(camera: Camera) -> Window:
    """The pixels up to one image beyond each border: as far as objects are seen whole."""
    width, height = camera.width_px, camera.height_px
    return Window(-width, -height, 2 * width, 2 * height)


def rays_of(camera: Camera, window: Window, device: torch.device) -> Rays:
    """The rays of a camera's pixels in a window that holds the image."""
    lens_rays = None
    if camera.lens is not None:
        lens_rays = torch.from_numpy(_lens_rays(camera, window).reshape(-1, 3)).to(device)
    return Rays(camera=camera, window=window, device=device, lens_rays=lens_rays)


def sampled_rays(camera: Camera, device: torch.device) -> Rays:
    """Under a lens, the rays that the id buffer was sampled on: of pixels of a denser source."""
    lens_rays = torch.from_numpy(_sampled_rays(camera).reshape(-1, 3)).to(device)
    return Rays(camera=camera, window=image_window(camera), device=device, lens_rays=lens_rays)


def _lens_rays(camera: Camera, window: Window) -> Float64[np.ndarray, "h w 3"]:
    assert camera.lens is not None, "a camera without a lens has closed forms"
    u, v = np.meshgrid(np.arange(window.x0, window.x1) + 0.5, np.arange(window.y0, window.y1) + 0.5)
    points = np.stack([(u - camera.cx_px) / camera.fx_px, (v - camera.cy_px) / camera.fy_px], axis=-1)
    is_image = (u > 0) & (u < camera.width_px) & (v > 0) & (v < camera.height_px)
    rays = np.full((*points.shape[:2], 3), np.nan)
    outside = ~is_image & (np.linalg.norm(points, axis=-1) < FOLD_MARGIN * largest_radius(camera.lens))
    rays[outside] = undistort(camera.lens, points[outside])
    rays[is_image] = pixel_rays(camera).reshape(-1, 3)
    return rays


def _sampled_rays(camera: Camera) -> Float64[np.ndarray, "h w 3"]:
    source = source_of(camera, density=ID_DENSITY)
    u, v = (np.floor(source.map_xy[..., axis]) + 0.5 for axis in (0, 1))
    inner = source.camera
    points = np.stack([(u - inner.cx_px) / inner.fx_px, (v - inner.cy_px) / inner.fy_px], axis=-1)
    if inner.lens is not None:
        return undistort(inner.lens, points)
    return np.concatenate([points, np.ones_like(points[..., :1])], axis=-1)


def reach_of(camera: Camera, corners_m: Float64[Tensor, "t 3 3"], windows: Int64[Tensor, "t 4"]) -> Reach:
    """The pixels whose rays can meet triangles, each within a window (x0, y0, x1, y1) of its own."""
    bounds = _projected if camera.lens is None else _distorted
    u, v, is_bounded, is_behind = bounds(camera, corners_m)
    x0, y0, x1, y1 = windows.unbind(dim=1)

    def first(lowest: Tensor, low: Tensor, high: Tensor) -> Tensor:
        found = (lowest - SLACK_PX - 0.5).ceil()
        return torch.where(is_bounded, found.clamp(low, high), low.double()).long()

    def last(highest: Tensor, low: Tensor, high: Tensor) -> Tensor:
        found = (highest + SLACK_PX - 0.5).floor()
        return torch.where(is_bounded, found.clamp(low - 1, high - 1), high.double() - 1).long()

    return Reach(
        first_column=torch.where(is_behind, x1, first(u[:, 0], x0, x1)),
        last_column=last(u[:, 1], x0, x1),
        first_row=first(v[:, 0], y0, y1),
        last_row=last(v[:, 1], y0, y1),
    )


def _projected(
    camera: Camera, corners_m: Float64[Tensor, "t 3 3"]
) -> tuple[Float64[Tensor, "t 2"], Float64[Tensor, "t 2"], Bool[Tensor, " t"], Bool[Tensor, " t"]]:
    """Lowest and highest column and row of triangles, after what is too near was cut off.

    Also whether these bound the triangle, and whether it is behind the camera.
    """
    x, y, z = corners_m.unbind(dim=2)
    nearest, farthest = _extremes(z)
    u = torch.stack(_extremes(x / z * camera.fx_px + camera.cx_px), dim=1)
    v = torch.stack(_extremes(y / z * camera.fy_px + camera.cy_px), dim=1)
    is_behind = ~(farthest > NEAR_M)
    cut = (~(nearest > NEAR_M) & ~is_behind).nonzero()[:, 0]
    if len(cut):
        u[cut], v[cut] = _cut_bounds(camera, corners_m[cut])
    return u, v, torch.ones_like(is_behind), is_behind


def _extremes(values: Float64[Tensor, "t 3"]) -> tuple[Float64[Tensor, " t"], Float64[Tensor, " t"]]:
    a, b, c = values.unbind(dim=1)
    return torch.minimum(torch.minimum(a, b), c), torch.maximum(torch.maximum(a, b), c)


def _cut_bounds(
    camera: Camera, corners_m: Float64[Tensor, "t 3 3"]
) -> tuple[Float64[Tensor, "t 2"], Float64[Tensor, "t 2"]]:
    """Lowest and highest column and row of triangles of which a part is too near."""
    following = corners_m.roll(-1, dims=1)
    near, far = corners_m[..., 2], following[..., 2]
    crosses = (near > NEAR_M) != (far > NEAR_M)
    share = (NEAR_M - near) / torch.where(crosses, far - near, 1.0)
    cut = corners_m + (following - corners_m) * share[..., None]
    x, y, z = torch.cat([corners_m, cut], dim=1).unbind(dim=2)
    is_seen = torch.cat([near > NEAR_M, crosses], dim=1)
    z = torch.where(is_seen, torch.cat([near, torch.full_like(near, NEAR_M)], dim=1), 1.0)
    u, v = x / z * camera.fx_px + camera.cx_px, y / z * camera.fy_px + camera.cy_px
    return _range(u, is_seen), _range(v, is_seen)


def _range(values: Float64[Tensor, "t n"], is_seen: Bool[Tensor, "t n"]) -> Float64[Tensor, "t 2"]:
    low = torch.where(is_seen, values, math.inf).amin(dim=1)
    high = torch.where(is_seen, values, -math.inf).amax(dim=1)
    return torch.stack([low, high], dim=1)


def _distorted(
    camera: Camera, corners_m: Float64[Tensor, "t 3 3"]
) -> tuple[Float64[Tensor, "t 2"], Float64[Tensor, "t 2"], Bool[Tensor, " t"], Bool[Tensor, " t"]]:
    """As `_projected`, under a lens: from points along the edges."""
    assert camera.lens is not None, "a camera without a lens has straight edges"
    corners, limit = corners_m.cpu().numpy(), fold_angle_rad(camera.lens)
    longest = np.linalg.norm(corners - np.roll(corners, -1, axis=1), axis=-1).max(axis=1)
    width = longest / np.maximum(np.linalg.norm(corners, axis=-1).min(axis=1), NEAR_M)
    is_wide = width > WIDE_RAD
    bounds, angles = np.empty((len(corners), 2, 2)), np.empty((len(corners), 2))
    for chosen, segments in ((~is_wide, 2), (is_wide, WIDE_SEGMENTS)):
        bounds[chosen], angles[chosen] = _edge_bounds(camera, corners[chosen], segments, limit)
    is_bounded = ~is_wide | (angles[:, 1] < limit)
    is_behind = ~is_wide & (angles[:, 0] - width > limit)
    there = (torch.from_numpy(found).to(corners_m.device) for found in (bounds, is_bounded, is_behind))
    found, bounded, behind = there
    return found[:, 0], found[:, 1], bounded, behind


def _edge_bounds(
    camera: Camera, corners: Float64[np.ndarray, "t 3 3"], segments: int, limit: float
) -> tuple[Float64[np.ndarray, "t 2 2"], Float64[np.ndarray, "t 2"]]:
    """Lowest and highest column and row of triangles under a lens, and their angles from the axis.

    What the lens cannot see is moved to the border of what it can. Between the points the edges bend by less
    than twice what they bend from one point to the next but one.
    """
    assert camera.lens is not None, "a camera without a lens has straight edges"
    shares = np.linspace(0, 1, segments + 1)[:, None]
    following = np.roll(corners, -1, axis=1)
    points = corners[:, :, None] * (1 - shares) + following[:, :, None] * shares
    across = np.linalg.norm(points[..., :2], axis=-1)
    angle = np.arctan2(across, points[..., 2])
    seen = np.minimum(angle, 0.999 * limit)
    unit = points[..., :2] / np.where(across > 0, across, 1)[..., None]
    rays = np.concatenate([unit * np.sin(seen)[..., None], np.cos(seen)[..., None]], axis=-1)
    pixels = distort(camera.lens, rays) * (camera.fx_px, camera.fy_px) + (camera.cx_px, camera.cy_px)
    bend = np.abs(np.diff(pixels, n=2, axis=2)).max(axis=(1, 2))
    low, high = pixels.min(axis=(1, 2)) - bend, pixels.max(axis=(1, 2)) + bend
    bounds = np.stack([low - LENS_SLACK_PX, high + LENS_SLACK_PX], axis=-1)
    return bounds, np.stack([angle.min(axis=(1, 2)), angle.max(axis=(1, 2))], axis=-1)
