"""The `gapless` command as users start it, on small images with few samples."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

GAPLESS = Path(sys.executable).parent / "gapless"
SMALL = ("camera.width_px=96", "camera.height_px=72", "engine.samples=1", "engine.denoise=false")


def gapless(
    *arguments: object, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [GAPLESS, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def render(out: Path, *arguments: object) -> Path:
    """Render a small dataset and return its folder."""
    done = gapless("render", *SMALL, f"out={out}", *arguments)
    assert done.returncode == 0, done.stderr
    return out


def contents(folder: Path, names: Sequence[str] = ("images", "frames")) -> dict[str, bytes]:
    """Every file below the named parts of a dataset, by path."""
    files = [p for name in names for p in sorted((folder / name).rglob("*")) if p.is_file()]
    files += [folder / n for n in ("annotations.json", "draws.jsonl", "recipe.yaml", "dataset.json")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="session")
def dice_50(tmp_path_factory) -> Path:
    """50 frames of dice."""
    return render(tmp_path_factory.mktemp("e2e") / "dice", "recipe=dice", "frames=50", "seed=3")


@pytest.fixture(scope="session")
def cards_8(tmp_path_factory) -> Path:
    """8 frames of cards."""
    return render(tmp_path_factory.mktemp("e2e") / "cards", "recipe=cards", "frames=8", "seed=3")
