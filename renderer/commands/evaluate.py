"""`gapless evaluate`: how good a detector is on labelled images."""

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from renderer.commands.job import ResolvedJob, schema_of
from renderer.files import check_writable, write_bytes, write_json
from train_eval.settings import Evaluation

if TYPE_CHECKING:
    from train_eval.data.records import DetectionSet
    from train_eval.evaluation.detections import Detections

SCHEMA = schema_of(Evaluation)
HELP = """\
usage: gapless evaluate checkpoint=FILE data=SET [KEY=VALUE ...] [-m] [--cfg job]

Run a detector over labelled images and measure COCO's average precision and recall, with 95 % intervals
from a bootstrap over series of alike photographs.

  checkpoint=FILE        checkpoint.pt of gapless train
  data=SET               labelled images, real ones above all; several are joined as [SET,SET]
  out=outputs/evaluate   where to write: metrics.json table.txt truth.json detections.json (COCO)
  category_map={}        other names of categories: 'category_map={ace: A}'; null leaves one out
  on_bad_data=stop       or skip: leave out what is damaged, and say so
  resamples=1000 seed=0  of the bootstrap
  device=auto batch_size=4

examples:
  gapless evaluate checkpoint=outputs/train/dice/checkpoint.pt data=photos/test.json out=outputs/evaluate/dice
  gapless evaluate checkpoint=outputs/train/dice/checkpoint.pt data=voc_folder 'category_map={one: 1, two: 2}'
"""


def run(arguments: Sequence[str]) -> int:
    """Run `gapless evaluate` with its arguments; returns the exit status."""
    if {"-h", "--help"} & set(arguments):
        print(HELP)
        return 0
    from renderer.commands.compose import run_jobs

    return run_jobs(arguments, schema=SCHEMA, config_name="evaluate", check=_check, work=_work)


def _check(job: ResolvedJob[Evaluation]) -> None:
    check_writable(Path(job.settings.out).expanduser())


def _work(job: ResolvedJob[Evaluation]) -> int:
    from renderer.commands.labelled_data import check_has_objects, count_text, open_data
    from renderer.commands.progress import track
    from train_eval.data.categories import match_categories
    from train_eval.evaluation.detect import detect_set
    from train_eval.training.checkpoint import load_detector
    from train_eval.training.device import choose_device

    settings = job.settings
    device = choose_device(settings.device)
    detector, checkpoint = load_detector(Path(settings.checkpoint).expanduser(), device)
    data = open_data(settings.data, on_bad_data=settings.on_bad_data, category_map=settings.category_map)
    data = match_categories(data, checkpoint.spec.categories, settings.checkpoint)
    check_has_objects(data)
    print(f"{data.name}: {count_text(data)}", flush=True)
    found = detect_set(detector, checkpoint.spec, data, device, batch_size=settings.batch_size)
    _report(settings, data, list(track(found, "detect", total=len(data.images))))
    return 0


def _report(settings: Evaluation, data: "DetectionSet", found: "list[Detections]") -> None:
    import numpy as np

    from renderer.commands.overrides import shell_argument
    from train_eval.data.images import load_image
    from train_eval.evaluation.bootstrap import ap_intervals
    from train_eval.evaluation.detections import coco_results
    from train_eval.evaluation.matching import match_detections
    from train_eval.evaluation.metrics import coco_truth, evaluate_detections, metrics_json
    from train_eval.evaluation.near_duplicates import near_duplicate_groups
    from train_eval.evaluation.table import interval_lines, metrics_table

    metrics = evaluate_detections(data, found)
    groups = near_duplicate_groups(load_image(record.path) for record in data.images)
    rng = np.random.default_rng(settings.seed)
    intervals = ap_intervals(rng, match_detections(data, found), groups, settings.resamples)
    out = Path(settings.out).expanduser()
    table = "\n".join([*metrics_table(metrics), "", *interval_lines(metrics, intervals)])
    write_json(out / "truth.json", coco_truth(data))
    write_json(out / "detections.json", coco_results(found))
    write_bytes(out / "table.txt", (table + "\n").encode())
    write_json(out / "metrics.json", metrics_json(metrics, intervals))
    print(f"\n{table}\n")
    series = int(groups.max()) + 1
    print(f"{len(data.images)} images in {series} series of alike ones: {out / 'metrics.json'}")
    if not isfinite(intervals["ap"].low):
        print("  no intervals: the photographs are of too few series; add others")
    print("  beside it: table.txt; truth.json and detections.json, for pycocotools or the like")
    checkpoint = shell_argument("checkpoint", settings.checkpoint)
    images = shell_argument("images", str(data.images[0].path.parent))
    print(f"  next: gapless predict {checkpoint} {images}, to see what is found")
