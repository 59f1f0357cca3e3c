"""Resident memory over many frames rendered in one process.

    python scripts/measure_memory.py recipe=dice frames=200 out=outputs/memory

Takes the keys of `gapless render`; renders small frames unless told otherwise, and writes
OUT/memory.csv (frame, resident kB) and OUT/memory.png (the curve). Linux only.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

from renderer.blender.session import BlenderSession, open_session
from renderer.catalog.library import Library, open_library
from renderer.commands.compose import run_jobs
from renderer.commands.job import RECIPE, ResolvedJob
from renderer.commands.progress import track
from renderer.execution.shard import render_shard
from renderer.execution.units import LARGEST_UNIT
from renderer.recipe.schema import Recipe

WARM_UP = 40  # frames: images, skies and allocator arenas settle
SMALL = ["camera.width_px=160", "camera.height_px=120", "engine.samples=1", "frames=200"]


def resident_kb() -> int:
    """Resident memory of this process, kB."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def measure(job: ResolvedJob[Recipe]) -> int:
    """Render and throw away the frames of a job, and report the growth."""
    library, recipe = open_library(job.settings), job.settings
    out = Path(recipe.out)
    out.mkdir(parents=True, exist_ok=True)
    curve = []
    with (
        open_session(recipe.engine, library, recipe.execution.threads or 0) as session,
        (out / "memory.csv").open("w") as table,
    ):
        sizes_kb = track(after_frames(recipe, library, session), "frames", recipe.frames)
        for frame, size_kb in enumerate(sizes_kb):
            print(frame, size_kb, sep=",", file=table, flush=True)
            curve.append(size_kb)
    report(np.array(curve), out, recipe.name)
    return 0


def after_frames(recipe: Recipe, library: Library, session: BlenderSession) -> Iterator[int]:
    """Render frames as a worker does, let go of each, and read the resident memory after it."""
    for first in range(0, recipe.frames, LARGEST_UNIT):
        unit = range(first, min(first + LARGEST_UNIT, recipe.frames))
        for _ in render_shard(recipe, library, session, unit):
            yield resident_kb()


def report(curve_kb: np.ndarray, out: Path, name: str) -> None:
    """Print the growth a frame after the warm-up, and draw the curve."""
    frames = np.arange(len(curve_kb))
    late = frames >= min(WARM_UP, len(frames) // 2)
    slope, start = np.polyfit(frames[late], curve_kb[late], 1)
    ends = (curve_kb[late][-1] - curve_kb[late][0]) / max(1, late.sum() - 1)
    draw(frames, curve_kb, slope * frames + start, out / "memory.png")
    print(f"{name}: {len(frames)} frames, {curve_kb[0] / 1024:.0f} to {curve_kb[-1] / 1024:.0f} MB resident")
    print(f"  after frame {WARM_UP}: {slope:+.1f} kB a frame fitted, {ends:+.1f} kB a frame from end to end")
    step = max(20, len(frames) // 40)
    print(f"  every {step}th frame, MB: " + " ".join(f"{v / 1024:.0f}" for v in curve_kb[::step]))
    print(f"  curve: {out / 'memory.png'}")


def draw(frames: np.ndarray, curve_kb: np.ndarray, line_kb: np.ndarray, path: Path) -> None:
    """Write the curve as a picture."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend was chosen

    figure, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
    axes.plot(frames, curve_kb / 1024, label="resident")
    axes.plot(frames, line_kb / 1024, "--", label=f"line through frames from {WARM_UP} on")
    axes.set(xlabel="frame", ylabel="MB", ylim=(0, None))
    axes.legend()
    figure.savefig(path, dpi=120)


def main(arguments: Sequence[str]) -> int:
    """Run with the arguments of a command line; returns the exit status."""
    return run_jobs(
        [*SMALL, *arguments], schema=RECIPE, config_name="render", check=lambda job: None, work=measure
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
