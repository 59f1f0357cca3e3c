import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from unit.tiny_sets import write_tiny_set

from renderer.errors import DataError, StoreError
from renderer.recipe.validation import parse_settings
from train_eval.data.sets import open_set
from train_eval.settings import Optimization, Training
from train_eval.training import checkpoint as checkpoints
from train_eval.training.checkpoint import load_checkpoint, load_detector, save_checkpoint
from train_eval.training.device import ALONE
from train_eval.training.loop import Plan, Trainer, TrainingError, train
from train_eval.training.optimizer import AveragedWeights, build_optimizer, rate_factor
from train_eval.training.plan import make_plan
from train_eval.training.stream import PERIOD, Share, TrainingStream, batches, interleave

CPU = torch.device("cpu")
TINY = {"iterations": 6, "batch_size": 2, "image_size_px": 64, "checkpoint_every": 3, "workers": 0}
SMALL_MODEL = {"pretrained": False, "fpn_channels": 32, "head_convolutions": 1}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    path = write_tiny_set(tmp_path_factory.mktemp("tiny"), 6, seed=0)
    return open_set([str(path)], on_bad_data="stop", category_map={})


def plan_of(data, out: Path, **changes) -> Plan:
    model = SMALL_MODEL | changes.pop("model", {})
    settings = parse_settings(Training, {**TINY, "out": str(out), "model": model, **changes})
    return make_plan(settings, [data], CPU)


def run(plan: Plan, stop_after: int | None = None) -> None:
    """Train, or leave off after some iterations, as a kill does."""
    for step in train(plan, ALONE):
        if step.iteration == stop_after:
            return


def assert_equal_states(one, other):
    assert one.iteration == other.iteration
    for part in ("weights", "average"):
        ours, theirs = getattr(one, part), getattr(other, part)
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    for ours, theirs in zip(one.optimizer["state"].values(), other.optimizer["state"].values(), strict=True):
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("architecture", ["fcos", "faster_rcnn"])
def test_a_training_that_was_left_off_ends_where_an_unbroken_one_does(tiny, tmp_path, architecture):
    """Faster R-CNN draws its proposals: torch's random state must be kept, too."""
    model = {"architecture": architecture}
    unbroken, broken = (plan_of(tiny, tmp_path / name, model=model) for name in ("unbroken", "broken"))
    run(unbroken)
    run(broken, stop_after=5)  # after the checkpoint of iteration 3
    assert load_checkpoint(broken.checkpoint_path).iteration == 3
    torch.manual_seed(99)
    run(broken)
    assert_equal_states(load_checkpoint(unbroken.checkpoint_path), load_checkpoint(broken.checkpoint_path))


def test_another_seed_ends_elsewhere(tiny, tmp_path):
    plans = [plan_of(tiny, tmp_path / str(seed), seed=seed) for seed in (0, 1)]
    for plan in plans:
        run(plan)
    one, other = (load_checkpoint(plan.checkpoint_path).weights for plan in plans)
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_a_trained_detector_is_loaded_with_its_averaged_weights(tiny, tmp_path):
    plan = plan_of(tiny, tmp_path)
    run(plan)
    detector, checkpoint = load_detector(plan.checkpoint_path, CPU)
    state = detector.state_dict()
    name = next(iter(checkpoint.average))
    assert torch.equal(state[name], checkpoint.average[name])
    assert not torch.equal(checkpoint.weights[name], checkpoint.average[name])


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_checkpoint(tiny, tmp_path, monkeypatch):
    plan = plan_of(tiny, tmp_path)
    run(plan, stop_after=3)
    before = plan.checkpoint_path.read_bytes()
    step = Trainer.step

    def broken_step(self, model, images, targets):
        return step(self, lambda *_: {"box": torch.tensor(math.nan, requires_grad=True)}, images, targets)

    monkeypatch.setattr(Trainer, "step", broken_step)
    with pytest.raises(TrainingError, match="not finite at iteration 3 .*learning_rate"):
        run(plan)
    assert plan.checkpoint_path.read_bytes() == before


def test_an_out_that_holds_another_training_is_refused(tiny, tmp_path):
    run(plan_of(tiny, tmp_path), stop_after=3)
    with pytest.raises(StoreError, match="another training: settings batch_size is 2 there and 3 here"):
        plan_of(tiny, tmp_path, batch_size=3)
    plan_of(tiny, tmp_path, workers=1, checkpoint_every=1)  # these change nothing


def test_other_labels_are_another_training(tiny, tmp_path):
    run(plan_of(tiny, tmp_path), stop_after=3)
    record = tiny.images[0]
    moved = replace(record, boxes_xyxy=record.boxes_xyxy + np.float32(1))
    with pytest.raises(StoreError, match="data"):
        plan_of(replace(tiny, images=(moved, *tiny.images[1:])), tmp_path)


def test_bf16_trains(tiny, tmp_path):
    run(plan_of(tiny, tmp_path, iterations=1, optimization={"precision": "bf16"}))


def test_a_set_without_objects_is_refused(tiny, tmp_path):
    bare = [replace(record, boxes_xyxy=record.boxes_xyxy[:0], labels=record.labels[:0],
                    ignore=record.ignore[:0]) for record in tiny.images]  # fmt: skip
    with pytest.raises(DataError, match="must hold labelled objects"):
        plan_of(replace(tiny, images=tuple(bare)), tmp_path)


def test_masks_are_asked_for_where_there_are_none(tiny, tmp_path):
    with pytest.raises(DataError, match="model=mask_rcnn must have a mask for every object"):
        plan_of(tiny, tmp_path, model={"architecture": "mask_rcnn"})


def test_categories_of_which_one_set_knows_nothing_are_refused(tiny, tmp_path):
    other = replace(tiny, name="other", categories=("red", "green"))
    settings = parse_settings(Training, {**TINY, "out": str(tmp_path), "model": SMALL_MODEL})
    with pytest.raises(DataError, match="category_map"):
        make_plan(settings, [tiny, other], CPU)


# the stream


def stream_of(tiny, tmp_path) -> TrainingStream:
    plan = plan_of(tiny, tmp_path)
    return TrainingStream(plan.sets, plan.stream)


def test_what_stands_at_a_position_depends_on_it_alone(tiny, tmp_path):
    forwards, backwards = stream_of(tiny, tmp_path), stream_of(tiny, tmp_path)
    there = {position: forwards[position] for position in range(5)}
    for position in reversed(range(5)):
        image, target = backwards[position]
        assert torch.equal(image, there[position][0])
        assert torch.equal(target["boxes"], there[position][1]["boxes"])


def test_each_round_goes_through_all_images_in_another_order(tiny, tmp_path):
    stream = stream_of(tiny, tmp_path)
    rounds = [[stream.source(6 * turn + k)[1] for k in range(6)] for turn in range(4)]
    assert all(sorted(order) == list(range(6)) for order in rounds)
    assert len({tuple(order) for order in rounds}) > 1


def test_processes_share_the_batches_of_one_process(tiny, tmp_path):
    stream = stream_of(tiny, tmp_path)
    whole = [images for images, _ in batches(stream, range(2, 4), 4, workers=0, share=Share())]
    parts = [
        [images for images, _ in batches(stream, range(2, 4), 4, workers=0, share=share)]
        for share in (Share(rank=0, processes=2), Share(rank=1, processes=2))
    ]
    for number, batch in enumerate(whole):
        assert torch.equal(batch[0::2], parts[0][number])
        assert torch.equal(batch[1::2], parts[1][number])


@given(share=st.floats(0.05, 0.95), start=st.integers(0, 3 * PERIOD))
def test_sets_take_turns_by_their_shares(share, start):
    shares = (share, 1 - share)
    turns = [interleave(shares, position) for position in range(start, start + 200)]
    assert sum(number == 0 for number, _ in turns) == pytest.approx(200 * share, abs=4)
    for wanted in (0, 1):
        counted = [turn for number, turn in turns if number == wanted]
        assert counted == list(range(counted[0], counted[0] + len(counted)))


# the optimizer


def optimization(**changes) -> Optimization:
    return parse_settings(Optimization, changes)


def test_the_rate_rises_to_its_height_and_falls_to_its_end():
    settings = optimization(warmup_iterations=10, final_factor=0.1)
    rates = [rate_factor(i, 101, settings) for i in range(101)]
    assert rates[:11] == sorted(rates[:11])
    assert rates[10] == pytest.approx(1)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0.1, abs=0.01)


def test_norms_and_biases_do_not_decay_and_frozen_weights_are_left_out(tiny, tmp_path):
    trainer = Trainer(plan_of(tiny, tmp_path))
    groups = build_optimizer(trainer.detector, trainer.plan.settings.optimization).param_groups
    optimized = [p for group in groups for p in group["params"]]
    assert all(p.requires_grad for p in optimized)
    assert len({id(p) for p in optimized}) == sum(p.requires_grad for p in trainer.detector.parameters())
    for group in groups:
        assert (group["weight_decay"] > 0) == all(p.ndim > 1 for p in group["params"])


def test_the_average_forgets_its_start_and_then_moves_slowly():
    weight = torch.zeros(1)
    average = AveragedWeights({"w": weight}, decay=0.5)
    weight.fill_(1.0)
    average.update({"w": weight}, iteration=0)
    assert average.values["w"].item() == pytest.approx(0.9)  # a decay of 1/10 at first
    average.update({"w": torch.zeros(1)}, iteration=1000)
    assert average.values["w"].item() == pytest.approx(0.45)


# checkpoints


class _Malicious:
    def __reduce__(self) -> tuple:
        return (Path("/tmp/gapless_was_here").touch, ())


@pytest.mark.parametrize("content", [{"format": "other"}, {"weights": _Malicious()}, [1, 2]])
def test_foreign_files_are_refused_and_nothing_in_them_runs(tmp_path, content):
    path = tmp_path / "checkpoint.pt"
    torch.save(content, path)
    with pytest.raises(DataError, match="must be a checkpoint"):
        load_checkpoint(path)
    assert not Path("/tmp/gapless_was_here").exists()


def test_a_cut_checkpoint_is_refused(tiny, tmp_path):
    plan = plan_of(tiny, tmp_path)
    run(plan, stop_after=3)
    whole = plan.checkpoint_path.read_bytes()
    plan.checkpoint_path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="cannot be read"):
        load_checkpoint(plan.checkpoint_path)


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(tiny, tmp_path, monkeypatch):
    plan = plan_of(tiny, tmp_path)
    run(plan, stop_after=3)
    before = plan.checkpoint_path.read_bytes()

    def full_disk(path, _content):
        raise StoreError(f"cannot write {path}")

    monkeypatch.setattr(checkpoints, "write_bytes", full_disk)
    with pytest.raises(StoreError):
        save_checkpoint(plan.checkpoint_path, load_checkpoint(plan.checkpoint_path))
    assert plan.checkpoint_path.read_bytes() == before
