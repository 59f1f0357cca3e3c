"""`gapless export-model`: a detector as an ONNX file."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from renderer.commands.job import ResolvedJob, schema_of
from renderer.files import check_writable, write_bytes
from train_eval.settings import Export

if TYPE_CHECKING:
    from train_eval.export import ExportCheck
    from train_eval.models.detector import DetectorSpec

SCHEMA = schema_of(Export)
HELP = """\
usage: gapless export-model checkpoint=FILE [KEY=VALUE ...] [--cfg job]

Write a detector as ONNX, after checking with onnxruntime that it finds what PyTorch finds.
Input `images`: (1, 3, S, S) uint8 RGB, a photograph in the upper left of a grey (127) square; where the
metadata's `resize` is 'fit', scaled so that its longer side is S. Outputs: `boxes` (n, 4) as x0, y0, x1, y1
in pixels of that square, `scores` (n), `labels` (n): 1 is the first of the metadata's `categories`. No masks.

  checkpoint=FILE        checkpoint.pt of gapless train
  out=outputs/model.onnx file to write
  image_size_px=null     side S of the input; null takes that of the training
  opset=18               version of ONNX's operators
  tolerance=0.001        largest difference from PyTorch, of boxes over S and of scores

examples:
  gapless export-model checkpoint=outputs/train/dice/checkpoint.pt out=outputs/dice.onnx
  gapless export-model checkpoint=outputs/train/dice/checkpoint.pt image_size_px=640 out=outputs/dice_640.onnx
"""


def run(arguments: Sequence[str]) -> int:
    """Run `gapless export-model` with its arguments; returns the exit status."""
    if {"-h", "--help"} & set(arguments):
        print(HELP)
        return 0
    from renderer.commands.compose import run_jobs

    return run_jobs(arguments, schema=SCHEMA, config_name="export_model", check=_check, work=_work)


def _check(job: ResolvedJob[Export]) -> None:
    from renderer.errors import RecipeError

    check_writable(Path(job.settings.out).expanduser().parent)
    size = job.settings.image_size_px
    if size is not None and size % 32:
        raise RecipeError(f"image_size_px must be a multiple of 32, got {size}; take {round(size / 32) * 32}")


def _work(job: ResolvedJob[Export]) -> int:
    import numpy as np
    import torch

    from train_eval.export import check_image, check_onnx, export_onnx
    from train_eval.training.checkpoint import load_detector

    settings = job.settings
    detector, checkpoint = load_detector(Path(settings.checkpoint).expanduser(), torch.device("cpu"))
    size = settings.image_size_px or checkpoint.spec.image_size_px
    image = check_image(detector, np.random.default_rng(0), size)
    model = export_onnx(detector, checkpoint.spec, image, settings.opset)
    check = check_onnx(model, detector, image, settings.tolerance)
    path = Path(settings.out).expanduser()
    write_bytes(path, model)
    _print_summary(path, len(model), size, checkpoint.spec, check)
    return 0


def _print_summary(
    path: Path, size_bytes: int, image_size_px: int, spec: "DetectorSpec", check: "ExportCheck"
) -> None:
    print(f"{path}: {size_bytes / 1e6:.1f} MB, input `images` (1, 3, {image_size_px}, {image_size_px}) uint8")
    if check.detections:
        print(
            f"  onnxruntime agrees with PyTorch on {check.detections} detections in a random picture: "
            f"largest difference {check.largest_difference:.1g}"
        )
    else:
        print("  neither onnxruntime nor PyTorch finds anything in random pictures: try it on a photograph")
    laid = "scaled to fit" if spec.resize == "fit" else "at its own scale"
    print(
        f"  next: lay a photograph, {laid}, in the upper left of a grey (127) square of {image_size_px} px;"
    )
    print("        the model's metadata holds the categories; gapless export-model --help says more")
