"""Renders on a Ray cluster of two nodes, kills one in mid-run, and compares with an unbroken run.

Both nodes are on this machine, with a raylet of their own each: what Ray takes for a machine.

    python scripts/try_ray.py            12 small frames of dice; two minutes on 2 cores
"""

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from small_runs import LIMIT_S, compare_with_unbroken, recipe_of, said_by, start_gapless

os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What happened.

    Attributes:
        before: frames that were done when the node was killed.
        different: files that are not the same as in the unbroken run.
    """

    status: int
    said: str
    before: int
    files: int
    different: list[str]


def main() -> None:
    """Try it, and exit with 1 where the run was not complete or not the same."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=12)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gapless-ray-") as folder:
        trial = try_ray(Path(folder), given.frames)
    print(trial.said)
    print(f"killed a node after {trial.before} of {given.frames} frames; the run ended with {trial.status}")
    print(f"{trial.files} files compared, {len(trial.different)} differ {trial.different or ''}")
    sys.exit(trial.status != 0 or bool(trial.different))


def try_ray(folder: Path, frames: int) -> Trial:
    """Kill one of two nodes as soon as the run has begun to render on both."""
    cluster, second = _start_nodes()
    address = f"execution.ray.address={cluster.address}"
    try:
        run = start_gapless(*recipe_of(frames), f"out={folder / 'ray'}", "execution=ray", address)
        before = _wait_for_frames(folder / "ray", 3, run)
        second.kill_raylet(check_alive=False)
        said = said_by(run)
    finally:
        cluster.shutdown()
    files, different = compare_with_unbroken(folder / "ray", frames)
    return Trial(status=run.returncode, said=said, before=before, files=files, different=different)


def _start_nodes() -> tuple[Any, Any]:
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - after the environment is set

    node = {"num_cpus": 1, "object_store_memory": 100 * 2**20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    second = cluster.add_node(**node)
    cluster.wait_for_nodes()
    return cluster, second


def _wait_for_frames(out: Path, count: int, run: subprocess.Popen[str]) -> int:
    """Wait until so many frames are done; returns how many are."""
    started = time.monotonic()
    while run.poll() is None and time.monotonic() - started < LIMIT_S:
        done = len(list((out / "frames").glob("*.json")))
        if done >= count:
            return done
        time.sleep(0.1)
    raise SystemExit(f"the run ended before a node could be killed:\n{run.communicate()[0]}")


if __name__ == "__main__":
    main()
