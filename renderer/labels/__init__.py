"""From id buffers to boxes, areas, masks and polygons: batched torch, the same code on CPU and GPU."""

from renderer.labels.device import label_device
from renderer.labels.instances import InstanceLabels, label_instances
from renderer.labels.rle import Segmentation, encode_masks

__all__ = ["InstanceLabels", "Segmentation", "encode_masks", "label_device", "label_instances"]
