"""`gapless predict`: run a detector over images."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from renderer.commands.job import ResolvedJob, schema_of
from renderer.files import check_writable, write_json
from train_eval.settings import Prediction

if TYPE_CHECKING:
    import torch

    from train_eval.evaluation.detections import Detections
    from train_eval.models.detector import Detector, DetectorSpec
    from train_eval.prediction import InputImage

SCHEMA = schema_of(Prediction)
HELP = """\
usage: gapless predict checkpoint=FILE images=PATH [KEY=VALUE ...] [-m] [--cfg job]

Run a detector over images: writes what it found, and pictures with boxes drawn.

  checkpoint=FILE        checkpoint.pt of gapless train
  images=PATH            a photograph, a folder of them, or a COCO json; several as [PATH,PATH]
  out=outputs/predict    where to write: pictures/ detections.json (COCO results) images.json (which image and
                         category its numbers mean)
  score_threshold=0.3    of what is written and drawn
  max_overlap=0.6        what overlaps a surer detection of any category by more (IoU) is left out
  max_pictures=50        how many pictures are drawn; 0: none
  device=auto batch_size=4

examples:
  gapless predict checkpoint=outputs/train/dice/checkpoint.pt images=photos out=outputs/predict/dice
  gapless predict checkpoint=outputs/train/dice/checkpoint.pt images=[a.jpg,b.jpg] score_threshold=0.5
"""


def run(arguments: Sequence[str]) -> int:
    """Run `gapless predict` with its arguments; returns the exit status."""
    if {"-h", "--help"} & set(arguments):
        print(HELP)
        return 0
    from renderer.commands.compose import run_jobs

    return run_jobs(arguments, schema=SCHEMA, config_name="predict", check=_check, work=_work)


def _check(job: ResolvedJob[Prediction]) -> None:
    check_writable(Path(job.settings.out).expanduser())


def _work(job: ResolvedJob[Prediction]) -> int:
    from train_eval.prediction import check_images, find_images
    from train_eval.training.checkpoint import load_detector
    from train_eval.training.device import choose_device

    settings = job.settings
    device = choose_device(settings.device)
    inputs = find_images(settings.images)
    detector, checkpoint = load_detector(Path(settings.checkpoint).expanduser(), device)
    check_images(inputs)
    found = list(_detect_and_draw(settings, inputs, detector, checkpoint.spec, device))
    _report(settings, inputs, found, checkpoint.spec.categories)
    return 0


def _detect_and_draw(
    settings: Prediction,
    inputs: "Sequence[InputImage]",
    detector: "Detector",
    spec: "DetectorSpec",
    device: "torch.device",
) -> "Iterator[Detections]":
    from renderer.commands.derived import write_picture
    from renderer.commands.progress import track
    from train_eval.data.images import load_image
    from train_eval.drawing import draw_detections
    from train_eval.evaluation.detect import detect_images
    from train_eval.prediction import picture_name, surer_than, without_overlaps

    pairs = [(item.image_id, item.path) for item in inputs]
    found = detect_images(detector, spec, pairs, device, batch_size=settings.batch_size)
    for number, each in enumerate(track(found, "detect", total=len(inputs))):
        sure = without_overlaps(surer_than(each, settings.score_threshold), settings.max_overlap)
        if number < settings.max_pictures:
            picture = draw_detections(load_image(inputs[number].path), sure, spec.categories)
            write_picture(_pictures(settings) / picture_name(inputs[number]), picture)
        yield sure


def _report(
    settings: Prediction,
    inputs: "Sequence[InputImage]",
    found: "Sequence[Detections]",
    categories: Sequence[str],
) -> None:
    from renderer.commands.overrides import shell_argument
    from train_eval.evaluation.detections import coco_results

    out = Path(settings.out).expanduser()
    key = {
        "images": [{"id": item.image_id, "file_name": str(item.path)} for item in inputs],
        "categories": [{"id": label, "name": name} for label, name in enumerate(categories, start=1)],
    }
    write_json(out / "images.json", key)
    write_json(out / "detections.json", coco_results(found))
    count = sum(len(each.scores) for each in found)
    print(f"{len(inputs)} images, {count} detections with a score of {settings.score_threshold:g} or more")
    print(f"  {out / 'detections.json'}; images.json says which image and category its numbers mean")
    drawn = min(len(inputs), settings.max_pictures)
    if drawn:
        print(f"  look at {_pictures(settings)}: {drawn} pictures")
    print("  next: too many boxes or too few? the same command with another score_threshold or max_overlap")
    print(
        f"        for use elsewhere: gapless export-model {shell_argument('checkpoint', settings.checkpoint)}"
    )


def _pictures(settings: Prediction) -> Path:
    return Path(settings.out).expanduser() / "pictures"
