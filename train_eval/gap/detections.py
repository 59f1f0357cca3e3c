"""The detections of each trained arm on the test photographs, kept so that nothing is computed twice."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from renderer.files import file_sha256, write_json
from train_eval.data.records import DetectionSet
from train_eval.evaluation.detect import detect_set
from train_eval.evaluation.detections import Detections, coco_results, detections_of_results
from train_eval.training.checkpoint import load_detector
from train_eval.training.plan import fingerprint

BATCH_SIZE = 4  # images at once


def kept_detections(
    path: Path, checkpoint: Path, test: DetectionSet, device: torch.device
) -> Sequence[Detections]:
    """The detections of a checkpoint in a set: those kept at `path`, or new ones, which are then kept.

    Raises:
        DataError: the checkpoint or an image cannot be read.
    """
    key = {"checkpoint": file_sha256(checkpoint), "test": fingerprint(test)}
    image_ids = [record.image_id for record in test.images]
    kept = _read(path)
    if kept is None or kept.get("key") != key:
        detector, trained = load_detector(checkpoint, device)
        found = list(detect_set(detector, trained.spec, test, device, batch_size=BATCH_SIZE))
        kept = {"key": key, "results": coco_results(found)}
        write_json(path, kept)
    return detections_of_results(kept["results"], image_ids)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content: Any = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
