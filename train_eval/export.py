"""Detectors as ONNX files, checked against PyTorch before they get their name."""

import io
import json
import warnings
from dataclasses import dataclass

import cv2
import numpy as np
import onnx
import onnxruntime
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn

from renderer.errors import GaplessError
from train_eval.models.detector import MOST_DETECTIONS, Detector, DetectorSpec

INPUT = "images"
OUTPUTS = ("boxes", "scores", "labels")
CHECKED_SCORE = 0.05  # below it, ties among weak detections may fall either way
ERRORS_ONLY = 3  # of onnxruntime, which warns of lists of boxes that happen to be empty
GRAINS = (4, 8, 16, 64)  # cells across the check images
Image = UInt8[np.ndarray, "3 S S"]
Outputs = tuple[Float[np.ndarray, "_n 4"], Float[np.ndarray, "_n"], Int[np.ndarray, "_n"]]


class ExportError(GaplessError):
    """The exported file does not compute what PyTorch does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportCheck:
    """How far onnxruntime is from PyTorch on the same image.

    Attributes:
        detections: how many were compared.
        largest_difference: of boxes in units of the image's side, and of scores.
    """

    detections: int
    largest_difference: float


class _OneImage(nn.Module):
    """A detector of one image with plain outputs, as ONNX wants them."""

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Boxes (n, 4) XYXY in pixels, scores (n,), labels (n,) from 1."""
        output = self.detector(images)[0]
        return output["boxes"], output["scores"], output["labels"]


def check_image(detector: Detector, rng: np.random.Generator, image_size_px: int) -> Image:
    """Of several pictures of coloured clouds the one in which most is found: there is most to compare."""
    clouds = [_clouds(rng, cells, image_size_px) for cells in GRAINS]
    return max(clouds, key=lambda image: len(_sure(*_torch_outputs(detector, image))[1]))


def _clouds(rng: np.random.Generator, cells: int, image_size_px: int) -> Image:
    coarse = rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
    image = cv2.resize(coarse, (image_size_px, image_size_px), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))


def _torch_outputs(detector: Detector, image: Image) -> Outputs:
    with torch.inference_mode():
        boxes, scores, labels = _OneImage(detector.cpu()).eval()(torch.from_numpy(image)[None])
    return boxes.numpy(), scores.numpy(), labels.numpy()


def export_onnx(detector: Detector, spec: DetectorSpec, image: Image, opset: int) -> bytes:
    """An ONNX model: `images` (1, 3, S, S) uint8 RGB -> `boxes` (n, 4), `scores` (n,), `labels` (n,) from 1.

    Names of categories, S and the way images get their size stand in its metadata.

    Args:
        image: any image, which the exporter runs through the detector.
    """
    buffer = io.BytesIO()
    wrapped = _OneImage(detector.cpu()).eval()
    with warnings.catch_warnings():
        # The newer exporter cannot yet follow torchvision's loops over as many boxes as there happen to be.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            wrapped,
            (torch.from_numpy(image)[None],),
            buffer,  # type: ignore[arg-type]  # this exporter takes open files, too
            dynamo=False,
            opset_version=opset,
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            dynamic_axes={name: {0: "detections"} for name in OUTPUTS},
        )
    return _with_metadata(buffer.getvalue(), spec, image.shape[-1])


def _with_metadata(model: bytes, spec: DetectorSpec, image_size_px: int) -> bytes:
    loaded = onnx.load_from_string(model)
    facts = {
        "categories": json.dumps(list(spec.categories)),
        "image_size_px": str(image_size_px),
        "resize": spec.resize,
    }
    onnx.helper.set_model_props(loaded, facts)
    onnx.checker.check_model(loaded)
    content: bytes = loaded.SerializeToString()
    return content


def check_onnx(model: bytes, detector: Detector, image: Image, tolerance: float) -> ExportCheck:
    """Run an image through onnxruntime and PyTorch, and compare.

    Raises:
        ExportError: they differ by more than the tolerance, or one finds what the other does not.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    boxes, scores, labels = session.run(list(OUTPUTS), {INPUT: image[None]})
    ours = _sure(boxes, scores, labels.astype(np.int64))  # onnxruntime's 64 bits are not numpy's int64
    theirs = _sure(*_torch_outputs(detector, image))
    difference = largest_difference(ours, theirs, image.shape[-1], tolerance)
    if difference > tolerance:
        raise ExportError(
            f"the exported model finds {len(ours[1])} objects, PyTorch {len(theirs[1])}, and they differ by "
            f"{difference:.2g} where tolerance={tolerance:g}; nothing was written; take another opset, or a "
            "greater tolerance"
        )
    return ExportCheck(detections=len(ours[1]), largest_difference=difference)


def largest_difference(ours: Outputs, theirs: Outputs, side_px: int, tolerance: float) -> float:
    """How far the worst detection is from its nearest partner of the same label; infinite without one.

    The order of equal scores is left to chance, and so is which of the least sure ones are kept: those within
    `tolerance` of the lowest score that is kept need no partner.
    """
    worst = 0.0
    for these, those in ((ours, theirs), (theirs, ours)):
        needed = these[1] > _lowest_kept(ours[1], theirs[1]) + tolerance
        distance = _distances(these, those, side_px)[needed].min(axis=1, initial=np.inf)
        worst = max(worst, float(distance.max(initial=0.0)))
    return worst


def _lowest_kept(*scores: Float[np.ndarray, "_n"]) -> float:
    """The score below which a detection is not compared, or has to give way to surer ones."""
    return max([CHECKED_SCORE, *(float(each.min()) for each in scores if len(each) >= MOST_DETECTIONS)])


def _distances(these: Outputs, those: Outputs, side_px: int) -> Float[np.ndarray, "n m"]:
    """Of boxes in units of the side, or of scores, whichever is more; infinite between labels."""
    of_boxes = np.abs(these[0][:, None] - those[0][None]).max(axis=2, initial=0.0) / side_px
    of_scores = np.abs(these[1][:, None] - those[1][None])
    alike = these[2][:, None] == those[2][None]
    return np.where(alike, np.maximum(of_boxes, of_scores), np.inf)


def _sure(boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray) -> Outputs:
    keep = scores >= CHECKED_SCORE
    return boxes[keep], scores[keep], labels[keep]
