"""YOLO, as ultralytics reads it: `data.yaml`, `images/{train,val}/`, and a text file a frame in `labels/`.

A line is the category from 0, then the box (centre x, centre y, width, height) or one polygon, as fractions
of the image. A frame without objects has an empty text file, which makes it a negative.

- YOLO has no word for what is to be ignored: those instances are left out, and `ignored.txt` lists the images
  that show such, so that they can be kept out of training.
- A polygon is the exact outline along the edges of pixels. Holes and further pieces are joined to it by
  bridges of no width, for YOLO knows one polygon an instance. Its box follows from it, whatever box is
  chosen.
- `data.yaml` has no `path`, so that the folder can be moved: ultralytics then takes the folder of the file,
  and should be given its absolute path. It asks for `val` even where no scenes are held out.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import yaml

from renderer.dataset.coco import listed_instances
from renderer.dataset.exports.format import TRAIN, VAL, Target
from renderer.dataset.exports.images import image_file, place_image
from renderer.dataset.exports.objects import box_in_image
from renderer.dataset.exports.outlines import joined_path, outlines
from renderer.dataset.record import Record
from renderer.files import append_files, atomic_file, write_bytes

DECIMALS = 8  # of a fraction: 0.0005 pixels in an image of 50,000
Shapes = Callable[[Target, Record, Sequence[Mapping[str, Any]]], Iterator[Sequence[float]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class YoloFormat:
    """YOLO, with the numbers of a line behind the category by a function of the instances of a frame."""

    name: str
    help: str
    shapes: Shapes

    def part(self, target: Target, number: int) -> "YoloPart":
        """Begin a part."""
        return YoloPart(target, number, self.shapes)

    def merge(self, target: Target, parts: int) -> None:
        """Write `data.yaml`, and join the lists of images that show what is ignored."""
        for folder in ("images", "labels"):
            for split in target.splits():
                (target.folder / folder / split).mkdir(parents=True, exist_ok=True)
        write_bytes(target.folder / "data.yaml", _data_yaml(target))
        lists = [target.part_path(number, "ignored") for number in range(parts)]
        if any(path.stat().st_size for path in lists):
            with atomic_file(target.folder / "ignored.txt") as file:
                append_files(file, lists)


class YoloPart:
    """Images and labels in their places."""

    def __init__(self, target: Target, number: int, shapes: Shapes) -> None:
        self._target, self._shapes = target, shapes
        self._categories = {name: index for index, name in enumerate(target.source.categories)}
        self._ignored: IO[bytes] = target.part_path(number, "ignored").open("wb")

    def add(self, record: Record, split: str) -> None:
        """Place the image of a frame and write its labels."""
        name, folder = image_file(record), self._target.folder
        place_image(self._target, record, folder / "images" / split / name)
        instances = [instance for instance in record["instances"] if instance["annotated"]]
        shapes = self._shapes(self._target, record, instances)
        of_instances = zip(instances, shapes, strict=True)
        lines = [_line(self._categories[instance["category"]], shape) for instance, shape in of_instances]
        path = folder / "labels" / split / Path(name).with_suffix(".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(lines))
        if any(instance["ignored"] for instance in listed_instances(record)):
            self._ignored.write(f"images/{split}/{name}\n".encode())

    def close(self) -> None:
        """Close the list of images."""
        self._ignored.close()


def _line(category: int, shape: Sequence[float]) -> str:
    return " ".join([str(category), *(f"{value:.{DECIMALS}f}" for value in shape)]) + "\n"


def _boxes(
    target: Target, record: Record, instances: Sequence[Mapping[str, Any]]
) -> Iterator[Sequence[float]]:
    """Centre, width and height of what lies in the image, as fractions of it."""
    width, height = record["image"]["width_px"], record["image"]["height_px"]
    for instance in instances:
        left, top, right, bottom = box_in_image(record, instance, target.choices.box)
        x0, x1, y0, y1 = left / width, right / width, top / height, bottom / height
        yield (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0


def _polygons(_: Target, record: Record, instances: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[float]]:
    """One polygon, as fractions of the image."""
    size = record["image"]["width_px"], record["image"]["height_px"]
    for pieces in outlines(record, instances):
        yield (joined_path(pieces) / size).flatten().tolist()


def _data_yaml(target: Target) -> bytes:
    splits = target.splits()
    held_out = VAL if VAL in splits else TRAIN
    content: dict[str, Any] = {
        TRAIN: f"images/{TRAIN}",
        VAL: f"images/{held_out}",
        "names": dict(enumerate(target.source.categories)),
    }
    note = (
        ""
        if VAL in splits
        else "# No scenes were held out: val is train. Export with --val 0.2 to hold some.\n"
    )
    return (note + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)).encode()


DETECT = YoloFormat(
    name="yolo", help="YOLO detection as ultralytics reads it: data.yaml, boxes", shapes=_boxes
)
SEGMENT = YoloFormat(
    name="yolo-segment",
    help="YOLO segmentation as ultralytics reads it: data.yaml, a polygon an instance",
    shapes=_polygons,
)
FORMATS = (DETECT, SEGMENT)
