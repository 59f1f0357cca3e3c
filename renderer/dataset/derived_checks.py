"""Whether what was derived from the records is what they give: annotations, draws and the recipe."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from renderer.dataset.coco import coco_parts
from renderer.dataset.record import Record
from renderer.dataset.store import Store
from renderer.dataset.verification import Dataset
from renderer.files import json_bytes
from renderer.labels.certificate import Fault

ANNOTATIONS, DRAWS, RECIPE = "annotations.json", "draws.jsonl", "recipe.yaml"
LONGEST_HEADER = 2**24  # bytes of the line of annotations.json that lists the categories


def check_derived(dataset: Dataset) -> Iterator[Fault]:
    """Compare what was derived from the records, all of which can be read, with what they give now."""
    checks = {ANNOTATIONS: _annotations_fault, DRAWS: _draws_fault, RECIPE: _recipe_fault}
    for name, check in checks.items():
        try:
            reason = check(dataset)
        except FileNotFoundError:
            reason = "is missing"
        except OSError as error:
            reason = f"cannot be read: {error.strerror}"
        except (ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError):
            reason = "is not what gapless wrote: it cannot be read"
        if reason is not None:
            yield Fault(check=name.partition(".")[0], reason=f"{name} {reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Records(Store):
    """A store's records, whatever became of the images.

    Attributes:
        dataset: whose records they are.
    """

    dataset: Dataset

    def records(self) -> Iterator[Record]:
        """The records of all frames, by frame."""
        for frame in self.dataset.frames:
            yield json.loads(self.record_path(frame).read_bytes())


def all_records(dataset: Dataset) -> Iterator[Record]:
    """The records of all frames, by frame, whatever became of their images."""
    return _records(dataset).records()


def _records(dataset: Dataset) -> _Records:
    return _Records(root=dataset.root, identity={}, dataset=dataset)


def _annotations_fault(dataset: Dataset) -> str | None:
    path = dataset.root / ANNOTATIONS
    listed = listed_categories(path)
    keypoints = {category["name"]: category.get("keypoints", ()) for category in listed}
    box = box_of_annotations(dataset.root)
    return first_difference(
        path, coco_parts(_records(dataset), list(keypoints), box=box, keypoints=keypoints)
    )


def listed_categories(path: Path) -> list[Mapping[str, Any]]:
    """The categories that annotations.json lists, in its first line.

    Raises:
        ValueError: the file does not begin as ours do.
    """
    with path.open("rb") as file:
        header, images, _ = file.readline(LONGEST_HEADER).partition(b',"images":[')
    if not images:
        raise ValueError("no list of images follows the categories")
    categories: list[Mapping[str, Any]] = json.loads(header + b"}")["categories"]
    return categories


def box_of_annotations(root: Path) -> str:
    """Which box a dataset's annotations have, by its recipe.yaml."""
    box: str = yaml.safe_load((root / RECIPE).read_bytes())["labels"]["box"]
    return box


def _draws_fault(dataset: Dataset) -> str | None:
    lines = (
        json_bytes({"frame": record["frame"], "draws": record["draws"]}) + b"\n"
        for record in _records(dataset).records()
    )
    return first_difference(dataset.root / DRAWS, lines)


def _recipe_fault(dataset: Dataset) -> str | None:
    box_of_annotations(dataset.root)
    return None


def first_difference(path: Path, parts: Iterable[bytes]) -> str | None:
    """Where a file is not the expected parts one after the other, in words; None where it is."""
    with path.open("rb") as file:
        for part in parts:
            if file.read(len(part)) != part:
                return f"is not what the records give: it differs at {_described(part)}"
        return "is not what the records give: it goes on behind its end" if file.read(1) else None


def _described(part: bytes) -> str:
    """What a part of annotations.json or draws.jsonl is of."""
    try:
        item = json.loads(part.lstrip(b",\n"))
    except ValueError:
        return f"'{part[:40].decode(errors='replace').strip()}'"
    names = (
        ("image_id", "annotation {id} of frame {image_id}"),
        ("file_name", "image {file_name}"),
        ("frame", "frame {frame}"),
    )
    if isinstance(item, dict):
        for key, text in names:
            if key in item:
                return text.format_map(item)
    return "the list of categories"
