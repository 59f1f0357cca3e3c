"""Writing a labelled dataset as COCO json with its images beside it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from renderer.errors import DataError
from renderer.files import atomic_file, write_json
from train_eval.data.coco import leaves_its_folder
from train_eval.data.masks import mask_area
from train_eval.data.records import DetectionSet, ImageRecord


def write_coco_set(detections: DetectionSet, json_path: Path) -> None:
    """Write a COCO json, and copy the images into the folder of its name without its suffix.

    The files are copied as they are; sizes and boxes in the json are those of the picture as displayed.
    The json comes last, so that it is there when its images are.

    Raises:
        DataError: the json's name has no suffix, or an image cannot be read.
        StoreError: the disk is full or the folder cannot be written.
    """
    if json_path.suffix.lower() != ".json":
        raise DataError(
            f"{json_path} must end in .json; its images go into the folder of its name without that"
        )
    names = image_names(detections)
    for image in detections.images:
        copy_file(image.path, json_path.with_suffix("") / names[image.image_id])
    write_json(json_path, coco_content(detections, names))


def copy_file(source: Path, target: Path) -> None:
    """Copy a file whole, or not at all; a file is not copied onto itself.

    Raises:
        DataError: the source cannot be read.
        StoreError: the target cannot be written.
    """
    if target.exists() and target.samefile(source):
        return
    try:
        opened = source.open("rb")
    except OSError as error:
        raise DataError(f"{source} cannot be read ({error.strerror}); check the path") from error
    with opened as reader, atomic_file(target) as writer:
        shutil.copyfileobj(reader, writer)


def image_names(detections: DetectionSet) -> dict[int, str]:
    """File names by image id: their own, with the id before it where another image has that name already.

    Names count as the same whatever their case, as on some file systems.
    """
    names: dict[int, str] = {}
    taken: set[str] = set()
    for image in detections.images:
        name = image.path.name
        while name.lower() in taken or leaves_its_folder(name):
            name = f"{image.image_id}_{name}"
        taken.add(name.lower())
        names[image.image_id] = name
    return names


def coco_content(detections: DetectionSet, names: dict[int, str]) -> dict[str, Any]:
    """What a COCO json of a set holds; ignored boxes have `iscrowd` 1."""
    return {
        "categories": [{"id": i, "name": name} for i, name in enumerate(detections.categories, start=1)],
        "images": [_image(image, names[image.image_id]) for image in detections.images],
        # from 1: pycocotools takes an annotation id 0 for no match
        "annotations": [{"id": i, **a} for i, a in enumerate(_annotations(detections), start=1)],
    }


def _image(image: ImageRecord, name: str) -> dict[str, Any]:
    return {"id": image.image_id, "file_name": name, "height": image.size_hw[0], "width": image.size_hw[1]}


def _annotations(detections: DetectionSet) -> Iterator[dict[str, Any]]:
    for image in detections.images:
        for index in range(len(image.boxes_xyxy)):
            yield _annotation(image, index)


def _annotation(image: ImageRecord, index: int) -> dict[str, Any]:
    x0, y0, x1, y1 = (float(v) for v in image.boxes_xyxy[index])
    annotation = {
        "image_id": image.image_id,
        "category_id": int(image.labels[index]),
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "area": (x1 - x0) * (y1 - y0),
        "iscrowd": int(image.ignore[index]),
    }
    if image.masks is None:
        return annotation
    mask = image.masks[index]
    return {**annotation, "segmentation": dict(mask), "area": mask_area(mask)}
