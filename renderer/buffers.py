"""What Blender gives back for a view, as plain arrays."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Guides:
    """What a denoiser goes by: colours and normals of what is seen.

    Attributes:
        are_clean: whether they have been denoised themselves, or are as noisy as the image.
    """

    albedo: Float32[np.ndarray, "h w 3"]
    normals: Float32[np.ndarray, "h w 3"]
    are_clean: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LightGroups:
    """What each light adds to an image, as the scene says it shines.

    Attributes:
        lights: names of lamps, ENVIRONMENT for the sky, and an empty one for what shines by itself.
        radiance: linear Rec. 709 RGB, of each light; their sum is the image.
        guides: for a denoiser; None where nothing is left to denoise.
    """

    lights: tuple[str, ...]
    radiance: Float32[np.ndarray, "g h w 3"]
    guides: Guides | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Buffers:
    """The buffers of one view, from one Cycles render; row 0 is the top of the image.

    Attributes:
        radiance: linear Rec. 709 RGB.
        ids: 0 for the ground and the sky, i + 1 for object i of the scene; sampled at pixel centres.
        depth_z_m: distance along the optical axis, metres; very large where there is only sky.
        normals: of length 1, in the camera's frame, 0 where there is only sky; None where not asked for.
        missing_images: names of what is made with an image that Blender does not have, and shows in magenta.
        light_groups: the radiance by light, where several shots change the lights; else None.
    """

    radiance: Float32[np.ndarray, "h w 3"]
    ids: Int32[np.ndarray, "h w"]
    depth_z_m: Float32[np.ndarray, "h w"]
    normals: Float32[np.ndarray, "h w 3"] | None = None
    missing_images: tuple[str, ...] = ()
    light_groups: LightGroups | None = None
