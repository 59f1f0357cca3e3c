"""The training loop."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.tensorboard import SummaryWriter

from renderer.errors import GaplessError
from train_eval.data.records import DetectionSet
from train_eval.models.detector import Detector, DetectorSpec, freeze_stages
from train_eval.models.weights import new_detector
from train_eval.settings import Optimization, Training
from train_eval.training.check import check_processes
from train_eval.training.checkpoint import CHECKPOINT, Checkpoint, load_checkpoint, save_checkpoint
from train_eval.training.device import Processes, computes_in_bf16
from train_eval.training.optimizer import (
    AveragedWeights,
    build_optimizer,
    clip_gradients,
    rate_factor,
    set_rate,
    trained_parameters,
)
from train_eval.training.stream import PROPOSALS, StreamSettings, TrainingStream, batches

LOG_EVERY = 10  # iterations between points in TensorBoard


class TrainingError(GaplessError):
    """The training went astray; its last checkpoint is from before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A training with everything decided.

    Attributes:
        sets: training images, in the categories of the spec.
        identity: what must be equal for a training to be continued.
    """

    settings: Training
    spec: DetectorSpec
    sets: Sequence[DetectionSet]
    stream: StreamSettings
    identity: Mapping[str, Any]
    device: torch.device

    @property
    def checkpoint_path(self) -> Path:
        """Where checkpoints go."""
        return Path(self.settings.out).expanduser() / CHECKPOINT


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What an iteration came to; losses by name."""

    iteration: int
    losses: Mapping[str, float]


class Trainer:
    """A detector in training, with all that changes from one iteration to the next."""

    def __init__(self, plan: Plan) -> None:
        settings = plan.settings
        self.plan = plan
        self.detector = new_detector(plan.spec, pretrained=settings.model.pretrained, seed=settings.seed)
        if settings.initial_checkpoint is not None:
            start = load_checkpoint(Path(settings.initial_checkpoint).expanduser())
            self.detector.load_state_dict(start.best_weights())
        freeze_stages(self.detector, settings.model.frozen_stages)
        self.detector.to(plan.device)
        self.parameters = trained_parameters(self.detector)
        self.optimizer = build_optimizer(self.detector, settings.optimization)
        self.average = AveragedWeights(self.parameters, settings.optimization.ema_decay)
        self.iteration = 0

    def checkpoint(self) -> Checkpoint:
        """All of the state, to go on from."""
        return Checkpoint(
            iteration=self.iteration,
            spec=self.plan.spec,
            identity=self.plan.identity,
            weights=self.detector.state_dict(),
            average=self.average.values if self.average.decay > 0 else {},
            optimizer=self.optimizer.state_dict(),
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on where a checkpoint was saved."""
        self.detector.load_state_dict(checkpoint.weights)
        self.optimizer.load_state_dict(dict(checkpoint.optimizer))
        for name, value in checkpoint.average.items():
            self.average.values[name].copy_(value)
        self.iteration = checkpoint.iteration

    def step(self, model: nn.Module, images: Tensor, targets: list[dict[str, Tensor]]) -> Step:
        """One iteration: forward, backward, update.

        Raises:
            TrainingError: the loss or its gradient is not finite; weights are as they were before.
        """
        plan = self.plan.settings.optimization
        device = self.plan.device
        set_rate(self.optimizer, rate_factor(self.iteration, self.plan.settings.iterations, plan))
        images = images.to(device, non_blocking=True)
        targets = [{k: v.to(device, non_blocking=True) for k, v in target.items()} for target in targets]
        torch.manual_seed(_seed_of_proposals(self.plan.settings.seed, self.iteration))
        with torch.autocast(device.type, torch.bfloat16, enabled=uses_bf16(plan, device)):
            losses: dict[str, Tensor] = model(images, targets)
        self.optimizer.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
        norm = clip_gradients(self.parameters.values(), plan.clip_norm)
        values = _numbers({**losses, "gradient norm": norm})
        if not all(map(math.isfinite, values.values())):
            raise TrainingError(_astray(self.iteration, values, self.plan.checkpoint_path))
        self.optimizer.step()
        if self.average.decay > 0:
            self.average.update(self.parameters, self.iteration)
        self.iteration += 1
        return Step(iteration=self.iteration, losses={name: values[name] for name in losses})


def _seed_of_proposals(seed: int, iteration: int) -> int:
    """For the proposals that a two-stage detector draws: the iteration decides, not what went before."""
    return int(np.random.default_rng([seed, PROPOSALS, iteration]).integers(2**63))


def _numbers(tensors: Mapping[str, Tensor]) -> dict[str, float]:
    """Scalars, fetched from the device at once."""
    fetched = torch.stack([value.detach().float() for value in tensors.values()]).tolist()
    return dict(zip(tensors, fetched, strict=True))


def uses_bf16(settings: Optimization, device: torch.device) -> bool:
    """Whether to train in bf16 where autocast does."""
    return settings.precision == "bf16" or (settings.precision == "auto" and computes_in_bf16(device))


def _astray(iteration: int, losses: Mapping[str, float], checkpoint: Path) -> str:
    shown = ", ".join(f"{name} {value}" for name, value in losses.items())
    kept = f"; {checkpoint} holds the weights of before" if checkpoint.exists() else ""
    return (
        f"the loss or its gradient is not finite at iteration {iteration} ({shown}): training stopped{kept}; "
        "lower optimization.learning_rate or optimization.clip_norm, or take optimization.precision=fp32"
    )


def iterations_done(plan: Plan) -> int:
    """How many iterations the last checkpoint holds; 0 without one."""
    return load_checkpoint(plan.checkpoint_path).iteration if plan.checkpoint_path.exists() else 0


def train(plan: Plan, processes: Processes) -> Iterator[Step]:
    """Train to the end of the budget, or go on where a checkpoint in `out` was saved; yields each iteration.

    Raises:
        RecipeError: a batch cannot be shared equally among the processes.
        TrainingError: the loss or its gradient is not finite.
        StoreError: a checkpoint cannot be written.
    """
    check_processes(plan.settings, processes.share.processes)
    trainer = Trainer(plan)
    if plan.checkpoint_path.exists():
        trainer.restore(load_checkpoint(plan.checkpoint_path))
    model = _training_model(trainer.detector, processes, plan.spec)
    settings = plan.settings
    loader = batches(
        TrainingStream(plan.sets, plan.stream),
        range(trainer.iteration, settings.iterations),
        settings.batch_size,
        workers=settings.workers,
        share=processes.share,
    )
    with _log(plan, trainer.iteration, processes) as log:
        for images, targets in loader:
            step = trainer.step(model, images, targets)
            is_last = step.iteration == settings.iterations
            if log is not None and (is_last or step.iteration % LOG_EVERY == 0):
                _write_log(log, step, trainer.optimizer)
            if processes.is_first and (is_last or step.iteration % settings.checkpoint_every == 0):
                save_checkpoint(plan.checkpoint_path, trainer.checkpoint())
            yield step
    if processes.distributed:
        torch.distributed.barrier()


def _training_model(detector: Detector, processes: Processes, spec: DetectorSpec) -> nn.Module:
    detector.train()
    for module in detector.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()  # statistics of small batches are worse than those of the pretraining
    if not processes.distributed:
        return detector
    # Where no proposal is an object, a mask head has no gradient.
    return DistributedDataParallel(detector, find_unused_parameters=spec.architecture.endswith("rcnn"))


def _log(plan: Plan, iteration: int, processes: Processes) -> AbstractContextManager[SummaryWriter | None]:
    if not processes.is_first or iteration >= plan.settings.iterations:
        return nullcontext()
    return SummaryWriter(str(plan.checkpoint_path.parent / "tensorboard"), purge_step=iteration + 1)


def _write_log(log: SummaryWriter, step: Step, optimizer: torch.optim.Optimizer) -> None:
    for name, value in step.losses.items():
        log.add_scalar(f"loss/{name}", value, step.iteration)
    log.add_scalar("learning_rate", optimizer.param_groups[-1]["lr"], step.iteration)
