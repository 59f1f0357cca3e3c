"""Running a detector over images of any size."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from train_eval.augment.geometry import Resize, boxes_in_image, letterbox
from train_eval.data.images import load_image
from train_eval.data.records import DetectionSet
from train_eval.evaluation.detections import Detections
from train_eval.models.detector import Detector, DetectorSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """An image as the detector sees it.

    Attributes:
        canvas_from_image: from pixels of the image to pixels of the canvas.
    """

    image_id: int
    pixels: UInt8[np.ndarray, "H W 3"]
    canvas_from_image: Float[np.ndarray, "2 3"]
    size_hw: tuple[int, int]


def detect_set(
    detector: Detector, spec: DetectorSpec, data: DetectionSet, device: torch.device, *, batch_size: int
) -> Iterator[Detections]:
    """The detections in every image of a set, in its order; boxes in pixels of the displayed image.

    Raises:
        DataError: an image cannot be read.
    """
    pairs = ((record.image_id, record.path) for record in data.images)
    return detect_images(detector, spec, pairs, device, batch_size=batch_size)


def detect_images(
    detector: Detector,
    spec: DetectorSpec,
    images: Iterable[tuple[int, Path]],
    device: torch.device,
    *,
    batch_size: int,
) -> Iterator[Detections]:
    """The detections in image files, given with their ids and in their order.

    Raises:
        DataError: an image cannot be read.
    """
    canvases = (canvas_of(spec, image_id, path) for image_id, path in images)
    for batch in _batches_of_one_shape(canvases, batch_size):
        yield from detect_batch(detector, batch, device)


def canvas_of(spec: DetectorSpec, image_id: int, path: Path) -> Canvas:
    """Read an image and bring it to the size that the detector was trained for.

    Raises:
        DataError: it cannot be read.
    """
    image = load_image(path)
    pixels, canvas_from_image = letterbox(image, spec.image_size_px, Resize(spec.resize))
    height, width = image.shape[:2]
    return Canvas(
        image_id=image_id, pixels=pixels, canvas_from_image=canvas_from_image, size_hw=(height, width)
    )


def _batches_of_one_shape(canvases: Iterable[Canvas], batch_size: int) -> Iterator[list[Canvas]]:
    batch: list[Canvas] = []
    for canvas in canvases:
        if batch and (len(batch) == batch_size or batch[0].pixels.shape != canvas.pixels.shape):
            yield batch
            batch = []
        batch.append(canvas)
    if batch:
        yield batch


@torch.inference_mode()
def detect_batch(detector: Detector, canvases: Sequence[Canvas], device: torch.device) -> list[Detections]:
    """The detections in canvases of one shape, in pixels of their images."""
    images = torch.from_numpy(np.stack([canvas.pixels for canvas in canvases])).permute(0, 3, 1, 2)
    outputs = detector.eval()(images.to(device))
    return [_detections(canvas, output) for canvas, output in zip(canvases, outputs, strict=True)]


def _detections(canvas: Canvas, output: dict[str, Tensor]) -> Detections:
    boxes = boxes_in_image(output["boxes"].float().cpu().numpy(), canvas.canvas_from_image, canvas.size_hw)
    labels = output["labels"].cpu().numpy()
    # One-stage detectors have an output for label 0, which no object ever has.
    is_real = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1]) & (labels > 0)
    return Detections(
        image_id=canvas.image_id,
        boxes_xyxy=boxes[is_real],
        scores=output["scores"].cpu().numpy().astype(np.float32)[is_real],
        labels=labels[is_real],
    )
