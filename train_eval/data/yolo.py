"""YOLO: images below `images/`, a text file for each below `labels/`, names of categories in `data.yaml`.

A line is a category's number from 0 and either centre x, centre y, width, height, or the corners of a
polygon, x y x y ..., all as fractions of the picture as displayed. An image without a text file has no
objects.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from renderer.errors import DataError, unknown_name_message
from train_eval.data.images import IMAGE_SUFFIXES
from train_eval.data.listing import (
    BOX_LEFT_OUT,
    IMAGE_LEFT_OUT,
    BoxUnit,
    ListedBox,
    ListedImage,
    Listing,
    set_name,
)
from train_eval.data.problems import Problem, Reading
from train_eval.data.resolving import resolve

SPLITS = ("train", "val", "test")


def read_yolo(yaml_path: Path, split: str = "") -> Reading:
    """Read one split of a `data.yaml`.

    Args:
        split: 'train', 'val' or 'test'; may be left out where the file names only one.

    Raises:
        DataError: the file is unreadable or its folders are missing.
    """
    content = _load_yaml(yaml_path)
    names = _names(content, yaml_path)
    split = _chosen_split(content, split, yaml_path)
    folders = [_image_folder(text, content, yaml_path) for text in _texts(content[split], yaml_path)]
    return resolve(yolo_listing(f"{set_name(yaml_path.parent)}/{split}", names, folders))


def read_yolo_folder(folder: Path) -> Reading:
    """Read a folder with `images/` and `labels/`, and `data.yaml` in it or in the folder around it.

    Raises:
        DataError: there is no `data.yaml`.
    """
    candidates = [parent / "data.yaml" for parent in (folder, folder.absolute().parent)]
    yaml_path = next((path for path in candidates if path.is_file()), None)
    if yaml_path is None:
        raise DataError(f"{folder} has labels/ but no data.yaml with the names of the categories; add one")
    names = _names(_load_yaml(yaml_path), yaml_path)
    return resolve(yolo_listing(set_name(folder), names, [folder / "images"]))


def yolo_listing(name: str, names: Mapping[int, str], image_folders: Sequence[Path]) -> Listing:
    """List the images of some folders with their labels; ids count them from 1, in order of their paths."""
    labels = _Labels(names=names)
    images = []
    for number, path in enumerate(_image_paths(image_folders), start=1):
        boxes = tuple(labels.boxes(path))
        images.append(ListedImage(path=path, image_id=number, unit=BoxUnit.IMAGE, boxes=boxes))
    categories = tuple(dict.fromkeys(names[number] for number in sorted(names)))
    problems = (*labels.problems, *_labels_without_image(image_folders, [image.path for image in images]))
    return Listing(name=name, categories=categories, images=tuple(images), problems=problems)


@dataclass(slots=True, kw_only=True)
class _Labels:
    """Reads label files, and collects the problems in them."""

    names: Mapping[int, str]
    problems: list[Problem] = field(default_factory=list)

    def boxes(self, image_path: Path) -> Iterator[ListedBox]:
        path = label_path(image_path)
        if not path.is_file():
            return
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1):
            if not line.strip():
                continue
            try:
                yield label_box(line, f"line {number}", self.names)
            except DataError as error:
                message = f"line {number} of {path} {error}"
                self.problems.append(Problem(message=message, remedy=BOX_LEFT_OUT))


def label_box(line: str, where: str, names: Mapping[int, str]) -> ListedBox:
    """Read one line of a label file.

    Raises:
        DataError: the line is malformed, or its category unknown.
    """
    category, values = _numbers(line)
    if category not in names:
        known = ", ".join(f"{number} {name}" for number, name in names.items())
        raise DataError(f"has the unknown category {category:g} (known: {known})")
    if len(values) == 4:
        x, y, width, height = values
        corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        return ListedBox(where=where, category=names[int(category)], corners_xyxy=corners)
    xs, ys = values[::2], values[1::2]
    return ListedBox(
        where=where,
        category=names[int(category)],
        corners_xyxy=(min(xs), min(ys), max(xs), max(ys)),
        segmentation=[values],
    )


def label_path(image_path: Path) -> Path:
    """Where the labels of an image lie: the last `images` of its path becomes `labels`."""
    parts = list(image_path.parts)
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    return Path(*parts).with_suffix(".txt")


def _labels_without_image(image_folders: Sequence[Path], image_paths: Sequence[Path]) -> Iterator[Problem]:
    known = {label_path(path) for path in image_paths}
    for folder in image_folders:
        if "images" not in folder.parts:
            continue  # labels lie among other texts then
        for path in sorted(label_path(folder / "any").parent.rglob("*.txt")):
            if path not in known and path.name != "classes.txt":
                yield Problem(message=f"{path} has no image in {folder}", remedy=IMAGE_LEFT_OUT)


def _numbers(line: str) -> tuple[float, list[float]]:
    try:
        category, *values = (float(word) for word in line.split())
    except ValueError as error:
        raise DataError(f"is {line.strip()[:80]!r}, expected numbers") from error
    if len(values) != 4 and (len(values) < 6 or len(values) % 2):
        raise DataError(
            f"has {len(values) + 1} numbers, expected a category and a box (4) or a polygon (6, 8 ...)"
        )
    if not all(math.isfinite(value) for value in values):
        raise DataError(f"is {line.strip()[:80]!r}, expected finite numbers")
    return category, values


def _image_paths(folders: Sequence[Path]) -> list[Path]:
    paths = (path for folder in folders for path in sorted(folder.rglob("*")))
    return [path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES]


def _load_yaml(path: Path) -> dict[Any, Any]:
    try:
        content = yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError, ValueError) as error:
        raise DataError(f"{path} is no readable YAML ({' '.join(str(error).split())})") from error
    if not isinstance(content, dict):
        raise DataError(
            f"{path} holds {type(content).__name__}, expected the keys names and train, val or test"
        )
    return content


def _names(content: Mapping[Any, Any], path: Path) -> dict[int, str]:
    """Names of the categories by their number from 0."""
    names = content.get("names")
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not names or not all(isinstance(number, int) for number in names):
        raise DataError(f"{path} must list the categories under `names`, got {names}")
    return {number: str(name) for number, name in names.items()}


def _chosen_split(content: Mapping[Any, Any], split: str, path: Path) -> str:
    there = [name for name in SPLITS if content.get(name)]
    if split and split not in there:
        raise DataError(unknown_name_message(f"{path} split", split, there))
    if not split and len(there) != 1:
        example = f"{path}:{there[-1] if there else 'val'}"
        raise DataError(
            f"{path} lists the splits {', '.join(there) or 'of nothing'}; choose one, as in {example}"
        )
    return split or there[0]


def _texts(value: Any, path: Path) -> list[str]:
    texts = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in texts):
        raise DataError(f"{path} names {value} as its images, expected a folder or a list of folders")
    return texts


def _image_folder(text: str, content: Mapping[Any, Any], yaml_path: Path) -> Path:
    """A folder of images inside the folder of the yaml file.

    The root that the file names counts where it exists: it is often that of another machine. A leading '../'
    is left out, for a popular exporter writes one too many.
    """
    here = yaml_path.parent
    root = here / str(content.get("path") or "")
    inside = text.removeprefix("../")
    if Path(inside).is_absolute() or ".." in Path(inside).parts:
        raise DataError(
            f"{yaml_path} names the images {text}, which lie outside its folder; move them into it"
        )
    candidates = [base / inside for base in (root, here)]
    folder = next((c for c in candidates if c.is_dir() and c.resolve().is_relative_to(here.resolve())), None)
    if folder is None:
        raise DataError(f"{yaml_path} names the images {text}, but {here / inside} is no folder")
    return folder
