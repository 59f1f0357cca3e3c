"""A worker: a process with one Blender, open until the process ends, that renders unit after unit."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import psutil

from renderer.execution.work import Done, Job, Place, Report
from renderer.stopwatch import stage


@dataclass(slots=True)
class _Opened:
    """The Blender of this process."""

    session: Any = None
    exit: ExitStack = field(default_factory=ExitStack)


_opened = _Opened()


def render_unit(job: Job, place: Place, frames: Sequence[int]) -> Iterator[Done]:
    """Render and commit frames, and tell of each; the first call in a process starts Blender.

    Whatever is raised is the fault of the first frame that is not told of.

    Raises:
        DeviceError: the recipe asks for a device that is not there.
        StoreError: the disk is full.
        InfrastructureError: Blender failed.
    """
    if _opened.session is None:
        _opened.session = _open(job, place)
    from renderer.execution.shard import render_shard  # noqa: PLC0415 - imports torch

    for frame in render_shard(job.recipe, job.library, _opened.session, frames, keep=partial(_commit, job)):
        number, status = frame.record["frame"], frame.record["status"]
        yield Done(frame=number, status=status, seconds=frame.seconds, beside=frame.beside)


def report_of(done: Sequence[Done]) -> Report:
    """What to say of frames of this process."""
    return Report(done=done, resident_bytes=psutil.Process().memory_info().rss)


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


@stage("write")
def _commit(job: Job, frame: Any) -> Any:
    """Commit a frame; gives it back without its files, so that those of many shots are not held."""
    job.store.commit(frame.record, frame.image_png, frame.maps)
    return replace(frame, image=None, image_png=None, maps={})
