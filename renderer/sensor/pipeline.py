"""The steps of a camera, in their order."""

from collections.abc import Sequence

import torch
from jaxtyping import Float32, UInt8
from torch import Tensor

from renderer.scene import SensorValues
from renderer.sensor.exposure import expose


def develop(
    radiance: Float32[Tensor, "b 3 h w"], values: Sequence[SensorValues], noise_seeds: Sequence[int]
) -> UInt8[Tensor, "b 3 h w"]:
    """Turn radiance into images as a camera with these values does.

    Args:
        radiance: linear Rec. 709.
        values: of each image.
        noise_seeds: of each image; equal seeds give equal noise on any device.
    """
    ev = torch.tensor([v.exposure_ev for v in values], dtype=torch.float32, device=radiance.device)
    return expose(radiance, ev)
