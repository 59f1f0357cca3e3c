"""What a detector found in one image, and the results format of COCO."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, Float64, Int

from renderer.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detections:
    """Detections in one image, in any order.

    Attributes:
        boxes_xyxy: pixels of the displayed image, corners at pixel edges.
        scores: the higher, the surer.
        labels: indices into the categories, counted from 1.
        masks: COCO run-length masks, one for each box, or None where the detector has none.
    """

    image_id: int
    boxes_xyxy: Float32[np.ndarray, "n 4"]
    scores: Float32[np.ndarray, " n"]
    labels: Int[np.ndarray, " n"]
    masks: tuple[Mapping[str, Any], ...] | None = None


def coco_results(detections: Iterable[Detections]) -> list[dict[str, Any]]:
    """The results format of COCO: one entry per detection; `category_id` is the label, `bbox` x, y, w, h."""
    return [entry for found in detections for entry in _entries(found)]


def _entries(found: Detections) -> list[dict[str, Any]]:
    boxes_xywh = xywh_of_xyxy(found.boxes_xyxy)
    entries: list[dict[str, Any]] = [
        {"image_id": found.image_id, "category_id": label, "bbox": box, "score": score}
        for label, box, score in zip(
            found.labels.tolist(), boxes_xywh.tolist(), found.scores.tolist(), strict=True
        )
    ]
    for entry, mask in zip(entries, found.masks or (), strict=found.masks is not None):
        entry["segmentation"] = _text_mask(mask)
    return entries


def _text_mask(mask: Mapping[str, Any]) -> dict[str, Any]:
    counts = mask["counts"]
    return {"size": list(mask["size"]), "counts": counts.decode() if isinstance(counts, bytes) else counts}


def detections_of_results(
    results: Iterable[Mapping[str, Any]], image_ids: Sequence[int]
) -> tuple[Detections, ...]:
    """Read the results format of COCO: the detections of each image, in the order of `image_ids`.

    Raises:
        DataError: an entry misses a key, belongs to no image or holds numbers that cannot be.
    """
    per_image: dict[int, list[Mapping[str, Any]]] = {image_id: [] for image_id in image_ids}
    for number, entry in enumerate(results):
        _check(number, entry, per_image)
        per_image[entry["image_id"]].append(entry)
    return tuple(_detections(image_id, entries) for image_id, entries in per_image.items())


def _check(number: int, entry: Mapping[str, Any], images: Mapping[int, object]) -> None:
    missing = [key for key in ("image_id", "category_id", "bbox", "score") if key not in entry]
    if missing:
        raise DataError(f"result {number} must have the key '{missing[0]}', got {sorted(entry)}")
    if entry["image_id"] not in images:
        raise DataError(
            f"result {number} must belong to an image of the set, got image_id {entry['image_id']}; "
            "take the results of the same set"
        )
    numbers = [*entry["bbox"], entry["score"]]
    if len(numbers) != 5 or not all(isinstance(n, int | float) and isfinite(n) for n in numbers):
        raise DataError(
            f"result {number} must have a bbox [x, y, width, height] and a score, got {entry['bbox']} "
            f"and {entry['score']}"
        )


def _detections(image_id: int, entries: Sequence[Mapping[str, Any]]) -> Detections:
    boxes_xywh = np.array([entry["bbox"] for entry in entries], dtype=np.float64).reshape(-1, 4)
    with_masks = bool(entries) and all("segmentation" in entry for entry in entries)
    return Detections(
        image_id=image_id,
        boxes_xyxy=np.hstack([boxes_xywh[:, :2], boxes_xywh[:, :2] + boxes_xywh[:, 2:]]).astype(np.float32),
        scores=np.array([entry["score"] for entry in entries], dtype=np.float32),
        labels=np.array([entry["category_id"] for entry in entries], dtype=np.int64),
        masks=tuple(entry["segmentation"] for entry in entries) if with_masks else None,
    )


def xywh_of_xyxy(boxes_xyxy: Float[np.ndarray, "n 4"]) -> Float64[np.ndarray, "n 4"]:
    """COCO's form of boxes, in double precision as its evaluators compute."""
    boxes = boxes_xyxy.astype(np.float64)
    return np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]])


def by_image(image_ids: Iterable[int], detections: Sequence[Detections]) -> tuple[Detections | None, ...]:
    """The detections of each image, None for an image that has none.

    Raises:
        DataError: detections of an image that is not there, or of one image twice.
    """
    wanted = tuple(image_ids)
    found = {each.image_id: each for each in detections}
    if len(found) < len(detections):
        raise DataError(
            f"detections must come once for each image, got {len(detections)} for {len(found)} images; "
            "join those of one image"
        )
    strangers = sorted(set(found) - set(wanted))
    if strangers:
        raise DataError(
            f"detections must belong to images of the set, got image_id {strangers[0]}; "
            "take the detections of the same set"
        )
    return tuple(found.get(image_id) for image_id in wanted)
