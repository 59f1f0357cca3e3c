"""How many workers run at once on a machine, and what each of them gets of it."""

from dataclasses import dataclass

from renderer.execution.machine import Machine
from renderer.execution.work import Place
from renderer.recipe.execution import Execution

WORKER_BYTES = 2.5e9  # that a worker is reckoned with; dice take 1 GB, large meshes and textures more
USABLE_SHARE = 0.9  # of the available memory: the rest is for this process and the system


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What workers get of a machine.

    Attributes:
        places: of each worker.
        memory_limit_bytes: that a worker and its own processes may hold.
    """

    places: tuple[Place, ...]
    memory_limit_bytes: float


def capacity_of(machine: Machine, execution: Execution, units: int) -> Capacity:
    """Workers for a number of units: as many as the user says, or one a GPU, or one a core.

    By default there are no more than memory allows. The user's number of workers takes the GPUs in turn.
    """
    wanted = execution.workers or _fitting(machine)
    workers = max(1, min(wanted, units))
    threads = execution.threads or max(1, machine.cores // workers)
    gpus = [machine.gpus[n % len(machine.gpus)] for n in range(workers)] if machine.gpus else [None] * workers
    limit_gb = execution.memory_limit_gb
    share = machine.available_bytes * USABLE_SHARE / workers
    return Capacity(
        places=tuple(Place(threads=threads, gpu=gpu) for gpu in gpus),
        memory_limit_bytes=share if limit_gb is None else limit_gb * 1e9,
    )


def _fitting(machine: Machine) -> int:
    return min(len(machine.gpus) or machine.cores, int(machine.available_bytes / WORKER_BYTES))
