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

os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

SMALL = ("camera.width_px=96", "camera.height_px=72", "engine.samples=1", "engine.denoise=false")
COMMAND = "from renderer.commands.main import main; main()"
NOT_COMPARED = ("run.json", ".lock")
LIMIT_S = 900.0


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
    recipe = ["recipe=dice", *SMALL, f"frames={frames}", "seed=3"]
    cluster, second = _start_nodes()
    try:
        run = _gapless(
            *recipe, f"out={folder / 'ray'}", "execution=ray", f"execution.ray.address={cluster.address}"
        )
        before = _wait_for_frames(folder / "ray", 3, run)
        second.kill_raylet(check_alive=False)
        said, _ = run.communicate(timeout=LIMIT_S)
    finally:
        cluster.shutdown()
    plain = _gapless(*recipe, f"out={folder / 'plain'}", "execution.workers=1")
    plain.communicate(timeout=LIMIT_S)
    files = sorted(_files(folder / "plain") | _files(folder / "ray"))
    different = [
        name for name in files if _content(folder / "plain" / name) != _content(folder / "ray" / name)
    ]
    return Trial(status=run.returncode, said=said, before=before, files=len(files), different=different)


def _start_nodes() -> tuple[Any, Any]:
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - after the environment is set

    node = {"num_cpus": 1, "object_store_memory": 100 * 2**20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    second = cluster.add_node(**node)
    cluster.wait_for_nodes()
    return cluster, second


def _gapless(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, "render", *arguments],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _wait_for_frames(out: Path, count: int, run: subprocess.Popen[str]) -> int:
    """Wait until so many frames are done; returns how many are."""
    started = time.monotonic()
    while run.poll() is None and time.monotonic() - started < LIMIT_S:
        done = len(list((out / "frames").glob("*.json")))
        if done >= count:
            return done
        time.sleep(0.1)
    raise SystemExit(f"the run ended before a node could be killed:\n{run.communicate()[0]}")


def _files(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.name not in NOT_COMPARED
    }


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


if __name__ == "__main__":
    main()
