"""What formats for images alone ask of an object: its box within the image, and how much of it is hidden."""

from collections.abc import Mapping
from typing import Any

from renderer.dataset.coco import exported_box_xyxy
from renderer.dataset.record import Record

Instance = Mapping[str, Any]


def box_in_image(record: Record, instance: Instance, box: str) -> tuple[int, int, int, int]:
    """The half-open box (x0, y0, x1, y1) of an object, within the image, in whole pixels.

    Args:
        box: one of `renderer.recipe.schema.BOXES`; `amodal` is clipped too.
    """
    size_wh = record["image"]["width_px"], record["image"]["height_px"]
    return exported_box_xyxy(instance, "amodal_clipped" if box == "amodal" else box, size_wh)


def hidden_share(instance: Instance) -> float:
    """Share, from 0 to 1, of an object's pixels inside the image that something stands before."""
    inside_px = instance["amodal"]["area_px"] * (1 - instance["truncation"])
    return max(0.0, 1 - instance["area_px"] / inside_px) if inside_px > 0 else 1.0
