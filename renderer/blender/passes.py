"""Reading the passes of a view from the multi-layer EXR that Blender wrote."""

from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from jaxtyping import Float32

from renderer.buffers import Buffers
from renderer.rotation import rotation_matrix
from renderer.scene import Camera
from renderer.stopwatch import stage

_LAYER = "ViewLayer."


@stage("read")
def read_buffers(path: Path) -> Buffers:
    """The buffers of a view; ids come back as the whole numbers they were, normals in the world's frame."""
    channels = OpenEXR.File(str(path), separate_channels=True).channels()

    def plane(name: str) -> Any:
        return channels[_LAYER + name].pixels

    radiance = np.stack([plane(f"Combined.{c}") for c in "RGB"], axis=-1)
    ids = np.rint(plane("IndexOB.X")).astype(np.int32)
    normals = None
    if _LAYER + "Normal.X" in channels:
        normals = np.stack([plane(f"Normal.{axis}") for axis in "XYZ"], axis=-1)
    return Buffers(radiance=radiance, ids=ids, depth_z_m=plane("Depth.Z").copy(), normals=normals)


def in_camera(normals_world: Float32[np.ndarray, "h w 3"], camera: Camera) -> Float32[np.ndarray, "h w 3"]:
    """Normals in the camera's frame."""
    world_from_camera = rotation_matrix(camera.pose.rotation_wxyz)
    turned: Float32[np.ndarray, "h w 3"] = (normals_world @ world_from_camera).astype(np.float32)
    return turned
