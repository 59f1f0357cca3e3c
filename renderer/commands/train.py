"""`gapless train`: a detector from labelled images."""

import shlex
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from renderer.commands.job import ResolvedJob, schema_of
from renderer.files import check_writable, write_bytes
from train_eval.settings import Training

if TYPE_CHECKING:
    import torch

    from train_eval.models.detector import DetectorSpec
    from train_eval.training.device import Processes
    from train_eval.training.loop import Plan, Step

SCHEMA = schema_of(Training)
HELP = """\
usage: gapless train data=SET [KEY=VALUE ...] [-m] [--cfg job] [--config-dir DIR]

Train a detector on labelled images. Run the same command again to go on with an interrupted training.
A SET is a gapless dataset, a COCO json, a folder of Pascal VOC files or the data.yaml of a YOLO set; several
are joined as [SET,SET].

  data=SET               images to train on
  out=outputs/train      where to write: checkpoint.pt training.yaml tensorboard/
  iterations=500         steps of the optimizer: a budget, never chosen by a score
  batch_size=8 image_size_px=320 seed=0
  model=fcos             fcos, retinanet, faster_rcnn or mask_rcnn over EfficientNet-Lite0, all offline;
                         torchvision_fcos ... are torchvision's own, pretrained on COCO
  augmentation=standard  none, light, standard or strong; every range is a key: augmentation.scale=[0.5,2]
  optimization=standard  standard or long
  resize=auto            fit whole images into image_size_px, or crop them at native scale
  category_map={}        other names of categories: 'category_map={ace: A}'; null leaves one out
  on_bad_data=stop       or skip: leave out what is damaged, and say so
  device=auto workers=1  under torchrun, one process for each GPU

examples:
  gapless train data=outputs/dice iterations=500 out=outputs/train/dice
  gapless train data=[outputs/dice,photos/train.json] model=retinanet seed=1 out=outputs/train/mixed
  gapless train -m data=outputs/dice seed=0,1,2 augmentation=light,strong out=outputs/train/sweep
  torchrun --nproc-per-node 4 --no-python gapless train data=outputs/dice batch_size=64 out=outputs/train/dice
"""


def run(arguments: Sequence[str]) -> int:
    """Run `gapless train` with its arguments; returns the exit status."""
    if {"-h", "--help"} & set(arguments):
        print(HELP)
        return 0
    from renderer.commands.compose import run_jobs

    return run_jobs(arguments, schema=SCHEMA, config_name="train", check=_check, work=_work)


def _check(job: ResolvedJob[Training]) -> None:
    from train_eval.training.check import check_regime

    settings = job.settings
    check_regime(settings)
    check_writable(Path(settings.out).expanduser())


def _work(job: ResolvedJob[Training]) -> int:
    from renderer.commands.labelled_data import open_each
    from train_eval.models.weights import check_weights
    from train_eval.training.device import choose_device, joined_processes
    from train_eval.training.plan import make_plan
    from train_eval.training.start import starting_spec

    settings = job.settings
    device = choose_device(settings.device)
    spec = starting_spec(settings)
    data = open_each(
        [[text] for text in settings.data],
        on_bad_data=settings.on_bad_data,
        category_map=settings.category_map,
    )
    plan = make_plan(settings, data, device, spec=spec)
    check_weights(plan.spec, pretrained=settings.model.pretrained)
    with joined_processes(device) as processes:
        if processes.is_first:
            write_bytes(plan.checkpoint_path.parent / "training.yaml", job.yaml.encode())
            _print_plan(plan)
        start = time.perf_counter()
        steps = train_under_bar(plan, processes, "train")
        if processes.is_first:
            _print_summary(plan, steps, time.perf_counter() - start)
    return 0


def train_under_bar(plan: "Plan", processes: "Processes", what: str) -> int:
    """Train a plan to its end; returns how many iterations were done now."""
    from renderer.commands.progress import track
    from train_eval.training.loop import iterations_done, train

    done = iterations_done(plan)
    total = plan.settings.iterations - done
    if total <= 0:
        return 0
    steps: Iterable[Step] = train(plan, processes)
    if processes.is_first:
        if done:
            print(f"{what}: {done} of {plan.settings.iterations} iterations are there already", flush=True)
        steps = track(steps, what, total=total)
    return sum(1 for _ in steps)


def _print_plan(plan: "Plan") -> None:
    from renderer.commands.labelled_data import count_text

    for data in plan.sets:
        print(f"{data.name}: {count_text(data)}")
    print(detector_text(plan.spec, plan.device), flush=True)


def detector_text(spec: "DetectorSpec", device: "torch.device") -> str:
    """What is trained, in a line."""
    strides = ", ".join(str(2**level) for level in spec.levels)
    levels = "torchvision's strides" if spec.backbone == "resnet50" else f"strides {strides} px"
    return (
        f"{spec.architecture} over {spec.backbone}: {spec.image_size_px} px, resize {spec.resize}, "
        f"{levels}, on {device}"
    )


def _print_summary(plan: "Plan", steps: int, seconds: float) -> None:
    from renderer.commands.overrides import shell_argument

    settings = plan.settings
    if steps:
        speed = steps * settings.batch_size / seconds
        print(f"{steps} iterations in {seconds:.0f} s, {speed:.1f} images/s: {plan.checkpoint_path}")
    else:
        print(f"trained already, {settings.iterations} iterations: {plan.checkpoint_path}")
    print(f"  losses: tensorboard --logdir {shlex.quote(str(plan.checkpoint_path.parent))}")
    checkpoint = shell_argument("checkpoint", str(plan.checkpoint_path))
    print(f"  next: gapless evaluate {checkpoint} data=SET, with SET real test photographs")
