"""Where a camera, with a lens or without, sees points; and along what its pixels look."""

import numpy as np
from jaxtyping import Bool, Float

from renderer.lens.distortion import distort, fold_angle_rad
from renderer.lens.source import pixel_rays
from renderer.scene import Camera


def project(camera: Camera, points_camera: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 2"]:
    """Pixels of points in the camera's frame, in the image or beyond its border.

    Not a number where a point cannot be projected: it is behind the camera, or beyond what the lens maps one
    to one.
    """
    pixels = np.full((len(points_camera), 2), np.nan)
    seen = _can_be_projected(camera, points_camera)
    points = points_camera[seen]
    flat = points[:, :2] / points[:, 2:] if camera.lens is None else distort(camera.lens, points)
    pixels[seen] = flat * (camera.fx_px, camera.fy_px) + (camera.cx_px, camera.cy_px)
    return pixels


def _can_be_projected(camera: Camera, points_camera: Float[np.ndarray, "n 3"]) -> Bool[np.ndarray, " n"]:
    is_fisheye = camera.lens is not None and camera.lens.model == "fisheye"
    across, along = np.linalg.norm(points_camera[:, :2], axis=1), points_camera[:, 2]
    seen: Bool[np.ndarray, " n"] = (across > 0) | (along > 0) if is_fisheye else along > 0
    if camera.lens is not None:
        seen &= np.arctan2(across, along) <= fold_angle_rad(camera.lens)
    return seen


def axis_share(camera: Camera) -> Float[np.ndarray, "h w"]:
    """Of the ray of each pixel's centre, the part along the optical axis over its length; below 0 behind."""
    if camera.lens is not None:
        return np.asarray(pixel_rays(camera)[..., 2])
    u, v = np.meshgrid(np.arange(camera.width_px) + 0.5, np.arange(camera.height_px) + 0.5)
    x, y = (u - camera.cx_px) / camera.fx_px, (v - camera.cy_px) / camera.fy_px
    return np.asarray(1 / np.sqrt(1 + x * x + y * y))
