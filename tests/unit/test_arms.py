"""The arms of a gap: as many iterations in each, half real images in the mix, one set after the other."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from unit.tiny_sets import write_tiny_set

from renderer.errors import RecipeError, StoreError
from renderer.recipe.validation import parse_settings
from train_eval.data.sets import read_set
from train_eval.gap.arms import (
    Experiment,
    check_runs,
    final_checkpoint,
    run_folder,
    seeds_of,
    stage_plans,
    stages_of,
)
from train_eval.models.weights import new_detector
from train_eval.settings import ARMS, Gap, training_of
from train_eval.training.checkpoint import Checkpoint, save_checkpoint
from train_eval.training.loop import Plan
from train_eval.training.plan import design_detector
from train_eval.training.stream import TrainingStream

SYNTHETIC_IMAGES, REAL_IMAGES = 11, 4


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets")
    paths = [
        write_tiny_set(folder, count, seed=seed)
        for seed, count in enumerate((SYNTHETIC_IMAGES, REAL_IMAGES), start=1)
    ]
    return [read_set(str(path)).detections for path in paths]


@pytest.fixture
def experiment_of(sets, tmp_path):
    """An experiment in a folder of the test's, with other settings than the quickest ones."""

    def make(**keys) -> Experiment:
        model = {"fpn_channels": 32, "head_convolutions": 1, "pretrained": False}
        settings = parse_settings(
            Gap, {"out": str(tmp_path / "gap"), "image_size_px": 96, "model": model, **keys}
        )
        synthetic, real = sets
        spec = design_detector(training_of(settings, data=[]), sets)
        return Experiment(
            settings=settings, synthetic=synthetic, real=real, spec=spec, device=torch.device("cpu")
        )

    return make


def finish(plan: Plan, iteration: int | None = None) -> None:
    """Leave the checkpoint that the training of a plan would leave at its end, or before."""
    checkpoint = Checkpoint(
        iteration=plan.settings.iterations if iteration is None else iteration,
        spec=plan.spec,
        identity=plan.identity,
        weights=new_detector(plan.spec, pretrained=False, seed=0).state_dict(),
        average={},
        optimizer={},
    )
    save_checkpoint(plan.checkpoint_path, checkpoint)


@pytest.mark.parametrize("arm", ARMS)
@given(iterations=st.integers(2, 10**6))
def test_stages_of_every_arm_come_to_the_same_iterations(arm, iterations):
    settings = parse_settings(Gap, {"iterations": iterations})
    experiment = Experiment(settings=settings, synthetic=None, real=None, spec=None, device=None)
    stages = stages_of(experiment, arm)
    assert sum(stage.iterations for stage in stages) == iterations
    assert all(stage.iterations >= 1 for stage in stages)
    assert all(sum(stage.shares) == 1 and len(stage.shares) == len(stage.sets) for stage in stages)


def test_one_iteration_is_not_enough_for_two_stages():
    with pytest.raises(RecipeError, match="iterations must be 2 or more for the arm synthetic_then_real"):
        parse_settings(Gap, {"iterations": 1})
    assert parse_settings(Gap, {"iterations": 1, "arms": ["real_only"]}).iterations == 1


def test_each_arm_trains_on_what_its_name_says(experiment_of):
    experiment = experiment_of()
    names = {
        arm: [[data.name for data in stage.sets] for stage in stages_of(experiment, arm)] for arm in ARMS
    }
    synthetic, real = experiment.synthetic.name, experiment.real.name
    assert names == {
        "synthetic_only": [[synthetic]],
        "real_only": [[real]],
        "real_and_synthetic": [[real, synthetic]],
        "synthetic_then_real": [[synthetic], [real]],
    }


def test_mix_is_half_real_in_any_run_of_images_whatever_the_sizes_of_the_sets(experiment_of):
    (plan,) = stage_plans(experiment_of(), "real_and_synthetic", 0)
    assert [len(data.images) for data in plan.sets] == [REAL_IMAGES, SYNTHETIC_IMAGES]
    stream = TrainingStream(plan.sets, plan.stream)
    is_real = [stream.source(position)[0] == 0 for position in range(400)]
    for start in range(0, 400, 16):
        assert 7 <= sum(is_real[start : start + 16]) <= 9


def test_all_arms_train_the_same_detector_with_the_seed_they_are_given(experiment_of):
    experiment = experiment_of(seed=5, seeds=2)
    assert list(seeds_of(experiment.settings)) == [5, 6]
    plans = [next(iter(stage_plans(experiment, arm, 6))) for arm in ARMS]
    assert {plan.spec for plan in plans} == {experiment.spec}
    assert {plan.settings.seed for plan in plans} == {6}


def test_second_stage_begins_with_the_weights_of_the_first(experiment_of):
    experiment = experiment_of(iterations=5)
    plans = stage_plans(experiment, "synthetic_then_real", 0)
    first = next(plans)
    assert first.settings.initial_checkpoint is None
    finish(first)
    second = next(plans)
    assert second.settings.initial_checkpoint == str(first.checkpoint_path)
    assert (first.settings.iterations, second.settings.iterations) == (2, 3)


@pytest.mark.parametrize("arm", ARMS)
def test_final_checkpoint_is_that_of_the_last_stage(experiment_of, arm):
    experiment = experiment_of(iterations=2)
    last = None
    for plan in stage_plans(experiment, arm, 3):
        finish(plan)
        last = plan
    assert last is not None
    assert final_checkpoint(experiment.settings, arm, 3) == last.checkpoint_path


def test_every_run_has_a_folder_of_its_own():
    settings = parse_settings(Gap, {"out": "x"})
    folders = {run_folder(settings, arm, seed) for arm in ARMS for seed in (0, 1)}
    assert len(folders) == 2 * len(ARMS)
    assert Path("x/real_only/seed_1") in folders


def test_runs_that_were_begun_or_finished_go_on(experiment_of):
    experiment = experiment_of(iterations=4, arms=["synthetic_then_real", "real_only"])
    check_runs(experiment)
    stages = stage_plans(experiment, "synthetic_then_real", 0)
    first = next(stages)
    finish(first, iteration=1)
    check_runs(experiment)
    finish(first)
    finish(next(stages))
    check_runs(experiment)


@pytest.mark.parametrize("arm", ["real_only", "synthetic_then_real"])
def test_folder_of_another_gap_is_refused_before_anything_is_trained(experiment_of, arm):
    before, now = (experiment_of(iterations=4, seeds=2, batch_size=size) for size in (2, 3))
    for plan in stage_plans(before, arm, 1):  # the last arm to be trained, and in its last stage
        finish(plan)
    with pytest.raises(StoreError, match="holds another training: settings batch_size is 2 there and 3 here"):
        check_runs(now)
