"""Jobs under -m, run one after the other or by a launcher of Hydra's in other processes."""

import importlib.util
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import JobReturn

from renderer.errors import GaplessError, InfrastructureError, RecipeError, unknown_name_message

LAUNCHER_KEY = "hydra/launcher"
ONE_BY_ONE = "basic"  # Hydra's own launcher: in this process
LAUNCHERS = {
    ONE_BY_ONE: "hydra",
    "joblib": "hydra_plugins.hydra_joblib_launcher",
    "ray": "hydra_plugins.hydra_ray_launcher",
    "submitit_local": "hydra_plugins.hydra_submitit_launcher",
    "submitit_slurm": "hydra_plugins.hydra_submitit_launcher",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnd:
    """How a job ended.

    Attributes:
        said: its error, where it ran in another process and could not tell the user itself.
    """

    status: int
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What Hydra needs to run jobs.

    Attributes:
        config_folder: of our YAML groups; `config_dir`: the user's, if there is one.
        options: overrides, as they were given, `hydra.` ones included.
        out: a folder that all jobs can write to, whichever machines they run on; None where they write none.
    """

    config_name: str
    config_folder: Path
    config_dir: str | None
    options: Sequence[str]
    out: Path | None

    @property
    def launcher(self) -> str:
        """The name of the chosen launcher."""
        chosen = [value for key, _, value in (o.partition("=") for o in self.options) if key == LAUNCHER_KEY]
        return chosen[-1] if chosen else ONE_BY_ONE


def run_sweep(sweep: Sweep, task: Callable[[Any], JobEnd]) -> list[JobEnd]:
    """Run a task for each job; returns how each one ended, and prints nothing.

    Args:
        task: is given the configuration of a job; can be pickled, unless the launcher is Hydra's own.

    Raises:
        RecipeError: the launcher is unknown or not installed.
        InfrastructureError: the launcher lost a job.
    """
    _check_launcher(sweep.launcher)
    search_path = create_config_search_path(str(sweep.config_folder))
    if sweep.config_dir is not None:
        path = f"file://{Path(sweep.config_dir).absolute()}"
        search_path.prepend("command-line", path, anchor=SearchPathQuery(provider="schema"))
    with _sweep_folder(sweep) as settings:
        try:
            own = Hydra.create_main_hydra2(task_name=sweep.config_name, config_search_path=search_path)
            batches = own.multirun(sweep.config_name, task, [*sweep.options, *settings])
        except Exception as error:
            if sweep.launcher == ONE_BY_ONE or isinstance(error, GaplessError):
                raise
            raise InfrastructureError(_explain_lost(sweep.launcher, error)) from error
        finally:
            GlobalHydra.instance().clear()
    return [_end_of(job) for batch in batches for job in batch]


def _check_launcher(name: str) -> None:
    if name not in LAUNCHERS:
        raise RecipeError(unknown_name_message(LAUNCHER_KEY, name, LAUNCHERS))
    try:
        found = importlib.util.find_spec(LAUNCHERS[name]) is not None
    except ModuleNotFoundError:  # not even its parent is there
        found = False
    if not found:
        raise RecipeError(
            f"{LAUNCHER_KEY}={name} needs a package that is not installed: pip install 'gapless[cluster]'"
        )


@contextmanager
def _sweep_folder(sweep: Sweep) -> Iterator[list[str]]:
    """Overrides that give Hydra and its launchers a folder for their own files, which goes away.

    Jobs of other machines read it: it lies in `out` then, which they all see, and not with this machine's
    temporary files.
    """
    if any(option.startswith("hydra.sweep.dir=") for option in sweep.options):
        yield ["hydra.mode=MULTIRUN"]
        return
    shared = sweep.out if sweep.launcher != ONE_BY_ONE else None
    if shared is not None:
        shared.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix=".gapless-sweep-", dir=shared and shared.absolute(), ignore_cleanup_errors=True
    ) as folder:
        quoted = folder.replace("\\", "\\\\").replace('"', '\\"')
        yield ["hydra.mode=MULTIRUN", f'hydra.sweep.dir="{quoted}"']
    if shared is not None:
        with suppress(OSError):  # it is not empty
            shared.rmdir()


def _end_of(job: JobReturn) -> JobEnd:
    end: JobEnd = job.return_value
    if not end.said:
        return end
    return JobEnd(status=end.status, said=f"{','.join(job.overrides or ())}: {end.said}")


def _explain_lost(launcher: str, error: Exception) -> str:
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    last = lines[-1].strip() if lines else type(error).__name__
    return f"{LAUNCHER_KEY}={launcher} lost a job ({last}); run the same command again to go on"
