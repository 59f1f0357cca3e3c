"""Runs of `gapless render` that are watched and disturbed, and what they leave."""

import json
import os
import subprocess
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from e2e.conftest import GAPLESS, SMALL

from renderer.dataset.file_store import FRAME_FOLDERS
from renderer.dataset.lock import LOCK
from renderer.dataset.shards import SHARDS
from renderer.dataset.store import RUN
from renderer.files import PART

FAULTS = Path(__file__).parent / "faults"
PATIENCE_S = 900.0  # for what takes seconds on an idle machine
# Frames 3 and 8 have no lamp, and under a black sky no light: they fail certification.
DARK = ("recipe=dice", "seed=3", "lighting.environment.strength=0")


def faulty(**variables: object) -> dict[str, str]:
    """The environment of a command in which something goes wrong; see `faults/sitecustomize.py`."""
    paths = [str(FAULTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    named = {f"GAPLESS_TEST_{name.upper()}": str(value) for name, value in variables.items()}
    return {"PYTHONPATH": os.pathsep.join(paths), **named}


class Run:
    """A command that renders, in a process group of its own; what it prints goes to files beside `out`."""

    def __init__(self, out: Path, *arguments: object, environment: dict[str, str] | None = None) -> None:
        self.out = out
        self.printed = out.with_name(f"{out.name}.stdout"), out.with_name(f"{out.name}.stderr")
        with self.printed[0].open("wb") as stdout, self.printed[1].open("wb") as stderr:
            self.process = subprocess.Popen(
                [GAPLESS, "render", *SMALL, *map(str, arguments), f"out={out}"],
                env={**os.environ, **(environment or {})},
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )

    @property
    def stderr(self) -> str:
        return self.printed[1].read_text()

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def workers(self) -> list[psutil.Process]:
        """The processes that render."""
        try:
            children = psutil.Process(self.process.pid).children()
            return [child for child in children if any("spawn_main" in word for word in child.cmdline())]
        except psutil.Error:  # one of them ended just now
            return []

    def wait(self) -> int:
        """Wait for its end; returns the exit status."""
        return self.process.wait(PATIENCE_S)

    def wait_until(self, what: Callable[[], Any]) -> Any:
        """Wait for something that comes while it runs; returns it, or None where the run ended before."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            found = what()
            if found or not self.is_running:
                return found
            time.sleep(0.001)
        raise AssertionError(f"{what} never came: {self.stderr}")

    def stop(self) -> None:
        """Kill what is left of it."""
        self.process.kill()
        self.process.wait()


def are_gone(processes: list[psutil.Process]) -> bool:
    """Whether processes end within moments."""
    _, alive = psutil.wait_procs(processes, timeout=60)
    return not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def records(out: Path) -> int:
    """How many frames are done, in files of their own or in shards."""
    loose = {p.name for p in paths_in(out / "frames") if p.suffix == ".json"}
    shards = [path for path in paths_in(out / SHARDS) if path.suffix == ".tar"]
    return len(loose.union(*map(names_in_shard, shards)))


def half_written(out: Path) -> list[Path]:
    """Files of frames or shards that have no name yet."""
    return [path for name in (*FRAME_FOLDERS, SHARDS) for path in paths_in(out / name) if is_part(path)]


def is_part(path: Path) -> bool:
    return path.name.startswith(".") and path.name.endswith(PART)


def paths_in(folder: Path) -> list[Path]:
    """What is in a folder at this moment, unlike `glob` also where it comes and goes."""
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []


def names_in_shard(path: Path) -> set[str]:
    with tarfile.open(path) as shard:
        return {name for name in shard.getnames() if name.endswith(".json")}


def report(out: Path) -> dict[str, Any]:
    """What the last run says of itself."""
    said: dict[str, Any] = json.loads((out / RUN).read_bytes())
    return said


def everything(out: Path) -> dict[str, bytes]:
    """Every file of a dataset, hidden ones included; not the report of the run, nor the lock."""
    files = [path for path in sorted(out.rglob("*")) if path.is_file()]
    return {str(p.relative_to(out)): p.read_bytes() for p in files if p.name not in (RUN, LOCK)}
