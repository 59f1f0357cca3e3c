"""From id buffers to boxes, areas, masks and polygons: batched torch, the same code on CPU and GPU.

The names are loaded when they are asked for: who reads records needs `renderer.labels.certificate` alone,
and torch takes seconds and 300 MB.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from renderer.labels.device import label_device, one_thread
    from renderer.labels.instances import InstanceLabels, label_instances, perimeters_px
    from renderer.labels.polygons import Polygon, coco_polygons, outline_instances
    from renderer.labels.rle import Segmentation, encode_masks
    from renderer.labels.statistics import LabelStatistics, label_statistics, visibility

__all__ = [
    "InstanceLabels",
    "LabelStatistics",
    "Polygon",
    "Segmentation",
    "coco_polygons",
    "encode_masks",
    "label_device",
    "label_instances",
    "label_statistics",
    "one_thread",
    "outline_instances",
    "perimeters_px",
    "visibility",
]

_MODULES = {
    "device": ("label_device", "one_thread"),
    "instances": ("InstanceLabels", "label_instances", "perimeters_px"),
    "polygons": ("Polygon", "coco_polygons", "outline_instances"),
    "rle": ("Segmentation", "encode_masks"),
    "statistics": ("LabelStatistics", "label_statistics", "visibility"),
}


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
