"""How many workers the nodes of a Ray cluster have room for."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from renderer.recipe.execution import Execution

WORKER_BYTES = 2 * 10**9  # that a worker is taken to need where the user sets no limit
GPU_THREADS = 2  # CPU threads beside a GPU: Cycles keeps one busy, labels and PNG files another

Node = Mapping[str, Any]  # as `ray.nodes()` lists them


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What one worker needs of a node."""

    threads: int
    gpus: int
    memory_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where workers fit.

    Attributes:
        nodes: the resources of each node that is alive.
        most: workers at once that the user wants at most.
    """

    need: Need
    nodes: Sequence[Mapping[str, float]]
    most: int | None

    @property
    def count(self) -> int:
        """How many workers there is room for."""
        room = sum(_room(resources, self.need) for resources in self.nodes)
        return room if self.most is None else min(room, self.most)

    @property
    def needs(self) -> str:
        """What a worker needs, in words."""
        gpu = ", a GPU" if self.need.gpus else ""
        return f"{self.need.threads} CPUs{gpu} and {self.need.memory_bytes / 1e9:g} GB of memory"

    def for_need(self, need: Need) -> "Places":
        """The same nodes for workers of another need."""
        return Places(need=need, nodes=self.nodes, most=self.most)


def find_places(nodes: Sequence[Node], settings: Execution, *, on_gpu: bool) -> Places:
    """The room for workers.

    Args:
        nodes: of the cluster.
        on_gpu: whether a worker takes a GPU, where the cluster has any.
    """
    alive = [node["Resources"] for node in nodes if node["Alive"]]
    gpus = 1 if on_gpu and any(resources.get("GPU", 0) >= 1 for resources in alive) else 0
    memory_gb = settings.memory_limit_gb
    need = Need(
        threads=settings.threads or _threads(alive, settings.workers, least=GPU_THREADS if gpus else 1),
        gpus=gpus,
        memory_bytes=WORKER_BYTES if memory_gb is None else int(memory_gb * 1e9),
    )
    return Places(need=need, nodes=alive, most=settings.workers)


def _threads(nodes: Sequence[Mapping[str, float]], workers: int | None, *, least: int) -> int:
    """The share of each of so many workers in the cores, on nodes that are alike."""
    if workers is None:
        return least
    cores = [resources.get("CPU", 0) for resources in nodes]
    return max(least, int(min(max(cores, default=0), sum(cores) / workers)))


def _room(resources: Mapping[str, float], need: Need) -> int:
    room = [
        resources.get("CPU", 0) / need.threads,
        resources.get("memory", 0) / need.memory_bytes,
        resources.get("GPU", 0) / need.gpus if need.gpus else math.inf,
    ]
    return int(min(room))
