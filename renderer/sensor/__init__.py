"""From linear radiance to a camera image, batched in torch, the same code on CPU and GPU."""

from renderer.sensor.photographs import Photographs, photograph
from renderer.sensor.pipeline import develop

__all__ = ["Photographs", "develop", "photograph"]
