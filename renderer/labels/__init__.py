"""From id buffers to masks, boxes and areas: batched torch, the same code on CPU and GPU."""

from renderer.labels.instances import InstanceLabels, label_device, label_instances

__all__ = ["InstanceLabels", "label_device", "label_instances"]
