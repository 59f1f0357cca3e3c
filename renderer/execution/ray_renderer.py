"""What a worker process on a node of a Ray cluster holds."""

import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from renderer import __version__
from renderer.errors import InputError, StoreError
from renderer.execution.work import Job, Place, Report
from renderer.execution.worker import render_unit, report_of

MEMORY_CHECK_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What a worker takes over from the process that starts it, for paths may be relative."""

    folder: str
    environment: dict[str, str]
    version: str = __version__

    @classmethod
    def here(cls) -> "Home":
        """Of this process."""
        own = {name: value for name, value in os.environ.items() if name.startswith("GAPLESS_")}
        return cls(folder=str(Path.cwd()), environment=own)


class Renderer:
    """What a worker process holds."""

    def __init__(self, job: Job, place: Place, marker: Path, home: Home) -> None:
        """Take over where the user is; Blender starts with the first unit."""
        os.environ.update(home.environment)
        with suppress(OSError):  # `look` says it better
            os.chdir(home.folder)
        self.job, self.place, self.marker, self.home = job, place, marker, home
        limit_gb = job.recipe.execution.memory_limit_gb
        if limit_gb is not None:
            threading.Thread(target=_end_beyond, args=(limit_gb * 1e9,), daemon=True).start()

    def look(self) -> None:
        """Check that this machine is of use.

        Raises:
            InputError: it does not see `out`, or has another version of gapless.
        """
        where = f"node {os.uname().nodename} of the Ray cluster"
        if self.home.version != __version__:
            raise InputError(
                f"{where} has gapless {__version__}, but this is {self.home.version}: "
                "install the same everywhere"
            )
        if not self.marker.exists():
            raise StoreError(
                f"{where} cannot see out '{self.marker.parent}': choose a folder that all nodes share"
            )

    def render(self, frames: Sequence[int]) -> Report:
        """Render and commit a unit."""
        return report_of(list(render_unit(self.job, self.place, frames)))


def _end_beyond(limit_bytes: float) -> None:
    while psutil.Process().memory_info().rss <= limit_bytes:
        time.sleep(MEMORY_CHECK_S)
    os._exit(1)
