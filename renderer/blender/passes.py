"""Reading the passes of a view from the multi-layer EXR that Blender wrote."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from jaxtyping import Float32

from renderer.buffers import Buffers, Guides
from renderer.rotation import rotation_matrix
from renderer.scene import Camera
from renderer.stopwatch import stage

_LAYER = "ViewLayer."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Channels:
    """The channels of an EXR by their names."""

    planes: Any

    def plane(self, name: str) -> Float32[np.ndarray, "h w"]:
        """One channel, such as Depth.Z."""
        found: Float32[np.ndarray, "h w"] = self.planes[_LAYER + name].pixels
        return found

    def colors(self, name: str, axes: str) -> Float32[np.ndarray, "h w 3"]:
        """Three channels of a pass, such as RGB of Combined."""
        return np.stack([self.plane(f"{name}.{axis}") for axis in axes], axis=-1)


@stage("read")
def read_channels(path: Path) -> Channels:
    """All that Blender wrote of a view."""
    return Channels(planes=OpenEXR.File(str(path), separate_channels=True).channels())


@stage("read")
def buffers_of(channels: Channels) -> Buffers:
    """The buffers of a view; ids come back as the whole numbers they were, normals in the world's frame."""
    has_normals = _LAYER + "Normal.X" in channels.planes
    return Buffers(
        radiance=channels.colors("Combined", "RGB"),
        ids=np.rint(channels.plane("IndexOB.X")).astype(np.int32),
        depth_z_m=channels.plane("Depth.Z").copy(),
        normals=channels.colors("Normal", "XYZ") if has_normals else None,
    )


def guides_of(channels: Channels) -> Guides:
    """What a denoiser goes by, of a trace that was asked for it."""
    return Guides(
        albedo=channels.colors("Denoising Albedo", "RGB"), normals=channels.colors("Denoising Normal", "XYZ")
    )


def in_camera(normals_world: Float32[np.ndarray, "h w 3"], camera: Camera) -> Float32[np.ndarray, "h w 3"]:
    """Normals in the camera's frame."""
    world_from_camera = rotation_matrix(camera.pose.rotation_wxyz)
    turned: Float32[np.ndarray, "h w 3"] = (normals_world @ world_from_camera).astype(np.float32)
    return turned
