"""Export as COCO: images, boxes [x, y, width, height] in pixels, run-length masks, keypoints."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from renderer.dataset.record import Record
from renderer.dataset.store import Store
from renderer.files import atomic_file, json_bytes

NO_KEYPOINTS: Mapping[str, Sequence[str]] = MappingProxyType({})


def write_coco(
    store: Store,
    categories: Sequence[str],
    path: Path,
    *,
    box: str = "visible",
    keypoints: Mapping[str, Sequence[str]] = NO_KEYPOINTS,
) -> None:
    """Write all frames of a store, streaming; every category is listed, even if no object has it.

    What is ignored has `iscrowd` 1, with which COCO marks what evaluation neither asks for nor punishes.

    Args:
        box: which box is exported, one of `renderer.recipe.schema.BOXES`.
        keypoints: names of the keypoints that all objects of a category declare.
    """
    with atomic_file(path) as file:
        for part in coco_parts(store, categories, box=box, keypoints=keypoints):
            file.write(part)


def coco_parts(
    store: Store, categories: Sequence[str], *, box: str, keypoints: Mapping[str, Sequence[str]]
) -> Iterator[bytes]:
    """What `write_coco` writes, in parts: each image and each annotation is one, on a line of its own."""
    numbered = enumerate(categories, start=1)
    known = {name: _Category(number, tuple(keypoints.get(name, ()))) for number, name in numbered}
    yield b'{"info":{"description":"rendered by gapless"},"categories":'
    yield json_bytes([_category(name, category) for name, category in known.items()])
    yield b',"images":['
    yield from _lines(_image(record) for record in _good(store))
    yield b'],"annotations":['
    yield from _lines(_annotations(store, known, box))
    yield b"]}\n"


class _Category(NamedTuple):
    number: int
    keypoints: tuple[str, ...]


def _category(name: str, category: _Category) -> dict[str, Any]:
    described: dict[str, Any] = {"id": category.number, "name": name}
    if category.keypoints:
        described |= {"keypoints": category.keypoints, "skeleton": []}
    return described


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


def _annotations(store: Store, categories: Mapping[str, _Category], box: str) -> Iterator[dict[str, Any]]:
    number = 0
    for record in _good(store):
        size_wh = record["image"]["width_px"], record["image"]["height_px"]
        for instance in record["instances"]:
            if instance["annotated"] or (instance["ignored"] and instance["area_px"] > 0):
                number += 1
                category = categories[instance["category"]]
                yield {
                    "id": number,  # from 1: pycocotools takes 0 for no match
                    "image_id": record["frame"],
                    "category_id": category.number,
                    "bbox": exported_box(instance, box, size_wh),
                    "area": instance["area_px"],
                    "iscrowd": int(instance["ignored"]),
                    "segmentation": instance["segmentation"],
                    "visibility": instance["visibility"],
                    "truncation": instance["truncation"],
                } | _keypoints(instance, category.keypoints)


def exported_box(instance: Mapping[str, Any], box: str, size_wh: tuple[int, int]) -> list[float]:
    """The box [x, y, width, height] of an entry of a record, in an image of a size.

    Args:
        box: one of `renderer.recipe.schema.BOXES`.
    """
    x0, y0, x1, y1 = instance["bbox_xyxy"] if box == "visible" else instance["amodal"]["bbox_xyxy"]
    if box == "amodal_clipped":
        (width, height) = size_wh
        x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    return [x0, y0, x1 - x0, y1 - y0]


def _keypoints(instance: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """As COCO has them: x, y and state one after the other, all 0 where the image does not show the place."""
    if not names:
        return {}
    shown = [instance["keypoints"][name] for name in names]
    flat = [value for u, v, state in shown for value in ((u, v, state) if state else (0, 0, 0))]
    return {"keypoints": flat, "num_keypoints": sum(state > 0 for _, _, state in shown)}
