"""Images to run a detector over, labelled or not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int
from torchvision.ops import nms

from renderer.errors import DataError
from train_eval.data.images import IMAGE_SUFFIXES, load_image
from train_eval.data.listing import IMAGE_LEFT_OUT
from train_eval.data.records import ImageRecord
from train_eval.data.sets import missing_path_message, read_set
from train_eval.evaluation.detections import Detections

LISTS = (".json", ".yaml", ".yml")  # suffixes of files that list images


@dataclass(frozen=True, slots=True, kw_only=True)
class InputImage:
    """An image by its number and file."""

    image_id: int
    path: Path


def find_images(texts: Sequence[str]) -> tuple[InputImage, ...]:
    """All images that are meant, numbered as their COCO json numbers them, otherwise from 1 by name.

    Raises:
        DataError: a path is missing, holds no images, or lists some that are not there.
    """
    if len(texts) == 1 and Path(texts[0]).suffix.lower() == ".json":
        records = _listed(texts[0])
        return tuple(InputImage(image_id=r.image_id, path=r.path) for r in records)
    paths = [path for text in texts for path in _paths(text)]
    return tuple(InputImage(image_id=number, path=path) for number, path in enumerate(paths, start=1))


def _paths(text: str) -> list[Path]:
    path = Path(text).expanduser()
    if path.is_file() and path.suffix.lower() in IMAGE_SUFFIXES:
        return [path]
    if path.suffix.lower().partition(":")[0] in LISTS:
        return [record.path for record in _listed(text)]
    if not path.exists():
        raise DataError(f"images: {missing_path_message(path)}")
    # A gapless dataset keeps its images in a folder of this name.
    folder = path / "images" if (path / "images").is_dir() else path
    found = sorted(p for p in folder.glob("*") if p.suffix.lower() in IMAGE_SUFFIXES) if path.is_dir() else []
    if not found:
        suffixes = ", ".join(sorted(IMAGE_SUFFIXES))
        raise DataError(
            f"images must be photographs ({suffixes}) or a folder of them, and {folder} holds none"
        )
    return found


def _listed(text: str) -> tuple[ImageRecord, ...]:
    """The images that a file lists; its labels do not matter."""
    reading = read_set(str(Path(text).expanduser()))
    missing = [problem for problem in reading.problems if problem.remedy == IMAGE_LEFT_OUT]
    if missing:
        raise DataError(f"images: {missing[0].message}; correct the file, or name the folder of the images")
    if not reading.detections.images:
        raise DataError(f"images: {text} lists no images; name another file, or a folder")
    return reading.detections.images


def check_images(inputs: Sequence[InputImage]) -> None:
    """Decode every image once, before anything is written.

    Raises:
        DataError: one is damaged; names the first.
    """
    for item in inputs:
        load_image(item.path)


def surer_than(found: Detections, score: float) -> Detections:
    """The detections of a score or more."""
    return _selected(found, np.flatnonzero(found.scores >= score))


def without_overlaps(found: Detections, max_overlap: float) -> Detections:
    """The detections without those that overlap a surer one of any category by more (IoU), surest first.

    A detector gives a doubtful object several categories, of which average precision counts each and a
    person wants the surest.
    """
    kept = nms(torch.from_numpy(found.boxes_xyxy), torch.from_numpy(found.scores), max_overlap)
    return _selected(found, kept.numpy())


def _selected(found: Detections, kept: Int[np.ndarray, " k"]) -> Detections:
    return replace(
        found,
        boxes_xyxy=found.boxes_xyxy[kept],
        scores=found.scores[kept],
        labels=found.labels[kept],
        masks=None if found.masks is None else tuple(found.masks[i] for i in kept),
    )


def picture_name(item: InputImage) -> str:
    """A file name for the picture of an image: its number keeps equal names of two folders apart."""
    return f"{item.image_id:06d}_{item.path.stem}.png"
