"""Where an image comes to lie on the square canvas that is trained on, and on that of evaluation.

A transform `canvas_from_image` is the 2x3 matrix of an affine map between pixel-edge coordinates: the first
pixel spans 0 to 1.
"""

import enum
import math

import cv2
import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8

from train_eval.augment.draws import happens, log_uniform, uniform
from train_eval.augment.sample import Sample
from train_eval.augment.warp import warp_boxes, warp_image
from train_eval.settings import Augmentation

STRIDE_PX = 32  # sides of an evaluation canvas are multiples of it: what the coarsest pyramid level asks for


class Resize(enum.Enum):
    """How an image gets its size: its longer side fits the canvas, or its pixels stay as they are."""

    FIT = "fit"
    NATIVE = "native"


def base_scale(size_hw: tuple[int, int], image_size_px: int, mode: Resize) -> float:
    """Canvas pixels to an image pixel, before any jitter."""
    return image_size_px / max(size_hw) if mode is Resize.FIT else 1.0


def draw_transform(
    rng: np.random.Generator, sample: Sample, settings: Augmentation, image_size_px: int, mode: Resize
) -> Float64[np.ndarray, "2 3"]:
    """Draw `canvas_from_image`: size and shape, mirror, turn, then the place.

    Along an axis on which the image is smaller than the canvas it lies anywhere inside; where it is larger,
    the canvas lies anywhere inside it, or, with `object_crop_probability`, anywhere with one object inside.
    """
    size_hw = (sample.image.shape[0], sample.image.shape[1])
    canvas_from_image = np.zeros((2, 3))
    canvas_from_image[:, :2] = _draw_linear(rng, settings) * base_scale(size_hw, image_size_px, mode)
    lowest, highest = _offsets_of_image(canvas_from_image, size_hw, image_size_px)
    has_target = happens(rng, settings.object_crop_probability)
    target = _draw_target(rng, sample)
    share = rng.random(2)
    if has_target and target is not None:
        box = warp_boxes(target[None], canvas_from_image)[0]
        lowest, highest = _narrow((lowest, highest), (-box[:2], image_size_px - box[2:]))
    canvas_from_image[:, 2] = lowest + share * (highest - lowest)
    return canvas_from_image


def _draw_linear(rng: np.random.Generator, settings: Augmentation) -> Float64[np.ndarray, "2 2"]:
    """Scale and aspect along the image's axes, then the mirror, then the turn."""
    scale = log_uniform(rng, settings.scale)
    stretch = math.sqrt(log_uniform(rng, settings.aspect))
    mirror = -1.0 if happens(rng, settings.flip_probability) else 1.0
    is_turned = happens(rng, settings.rotation_probability)
    angle = math.radians(uniform(rng, settings.rotation_deg)) * is_turned
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return turn @ np.diag([mirror * scale * stretch, scale / stretch])


def _offsets_of_image(
    canvas_from_image: Float64[np.ndarray, "2 3"], size_hw: tuple[int, int], image_size_px: int
) -> tuple[Float64[np.ndarray, "2"], Float64[np.ndarray, "2"]]:
    """Least and greatest translation: neither is padded on one side what is cut off on the other."""
    height, width = size_hw
    corners = canvas_from_image[:, :2] @ np.array([[0, width, 0, width], [0, 0, height, height]])
    at_start, at_end = -corners.min(axis=1), image_size_px - corners.max(axis=1)
    return np.minimum(at_start, at_end), np.maximum(at_start, at_end)


def _draw_target(rng: np.random.Generator, sample: Sample) -> Float32[np.ndarray, "4"] | None:
    """The box of any object that is not ignored."""
    candidates: Int64[np.ndarray, " k"] = np.flatnonzero(~sample.ignore)
    index = int(rng.random() * len(candidates))
    return sample.boxes_xyxy[candidates[index]] if len(candidates) else None


def _narrow(
    allowed: tuple[Float64[np.ndarray, "2"], Float64[np.ndarray, "2"]],
    wanted: tuple[Float64[np.ndarray, "2"], Float64[np.ndarray, "2"]],
) -> tuple[Float64[np.ndarray, "2"], Float64[np.ndarray, "2"]]:
    """What of the allowed interval is wanted; its nearest point where they do not meet."""
    low, high = np.minimum(*wanted), np.maximum(*wanted)
    return np.clip(low, *allowed), np.clip(high, *allowed)


def letterbox(
    image: UInt8[np.ndarray, "h w 3"], image_size_px: int, mode: Resize
) -> tuple[UInt8[np.ndarray, "h2 w2 3"], Float64[np.ndarray, "2 3"]]:
    """The image at its base scale in the upper left of a canvas, and `canvas_from_image`.

    The canvas is the smallest that holds the image, with sides that are multiples of STRIDE_PX.
    """
    height, width = image.shape[:2]
    scale = base_scale((height, width), image_size_px, mode)
    canvas_from_image = np.array([[scale, 0.0, 0.0], [0.0, scale, 0.0]])
    canvas_hw = (_rounded_up(height * scale), _rounded_up(width * scale))
    return warp_image(image, canvas_from_image, canvas_hw), canvas_from_image


def _rounded_up(length_px: float) -> int:
    """A multiple of STRIDE_PX; a part of a pixel that comes from rounding only is no pixel."""
    return max(1, math.ceil(round(length_px, 6) / STRIDE_PX)) * STRIDE_PX


def boxes_in_image(
    boxes_on_canvas: Float32[np.ndarray, "n 4"],
    canvas_from_image: Float64[np.ndarray, "2 3"],
    size_hw: tuple[int, int],
) -> Float32[np.ndarray, "n 4"]:
    """Boxes found on a canvas, in pixels of the image and cut at its edges."""
    height, width = size_hw
    boxes = warp_boxes(boxes_on_canvas, cv2.invertAffineTransform(canvas_from_image))
    in_image: Float32[np.ndarray, "n 4"] = np.clip(boxes, 0, [width, height] * 2).astype(np.float32)
    return in_image
