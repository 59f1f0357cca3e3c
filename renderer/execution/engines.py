"""Rendering by the engine that `execution` names: every one of them calls `worker.render_unit`."""

import importlib
from collections.abc import Generator, Iterator, Sequence
from types import ModuleType

from renderer.errors import InputError
from renderer.execution.capacity import capacity_of
from renderer.execution.local import LocalCrew
from renderer.execution.machine import measure_machine
from renderer.execution.supervisor import supervise
from renderer.execution.units import units
from renderer.execution.work import Event, Job, Started


def render_frames(job: Job, frames: Sequence[int]) -> Generator[Event, None, None]:
    """Render and commit frames; yields what becomes of each, a done one when it is safe on disk.

    Args:
        frames: ascending.

    Raises:
        DeviceError: the recipe asks for a device that is not there.
        StoreError: the disk is full.
        InputError: the engine needs a package that is not installed.
        InfrastructureError: no worker can start, or the cluster cannot be reached.
    """
    match job.recipe.execution.engine:
        case "ray":
            yield from _render_by_ray(job, frames)
        case "slurm":
            yield from _cluster_module("slurm", "SLURM", "submitit").render_frames(job, frames)
        case _:
            yield from _render_here(job, frames)


def _render_here(job: Job, frames: Sequence[int]) -> Iterator[Event]:
    recipe = job.recipe
    count = sum(1 for _ in units(frames, recipe.views, recipe.shots))
    capacity = capacity_of(measure_machine(recipe.engine.device), recipe.execution, count)
    gpus = [place.gpu for place in capacity.places if place.gpu is not None]
    yield Started(workers=len(capacity.places), threads=capacity.places[0].threads, gpus=gpus)
    with LocalCrew(job=job, capacity=capacity) as crew:
        yield from supervise(job, frames, crew)


def _render_by_ray(job: Job, frames: Sequence[int]) -> Iterator[Event]:
    with _cluster_module("ray_crew", "Ray", "ray").ray_crew(job) as crew:
        yield Started(workers=crew.size, threads=job.recipe.execution.threads)
        yield from supervise(job, frames, crew)


def _cluster_module(module: str, engine: str, package: str) -> ModuleType:
    """The module of an engine whose package is an extra.

    Raises:
        InputError: the package is not installed.
    """
    try:
        return importlib.import_module(f"renderer.execution.{module}")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        raise InputError(
            f"execution={engine.lower()} needs {package}: pip install gapless[cluster]"
        ) from None
