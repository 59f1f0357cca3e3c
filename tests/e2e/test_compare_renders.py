"""scripts/compare_renders.py: a set alone, one more added later, and nothing done twice."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from e2e.test_harness import TINY
from unit.tiny_sets import write_tiny_set

SCRIPT = Path(__file__).parents[2] / "scripts" / "compare_renders.py"
KEYS = [part for key in TINY for part in ("--set", key)]


def compare(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, *KEYS, *map(str, arguments)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def sets(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sets")
    names = ("off", "on", "test")
    tiny = {name: write_tiny_set(folder, 6, seed=seed) for seed, name in enumerate(names)}
    return tiny | {"small": write_tiny_set(folder, 6, seed=len(names), size_px=64)}


def test_set_added_later_is_compared_with_the_first_which_is_not_trained_again(tmp_path, sets):
    options = ("--test", sets["test"], "--out", tmp_path, "--iterations", 3, "--folds", 1)
    alone = compare(f"off={sets['off']}", *options)
    assert alone.returncode == 0, alone.stderr
    checkpoints = [tmp_path / "off" / f"seed_{seed}" / "checkpoint.pt" for seed in (0, 1)]
    before = [path.stat().st_mtime_ns for path in checkpoints]
    pools = ("--pool", "one=off,off", "--pool", "two=off,on")
    both = compare(f"off={sets['off']}", f"on={sets['on']}", *options, *pools)
    assert both.returncode == 0, both.stderr
    assert [path.stat().st_mtime_ns for path in checkpoints] == before
    report = json.loads((tmp_path / "comparison.json").read_text())
    assert list(report["all"]["arms"]) == ["off", "on"]
    assert len(report["all"]["differences"]["on minus off"]["ap"]["seeds"]) == 2
    seeds = {name: found["ap"]["seeds"] for name, found in report["all"]["arms"].items()}
    assert {name: found["ap"]["seeds"] for name, found in report["pooled"]["all"]["arms"].items()} == {
        "one": seeds["off"] * 2,
        "two": seeds["off"] + seeds["on"],
    }
    assert report["same_scenes"] == {"off": 6, "on": 1}  # neither has an object in its fourth image
    assert (tmp_path / "table.txt").read_text() in both.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a/b={off}"], "a set must be NAME=SET, with a NAME of letters, digits, _ and -, got 'a/b="),
        (["off={off}", "off={on}"], "names of sets must differ, got off, off: rename one"),
        (
            ["off={off}", "--pool", "one=off"],
            "pool must be given for two names or more, each of as many sets",
        ),
        (["off={off}", "--pool", "one=off", "--pool", "one=off"], "names of pools must differ, got one, one"),
        (["off={off}", "--pool", "one=on"], "pool must be NAME=SET,SET,... of off, got 'one=on'"),
        (["off={test}"], "a detector must not be judged on what it was trained on"),
        (["off={off}", "--folds", "7"], "folds must be at most "),
        (["off={small}", "--set", "image_size_px=64"], "; add --set resize=native"),
        (["off={off}", "--set", "augmentation=strang"], "augmentation 'strang' is unknown"),
    ],
)
def test_bad_input_is_refused_in_one_sentence_before_anything_is_written(tmp_path, sets, arguments, message):
    out = tmp_path / "out"
    said = compare(*(each.format(**sets) for each in arguments), "--test", sets["test"], "--out", out)
    assert said.returncode == 2
    assert message in said.stderr
    assert not out.exists()
