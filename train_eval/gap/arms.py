"""The arms of a gap: what each trains on, in one or two stages, with the same iterations in all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from train_eval.data.records import DetectionSet
from train_eval.models.detector import DetectorSpec
from train_eval.settings import Gap, training_of
from train_eval.training.checkpoint import CHECKPOINT
from train_eval.training.loop import Plan, iterations_done
from train_eval.training.plan import make_plan

REAL_SHARE = 0.5  # of every batch where an arm mixes real and synthetic images


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """What all arms share; sets are in the categories of the detector."""

    settings: Gap
    synthetic: DetectionSet
    real: DetectionSet
    spec: DetectorSpec
    device: torch.device


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A part of an arm's training.

    Attributes:
        shares: of the sets in every batch.
    """

    name: str
    sets: Sequence[DetectionSet]
    shares: Sequence[float]
    iterations: int


def stages_of(experiment: Experiment, arm: str) -> tuple[Stage, ...]:
    """What an arm trains on. The second stage of an arm begins with the weights of the first."""
    synthetic, real = experiment.synthetic, experiment.real
    iterations = experiment.settings.iterations
    if arm == "synthetic_then_real":
        first = iterations // 2
        return (
            Stage(name="synthetic", sets=[synthetic], shares=[1.0], iterations=first),
            Stage(name="real", sets=[real], shares=[1.0], iterations=iterations - first),
        )
    sets, shares = {
        "synthetic_only": ([synthetic], [1.0]),
        "real_only": ([real], [1.0]),
        "real_and_synthetic": ([real, synthetic], [REAL_SHARE, 1 - REAL_SHARE]),
    }[arm]
    return (Stage(name="all", sets=sets, shares=shares, iterations=iterations),)


def run_folder(settings: Gap, arm: str, seed: int) -> Path:
    """Where an arm with a seed keeps its checkpoints and detections."""
    return Path(settings.out).expanduser() / arm / f"seed_{seed}"


def stage_plans(experiment: Experiment, arm: str, seed: int) -> Iterator[Plan]:
    """The plans of an arm's stages; a plan must have been trained before the next is asked for.

    Raises:
        StoreError: the folder of a stage holds another training.
    """
    start: str | None = None
    for stage in stages_of(experiment, arm):
        out = run_folder(experiment.settings, arm, seed) / stage.name
        training = training_of(
            experiment.settings,
            data=[],
            out=str(out),
            seed=seed,
            iterations=stage.iterations,
            initial_checkpoint=start,
        )
        yield make_plan(training, stage.sets, experiment.device, spec=experiment.spec, shares=stage.shares)
        start = str(out / CHECKPOINT)


def check_runs(experiment: Experiment) -> None:
    """Check, before the first training, that every folder is new or holds an earlier state of its training.

    Raises:
        StoreError: one holds another training.
    """
    settings = experiment.settings
    for seed in seeds_of(settings):
        for arm in settings.arms:
            for plan in stage_plans(experiment, arm, seed):
                if iterations_done(plan) < plan.settings.iterations:
                    break  # a later stage begins with weights that are not there yet


def seeds_of(settings: Gap) -> range:
    """The seeds of each arm's trainings."""
    return range(settings.seed, settings.seed + settings.seeds)


def final_checkpoint(settings: Gap, arm: str, seed: int) -> Path:
    """The checkpoint of an arm's last stage."""
    name = "real" if arm == "synthetic_then_real" else "all"
    return run_folder(settings, arm, seed) / name / CHECKPOINT
