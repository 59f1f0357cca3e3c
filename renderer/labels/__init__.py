"""From id buffers to boxes, areas, masks and polygons: batched torch, the same code on CPU and GPU."""

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
