"""Light as a shot has it, from one trace that kept the light of each lamp apart."""

from collections.abc import Mapping

import torch
from jaxtyping import Float32
from torch import Tensor

from renderer.buffers import LightGroups
from renderer.illumination import UNCHANGED
from renderer.scene import Vector3


def relight(
    groups: LightGroups, gains: Mapping[str, Vector3], device: torch.device
) -> Float32[Tensor, "h w 3"]:
    """The radiance of an image whose lights are multiplied; those that are not named stay as they are.

    Light adds up, so this is exact: what is seen under several lights is the sum of what is seen under each.
    """
    weights = torch.tensor([gains.get(light, UNCHANGED) for light in groups.lights], device=device)
    radiance = torch.from_numpy(groups.radiance).to(device)
    total = torch.zeros(radiance.shape[1:], device=device)
    for image, weight in zip(radiance, weights, strict=True):
        total.addcmul_(image, weight)
    return total
