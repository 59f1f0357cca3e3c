"""A labelled dataset as its files list it, unchecked: what all formats have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from train_eval.data.problems import Problem

BOX_LEFT_OUT = "the box is left out"
IMAGE_LEFT_OUT = "the image is left out"

Polygons = Sequence[Sequence[float]]
Segmentation = Polygons | Mapping[str, Any]


class BoxUnit(Enum):
    """What the coordinates of boxes and polygons count."""

    PIXEL = "pixel"
    IMAGE = "image"  # fractions of the width and height of the picture as displayed


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedBox:
    """One object.

    Attributes:
        where: names the object in messages, such as 'annotation 7'.
        corners_xyxy: at pixel edges; not yet checked.
        segmentation: polygons or run lengths as in COCO; None where there is none.
    """

    where: str
    category: str
    corners_xyxy: tuple[float, float, float, float]
    ignore: bool = False
    segmentation: Segmentation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedImage:
    """One image.

    Attributes:
        size_hw: pixels, as the labels say; None where they do not.
    """

    path: Path
    image_id: int
    size_hw: tuple[int, int] | None = None
    unit: BoxUnit = BoxUnit.PIXEL
    boxes: tuple[ListedBox, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A set.

    Attributes:
        name: for people, such as 'dice/val'.
        problems: what could not even be listed.
    """

    name: str
    categories: tuple[str, ...]
    images: tuple[ListedImage, ...]
    problems: tuple[Problem, ...] = ()


def set_name(path: Path) -> str:
    """A short name for people: the last two parts of a path, without the suffix of a file."""
    named = path.with_suffix("") if path.is_file() else path
    parent = named.absolute().parent.name
    return f"{parent}/{named.name}" if parent else named.name
