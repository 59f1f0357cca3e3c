"""The kill test: whoever is killed, and whenever, the dataset becomes that of an unbroken run, byte for byte.

`pytest tests/e2e/test_kills.py` kills 6 times, half of them where frames go into shards; with
GAPLESS_KILLS=100 in the environment, 100 times (about half an hour on two idle cores; `--log-cli-level=info`
shows every kill).
"""

import logging
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import psutil
import pytest
from e2e.conftest import render
from e2e.runs import DARK, Run, are_gone, everything, half_written, records

from renderer.dataset.source import open_source
from renderer.files import PART

STORES: Mapping[str, tuple[str, ...]] = {
    "files": ("store=files",),
    "webdataset": ("store=webdataset", "shard_frames=5"),
}
KILLS = int(os.environ.get("GAPLESS_KILLS", "6"))
FRAMES = 12
DICE = (*DARK, f"frames={FRAMES}", "execution.workers=2")
LONGEST_S = 12.0  # of the times after which a process is killed: that of a run on two idle cores
DERIVED_S = 0.5  # so with the time for what is written when all frames are done
MOMENTS = ("any", "commit", "end")
SHARES = (0.5, 0.3, 0.2)
log = logging.getLogger(__name__)


@pytest.fixture(scope="module", params=STORES)
def unbroken(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset of a run that nobody disturbed; its folder has the name of its store."""
    out = tmp_path_factory.mktemp("unbroken") / request.param
    return render(out, *DICE, *STORES[request.param])


def test_some_frames_of_the_unbroken_run_fail_certification_and_some_do_not(unbroken):
    found = open_source(unbroken)
    rejected = [r["frame"] for r in found.records(found.frames()) if r["status"] == "rejected"]
    assert (rejected, len(found.frames())) == ([3, 8], FRAMES)


def test_dataset_is_that_of_an_unbroken_run_however_often_it_was_killed(unbroken, tmp_path):
    rng = np.random.default_rng(20)
    kills = KILLS // len(STORES)
    out, killed, cycles = tmp_path / "dice", Counter(), 0
    while killed.total() < kills or out.exists():
        status = run_under_fire(Run(out, *DICE, *STORES[unbroken.name]), rng, killed, kills)
        if status != 0:
            continue
        assert everything(out) == everything(unbroken), f"after {killed}"
        assert not list(out.rglob(f"*{PART}"))
        shutil.rmtree(out)
        cycles += 1
    log.info("%s in %d datasets, all byte-equal", dict(killed), cycles)


def run_under_fire(run: Run, rng: np.random.Generator, killed: Counter[str], kills: int) -> int | None:
    """Kill processes of a run until its main one is dead or done; returns its exit status, None if killed."""
    try:
        while killed.total() < kills and await_moment(run, rng):
            victim = "main" if rng.random() < 0.5 else "worker"
            if kill(run, victim, rng):
                killed[victim] += 1
                log.info("%d: killed a %s with %d frames done", killed.total(), victim, records(run.out))
            if victim == "main":
                return None
        status = run.wait()
    finally:
        run.stop()
    # Frames that were hit twice are lost, and a run in which every start was hit gives up: run it again.
    assert status == 0 or ("failed twice" in run.stderr) or ("no frame could be rendered" in run.stderr)
    return status


def await_moment(run: Run, rng: np.random.Generator) -> bool:
    """Wait for a random moment: any time, in the midst of a commit, or when derived files are written.

    Returns whether it came before the run ended.
    """
    moment = str(rng.choice(MOMENTS, p=SHARES))
    if moment == "any":
        return not ended_within(run, rng.uniform(0, LONGEST_S))
    if moment == "end":
        run.wait_until(lambda: records(run.out) == FRAMES)
        return not ended_within(run, rng.uniform(0, DERIVED_S))
    there = records(run.out) + int(rng.integers(0, 4))
    run.wait_until(lambda: records(run.out) >= min(there, FRAMES - 1))
    return bool(run.wait_until(lambda: half_written(run.out)))


def ended_within(run: Run, seconds: float) -> bool:
    try:
        run.process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def kill(run: Run, victim: str, rng: np.random.Generator) -> bool:
    """Kill -9 the main process or one of the workers; returns whether there was one."""
    workers = run.workers()
    if victim == "main":
        run.stop()
        assert are_gone(workers), "a worker outlived the main process"
        return True
    if not workers:
        return False
    try:
        workers[int(rng.integers(len(workers)))].kill()
    except psutil.NoSuchProcess:
        return False
    return True
