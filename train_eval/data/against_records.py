"""Whether an exported dataset holds what the records of the rendered one say, image by image."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from renderer.dataset.coco import exported_box_xyxy
from train_eval.data.records import DetectionSet, ImageRecord
from train_eval.data.yolo import SPLITS

# Pixels by which a corner may differ for the rounding of a format: decimals of a fraction in YOLO, whole
# pixels, counted from 0 or from 1, in VOC.
ROUNDING_PX: Mapping[str, float] = {"COCO": 0.01, "YOLO": 0.1, "VOC": 1.01}


def format_of(path: Path) -> str:
    """The format of a labelled dataset, by what names it."""
    if path.suffix.lower() == ".json" or any(path.glob("*.json")):
        return "COCO"
    return "YOLO" if path.suffix.lower() in (".yaml", ".yml") or (path / "labels").is_dir() else "VOC"


def path_and_split(text: str) -> tuple[Path, str]:
    """The path of a SET, and which split of an export it is by its name; empty where it is all of it."""
    head, colon, split = text.rpartition(":")
    if colon and split in SPLITS:
        return Path(head), split
    path = Path(text)
    suffix = path.stem.rpartition("_")[2]
    return path, suffix if path.suffix.lower() == ".json" and suffix in SPLITS else ""


def differences(
    exported: DetectionSet, records: Iterable[Mapping[str, Any]], box: str, tolerance_px: float
) -> Iterator[str]:
    """What differs, by the name of the image; images are told by their file names without the suffix.

    Args:
        records: of all frames that were not rejected.
        box: which box was exported, one of `renderer.recipe.schema.BOXES`.
    """
    images = {image.path.stem: image for image in exported.images}
    if len(images) < len(exported.images):
        yield f"{len(exported.images) - len(images)} images are exported twice"
    for record in records:
        image = images.pop(Path(record["image"]["file"]).stem, None)
        if image is None:
            yield f"{record['image']['file']} is not exported"
        else:
            yield from _image_differences(image, record, box, tolerance_px, exported.categories)
    for image in images.values():
        yield f"{image.path.name} is exported, but is no frame"


def _image_differences(
    image: ImageRecord, record: Mapping[str, Any], box: str, tolerance_px: float, categories: Sequence[str]
) -> Iterator[str]:
    size_hw = record["image"]["height_px"], record["image"]["width_px"]
    if image.size_hw != size_hw:
        yield f"{image.path.name} has {image.size_hw} pixels (height, width), expected {size_hw}"
        return
    free = np.ones(len(image.boxes_xyxy), dtype=bool)
    named = np.array([categories[label - 1] for label in image.labels], dtype=object)
    for entry in record["instances"]:
        if not entry["annotated"] and not entry["ignored"]:
            continue
        corners = _clipped_box(entry, box, size_hw)
        alike = free & (named == entry["category"]) & (image.ignore == entry["ignored"])
        alike &= _near(image.boxes_xyxy, corners, tolerance_px)
        if alike.any():
            free[np.argmax(alike)] = False
        elif entry["annotated"]:  # formats without a word for it leave out what is to be ignored
            shown = [round(float(value), 2) for value in corners]
            yield f"{image.path.name}: {entry['name']} ({entry['category']}, {shown}) is not exported"
    for number in np.flatnonzero(free):
        shown = [round(float(value), 2) for value in image.boxes_xyxy[number]]
        yield f"{image.path.name}: the box {shown} ({named[number]}) is that of no instance"


def _clipped_box(entry: Mapping[str, Any], box: str, size_hw: tuple[int, int]) -> Float[np.ndarray, " 4"]:
    """The box as the reader gives it, which keeps what lies in the image."""
    height, width = size_hw
    corners = np.array(exported_box_xyxy(entry, box, (width, height)), dtype=np.float64)
    clipped: Float[np.ndarray, " 4"] = np.clip(corners, 0, (width, height, width, height))
    return clipped


def _near(
    boxes_xyxy: Float[np.ndarray, "n 4"], corners: Float[np.ndarray, " 4"], tolerance_px: float
) -> Bool[np.ndarray, " n"]:
    near: Bool[np.ndarray, " n"] = np.abs(boxes_xyxy - corners).max(axis=1, initial=0.0) <= tolerance_px
    return near
