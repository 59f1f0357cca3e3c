"""COCO: images, boxes [x, y, width, height] in pixels, masks as run lengths or polygons, keypoints."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Protocol

from renderer.dataset.record import Record
from renderer.files import atomic_file, json_bytes

NO_KEYPOINTS: Mapping[str, Sequence[str]] = MappingProxyType({})
# Blender numbers objects from 1 to 32767; frames below 2**38 keep ids exact in a double.
IDS_PER_FRAME = 2**15
SEPARATOR = b",\n"
IMAGES, ANNOTATIONS, END = b',"images":[', b'],"annotations":[', b"]}\n"


class Records(Protocol):
    """What has records, such as a store."""

    def records(self) -> Iterator[Record]:
        """The records of all frames, by frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CocoLines:
    """What a COCO file says of frames, a line for each image and each annotation.

    Attributes:
        categories: their names, in the order of their numbers from 1.
        box: which box is exported, one of `renderer.recipe.schema.BOXES`.
        keypoints: names of the keypoints that all objects of a category declare.
    """

    categories: Sequence[str]
    box: str = "visible"
    keypoints: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def header(self) -> bytes:
        """What stands before the images: every category, even if no object has it."""
        listed = [self._category(number, name) for number, name in enumerate(self.categories, start=1)]
        return b'{"info":{"description":"rendered by gapless"},"categories":' + json_bytes(listed)

    def _category(self, number: int, name: str) -> dict[str, Any]:
        names = self.keypoints.get(name, ())
        described = {"keypoints": list(names), "skeleton": []} if names else {}
        return {"id": number, "name": name} | described

    def image(self, record: Record, file_name: str) -> bytes:
        """The line of the image of a frame."""
        image = record["image"]
        size = {"width": image["width_px"], "height": image["height_px"]}
        return json_bytes({"id": record["frame"], "file_name": file_name} | size)

    def annotations(self, record: Record, polygons: Mapping[int, Any] = MappingProxyType({})) -> list[bytes]:
        """The lines of what is annotated in a frame, and of what is ignored there, which is a crowd.

        Args:
            polygons: outlines that stand instead of the run lengths, by the id of their instance.
        """
        return [json_bytes(self._annotation(record, entry, polygons)) for entry in listed_instances(record)]

    def _annotation(
        self, record: Record, instance: Mapping[str, Any], polygons: Mapping[int, Any]
    ) -> dict[str, Any]:
        size_wh = record["image"]["width_px"], record["image"]["height_px"]
        category = instance["category"]
        return {
            "id": annotation_id(record["frame"], instance["id"]),
            "image_id": record["frame"],
            "category_id": self.categories.index(category) + 1,
            "bbox": exported_box(instance, self.box, size_wh),
            "area": instance["area_px"],
            "iscrowd": int(instance["ignored"]),
            "segmentation": polygons.get(instance["id"], instance["segmentation"]),
            "visibility": instance["visibility"],
            "truncation": instance["truncation"],
        } | _keypoints(instance, self.keypoints.get(category, ()))


def annotation_id(frame: int, instance_id: int) -> int:
    """The id of an annotation: from 1, for pycocotools takes 0 for no match, and the same in every part."""
    return frame * IDS_PER_FRAME + instance_id


def listed_instances(record: Record) -> list[Mapping[str, Any]]:
    """The instances of a frame that COCO lists: those annotated, and what is seen of those ignored."""
    return [i for i in record["instances"] if i["annotated"] or (i["ignored"] and i["area_px"] > 0)]


def write_coco(
    store: Records,
    categories: Sequence[str],
    path: Path,
    *,
    box: str = "visible",
    keypoints: Mapping[str, Sequence[str]] = NO_KEYPOINTS,
) -> None:
    """Write all frames of a store, reading each record once; every category is listed, even if none has it.

    What is ignored has `iscrowd` 1, with which COCO marks what evaluation neither asks for nor punishes.

    Args:
        box: which box is exported, one of `renderer.recipe.schema.BOXES`.
        keypoints: names of the keypoints that all objects of a category declare.
    """
    lines = CocoLines(categories=categories, box=box, keypoints=keypoints)
    with atomic_file(path) as file, tempfile.TemporaryFile(dir=path.parent) as annotations:
        file.write(lines.header() + IMAGES)
        images, rest = LineWriter(file), LineWriter(annotations)
        for record in good_records(store):
            images.add(lines.image(record, record["image"]["file"]))
            for line in lines.annotations(record):
                rest.add(line)
        file.write(ANNOTATIONS)
        annotations.seek(0)
        shutil.copyfileobj(annotations, file)
        file.write(END)


def coco_parts(
    store: Records, categories: Sequence[str], *, box: str, keypoints: Mapping[str, Sequence[str]]
) -> Iterator[bytes]:
    """What `write_coco` writes, in parts: each image and each annotation is one, on a line of its own."""
    lines = CocoLines(categories=categories, box=box, keypoints=keypoints)
    yield lines.header()
    yield IMAGES
    yield from _separated(lines.image(record, record["image"]["file"]) for record in good_records(store))
    yield ANNOTATIONS
    yield from _separated(line for record in good_records(store) for line in lines.annotations(record))
    yield END


def good_records(store: Records) -> Iterator[Record]:
    """The records of the frames that were not rejected."""
    return (record for record in store.records() if record["status"] == "ok")


class LineWriter:
    """Writes items of a JSON list to a file, each on a line of its own."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._separator = SEPARATOR[1:]

    def add(self, item: bytes) -> None:
        """Write an item, with a comma before it unless it is the first."""
        self._file.write(self._separator + item)
        self._separator = SEPARATOR

    def append(self, path: Path) -> None:
        """Write what another one wrote to a file, behind what is there."""
        with path.open("rb") as other:
            if other.read(1):
                self._file.write(self._separator)
                shutil.copyfileobj(other, self._file)
                self._separator = SEPARATOR


def _separated(items: Iterable[bytes]) -> Iterator[bytes]:
    for number, item in enumerate(items):
        yield (SEPARATOR if number else SEPARATOR[1:]) + item


def exported_box(instance: Mapping[str, Any], box: str, size_wh: tuple[int, int]) -> list[float]:
    """The box [x, y, width, height] of an entry of a record, in an image of a size.

    Args:
        box: one of `renderer.recipe.schema.BOXES`.
    """
    x0, y0, x1, y1 = exported_box_xyxy(instance, box, size_wh)
    return [x0, y0, x1 - x0, y1 - y0]


def exported_box_xyxy(
    instance: Mapping[str, Any], box: str, size_wh: tuple[int, int]
) -> tuple[int, int, int, int]:
    """The same box by its corners, half-open, in whole pixels."""
    x0, y0, x1, y1 = instance["bbox_xyxy"] if box == "visible" else instance["amodal"]["bbox_xyxy"]
    if box == "amodal_clipped":
        (width, height) = size_wh
        x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    return x0, y0, x1, y1


def _keypoints(instance: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """As COCO has them: x, y and state one after the other, all 0 where the image does not show the place."""
    if not names:
        return {}
    shown = [instance["keypoints"][name] for name in names]
    flat = [value for u, v, state in shown for value in ((u, v, state) if state else (0, 0, 0))]
    return {"keypoints": flat, "num_keypoints": sum(state > 0 for _, _, state in shown)}
