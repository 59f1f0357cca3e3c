"""The script that measures gapless beside BlenderProc and bare Cycles."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/benchmark_render.py"
TINY = ("--rounds=1", "--scenes=1", "--size=64x48", "--objects=2", "--samples=1", "--default-frames=0")
DEAR = ("blenderproc, documented", "blenderproc, small map", "gapless, all workers")
CHEAP = ("blenderproc, one process", "gapless, one worker", "bare Cycles", "gapless, 2 shots")


def benchmark(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def measured(tmp_path_factory) -> tuple[Sequence[str], dict]:
    """The lines printed and the figures written by a run of one contender of each kind."""
    out = tmp_path_factory.mktemp("benchmark") / "figures.json"
    without = [f"--without={name}" for name in DEAR]
    variant = "--gapless=2 shots=shots=2"
    done = benchmark(*TINY, *without, variant, f"--out={out}", "engine.denoise=false")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), json.loads(out.read_bytes())


def test_it_prints_a_line_for_each_contender_with_ratios_to_blenderproc(measured):
    lines, figures = measured
    rows = [re.match(r"(\w.*?)  +[\d.]+ +\d+ +([\d.]+) +- +- ", line) for line in lines]
    assert [row[1] for row in rows if row] == list(CHEAP) == list(figures["measured"])
    assert next(row[2] for row in rows if row) == "1.00"
    assert [line for line in lines if "around the render operator" in line]


def test_blenderproc_renders_the_scenes_of_gapless(measured):
    _, figures = measured
    (check,) = figures["checks"]
    assert check["masks"] == 2
    assert check["mean_iou"] > 0.99


def test_frames_of_all_shots_are_counted_and_none_is_rejected(measured):
    _, figures = measured
    (alone,), (shots,) = (figures["measured"][name] for name in ("gapless, one worker", "gapless, 2 shots"))
    assert (alone["frames"], shots["frames"]) == (3, 6)
    assert alone["rejected"] == shots["rejected"] == 0
    assert 0 < shots["frame_s"]


def test_a_contender_that_is_not_there_is_named():
    done = benchmark("--without=blender")
    assert done.returncode == 1
    assert "--without must be one of blenderproc, defaults" in done.stderr
