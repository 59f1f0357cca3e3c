"""Images, masks and boxes under an affine map `canvas_from_image` between pixel-edge coordinates."""

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

from train_eval.augment.sample import Sample

GREY = (
    127  # fills what the image does not cover: the value that EfficientNet-Lite's normalization turns into 0
)
ALIASED_BELOW = 0.5  # scale under which bilinear interpolation skips pixels of the image
MIN_SIDE_PX = 1.0  # an object thinner than this on the canvas is ignored
MARGIN_PX = 2  # of image around a mask and of canvas around a box: what interpolation reaches


def warp_image(
    image: UInt8[np.ndarray, "h w ..."],
    canvas_from_image: Float64[np.ndarray, "2 3"],
    canvas_hw: tuple[int, int],
    fill: int = GREY,
) -> UInt8[np.ndarray, "h2 w2 ..."]:
    """Resample an image onto a canvas: bilinear, after averaging over areas along an axis that shrinks a lot.

    OpenCV's maps are between pixel centres, which lie half a pixel behind the edge; it rounds to 1/32 px.
    """
    image, canvas_from_image = _shrink(image, canvas_from_image)
    centres = canvas_from_image.copy()
    centres[:, 2] += canvas_from_image[:, :2].sum(axis=1) / 2 - 0.5
    height, width = canvas_hw
    canvas: UInt8[np.ndarray, "h2 w2 ..."] = np.asarray(
        cv2.warpAffine(
            image, centres, (width, height),
            flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(fill, fill, fill),
        )
    )  # fmt: skip
    return canvas


def _shrink(
    image: UInt8[np.ndarray, "h w ..."], canvas_from_image: Float64[np.ndarray, "2 3"]
) -> tuple[UInt8[np.ndarray, "h2 w2 ..."], Float64[np.ndarray, "2 3"]]:
    """The image at about its final size along an axis that would alias, and the map that is left to do."""
    height, width = image.shape[:2]
    scale_x, scale_y = (float(s) for s in np.linalg.norm(canvas_from_image[:, :2], axis=0))
    shrunk_width = max(1, round(width * scale_x)) if scale_x < ALIASED_BELOW else width
    shrunk_height = max(1, round(height * scale_y)) if scale_y < ALIASED_BELOW else height
    if (shrunk_height, shrunk_width) == (height, width):
        return image, canvas_from_image
    shrunk = np.asarray(cv2.resize(image, (shrunk_width, shrunk_height), interpolation=cv2.INTER_AREA))
    return shrunk, canvas_from_image * [width / shrunk_width, height / shrunk_height, 1.0]


def warp_boxes(
    boxes_xyxy: Float32[np.ndarray, "n 4"] | Float64[np.ndarray, "n 4"],
    canvas_from_image: Float64[np.ndarray, "2 3"],
) -> Float64[np.ndarray, "n 4"]:
    """The bounds of each box's inscribed ellipse, warped; they may lie outside of the canvas.

    Without a turn these are the warped box itself. With one, the corners of a box are mostly not part of its
    object, and the bounds of its turned corners are too large, in area by up to a factor of 2; those of the
    ellipse are right on average (Kalra et al. 2021, 'Towards Rotation Invariance in Object Detection').
    """
    boxes = boxes_xyxy.astype(np.float64)
    centres, half_sides = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    linear, offset = canvas_from_image[:, :2], canvas_from_image[:, 2]
    centres = centres @ linear.T + offset
    half_sides = np.sqrt(half_sides**2 @ (linear**2).T)
    return np.concatenate([centres - half_sides, centres + half_sides], axis=1)


def warp_sample(
    sample: Sample, canvas_from_image: Float64[np.ndarray, "2 3"], size_px: int, min_visible: float
) -> Sample:
    """The sample on a square canvas, without the objects that came to lie outside of it.

    An object of which less than `min_visible` is left is ignored: of its mask's area where there are masks,
    else of its box. The box of an object that was turned or cut is that of its mask, where there is one.
    """
    whole = _whole_boxes(sample, canvas_from_image)
    boxes = np.clip(whole, 0, size_px)
    visible = _areas(boxes) / np.maximum(_areas(whole), 1e-12)
    masks = None
    if sample.masks is not None:
        masks = warp_masks(sample.masks, canvas_from_image, size_px)
        for i in np.flatnonzero((boxes != whole).any(axis=1)):
            if former := cv2.countNonZero(sample.masks[i]):
                boxes[i] = _common(boxes[i], bounds_of_mask(masks[i]))
                visible[i] = cv2.countNonZero(masks[i]) / (former * _area_factor(canvas_from_image))
    placed = Sample(
        image=warp_image(sample.image, canvas_from_image, (size_px, size_px)),
        boxes_xyxy=boxes.astype(np.float32),
        labels=sample.labels,
        ignore=sample.ignore | (visible < min_visible) | _is_thin(boxes),
        masks=masks,
    )
    return select(placed, has_area(placed.boxes_xyxy))


def warp_masks(
    masks: UInt8[np.ndarray, "n h w"], canvas_from_image: Float64[np.ndarray, "2 3"], size_px: int
) -> UInt8[np.ndarray, "n s s"]:
    """Masks of 0 and 1 on a square canvas: the pixels that an object covers by half or more."""
    warped = np.zeros((len(masks), size_px, size_px), np.uint8)
    for mask, canvas in zip(masks, warped, strict=True):
        _warp_mask(mask, canvas_from_image, canvas)
    return warped


def _warp_mask(
    mask: UInt8[np.ndarray, "h w"],
    canvas_from_image: Float64[np.ndarray, "2 3"],
    canvas: UInt8[np.ndarray, "s s"],
) -> None:
    """Write a mask into an empty canvas, and touch no more of both than holds the object."""
    x, y, width, height = cv2.boundingRect(mask)
    corners = canvas_from_image @ [[x, x + width] * 2, [y, y, y + height, y + height], [1, 1, 1, 1]]
    left, top = np.clip(np.floor(corners.min(axis=1)) - MARGIN_PX, 0, len(canvas)).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(axis=1)) + MARGIN_PX, 0, len(canvas)).astype(int)
    if left >= right or top >= bottom or not width:
        return
    part_from_part = canvas_from_image.copy()
    part_from_part[:, 2] += canvas_from_image[:, :2] @ [x, y] - [left, top]
    part = mask[y : y + height, x : x + width] * np.uint8(255)
    part = warp_image(part, part_from_part, (int(bottom - top), int(right - left)), fill=0)
    canvas[top:bottom, left:right] = part >= 128


def bounds_of_mask(mask: UInt8[np.ndarray, "h w"]) -> Float64[np.ndarray, "4"]:
    """The box around the pixels of a mask; empty, at the origin, where it has none."""
    x, y, width, height = cv2.boundingRect(mask)
    return np.array([x, y, x + width, y + height], np.float64)


def _whole_boxes(sample: Sample, canvas_from_image: Float64[np.ndarray, "2 3"]) -> Float64[np.ndarray, "n 4"]:
    """The warped boxes, before the canvas cuts them."""
    boxes = warp_boxes(sample.boxes_xyxy, canvas_from_image)
    is_turned = bool(canvas_from_image[0, 1] or canvas_from_image[1, 0])
    if sample.masks is not None and is_turned:
        for box, mask in zip(boxes, sample.masks, strict=True):
            if cv2.countNonZero(mask):
                box[:] = _bounds_of_warped_mask(mask, canvas_from_image)
    return boxes


def _bounds_of_warped_mask(
    mask: UInt8[np.ndarray, "h w"], canvas_from_image: Float64[np.ndarray, "2 3"]
) -> Float64[np.ndarray, "4"]:
    """The bounds of the discs that are inscribed in the pixels of a mask, warped: finer than a pixel.

    Discs, as the outermost corners of turned pixels lie outside of the object more often than not.
    """
    x, y, width, height = cv2.boundingRect(mask)
    contours, _ = cv2.findContours(
        mask[y : y + height, x : x + width], cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    centres = np.concatenate(contours)[:, 0] + [x + 0.5, y + 0.5]
    warped = centres @ canvas_from_image[:, :2].T + canvas_from_image[:, 2]
    radii = np.linalg.norm(canvas_from_image[:, :2], axis=1) / 2
    return np.concatenate([warped.min(axis=0) - radii, warped.max(axis=0) + radii])


def _common(box: Float64[np.ndarray, "4"], other: Float64[np.ndarray, "4"]) -> Float64[np.ndarray, "4"]:
    return np.concatenate([np.maximum(box[:2], other[:2]), np.minimum(box[2:], other[2:])])


def _area_factor(canvas_from_image: Float64[np.ndarray, "2 3"]) -> float:
    return abs(float(np.linalg.det(canvas_from_image[:, :2])))


def _areas(boxes_xyxy: Float64[np.ndarray, "n 4"]) -> Float64[np.ndarray, " n"]:
    area: Float64[np.ndarray, " n"] = np.prod(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], axis=1)
    return area


def _is_thin(boxes_xyxy: Float64[np.ndarray, "n 4"]) -> Bool[np.ndarray, " n"]:
    is_thin: Bool[np.ndarray, " n"] = np.any(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2] < MIN_SIDE_PX, axis=1)
    return is_thin


def has_area(boxes_xyxy: Float32[np.ndarray, "n 4"]) -> Bool[np.ndarray, " n"]:
    """Which boxes are not empty."""
    has: Bool[np.ndarray, " n"] = np.all(boxes_xyxy[:, 2:] > boxes_xyxy[:, :2], axis=1)
    return has


def select(sample: Sample, kept: Bool[np.ndarray, " n"]) -> Sample:
    """The sample with some of its objects only."""
    if kept.all():
        return sample
    return Sample(
        image=sample.image,
        boxes_xyxy=sample.boxes_xyxy[kept],
        labels=sample.labels[kept],
        ignore=sample.ignore[kept],
        masks=None if sample.masks is None else sample.masks[kept],
    )
