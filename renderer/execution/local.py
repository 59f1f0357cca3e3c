"""Rendering on this machine: in this process, or in a pool of worker processes."""

import concurrent.futures
import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

from renderer.blender.session import BlenderSession, open_session
from renderer.catalog.library import Library
from renderer.dataset.record import Record
from renderer.dataset.store import Store
from renderer.errors import InfrastructureError
from renderer.execution.partition import shards
from renderer.execution.shard import render_shard
from renderer.recipe.schema import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a worker needs besides the frames' numbers."""

    recipe: Recipe
    library: Library
    store: Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A committed frame and the seconds it took, by stage."""

    record: Record
    seconds: dict[str, float]


def render_frames(job: Job, frames: Sequence[int]) -> Iterator[Done]:
    """Render and commit frames; yields each when it is safe on disk.

    Raises:
        DeviceError: the recipe asks for a device that is not there.
        StoreError: the disk is full.
        InfrastructureError: Blender failed or a worker died; the next run goes on from there.
    """
    if job.recipe.workers == 1:
        with _session_of(job) as session:
            yield from _render_and_commit(job, session, frames)
    else:
        yield from _render_in_pool(job, frames)


def _session_of(job: Job, threads: int = 0) -> AbstractContextManager[BlenderSession]:
    has_normals = "normals" in job.recipe.labels.maps
    return open_session(job.recipe.engine, job.library, threads, has_normals=has_normals)


def _render_and_commit(job: Job, session: BlenderSession, frames: Sequence[int]) -> Iterator[Done]:
    for frame in render_shard(job.recipe, job.library, session, frames):
        start = time.perf_counter()
        job.store.commit(frame.record, frame.image_png, frame.maps)
        write = time.perf_counter() - start
        yield Done(record=frame.record, seconds={**frame.seconds, "write": write})


def _render_in_pool(job: Job, frames: Sequence[int]) -> Iterator[Done]:
    workers = min(job.recipe.workers, len(frames))
    threads = max(1, (os.cpu_count() or 1) // workers)
    pool = concurrent.futures.ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),  # Blender does not survive a fork
        initializer=_start_worker,
        initargs=(job, threads),
    )
    parts = shards(frames, workers, job.recipe.views * job.recipe.shots)
    try:
        waiting = [pool.submit(_render_shard_in_worker, part) for part in parts]
        for future in concurrent.futures.as_completed(waiting):
            yield from future.result()
    except BrokenProcessPool as error:
        raise InfrastructureError(
            "a worker process died (killed, or out of memory); finished frames are safe, "
            "run the same command again to go on"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


@dataclass(slots=True)
class _Worker:
    """The state of a worker process: its job and its Blender, open until the process ends."""

    job: Job
    session: BlenderSession


_worker: list[_Worker] = []
_worker_exit = ExitStack()


def _start_worker(job: Job, threads: int) -> None:
    import torch  # noqa: PLC0415 - only to keep its threads from those of the other workers

    torch.set_num_threads(threads)
    session = _worker_exit.enter_context(_session_of(job, threads))
    _worker.append(_Worker(job=job, session=session))


def _render_shard_in_worker(frames: Sequence[int]) -> list[Done]:
    return list(_render_and_commit(_worker[0].job, _worker[0].session, frames))
