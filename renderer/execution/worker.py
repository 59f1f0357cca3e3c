"""A worker: a process with one Blender, open until the process ends, that renders unit after unit."""

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import psutil

from renderer.execution.work import Done, Job, Place, Report


@dataclass(slots=True)
class _Opened:
    """The Blender of this process."""

    session: Any = None
    exit: ExitStack = field(default_factory=ExitStack)


_opened = _Opened()


def render_unit(job: Job, place: Place, frames: Sequence[int]) -> Report:
    """Render and commit frames; the first call in a process starts Blender.

    Raises:
        DeviceError: the recipe asks for a device that is not there.
        StoreError: the disk is full.
        InfrastructureError: Blender failed.
    """
    if _opened.session is None:
        _opened.session = _open(job, place)
    return Report(
        done=_render_and_commit(job, _opened.session, frames),
        resident_bytes=psutil.Process().memory_info().rss,
    )


def _open(job: Job, place: Place) -> Any:
    if place.gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = place.gpu  # before anything looks for a GPU
    import torch  # noqa: PLC0415 - see above

    from renderer.blender.runtime import silence  # noqa: PLC0415 - see above
    from renderer.blender.session import open_session  # noqa: PLC0415 - starts Blender
    from renderer.blender.status import split_render  # noqa: PLC0415 - see above

    if place.threads:
        torch.set_num_threads(place.threads)
    has_normals = "normals" in job.recipe.labels.maps
    quiet = split_render if job.recipe.profile else silence
    session = open_session(
        job.recipe.engine, job.library, place.threads, has_normals=has_normals, quiet=quiet
    )
    return _opened.exit.enter_context(session)


def _render_and_commit(job: Job, session: Any, frames: Sequence[int]) -> list[Done]:
    from renderer.execution.shard import render_shard  # noqa: PLC0415 - imports torch

    done: list[Done] = []
    last = time.perf_counter()
    for frame in render_shard(job.recipe, job.library, session, frames):
        start = time.perf_counter()
        job.store.commit(frame.record, frame.image_png, frame.maps)
        end = time.perf_counter()
        number, status = frame.record["frame"], frame.record["status"]
        seconds = {**frame.seconds, "write": end - start}
        done.append(Done(frame=number, status=status, seconds=seconds, wall_s=end - last))
        last = end
    return done
