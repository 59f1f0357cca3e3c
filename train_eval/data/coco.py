"""COCO json: `images`, `annotations` with `bbox` [x, y, width, height] in pixels, `categories`.

The images are sought beside the json, in a folder of the json's name without its suffix, in `images/`, and,
as COCO itself lies, for `annotations/instances_train.json` in `images/train/` and `train/`.
Boxes with `iscrowd` are ignored, labels follow the order of the category ids, and images without
annotations are kept. A folder that gapless rendered is such a json, `annotations.json`, beside `images/`.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from renderer.errors import DataError
from train_eval.data.listing import BOX_LEFT_OUT, IMAGE_LEFT_OUT, ListedBox, ListedImage, Listing, set_name
from train_eval.data.problems import Problem, Reading
from train_eval.data.resolving import resolve

KEYS = ("images", "annotations", "categories")


def read_coco(path: Path) -> Reading:
    """Read a COCO json and the headers of its images.

    Raises:
        DataError: the file cannot be read, or is no COCO json.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); check the path") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is no JSON ({error}); export the dataset again") from error
    return resolve(coco_listing(content, path))


def coco_listing(content: Any, source: Path) -> Listing:
    """List what a parsed COCO json holds.

    Args:
        source: where the json lies, for its images and for messages.

    Raises:
        DataError: the content is no COCO dataset.
    """
    _check_keys(content, source)
    parts = _Parts(source=source, categories=_categories(content["categories"], source))
    images = parts.images(content["images"])
    boxes = parts.boxes(content["annotations"], images)
    listed = (ListedImage(**image, boxes=tuple(boxes[number])) for number, image in images.items())
    return Listing(
        name=set_name(source),
        categories=tuple(dict.fromkeys(parts.categories.values())),
        images=tuple(listed),
        problems=tuple(parts.problems),
    )


def _check_keys(content: Any, source: Path) -> None:
    if not isinstance(content, dict) or not all(isinstance(content.get(key), list) for key in KEYS):
        found = ", ".join(sorted(map(str, content))) if isinstance(content, dict) else type(content).__name__
        raise DataError(f"{source} is no COCO dataset: expected the lists {', '.join(KEYS)}, got {found}")


def _categories(items: Sequence[Any], source: Path) -> dict[int, str]:
    """Names by id, in the order of the ids."""
    names: dict[int, str] = {}
    for item in items:
        number, name = _get(item, "id"), _get(item, "name")
        if not _is_id(number) or not isinstance(name, str) or not name:
            raise DataError(f"{source} has the category {item}, expected an id (a whole number) and a name")
        if names.setdefault(number, name) != name:
            raise DataError(
                f"{source} gives the category id {number} to '{names[number]}' and to '{name}'; renumber them"
            )
    return dict(sorted(names.items()))


@dataclass(slots=True, kw_only=True)
class _Parts:
    """The parts of one json, with the problems met in them."""

    source: Path
    categories: Mapping[int, str]
    problems: list[Problem] = field(default_factory=list)

    def images(self, items: Sequence[Any]) -> dict[int, dict[str, Any]]:
        images: dict[int, dict[str, Any]] = {}
        for index, item in enumerate(items):
            number, name = _get(item, "id"), _get(item, "file_name")
            if not _is_id(number) or not isinstance(name, str) or not name:
                self._image_problem(f"entry {index} of images", "has no id (a whole number) or no file_name")
            elif number in images:
                self._image_problem(
                    f"image id {number} ({name})", f"is that of {images[number]['path'].name} too"
                )
            elif leaves_its_folder(name):
                self._image_problem(
                    f"image {number}", f"has the file_name '{name}', which leads out of its folder"
                )
            else:
                path = image_path(self.source, name)
                images[number] = {"path": path, "image_id": number, "size_hw": _size_hw(item)}
        return images

    def boxes(
        self, items: Sequence[Any], images: Mapping[int, dict[str, Any]]
    ) -> defaultdict[int, list[ListedBox]]:
        boxes: defaultdict[int, list[ListedBox]] = defaultdict(list)
        known: dict[Any, Any] = {}
        for index, item in enumerate(items):
            where = f"annotation {_get(item, 'id', f'entry {index}')}"
            complaint = self._complaint(item, images)
            if complaint:
                self._problem(where, complaint, BOX_LEFT_OUT)
            elif not self._is_repetition(where, item, known):
                boxes[item["image_id"]].append(_box(where, item, self.categories))
        return boxes

    def _complaint(self, item: Any, images: Mapping[int, Any]) -> str:
        image, category, corners = _get(item, "image_id"), _get(item, "category_id"), _get(item, "bbox")
        if not _is_id(image) or image not in images:
            return f"is for the unknown image id {image}"
        if not _is_id(category) or category not in self.categories:
            known = ", ".join(f"{number} {name}" for number, name in self.categories.items())
            return f"has the unknown category id {category} (known: {known})"
        if not isinstance(corners, list) or len(corners) != 4 or not all(_is_number(v) for v in corners):
            return f"has the bbox {corners}, expected [x, y, width, height]"
        return ""

    def _is_repetition(self, where: str, item: Mapping[str, Any], known: dict[Any, Any]) -> bool:
        """Whether the same annotation came before; another one under its id is no repetition."""
        number = item.get("id")
        if number is None or not isinstance(number, int | str):
            return False
        first = known.setdefault(number, item)
        if first is item:
            return False
        same = bool(first == item)
        self._problem(where, "is there twice", BOX_LEFT_OUT if same else "both are kept, for they differ")
        return same

    def _image_problem(self, where: str, complaint: str) -> None:
        self._problem(where, complaint, IMAGE_LEFT_OUT)

    def _problem(self, where: str, complaint: str, remedy: str) -> None:
        self.problems.append(Problem(message=f"{where} of {self.source} {complaint}", remedy=remedy))


def _box(where: str, item: Mapping[str, Any], categories: Mapping[int, str]) -> ListedBox:
    x, y, width, height = (float(v) for v in item["bbox"])
    return ListedBox(
        where=where,
        category=categories[item["category_id"]],
        corners_xyxy=(x, y, x + width, y + height),
        ignore=bool(item.get("iscrowd", 0)),
        segmentation=item.get("segmentation") or None,
    )


def leaves_its_folder(name: str) -> bool:
    """Whether a file name leads out of the folder it is relative to, on any system."""
    paths = PurePosixPath(name), PureWindowsPath(name)
    return any(path.is_absolute() or path.anchor or ".." in path.parts for path in paths) or "\0" in name


def image_path(source: Path, name: str) -> Path:
    """Where an image of a json lies; beside it, if nowhere."""
    candidates = list(image_candidates(source, name))
    return next((path for path in candidates if path.is_file()), candidates[0])


def image_candidates(source: Path, name: str) -> Iterator[Path]:
    """Where an image of a json may lie."""
    folder, split = source.parent, source.stem.rpartition("_")[2]
    for candidate in (folder, folder / source.stem, folder / "images"):
        yield candidate / name
    for candidate in (folder.parent / "images" / split, folder.parent / split):
        yield candidate / name


def _size_hw(item: Mapping[str, Any]) -> tuple[int, int] | None:
    height, width = item.get("height"), item.get("width")
    return (int(height), int(width)) if _is_number(height) and _is_number(width) else None  # type: ignore[arg-type]


def _get(item: Any, key: str, default: Any = None) -> Any:
    return item.get(key, default) if isinstance(item, dict) else default


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
