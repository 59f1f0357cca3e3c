"""Rendering by the engine that `execution` names: every one of them calls `worker.render_unit`."""

from collections.abc import Iterator, Sequence

from renderer.execution.work import Event, Job, Place
from renderer.execution.worker import render_unit


def render_frames(job: Job, frames: Sequence[int]) -> Iterator[Event]:
    """Render and commit frames; yields what becomes of each, a done one when it is safe on disk.

    Raises:
        DeviceError: the recipe asks for a device that is not there.
        StoreError: the disk is full.
        InfrastructureError: no worker can start, or the cluster cannot be reached.
    """
    for frame in frames:
        yield from render_unit(job, Place(threads=0), [frame]).done
