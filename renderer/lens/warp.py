"""Warping a view's buffers by its lens."""

import numpy as np
import torch
from jaxtyping import Float, Float32, Shaped
from torch import Tensor

from renderer.buffers import Buffers, LightGroups
from renderer.lens.source import Source
from renderer.stopwatch import stage


@stage("warp")
def warp_buffers(image: Buffers, image_source: Source, sharp: Buffers, sharp_source: Source) -> Buffers:
    """The buffers of a camera with a lens.

    Args:
        image: of the source whose radiance is taken.
        sharp: of the denser source whose ids, depth and normals are taken.
    """
    depth_m = sample_nearest(sharp.depth_z_m, sharp_source.map_xy)
    if sharp_source.camera.lens is not None:  # such a camera measures along the ray
        depth_m = depth_m * sharp_source.axis_share.astype(np.float32)
    normals = None if sharp.normals is None else sample_nearest(sharp.normals, sharp_source.map_xy)
    return Buffers(
        radiance=_warped(image.radiance, image_source),
        ids=sample_nearest(sharp.ids, sharp_source.map_xy),
        depth_z_m=depth_m,
        normals=normals,
        light_groups=None if image.light_groups is None else _warp_groups(image.light_groups, image_source),
    )


def _warp_groups(groups: LightGroups, source: Source) -> LightGroups:
    images = [_warped(image, source) for image in groups.radiance]
    return LightGroups(lights=groups.lights, radiance=np.stack(images), guides=None)


def _warped(image: Float32[np.ndarray, "sh sw 3"], source: Source) -> Float32[np.ndarray, "h w 3"]:
    warped = sample_linear(torch.from_numpy(image).permute(2, 0, 1), torch.from_numpy(source.map_xy))
    return np.ascontiguousarray(warped.permute(1, 2, 0).numpy())


def sample_linear(
    image: Float32[Tensor, "c sh sw"], places_xy: Float[Tensor, "h w 2"]
) -> Float32[Tensor, "c h w"]:
    """Bilinear samples at places in pixels, whose first has its centre at (0.5, 0.5); edges are continued."""
    height, width = image.shape[1:]
    size = torch.tensor([width, height], dtype=places_xy.dtype, device=places_xy.device)
    grid = (2 * places_xy / size - 1).to(image.dtype)
    sampled: Tensor = torch.nn.functional.grid_sample(
        image[None], grid[None], mode="bilinear", padding_mode="border", align_corners=False
    )
    return sampled[0]


def sample_nearest(
    values: Shaped[np.ndarray, "sh sw *c"], places_xy: Float[np.ndarray, "h w 2"]
) -> Shaped[np.ndarray, "h w *c"]:
    """The pixels that places, in pixels, lie in."""
    height, width = values.shape[:2]
    column = np.clip(places_xy[..., 0].astype(int), 0, width - 1)
    row = np.clip(places_xy[..., 1].astype(int), 0, height - 1)
    picked: np.ndarray = values[row, column]
    return picked
