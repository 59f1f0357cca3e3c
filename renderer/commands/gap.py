"""`gapless gap`: what is lost by training on rendered instead of real images."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from renderer.commands.job import ResolvedJob, schema_of
from renderer.commands.train import detector_text, train_under_bar
from renderer.files import check_writable, write_bytes, write_json
from train_eval.settings import Gap

if TYPE_CHECKING:
    import torch

    from train_eval.data.records import DetectionSet
    from train_eval.evaluation.detections import Detections
    from train_eval.gap.arms import Experiment
    from train_eval.models.detector import DetectorSpec

    Found = dict[str, list[Sequence[Detections]]]

SCHEMA = schema_of(Gap)
HELP = """\
usage: gapless gap synthetic=SET real_train=SET real_test=SET [KEY=VALUE ...] [-m] [--cfg job]

Train the same detector on synthetic images, on real ones, on both, and on one after the other; judge all of
them on real test photographs; print the reality gap with its interval, and a verdict. Run the same command
again to go on with an interrupted one.

  synthetic=SET          rendered images to train on
  real_train=SET         real photographs to train on
  real_test=SET          real photographs to judge on; none of them may be among those to train on
  seeds=2 seed=0         how many trainings of each arm, with seeds seed, seed + 1 ...
  iterations=500         of each training; an arm in two stages spends half on each
  arms=[synthetic_only,real_only,real_and_synthetic,synthetic_then_real]
  margin_ap=3            'non-inferior': the 95 % interval of (synthetic-only minus real-only) is above -3 AP
  out=outputs/gap        where to write: gap.json gap.yaml table.txt ARM/seed_N/
  all keys of gapless train: model=fcos augmentation=standard image_size_px=320 batch_size=8 ...

examples:
  gapless gap synthetic=outputs/dice real_train=photos/train.json real_test=photos/test.json
  gapless gap synthetic=outputs/dice real_train=photos/train.json real_test=photos/test.json seeds=5 \
      iterations=2000 model=faster_rcnn out=outputs/gap/dice
"""


def run(arguments: Sequence[str]) -> int:
    """Run `gapless gap` with its arguments; returns the exit status."""
    if {"-h", "--help"} & set(arguments):
        print(HELP)
        return 0
    from renderer.commands.compose import run_jobs

    return run_jobs(arguments, schema=SCHEMA, config_name="gap", check=_check, work=_work)


def _check(job: ResolvedJob[Gap]) -> None:
    from train_eval.training.check import check_regime

    check_regime(job.settings)
    check_writable(Path(job.settings.out).expanduser())


def _work(job: ResolvedJob[Gap]) -> int:
    from renderer.commands.labelled_data import check_has_objects, open_each
    from train_eval.data.categories import match_categories
    from train_eval.data.checker import check_disjoint
    from train_eval.gap.arms import Experiment, check_runs
    from train_eval.models.weights import check_weights
    from train_eval.settings import training_of
    from train_eval.training.device import choose_device
    from train_eval.training.plan import design_detector

    settings = job.settings
    device = choose_device(settings.device)
    synthetic, real, test = open_each(
        [settings.synthetic, settings.real_train, settings.real_test],
        on_bad_data=settings.on_bad_data,
        category_map=settings.category_map,
    )
    check_disjoint(real, test)
    check_disjoint(synthetic, test)
    spec = design_detector(training_of(settings, data=[]), [synthetic, real])
    test = match_categories(test, spec.categories, "the training images")
    check_has_objects(test)
    experiment = Experiment(settings=settings, synthetic=synthetic, real=real, spec=spec, device=device)
    check_runs(experiment)
    check_weights(spec, pretrained=settings.model.pretrained)
    _print_start(settings, spec, [synthetic, real, test], device)
    write_bytes(Path(settings.out).expanduser() / "gap.yaml", job.yaml.encode())
    start = time.perf_counter()
    found = _run_arms(experiment, test)
    _report(settings, test, found, time.perf_counter() - start)
    return 0


def _print_start(
    settings: Gap, spec: "DetectorSpec", sets: "Sequence[DetectionSet]", device: "torch.device"
) -> None:
    from renderer.commands.labelled_data import count_text

    for role, data in zip(("synthetic", "real_train", "real_test"), sets, strict=True):
        print(f"{role:<10} {data.name}: {count_text(data)}")
    seeds = f"{settings.seeds} seeds" if settings.seeds > 1 else "1 seed"
    print(f"arms {', '.join(settings.arms)}: {seeds} each, {settings.iterations} iterations")
    print(detector_text(spec, device), flush=True)


def _run_arms(experiment: "Experiment", test: "DetectionSet") -> "Found":
    """The detections of every arm and seed on the test photographs; what is there is not done again."""
    from train_eval.gap.arms import final_checkpoint, run_folder, seeds_of, stage_plans
    from train_eval.gap.detections import kept_detections
    from train_eval.training.device import ALONE

    settings = experiment.settings
    found: Found = {arm: [] for arm in settings.arms}
    for seed in seeds_of(settings):
        for arm in settings.arms:
            for plan in stage_plans(experiment, arm, seed):
                stage = Path(plan.settings.out).name
                what = f"{arm} seed {seed}" + ("" if stage == "all" else f", {stage}")
                train_under_bar(plan, ALONE, what)
            path = run_folder(settings, arm, seed) / "detections.json"
            checkpoint = final_checkpoint(settings, arm, seed)
            found[arm].append(kept_detections(path, checkpoint, test, experiment.device))
    return found


def _report(settings: Gap, test: "DetectionSet", found: "Found", seconds: float) -> None:
    from renderer.commands.overrides import shell_argument
    from train_eval.gap.arms import final_checkpoint
    from train_eval.gap.report import gap_lines, gap_report

    report = gap_report(settings, test, found)
    out = Path(settings.out).expanduser()
    table = "\n".join(gap_lines(report))
    write_json(out / "gap.json", report)
    write_bytes(out / "table.txt", (table + "\n").encode())
    print(f"\n{table}\n")
    print(f"{out / 'gap.json'}, table.txt and the checkpoints of each arm, after {seconds:.0f} s")
    checkpoint = shell_argument(
        "checkpoint", str(final_checkpoint(settings, settings.arms[0], settings.seed))
    )
    images = shell_argument("images", str(test.images[0].path.parent))
    print(f"  next: gapless predict {checkpoint} {images}")
    print(f"        to see where {settings.arms[0]} errs, and what to change in the recipe")
