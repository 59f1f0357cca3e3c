"""The commands from training to the gap, on tiny pictures of coloured squares."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from e2e.conftest import GAPLESS, gapless
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from unit.tiny_sets import CATEGORIES, write_tiny_set

from train_eval.training.checkpoint import load_checkpoint, load_detector

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "real"
TINY = (
    "image_size_px=96",
    "batch_size=2",
    "workers=0",
    "model.fpn_channels=32",
    "model.head_convolutions=1",
    "optimization.warmup_iterations=2",
)


def succeed(*arguments: object, **environment: str) -> str:
    """Run a command that must succeed, in one thread: more would only wait for each other; returns stdout."""
    done = gapless(*arguments, **{"OMP_NUM_THREADS": "1", **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)


@pytest.fixture(scope="module")
def sets(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sets")
    return {
        "synthetic": write_tiny_set(folder, 8, seed=0, with_masks=True),
        "train": write_tiny_set(folder, 6, seed=1),
        "test": write_tiny_set(folder, 6, seed=2),
    }


@pytest.fixture(scope="module")
def trained(tmp_path_factory, sets) -> Path:
    """A detector that has seen enough to find something."""
    out = tmp_path_factory.mktemp("trained")
    said = succeed("train", f"data={sets['synthetic']}", f"out={out}", "iterations=40", *TINY)
    assert "next: gapless evaluate" in said
    return out / "checkpoint.pt"


def test_metrics_are_those_of_pycocotools(tmp_path, sets, trained, capsys):
    said = succeed("evaluate", f"checkpoint={trained}", f"data={sets['test']}", f"out={tmp_path}")
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    truth = COCO(str(sets["test"]))
    reference = COCOeval(truth, truth.loadRes(str(tmp_path / "detections.json")), "bbox")
    reference.evaluate()
    reference.accumulate()
    reference.summarize()
    capsys.readouterr()
    ours = [metrics[key] for key in ("ap", "ap50", "ap75")]
    assert ours == pytest.approx(reference.stats[:3], abs=1e-6)
    assert metrics["ap50"] > 0.2  # squares of two colours are learnt at once
    assert metrics["intervals"]["ap"] == [None, None]  # all squares on grey are one series of pictures
    assert "AP50" in said


def test_predictions_are_drawn_and_written(tmp_path, sets, trained):
    folder = sets["test"].with_suffix("")
    succeed("predict", f"checkpoint={trained}", f"images={folder}", f"out={tmp_path}", "score_threshold=0.2")
    found = json.loads((tmp_path / "detections.json").read_text())
    assert found
    assert all(entry["score"] >= 0.2 for entry in found)
    pictures = sorted((tmp_path / "pictures").iterdir())
    assert len(pictures) == 6
    assert {pixels(picture).shape for picture in pictures} == {(96, 96, 3)}
    drawn, plain = pixels(pictures[0]).astype(int), pixels(folder / "1.png").astype(int)
    assert (abs(drawn - plain).max(axis=2) > 50).any()


def test_the_exported_model_finds_what_the_checkpoint_finds(tmp_path, sets, trained):
    path = tmp_path / "model.onnx"
    succeed("export-model", f"checkpoint={trained}", f"out={path}")
    session = onnxruntime.InferenceSession(path)
    assert json.loads(session.get_modelmeta().custom_metadata_map["categories"]) == list(CATEGORIES)
    detector, _ = load_detector(trained, torch.device("cpu"))
    for number in (1, 2, 3):
        picture = pixels(sets["test"].with_suffix("") / f"{number}.png")
        image = np.ascontiguousarray(picture.transpose(2, 0, 1))[None]
        boxes, scores, labels = session.run(["boxes", "scores", "labels"], {"images": image})
        with torch.inference_mode():
            (expected,) = detector(torch.from_numpy(image))
        sure = scores > 0.05
        theirs = expected["scores"].numpy() > 0.05
        assert np.array_equal(labels[sure], expected["labels"].numpy()[theirs])
        np.testing.assert_allclose(boxes[sure], expected["boxes"].numpy()[theirs], atol=0.01)


def test_a_training_killed_in_the_middle_ends_with_the_weights_of_an_unbroken_one(tmp_path, sets):
    arguments = ["train", f"data={sets['train']}", "iterations=8", "checkpoint_every=2", *TINY]
    succeed(*arguments, f"out={tmp_path / 'unbroken'}")
    checkpoint = tmp_path / "killed" / "checkpoint.pt"
    kill_when_written([*arguments, f"out={tmp_path / 'killed'}"], checkpoint)
    assert 0 < load_checkpoint(checkpoint).iteration < 8
    said = succeed(*arguments, f"out={tmp_path / 'killed'}")
    assert "iterations are there already" in said
    one, other = load_checkpoint(tmp_path / "unbroken" / "checkpoint.pt"), load_checkpoint(checkpoint)
    assert all(torch.equal(one.weights[name], other.weights[name]) for name in one.weights)
    assert all(torch.equal(one.average[name], other.average[name]) for name in one.average)


def kill_when_written(arguments: list[str], checkpoint: Path) -> None:
    """Kill -9 a command and its children as soon as its first checkpoint is there."""
    with subprocess.Popen(
        [GAPLESS, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as process:
        while not checkpoint.exists():
            assert process.poll() is None, "it ended before its first checkpoint"
            time.sleep(0.002)
        os.killpg(process.pid, signal.SIGKILL)


def test_two_processes_train_one_detector_together(tmp_path, sets):
    """Gradients are averaged: the weights stay near those of one process with the same batches."""
    arguments = ["train", f"data={sets['train']}", "iterations=2", *TINY]
    succeed(*arguments, f"out={tmp_path / 'one'}")
    done = subprocess.run(
        [Path(sys.executable).parent / "torchrun", "--standalone", "--nproc-per-node=2", "--no-python",
         GAPLESS, *arguments, f"out={tmp_path / 'two'}"],
        env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("2 iterations in") == 1
    one, two = (load_checkpoint(tmp_path / name / "checkpoint.pt") for name in ("one", "two"))
    start = load_checkpoint_start(sets, tmp_path)
    moved = sum(float((one.weights[n] - start[n]).abs().sum()) for n in one.average)
    apart = sum(float((one.weights[n] - two.weights[n]).abs().sum()) for n in one.average)
    assert 0 < apart < 0.9 * moved


def load_checkpoint_start(sets, tmp_path) -> dict[str, torch.Tensor]:
    """The weights before any training: those of a learning rate of 0."""
    out = tmp_path / "start"
    succeed("train", f"data={sets['train']}", "iterations=1", *TINY, f"out={out}",
            "optimization.learning_rate=0")  # fmt: skip
    return dict(load_checkpoint(out / "checkpoint.pt").weights)


def test_the_gap_of_four_arms_is_measured_and_goes_on_where_it_was(tmp_path, sets):
    arguments = [
        "gap", f"synthetic={sets['synthetic']}", f"real_train={sets['train']}", f"real_test={sets['test']}",
        f"out={tmp_path}", "iterations=2", "seeds=2", "resamples=100", *TINY,
    ]  # fmt: skip
    said = succeed(*arguments)
    report = json.loads((tmp_path / "gap.json").read_text())
    assert set(report["arms"]) == {
        "synthetic_only", "real_only", "real_and_synthetic", "synthetic_then_real"
    }  # fmt: skip
    assert report["verdict"] in ("non-inferior", "worse", "inconclusive")
    assert report["verdict"] in said
    for arm in report["arms"].values():
        assert len(arm["ap"]["seeds"]) == 2
        assert arm["ap"]["value"] == pytest.approx(np.mean(arm["ap"]["seeds"]))
    gap = report["arms"]["real_only"]["ap50"]["value"] - report["arms"]["synthetic_only"]["ap50"]["value"]
    assert report["gap"]["ap50"]["value"] == pytest.approx(gap)

    checkpoints = sorted(tmp_path.rglob("checkpoint.pt"))
    assert len(checkpoints) == 2 * (1 + 1 + 1 + 2)
    lost = tmp_path / "real_only" / "seed_1" / "all" / "checkpoint.pt"
    before = {path: path.stat().st_mtime_ns for path in checkpoints}
    weights = load_checkpoint(lost).best_weights()
    lost.unlink()
    succeed(*arguments)
    assert json.loads((tmp_path / "gap.json").read_text()) == report
    assert all(path.stat().st_mtime_ns == before[path] for path in checkpoints if path != lost)
    again = load_checkpoint(lost).best_weights()
    assert all(torch.equal(weights[name], again[name]) for name in weights)


def test_rendered_frames_and_photographs_train_together(tmp_path, dice_50):
    """The folder of `gapless render` is a SET; its frames and any other set are joined by category names."""
    photographs = tmp_path / "photographs.json"
    content = json.loads((dice_50 / "annotations.json").read_text())
    content["images"] = content["images"][:3]
    kept = {image["id"] for image in content["images"]}
    content["annotations"] = [
        {k: v for k, v in a.items() if k != "segmentation"}
        for a in content["annotations"]
        if a["image_id"] in kept
    ]
    photographs.write_text(json.dumps(content))
    (tmp_path / "images").symlink_to(dice_50 / "images")
    said = succeed(
        "train", f"data=[{dice_50},{photographs}]", f"out={tmp_path / 'out'}", "iterations=1", *TINY
    )
    assert "50 images" in said
    assert "3 images" in said


@pytest.mark.skipif(not REAL.is_dir(), reason=f"the real photographs are not at {REAL}")
@pytest.mark.parametrize(("name", "images"), [("dice", 50), ("cards", 66)])
def test_the_real_photographs_pass_the_checker(tmp_path, name, images):
    said = succeed("train", f"data={REAL / name / 'val.json'}", f"out={tmp_path}", "iterations=1", *TINY)
    assert f"{images} images" in said
