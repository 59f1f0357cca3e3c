"""Export as COCO: images, boxes [x, y, width, height] in pixels, run-length masks."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from renderer.dataset.record import Record
from renderer.dataset.store import Store
from renderer.files import atomic_file, json_bytes


def write_coco(store: Store, categories: Sequence[str], path: Path) -> None:
    """Write all frames of a store, streaming; every category is listed, even if no object has it.

    What is ignored has `iscrowd` 1, with which COCO marks what evaluation neither asks for nor punishes.
    """
    with atomic_file(path) as file:
        for part in coco_parts(store, categories):
            file.write(part)


def coco_parts(store: Store, categories: Sequence[str]) -> Iterator[bytes]:
    """What `write_coco` writes, in parts: each image and each annotation is one, on a line of its own."""
    category_ids = {name: number for number, name in enumerate(categories, start=1)}
    yield b'{"info":{"description":"rendered by gapless"},"categories":'
    yield json_bytes([{"id": i, "name": name} for name, i in category_ids.items()])
    yield b',"images":['
    yield from _lines(_image(record) for record in _good(store))
    yield b'],"annotations":['
    yield from _lines(_annotations(store, category_ids))
    yield b"]}\n"


def _good(store: Store) -> Iterator[Record]:
    return (record for record in store.records() if record["status"] == "ok")


def _lines(items: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    for number, item in enumerate(items):
        yield (b"," if number else b"") + b"\n" + json_bytes(item)


def _image(record: Record) -> dict[str, Any]:
    image = record["image"]
    return {
        "id": record["frame"],
        "file_name": image["file"],
        "width": image["width_px"],
        "height": image["height_px"],
    }


def _annotations(store: Store, category_ids: dict[str, int]) -> Iterator[dict[str, Any]]:
    number = 0
    for record in _good(store):
        for instance in record["instances"]:
            if instance["annotated"] or (instance["ignored"] and instance["area_px"] > 0):
                number += 1
                yield _annotation(number, record["frame"], instance, category_ids)


def _annotation(
    number: int, frame: int, instance: dict[str, Any], category_ids: dict[str, int]
) -> dict[str, Any]:
    x0, y0, x1, y1 = instance["bbox_xyxy"]
    return {
        "id": number,  # from 1: pycocotools takes 0 for no match
        "image_id": frame,
        "category_id": category_ids[instance["category"]],
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "area": instance["area_px"],
        "iscrowd": int(instance["ignored"]),
        "segmentation": instance["segmentation"],
    }
