"""COCO's greedy matching of detections to truth, done once: it never depends on how images are resampled."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Int, Int8
from pycocotools import mask as coco_mask

from train_eval.data.records import DetectionSet, ImageRecord
from train_eval.evaluation.detections import Detections, by_image, xywh_of_xyxy

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
MAX_DETECTIONS = 100  # of a category in an image, the highest scores; as COCO counts

HIT, MISS, IGNORED = 1, 0, -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CategoryMatches:
    """All detections of one category, in the order of falling score.

    Attributes:
        image_of_detection: index of the image, in the order of the set's images.
        outcome: HIT, MISS or IGNORED (it lies in a region not to be counted) at each IoU threshold.
        truth_per_image: number of boxes to find.
    """

    image_of_detection: Int[np.ndarray, " d"]
    outcome: Int8[np.ndarray, "thresholds d"]
    truth_per_image: Int[np.ndarray, " images"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MatchTable:
    """What one detector hit and missed in a set of images.

    Attributes:
        matches: one for each category.
    """

    image_ids: tuple[int, ...]
    matches: tuple[CategoryMatches, ...]


def match_detections(truth: DetectionSet, detections: Sequence[Detections]) -> MatchTable:
    """Match all detections at all thresholds, by boxes of any size.

    Raises:
        DataError: detections of an image that is not in the set, or of one image twice.
    """
    image_ids = tuple(image.image_id for image in truth.images)
    found = by_image(image_ids, detections)
    labels = range(1, len(truth.categories) + 1)
    return MatchTable(
        image_ids=image_ids, matches=tuple(_category(truth.images, found, label) for label in labels)
    )


def _category(
    images: Sequence[ImageRecord], found: Sequence[Detections | None], label: int
) -> CategoryMatches:
    scores = [np.zeros(0, dtype=np.float32)]
    owners = [np.zeros(0, dtype=np.intp)]
    outcomes = [np.zeros((len(IOU_THRESHOLDS), 0), dtype=np.int8)]
    # Equal scores keep the order of image ids, which is the order of COCO's evaluators.
    for index in sorted(range(len(images)), key=lambda i: images[i].image_id):
        detections = found[index]
        if detections is None:
            continue
        chosen = _highest(detections, label)
        scores.append(detections.scores[chosen])
        owners.append(np.full(len(chosen), index))
        outcomes.append(_match_image(images[index], detections.boxes_xyxy[chosen], label))
    order = np.argsort(-np.concatenate(scores), kind="stable")
    return CategoryMatches(
        image_of_detection=np.concatenate(owners)[order],
        outcome=np.concatenate(outcomes, axis=1)[:, order],
        truth_per_image=np.array([np.sum((i.labels == label) & ~i.ignore) for i in images], dtype=np.int64),
    )


def _highest(detections: Detections, label: int) -> Int[np.ndarray, " d"]:
    """Indices of the detections of a category that count, the surest first."""
    of_label = np.flatnonzero(detections.labels == label)
    order = np.argsort(-detections.scores[of_label], kind="stable")
    chosen: Int[np.ndarray, " d"] = of_label[order[:MAX_DETECTIONS]]
    return chosen


def _match_image(
    image: ImageRecord, boxes_xyxy: Float[np.ndarray, "d 4"], label: int
) -> Int8[np.ndarray, "thresholds d"]:
    of_label = np.flatnonzero(image.labels == label)
    if not len(of_label) or not len(boxes_xyxy):
        return np.full((len(IOU_THRESHOLDS), len(boxes_xyxy)), MISS, dtype=np.int8)
    crowd = image.ignore[of_label]
    iou = coco_mask.iou(
        xywh_of_xyxy(boxes_xyxy), xywh_of_xyxy(image.boxes_xyxy[of_label]), crowd.astype(np.uint8)
    )
    return match_greedily(np.asarray(iou), crowd)


def match_greedily(
    iou: Float64[np.ndarray, "d n"], crowd: Bool[np.ndarray, " n"]
) -> Int8[np.ndarray, "thresholds d"]:
    """Give each detection, the surest first, the free box it overlaps most; crowd boxes are never used up.

    Of equal overlaps the last wins, and a crowd box is taken only where no other is: the rules of
    `COCOeval.evaluateImg` in pycocotools 2.0.11.
    """
    outcome = np.full((len(IOU_THRESHOLDS), len(iou)), MISS, dtype=np.int8)
    free = np.ones((len(IOU_THRESHOLDS), len(crowd)), dtype=bool)
    for detection in np.flatnonzero((iou >= IOU_THRESHOLDS[0]).any(axis=1)):
        overlap = iou[detection]
        allowed = free & (overlap >= IOU_THRESHOLDS[:, None])
        best = _last_highest(np.where(allowed & ~crowd, overlap, -1.0))
        hit = (allowed & ~crowd).any(axis=1)
        free[hit, best[hit]] = False
        outcome[(allowed & crowd).any(axis=1), detection] = IGNORED
        outcome[hit, detection] = HIT
    return outcome


def _last_highest(values: Float64[np.ndarray, "thresholds n"]) -> Int[np.ndarray, " thresholds"]:
    last: Int[np.ndarray, " thresholds"] = values.shape[1] - 1 - values[:, ::-1].argmax(axis=1)
    return last
