#!/usr/bin/env python
"""Training speed of gapless against torchvision's reference way of training, on the same images and model.

    scripts/benchmark_training.py --data SET
    scripts/benchmark_training.py --data SET --precision fp32 --rounds 9 --image-size 320 --batch-size 8
    scripts/benchmark_training.py --data SET --test SET --iterations 300 --seeds 2   # AP of both

The reference is what torchvision's detection reference script does: a list of float images that the model
resizes and normalizes itself, frozen batch norms as layers, memory as it comes, one optimizer step a batch.
Both get the same augmented images. Rounds alternate; printed are medians, and the ratio of the medians.
"""

import argparse
import itertools
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from statistics import mean, median

import torch
from torch import Tensor, nn
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import FrozenBatchNorm2d

from renderer.recipe.validation import parse_settings
from train_eval.data.sets import open_set
from train_eval.evaluation.detect import detect_set
from train_eval.evaluation.metrics import Metrics, evaluate_detections
from train_eval.models.detector import Detector, DetectorSpec, build_detector, freeze_stages
from train_eval.models.efficientnet_lite import MEAN, STD, load_published
from train_eval.models.weights import published_efficientnet
from train_eval.settings import Training
from train_eval.training.device import choose_device
from train_eval.training.loop import Plan, Trainer
from train_eval.training.optimizer import rate_factor
from train_eval.training.plan import make_plan
from train_eval.training.stream import Share, TrainingStream, batches

REFERENCE, OURS = "reference", "gapless"
Batch = tuple[Tensor, list[dict[str, Tensor]]]
Contestant = tuple[Callable[[Batch], object], Callable[[], Detector]]  # its step, and what it has trained


class ReferenceTrainer:
    """The same detector, trained as torchvision's reference script does."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        torch.manual_seed(plan.settings.seed)
        self.network = reference_network(plan.spec, plan.settings.model.frozen_stages).to(plan.device)
        self.network.train()
        parameters = [p for p in self.network.parameters() if p.requires_grad]
        body = {id(p) for p in self.network.backbone.body.parameters()}
        rate = plan.settings.optimization.learning_rate
        factor = plan.settings.optimization.backbone_factor
        self.optimizer = torch.optim.AdamW(
            [
                {"params": [p for p in parameters if id(p) in body], "lr": rate * factor},
                {"params": [p for p in parameters if id(p) not in body], "lr": rate},
            ],
            weight_decay=plan.settings.optimization.weight_decay,
        )
        iterations = plan.settings.iterations
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda i: rate_factor(i, iterations, plan.settings.optimization)
        )

    def step(self, batch: Batch, *, bf16: bool) -> float:
        images, targets = batch
        device = self.plan.device
        floats = [image.to(device).float().div(255) for image in images]
        placed = [{k: v.to(device) for k, v in target.items() if k != "ignore_boxes"} for target in targets]
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            losses = self.network(floats, placed)
            total = sum(losses.values())
        value = float(total.detach())
        self.optimizer.zero_grad()
        total.backward()
        self.optimizer.step()
        self.schedule.step()
        return value


def reference_network(spec: DetectorSpec, frozen_stages: int) -> nn.Module:
    """The torchvision detector with its own resizing, and frozen batch norms as layers."""
    detector = build_detector(spec)
    load_published(detector.network.backbone.body, published_efficientnet())
    freeze_stages(detector, frozen_stages)
    network = detector.network
    freeze_norms(network)
    size = spec.image_size_px
    network.transform = GeneralizedRCNNTransform(size, size, [MEAN / 255] * 3, [STD / 255] * 3)
    return network


def freeze_norms(module: nn.Module) -> None:
    """Replace batch norms by torchvision's frozen ones."""
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            frozen = FrozenBatchNorm2d(child.num_features, eps=child.eps)
            frozen.load_state_dict(
                {k: v for k, v in child.state_dict().items() if k != "num_batches_tracked"}
            )
            setattr(module, name, frozen)
        else:
            freeze_norms(child)


def compare(plan: Plan, rounds: int, *, bf16: bool) -> tuple[list[float], list[float]]:
    """Seconds of one iteration of the reference and of gapless, in turns, loading of images included."""
    ours, reference = Trainer(plan), ReferenceTrainer(plan)
    ours.detector.train()
    loader = iter(_batches(plan, range(10**6)))

    def our_step() -> None:
        ours.step(ours.detector, *next(loader))

    def reference_step() -> None:
        reference.step(next(loader), bf16=bf16)

    for step in (our_step, reference_step):
        step()  # warms up
    pairs = [(_seconds(reference_step), _seconds(our_step)) for _ in range(rounds)]
    return [r for r, _ in pairs], [o for _, o in pairs]


def _seconds(step: Callable[[], None]) -> float:
    start = time.perf_counter()
    step()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def _batches(plan: Plan, iterations: range) -> Iterator[Batch]:
    stream = TrainingStream(plan.sets, plan.stream)
    settings = plan.settings
    return iter(batches(stream, iterations, settings.batch_size, workers=settings.workers, share=Share()))


def quality(plan: Plan, test: Sequence[str], *, is_reference: bool) -> Metrics:
    """The metrics of the detector that one of the two trains in the iterations of a plan."""
    step, detector_now = _reference_training(plan) if is_reference else _our_training(plan)
    iterations = plan.settings.iterations
    start = time.perf_counter()
    for number, batch in enumerate(_batches(plan, range(iterations)), start=1):
        step(batch)
        if number % 50 == 0:
            passed = time.perf_counter() - start
            print(f"    {number} of {iterations} iterations, {passed:.0f} s", file=sys.stderr, flush=True)
    truth = open_set(test, on_bad_data="stop", category_map={})
    found = detect_set(detector_now(), plan.spec, truth, plan.device, batch_size=4)
    return evaluate_detections(truth, list(found))


def _reference_training(plan: Plan) -> Contestant:
    trainer = ReferenceTrainer(plan)
    bf16 = plan.settings.optimization.precision == "bf16"
    return lambda batch: trainer.step(batch, bf16=bf16), lambda: _as_detector(trainer.network, plan.spec)


def _our_training(plan: Plan) -> Contestant:
    trainer = Trainer(plan)
    trainer.detector.train()

    def averaged() -> Detector:
        trainer.detector.load_state_dict(trainer.checkpoint().best_weights())
        return trainer.detector

    return lambda batch: trainer.step(trainer.detector, *batch), averaged


def _as_detector(network: nn.Module, spec: DetectorSpec) -> Detector:
    detector = build_detector(spec)
    transform = detector.network.transform
    detector.network = network.eval()
    detector.network.transform = transform
    return detector


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, nargs="+", metavar="SET", help="images to train on")
    parser.add_argument("--precision", nargs="+", default=["fp32", "bf16"], choices=["fp32", "bf16"])
    parser.add_argument("--rounds", type=int, default=9, help="timed iterations of each")
    parser.add_argument("--image-size", type=int, default=320, metavar="PX")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--workers", type=int, default=1, help="processes that load images")
    parser.add_argument("--device", default="auto")
    parser.add_argument(
        "--test", nargs="+", metavar="SET", help="train both instead, and print their AP on these"
    )
    parser.add_argument(
        "--train", nargs="+", default=[REFERENCE, OURS], choices=[REFERENCE, OURS], help="which, with --test"
    )
    parser.add_argument("--iterations", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    sets = [open_set([text], on_bad_data="stop", category_map={}) for text in arguments.data]
    device = choose_device(arguments.device)

    def plan(precision: str, seed: int) -> Plan:
        keys = {
            "iterations": arguments.iterations,
            "image_size_px": arguments.image_size,
            "batch_size": arguments.batch_size,
            "workers": arguments.workers,
            "seed": seed,
            "out": "outputs/benchmark_training",
            "optimization": {"precision": precision},
        }
        return make_plan(parse_settings(Training, keys), sets, device)

    if arguments.test:
        for precision, name in itertools.product(arguments.precision, arguments.train):
            results = [
                quality(plan(precision, seed), arguments.test, is_reference=name == REFERENCE)
                for seed in range(arguments.seeds)
            ]
            for key in ("ap", "ap50"):
                values = [100 * getattr(result, key) for result in results]
                each = ", ".join(f"{value:.1f}" for value in values)
                print(f"{precision} {name} {key}: {mean(values):.1f} (seeds: {each})", flush=True)
        return
    print(
        f"{torch.get_num_threads()} threads, {device}, torch {torch.__version__}, {arguments.rounds} rounds"
    )
    for precision in arguments.precision:
        reference, ours = compare(plan(precision, 0), arguments.rounds, bf16=precision == "bf16")
        size = arguments.batch_size
        print(
            f"{precision}: reference {size / median(reference):.2f} images/s, "
            f"gapless {size / median(ours):.2f} images/s, ratio {median(reference) / median(ours):.2f}"
        )


if __name__ == "__main__":
    main()
