"""What trials and benchmarks share: runs of `gapless render`, and comparisons of what they leave."""

import os
import subprocess
import sys
from pathlib import Path

SMALL = ("camera.width_px=96", "camera.height_px=72", "engine.samples=1", "engine.denoise=false")
COMMAND = "from renderer.commands.main import main; main()"
NOT_COMPARED = ("run.json", ".lock")
LIMIT_S = 900.0


def recipe_of(frames: int) -> list[str]:
    """Small frames of dice."""
    return ["recipe=dice", *SMALL, f"frames={frames}", "seed=3"]


def start_gapless(*arguments: str) -> subprocess.Popen[str]:
    """Start `gapless render`, of the checkout in which this script is."""
    print("$ gapless render", *arguments)
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, "render", *arguments],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def said_by(run: subprocess.Popen[str]) -> str:
    """What a run printed, when it has ended."""
    return run.communicate(timeout=LIMIT_S)[0].strip()


def compare_with_unbroken(out: Path, frames: int) -> tuple[int, list[str]]:
    """Render the same by one worker, beside `out`; returns how many files there are and which differ."""
    plain = out.with_name("plain")
    said_by(start_gapless(*recipe_of(frames), f"out={plain}", "execution.workers=1"))
    names = sorted(_files(plain) | _files(out))
    return len(names), [name for name in names if _content(plain / name) != _content(out / name)]


def _files(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.name not in NOT_COMPARED
    }


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
