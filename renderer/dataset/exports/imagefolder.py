"""A folder for Hugging Face `datasets`: `train/` and `validation/`, each with images and `metadata.jsonl`.

A line of `metadata.jsonl` names an image and has its `objects`, a list for each field: `bbox` [x, y, width,
height] in pixels, `categories` from 0, `area` in pixels, and so on. What is to be ignored has `iscrowd` 1.
`README.md` is the dataset card, whose front matter says which files are which split and of what type each
field is, with the names of the categories.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import yaml

from renderer.dataset.coco import exported_box, listed_instances
from renderer.dataset.exports.format import TRAIN, VAL, Target
from renderer.dataset.exports.images import image_file, place_image
from renderer.dataset.record import Record
from renderer.files import append_files, atomic_file, json_bytes, write_bytes

FOLDERS = {TRAIN: "train", VAL: "validation"}
CARD = """\
# {name}

Rendered by gapless, and exported for Hugging Face `datasets`:

    from datasets import load_dataset
    dataset = load_dataset("imagefolder", data_dir="PATH OF THIS FOLDER")

Boxes are [x, y, width, height] in pixels; an object with `iscrowd` 1 is to be ignored, in training and in
evaluation. Images without objects are there on purpose. Licences of what was rendered: see the README of the
rendered dataset.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFolderFormat:
    """Hugging Face's imagefolder."""

    name: str = "imagefolder"
    help: str = "Hugging Face datasets: images, metadata.jsonl and a dataset card"

    def part(self, target: Target, number: int) -> "ImageFolderPart":
        """Begin a part."""
        return ImageFolderPart(target, number)

    def merge(self, target: Target, parts: int) -> None:
        """Join the lines of all parts and write the card."""
        for split in target.splits():
            with atomic_file(target.folder / FOLDERS[split] / "metadata.jsonl") as file:
                append_files(file, [target.part_path(number, f"{split}.jsonl") for number in range(parts)])
        write_bytes(target.folder / "README.md", _card(target))


class ImageFolderPart:
    """Images in their places, and lines of metadata."""

    def __init__(self, target: Target, number: int) -> None:
        self._target = target
        self._categories = {name: index for index, name in enumerate(target.source.categories)}
        with ExitStack() as files:
            self._files = {
                split: files.enter_context(target.part_path(number, f"{split}.jsonl").open("wb"))
                for split in target.splits()
            }
            self._closing = files.pop_all()

    def add(self, record: Record, split: str) -> None:
        """Place the image of a frame and write its line."""
        name = image_file(record)
        place_image(self._target, record, self._target.folder / FOLDERS[split] / name)
        image = record["image"]
        line = {
            "file_name": name,
            "image_id": record["frame"],
            "width": image["width_px"],
            "height": image["height_px"],
            "objects": self._objects(record),
        }
        self._files[split].write(json_bytes(line) + b"\n")

    def _objects(self, record: Record) -> dict[str, list[Any]]:
        size_wh = record["image"]["width_px"], record["image"]["height_px"]
        instances = listed_instances(record)
        return {
            "id": [instance["id"] for instance in instances],
            "bbox": [exported_box(instance, self._target.choices.box, size_wh) for instance in instances],
            "categories": [self._categories[instance["category"]] for instance in instances],
            "area": [instance["area_px"] for instance in instances],
            "iscrowd": [int(instance["ignored"]) for instance in instances],
            "visibility": [instance["visibility"] for instance in instances],
            "truncation": [instance["truncation"] for instance in instances],
        }

    def close(self) -> None:
        """Close the files."""
        self._closing.close()


def _card(target: Target) -> bytes:
    front = yaml.safe_dump(_front_matter(target), sort_keys=False, allow_unicode=True)
    return f"---\n{front}---\n\n{CARD.format(name=target.source.root.resolve().name)}".encode()


def _front_matter(target: Target) -> dict[str, Any]:
    files = [{"split": FOLDERS[split], "path": f"{FOLDERS[split]}/**"} for split in target.splits()]
    return {
        "task_categories": ["object-detection"],
        "tags": ["synthetic"],
        "configs": [{"config_name": "default", "data_files": files}],
        "dataset_info": {"features": _features(target)},
    }


def _features(target: Target) -> list[dict[str, Any]]:
    """Types of the fields, in the words of a dataset card."""
    names = {str(index): name for index, name in enumerate(target.source.categories)}
    lists: dict[str, Any] = {
        "id": "int64",
        "bbox": {"sequence": "float64", "length": 4},
        "categories": {"class_label": {"names": names}},
        "area": "int64",
        "iscrowd": "int64",
        "visibility": "float64",
        "truncation": "float64",
    }
    scalars = {"image": "image", "image_id": "int64", "width": "int64", "height": "int64"}
    return [
        *({"name": name, "dtype": dtype} for name, dtype in scalars.items()),
        {"name": "objects", "struct": [{"name": name, "sequence": kind} for name, kind in lists.items()]},
    ]


FORMAT = ImageFolderFormat()
