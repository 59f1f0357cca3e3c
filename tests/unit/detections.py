"""Random truth and detections, and what pycocotools says of them."""

import contextlib
import copy
import io
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from train_eval.data.records import DetectionSet, ImageRecord
from train_eval.evaluation.detections import Detections

SIDES_PX = (8, 32, 64, 96, 128)  # 32 and 96: right at the limits of COCO's sizes

World = tuple[DetectionSet, tuple[Detections, ...]]


def record(image_id: int, boxes, labels, ignore=None) -> ImageRecord:
    return ImageRecord(
        path=Path(f"{image_id}.png"),
        image_id=image_id,
        size_hw=(480, 640),
        boxes_xyxy=np.array(boxes, dtype=np.float32).reshape(-1, 4),
        labels=np.array(labels, dtype=np.int64),
        ignore=np.zeros(len(labels), dtype=bool) if ignore is None else np.array(ignore, dtype=bool),
    )


def found(image_id: int, boxes, scores, labels) -> Detections:
    return Detections(
        image_id=image_id,
        boxes_xyxy=np.array(boxes, dtype=np.float32).reshape(-1, 4),
        scores=np.array(scores, dtype=np.float32),
        labels=np.array(labels, dtype=np.int64),
    )


def set_of(images, categories: int) -> DetectionSet:
    names = tuple(f"category {k}" for k in range(1, categories + 1))
    return DetectionSet(name="test", categories=names, images=tuple(images))


def random_boxes(rng: np.random.Generator, count: int) -> np.ndarray:
    sizes = np.where(
        rng.random((count, 1)) < 0.5, rng.choice(SIDES_PX, (count, 1)), rng.integers(4, 200, (count, 2))
    )
    corners = rng.integers(0, 300, (count, 2))
    return np.hstack([corners, corners + sizes]).astype(np.float32)


def random_image(
    rng: np.random.Generator, image_id: int, categories: int, score_digits: int
) -> tuple[ImageRecord, Detections | None]:
    """Some truth, detections near it and elsewhere; about one image in ten has no detections at all."""
    boxes = random_boxes(rng, int(rng.integers(0, 6)))
    labels = rng.integers(1, categories + 1, len(boxes))
    truth = record(image_id, boxes, labels, rng.random(len(boxes)) < 0.2)
    if rng.random() < 0.1:
        return truth, None
    copies = np.repeat(np.arange(len(boxes)), rng.integers(0, 4, len(boxes)))
    size = boxes[copies, 2:] - boxes[copies, :2]
    shifted = boxes[copies] + rng.integers(0, 2, (len(copies), 1)) * np.tile(
        size * rng.uniform(-0.2, 0.2, size.shape), 2
    )
    strays = random_boxes(rng, int(rng.integers(0, 3)))
    all_labels = np.concatenate([labels[copies], rng.integers(1, categories + 1, len(strays))])
    scores = rng.random(len(all_labels)).round(score_digits)
    return truth, found(image_id, np.vstack([shifted, strays]), scores, all_labels)


@st.composite
def worlds(draw, ties: bool = True) -> World:
    """Ties are of scores; without them every score is another."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    categories = draw(st.integers(1, 12))
    ids = rng.permutation(np.arange(1, 100))[: draw(st.integers(1, 8))].tolist()
    digits = draw(st.sampled_from([1, 9])) if ties else 9
    pairs = [random_image(rng, image_id, categories, digits) for image_id in ids]
    return set_of([truth for truth, _ in pairs], categories), tuple(d for _, d in pairs if d is not None)


def repeated(world: World, weights: np.ndarray) -> World:
    """The world with every image standing as often as its weight says, under new ids in the same order."""
    truth, detections = world
    of_image = {each.image_id: each for each in detections}
    images: list[Any] = []
    again = []
    for weight, image in zip(weights, truth.images, strict=True):
        for copied in range(weight):
            image_id = image.image_id * 100 + copied
            images.append(record(image_id, image.boxes_xyxy, image.labels, image.ignore))
            if image.image_id in of_image:
                d = of_image[image.image_id]
                again.append(found(image_id, d.boxes_xyxy, d.scores, d.labels))
    return set_of(images, len(truth.categories)), tuple(again)


def pycocotools_says(world: World) -> COCOeval:
    """COCOeval after `summarize`: `stats` holds its twelve numbers, `eval` the curves."""
    truth, detections = world
    categories = [{"id": k, "name": name} for k, name in enumerate(truth.categories, start=1)]
    images = [{"id": i.image_id, "height": i.size_hw[0], "width": i.size_hw[1]} for i in truth.images]
    annotations = [
        {**annotation(i.image_id, i.labels[k], i.boxes_xyxy[k]), "iscrowd": int(i.ignore[k])}
        for i in truth.images
        for k in range(len(i.labels))
    ]
    results = [
        {**annotation(d.image_id, d.labels[k], d.boxes_xyxy[k]), "score": float(d.scores[k]), "iscrowd": 0}
        for d in detections
        for k in range(len(d.labels))
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(
            indexed(images, categories, annotations), indexed(images, categories, results), "bbox"
        )
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def annotation(image_id: int, label, box_xyxy) -> dict[str, Any]:
    x0, y0, x1, y1 = (float(edge) for edge in box_xyxy)
    box_xywh = [x0, y0, x1 - x0, y1 - y0]
    return {
        "image_id": image_id,
        "category_id": int(label),
        "bbox": box_xywh,
        "area": (x1 - x0) * (y1 - y0),
    }


def indexed(images, categories, annotations) -> COCO:
    numbered = [{**each, "id": number} for number, each in enumerate(annotations, start=1)]
    coco = COCO()
    coco.dataset = copy.deepcopy({"images": images, "categories": categories, "annotations": numbered})
    coco.createIndex()
    return coco
