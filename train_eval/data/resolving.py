"""From what the files of a dataset list to checked records: one rule for sizes, orientation and boxes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from renderer.errors import DataError
from train_eval.data.images import ImageHeader, read_header
from train_eval.data.listing import (
    BOX_LEFT_OUT,
    IMAGE_LEFT_OUT,
    BoxUnit,
    ListedBox,
    ListedImage,
    Listing,
    Polygons,
    Segmentation,
)
from train_eval.data.masks import Rle, oriented_mask, run_lengths
from train_eval.data.orientation import UPRIGHT, oriented_boxes
from train_eval.data.problems import Problem, Reading
from train_eval.data.records import DetectionSet, ImageRecord

# Tools count corners at pixel edges, at centres or from 1, and round: nothing tells them apart.
EDGE_TOLERANCE_PX = 1.0
BOX_CUT = "the box is cut to the image"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """What the coordinates of an image's labels refer to.

    Attributes:
        labelled_hw: pixels, of the picture that was labelled, as stored or as displayed.
        orientation: the EXIF orientation that turns the labels into those of the displayed picture.
    """

    unit: BoxUnit
    labelled_hw: tuple[int, int]
    orientation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    """A box that passed, in pixels of the picture as displayed.

    Attributes:
        complaint: what was wrong with it before it was cut to the image; empty where nothing was.
    """

    label: int
    corners_xyxy: Float[np.ndarray, " 4"]
    ignore: bool
    mask: Rle | None
    complaint: str


def resolve(listing: Listing) -> Reading:
    """Check a listing against the headers of its image files.

    Annotation sizes may count the picture as displayed or as stored: where `size_hw` of a listed image is
    that of the displayed picture, or is not given, its boxes are taken as they are; where it is that of the
    stored picture only, boxes and masks are turned as the EXIF orientation turns the picture; any other size
    is a problem. (Half turns, mirrors and square pictures look alike both ways and count as displayed.)

    A box may stick out of its image by a pixel and is then cut silently; further out it is a problem.
    """
    label_of = {name: number for number, name in enumerate(listing.categories, start=1)}
    has_masks = any(box.segmentation is not None for image in listing.images for box in image.boxes)
    problems = list(listing.problems)
    records: list[ImageRecord] = []
    for image in listing.images:
        try:
            header = read_header(image.path)
            frame = _frame(image, header)
        except DataError as error:
            problems.append(Problem(message=str(error), remedy=IMAGE_LEFT_OUT))
            continue
        boxes = _boxes(image, frame, label_of, problems)
        records.append(_record(image, header.displayed_hw, boxes, has_masks=has_masks))
    detections = DetectionSet(name=listing.name, categories=listing.categories, images=tuple(records))
    return Reading(detections=detections, problems=tuple(problems))


def _frame(image: ListedImage, header: ImageHeader) -> _Frame:
    if image.size_hw is None or image.size_hw == header.displayed_hw:
        return _Frame(unit=image.unit, labelled_hw=header.displayed_hw, orientation=UPRIGHT)
    if image.size_hw == header.stored_hw:
        return _Frame(unit=image.unit, labelled_hw=header.stored_hw, orientation=header.orientation)
    (height, width), (labelled_height, labelled_width) = header.displayed_hw, image.size_hw
    raise DataError(
        f"{image.path} has {width}x{height} pixels, but its labels are for {labelled_width}x{labelled_height}"
    )


def _boxes(
    image: ListedImage, frame: _Frame, label_of: Mapping[str, int], problems: list[Problem]
) -> list[_Box]:
    """The boxes that pass; what is wrong with the others is added to the problems."""
    boxes = []
    for listed in image.boxes:
        where = f"{listed.where} of {image.path} ({listed.category})"
        try:
            box = _checked(listed, frame, label_of[listed.category])
        except DataError as error:
            problems.append(Problem(message=f"{where} {error}", remedy=BOX_LEFT_OUT))
            continue
        if box.complaint:
            problems.append(Problem(message=f"{where} {box.complaint}", remedy=BOX_CUT))
        boxes.append(box)
    return boxes


def _checked(listed: ListedBox, frame: _Frame, label: int) -> _Box:
    """The box, cut to the image.

    Raises:
        DataError: nothing of it is in the image, or its mask is wrong.
    """
    height, width = frame.labelled_hw
    scale_xy = (width, height) if frame.unit is BoxUnit.IMAGE else (1, 1)
    corners_xyxy = np.array(listed.corners_xyxy, dtype=np.float64) * (scale_xy * 2)
    inside, complaint = _cut(corners_xyxy, frame.labelled_hw)
    return _Box(
        label=label,
        corners_xyxy=oriented_boxes(inside[None], frame.labelled_hw, frame.orientation)[0],
        ignore=listed.ignore,
        mask=_mask(listed.segmentation, scale_xy, frame),
        complaint=complaint,
    )


def _mask(segmentation: Segmentation | None, scale_xy: tuple[int, int], frame: _Frame) -> Rle | None:
    if segmentation is None:
        return None
    if scale_xy != (1, 1) and not isinstance(segmentation, Mapping):
        segmentation = _scaled(segmentation, scale_xy)
    return oriented_mask(run_lengths(segmentation, frame.labelled_hw), frame.orientation)


def _scaled(polygons: Polygons, scale_xy: tuple[int, int]) -> Polygons:
    return [[v * scale_xy[i % 2] for i, v in enumerate(polygon)] for polygon in polygons]


def _cut(
    corners_xyxy: Float[np.ndarray, " 4"], size_hw: tuple[int, int]
) -> tuple[Float[np.ndarray, " 4"], str]:
    """The part of a box inside the image, and a complaint where it sticks out by more than the tolerance."""
    if not np.isfinite(corners_xyxy).all():
        raise DataError(f"has corners that are no numbers: {_text(corners_xyxy)}")
    x0, y0, x1, y1 = corners_xyxy
    if x1 <= x0 or y1 <= y0:
        raise DataError(f"has no area, expected x0 < x1 and y0 < y1: {_text(corners_xyxy)}")
    height, width = size_hw
    inside = np.clip(corners_xyxy, 0, (width, height, width, height))
    where = f"the image of {width}x{height} pixels: {_text(corners_xyxy)}"
    if inside[2] <= inside[0] or inside[3] <= inside[1]:
        raise DataError(f"lies outside {where}")
    cut = float(np.abs(inside - corners_xyxy).max())
    return inside, f"sticks out of {where}" if cut > EDGE_TOLERANCE_PX else ""


def _text(corners_xyxy: Float[np.ndarray, " 4"]) -> str:
    return "[" + ", ".join(f"{v:.10g}" for v in corners_xyxy) + "]"


def _record(
    image: ListedImage, size_hw: tuple[int, int], boxes: Sequence[_Box], *, has_masks: bool
) -> ImageRecord:
    masks = tuple(box.mask for box in boxes if box.mask is not None)
    return ImageRecord(
        path=image.path,
        image_id=image.image_id,
        size_hw=size_hw,
        boxes_xyxy=np.array([box.corners_xyxy for box in boxes], dtype=np.float32).reshape(-1, 4),
        labels=np.array([box.label for box in boxes], dtype=np.int64),
        ignore=np.array([box.ignore for box in boxes], dtype=np.bool_),
        masks=masks if has_masks and len(masks) == len(boxes) else None,
    )
