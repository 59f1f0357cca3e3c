"""Reading the passes of a view from the multi-layer EXR that Blender wrote."""

from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR

from renderer.buffers import Buffers

_LAYER = "ViewLayer."


def read_buffers(path: Path) -> Buffers:
    """The buffers of a view; ids come back as the whole numbers they were."""
    channels = OpenEXR.File(str(path), separate_channels=True).channels()

    def plane(name: str) -> Any:
        return channels[_LAYER + name].pixels

    radiance = np.stack([plane(f"Combined.{c}") for c in "RGB"], axis=-1)
    ids = np.rint(plane("IndexOB.X")).astype(np.int32)
    return Buffers(radiance=radiance, ids=ids, depth_z_m=plane("Depth.Z").copy())
