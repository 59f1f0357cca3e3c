"""A SET, as users name it: a gapless dataset, a COCO json, a Pascal VOC folder or a YOLO data.yaml."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from renderer.errors import DataError, nearest_first
from train_eval.data.categories import relabel, rename_categories
from train_eval.data.checker import check_not_empty, check_set
from train_eval.data.coco import read_coco
from train_eval.data.problems import Reading, settle_problems
from train_eval.data.records import DetectionSet
from train_eval.data.voc import read_voc
from train_eval.data.yolo import SPLITS, read_yolo, read_yolo_folder

COCO_NAMES = ("annotations.json", "_annotations.coco.json")  # gapless; Roboflow
KINDS = "a folder that gapless rendered, a COCO .json, a folder of Pascal VOC .xml files or a YOLO data.yaml"


def open_set(
    texts: Sequence[str],
    *,
    on_bad_data: str,
    category_map: Mapping[str, str | None],
    report: Callable[[str], None] | None = None,
) -> DetectionSet:
    """Read one SET or several as one, and check it: every image is decoded once.

    Categories are renamed, then joined by name in the order in which they are met. Where two sets number
    an image alike, all images are numbered anew, from 1.

    Args:
        texts: paths; of a YOLO file with several splits, 'data.yaml:val'.
        on_bad_data: 'stop' raises at the first problem; 'skip' leaves out what is bad and reports each.
        category_map: {theirs: ours}; an empty name, or none, drops a category.
        report: is told what was left out, and which names of the map occur nowhere.

    Raises:
        DataError: a set is missing, unreadable, empty, or bad with `on_bad_data` 'stop'.
    """
    if not texts:
        raise DataError(f"no dataset was named; expected {KINDS}")
    readings = [read_set(text) for text in texts]
    problems = [problem for reading in readings for problem in reading.problems]
    sets = [reading.detections for reading in readings]
    _report_unused_names(sets, category_map, report)
    joined = join_sets([rename_categories(one, category_map) for one in sets])
    checked = settle_problems(joined, [*problems, *check_set(joined)], on_bad_data, report)
    check_not_empty(checked)
    return checked


def read_set(text: str) -> Reading:
    """Read one SET by its kind.

    Raises:
        DataError: nothing is there, or nothing that is a dataset.
    """
    path, split = _path_and_split(text)
    if not path.exists():
        raise DataError(missing_path_message(path))
    if path.suffix.lower() in (".yaml", ".yml"):
        return read_yolo(path, split)
    if path.is_file() and path.suffix.lower() == ".json":
        return read_coco(path)
    if path.is_dir():
        return _read_folder(path)
    raise DataError(f"{path} is no dataset; expected {KINDS}")


def join_sets(sets: Sequence[DetectionSet]) -> DetectionSet:
    """One set of all images; categories of one name become one."""
    if len(sets) == 1:
        return sets[0]
    categories = tuple(dict.fromkeys(name for one in sets for name in one.categories))
    images = [image for one in sets for image in relabel(one, categories).images]
    if len({image.image_id for image in images}) < len(images):
        images = [replace(image, image_id=number) for number, image in enumerate(images, start=1)]
    return DetectionSet(
        name=" + ".join(one.name for one in sets), categories=categories, images=tuple(images)
    )


def missing_path_message(path: Path) -> str:
    """Where a path leads nowhere, and the nearest name that is there."""
    existing = next(parent for parent in path.absolute().parents if parent.exists())
    missing = path.absolute().relative_to(existing).parts[0]
    names = [child.name for child in existing.iterdir()] if existing.is_dir() else []
    if not names:
        return f"{path} is not there: {existing} is empty or no folder"
    nearest = nearest_first(missing, names)[0]
    return f"{path} is not there: '{missing}' is not in {existing}; did you mean '{nearest}'?"


def _path_and_split(text: str) -> tuple[Path, str]:
    head, colon, tail = text.rpartition(":")
    return (Path(head), tail) if colon and tail in SPLITS else (Path(text), "")


def _read_folder(folder: Path) -> Reading:
    for name in COCO_NAMES:
        if (folder / name).is_file():
            return read_coco(folder / name)
    if (folder / "labels").is_dir() and (folder / "images").is_dir():
        return read_yolo_folder(folder)
    if (folder / "data.yaml").is_file():
        return read_yolo(folder / "data.yaml")
    if (folder / "Annotations").is_dir() or any(folder.glob("*.xml")):
        return read_voc(folder)
    raise DataError(_no_dataset(folder))


def _no_dataset(folder: Path) -> str:
    jsons = sorted(path.name for path in folder.glob("*.json"))
    if jsons:
        return f"{folder} is no dataset, but holds {', '.join(jsons)}; name the one that is meant"
    return f"{folder} holds no {COCO_NAMES[0]} and no other labels; expected {KINDS}"


def _report_unused_names(
    sets: Sequence[DetectionSet], category_map: Mapping[str, str | None], report: Callable[[str], None] | None
) -> None:
    """A name of the map may be meant for other sets of the same command, so it is no error."""
    known = dict.fromkeys(name for one in sets for name in one.categories)
    names = ", ".join(one.name for one in sets)
    for name in category_map:
        if name not in known and report is not None:
            report(f"category_map: '{name}' is no category of {names} (known: {', '.join(known)})")
