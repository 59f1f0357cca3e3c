"""Rendering by a SLURM job array: each task is a local run over its part of the frames.

The process that submits stays and tells what happens. Tasks need nothing of it: if it is killed they go on,
and the next run of the same command cancels what is left of them, for it may ask for other frames or another
partition; at most the frames that were being rendered at that moment are lost.
"""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import submitit

from renderer.dataset.store import ARRAY
from renderer.errors import GaplessError, InfrastructureError, InputError
from renderer.execution.array_task import ArrayTask, read_events, write_job
from renderer.execution.work import Event, Job, Lost, Retried, Started, done_before
from renderer.files import write_json

CURRENT = "array.json"
POLL_S = 2.0
QUEUE_S = 15.0  # between questions to SLURM's controller, which others ask too
MOST_REQUEUES = 1000  # after the time of a task is up
FINISH_S = 60.0  # for a task to end that has rendered all it was to
SIGNAL_S = 90  # before a task's time is up, at most
ENDED = frozenset(
    ("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY")
    + ("PREEMPTED", "REVOKED", "TIMEOUT")
)


class Cluster(Protocol):
    """Where an array runs."""

    def submit(self, folder: Path, tasks: Sequence[ArrayTask]) -> Sequence[str]:
        """Start tasks as one array; returns their ids."""

    def states(self, ids: Sequence[str]) -> dict[str, str] | None:
        """SLURM's words for tasks that it still lists; None where it gives no answer now."""

    def cancel(self, ids: Sequence[str]) -> None:
        """End tasks, also those that have ended."""


def render_frames(job: Job, frames: Sequence[int]) -> Iterator[Event]:
    """Render and commit frames by a job array.

    Raises:
        InputError: SLURM is not here, or refuses what was asked for.
        InputError: what stopped a task, such as a full disk.
    """
    yield from render_array(job, frames, Slurm(job=job))


def render_array(job: Job, frames: Sequence[int], cluster: Cluster) -> Iterator[Event]:
    """Render frames by an array, and those of tasks that did not finish by a second one."""
    folder = (job.store.root / ARRAY).absolute()
    _end_former(folder, cluster)
    lost: list[Lost] = []
    array = _Array(job=job, cluster=cluster, folder=folder / "1")
    left = yield from array.render(frames, lost)
    if left and not array.was_cancelled:
        yield from (Retried(frame=frame, reason=array.reason(frame)) for frame in left)
        array = _Array(job=job, cluster=cluster, folder=folder / "2")
        left = yield from array.render(left, lost)
    yield from lost
    yield from (Lost(frame=frame, reason=array.reason(frame)) for frame in left)
    if not left and not lost:
        shutil.rmtree(folder, ignore_errors=True)


def cut(job: Job, frames: Sequence[int]) -> list[list[int]]:
    """The frames of each task: about `execution.slurm.task_frames`, whole scenes and whole tar files."""
    recipe = job.recipe
    each = recipe.execution.slurm.task_frames
    if recipe.store == "webdataset":
        each = max(1, each // recipe.shard_frames) * recipe.shard_frames
    scene = recipe.views * recipe.shots
    each = max(1, each // scene) * scene
    tasks: dict[int, list[int]] = {}
    for frame in frames:
        tasks.setdefault(frame // each, []).append(frame)
    return list(tasks.values())


def _end_former(folder: Path, cluster: Cluster) -> None:
    """Cancel what a killed run left in the queue, and wait until it is gone."""
    try:
        ids = json.loads((folder / CURRENT).read_bytes())["tasks"]
    except (OSError, ValueError, KeyError):
        ids = []
    if ids:
        cluster.cancel(ids)
        while any(state not in ENDED for state in (cluster.states(ids) or {}).values()):
            time.sleep(POLL_S)
    shutil.rmtree(folder, ignore_errors=True)


@dataclass(slots=True, kw_only=True)
class _Running:
    """A task of an array.

    Attributes:
        left: frames that no event told of.
        read: bytes of its events that were read.
        state: SLURM's last word for it.
    """

    id: str
    index: int
    left: list[int]
    read: int = 0
    state: str = "PENDING"


class _Array:
    """One array, from its submission to the end of its tasks."""

    def __init__(self, *, job: Job, cluster: Cluster, folder: Path) -> None:
        self.job, self.cluster, self.folder = job, cluster, folder
        self.was_cancelled = False
        self._ids: list[str] = []
        self._running: list[_Running] = []
        self._reasons: dict[int, str] = {}
        self._asked_at = float("-inf")

    def reason(self, frame: int) -> str:
        """Why a frame that is left was not rendered, in words."""
        return self._reasons[frame]

    def render(self, frames: Sequence[int], lost: list[Lost]) -> Generator[Event, None, list[int]]:
        """Yield what becomes of frames; returns those of tasks that ended without them.

        Args:
            lost: is given the frames that a task itself gave up after two failures.
        """
        self._submit(cut(self.job, frames))
        yield self._started()
        left: list[int] = []
        try:
            while self._running:
                for task in self._running:
                    yield from self._news(task, lost)
                self._running = [task for task in self._running if task.left]
                for task in self._ended():
                    yield from self._final_look(task, lost)
                    self._running.remove(task)
                    left += task.left
                if self._running:
                    time.sleep(POLL_S)
            self._wait_for_the_end()
        finally:
            if self._running:  # Ctrl-C, or an error that stops the run
                with suppress(GaplessError):
                    self.cluster.cancel([task.id for task in self._running])
        return left

    def _started(self) -> Started:
        execution, tasks = self.job.recipe.execution, len(self._running)
        return Started(workers=min(tasks, execution.workers or tasks), threads=execution.threads or 1)

    def _wait_for_the_end(self) -> None:
        """Let the last tasks end in their own way, before their folder goes."""
        started = time.monotonic()
        while time.monotonic() - started < FINISH_S:
            states = self.cluster.states(self._ids)
            if states is not None and ENDED.issuperset(states.values()):
                return
            time.sleep(POLL_S)

    def _submit(self, parts: Sequence[Sequence[int]]) -> None:
        write_job(self.folder, self.job)
        tasks = [ArrayTask(folder=self.folder, index=n, frames=part) for n, part in enumerate(parts)]
        self._ids = ids = list(self.cluster.submit(self.folder, tasks))
        write_json(self.folder.parent / CURRENT, {"tasks": ids})
        self._running = [
            _Running(id=id_, index=n, left=list(part))
            for n, (id_, part) in enumerate(zip(ids, parts, strict=True))
        ]

    def _news(self, task: _Running, lost: list[Lost]) -> Iterator[Event]:
        """What a task has told since the last time."""
        events, task.read = read_events(self.folder, task.index, task.read)
        waiting = set(task.left) if events else set()
        for event in events:
            if isinstance(event, InputError):
                raise event
            if event.frame not in waiting:  # a requeued task may say again what it said before
                continue
            waiting.discard(event.frame)
            if isinstance(event, Lost):
                lost.append(event)
            else:
                yield event
        if events:
            task.left = [frame for frame in task.left if frame in waiting]

    def _ended(self) -> list[_Running]:
        """Tasks that will render no more."""
        if time.monotonic() - self._asked_at < QUEUE_S:
            return []
        self._asked_at = time.monotonic()
        states = self.cluster.states([task.id for task in self._running])
        if states is None:
            return []
        for task in self._running:
            # What SLURM no longer lists has ended a while ago.
            task.state = states.get(task.id, task.state if task.state in ENDED else "COMPLETED")
        ended = [task for task in self._running if task.state in ENDED]
        cancelled = [task for task in ended if task.state == "CANCELLED"]
        self.was_cancelled = len(cancelled) == len(self._running) > 1  # scancel of the array, not of a task
        return ended

    def _final_look(self, task: _Running, lost: list[Lost]) -> Iterator[Event]:
        """What a task that ended has left: it may have been killed between a commit and telling of it."""
        yield from self._news(task, lost)
        left = []
        for frame in task.left:
            done = done_before(self.job.store, frame)
            if done is None:
                left.append(frame)
                log = self.folder / f"{task.id}_0_log.out"
                self._reasons[frame] = f"task {task.id} ended as {task.state} without it (its log: {log})"
            else:
                yield done
        task.left = left


@dataclass(frozen=True, slots=True, kw_only=True)
class Slurm:
    """The cluster of this machine's `sbatch`."""

    job: Job

    def submit(self, folder: Path, tasks: Sequence[ArrayTask]) -> Sequence[str]:
        """Start tasks as one array; returns their ids."""
        try:
            executor = submitit.SlurmExecutor(folder=folder, max_num_timeout=MOST_REQUEUES)
        except RuntimeError:
            raise InputError(
                "execution=slurm needs SLURM's commands, but srun is not on the PATH; run it on a login node"
            ) from None
        try:
            executor.update_parameters(**sbatch_parameters(self.job))
            jobs = executor.submit_array(tasks)
        except submitit.core.utils.FailedJobError as error:
            raise InputError(
                f"sbatch refused the job array ({_last_line(error)}); check execution.slurm, and raise "
                "execution.slurm.task_frames where there are too many tasks"
            ) from None
        return [job.job_id for job in jobs]

    def states(self, ids: Sequence[str]) -> dict[str, str] | None:
        """SLURM's words for tasks that it still lists; None where it gives no answer now."""
        arrays = sorted({id_.partition("_")[0] for id_ in ids})
        command = [
            "squeue",
            "--noheader",
            "--array",
            "--states=all",
            "--format=%i|%T",
            f"--jobs={','.join(arrays)}",
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
        if done.returncode != 0:
            return {} if "Invalid job id" in done.stderr else None
        lines = (line.partition("|") for line in done.stdout.split())
        return {id_: state for id_, _, state in lines}

    def cancel(self, ids: Sequence[str]) -> None:
        """End tasks, also those that have ended.

        Raises:
            InfrastructureError: SLURM gives no answer.
        """
        arrays = sorted({id_.partition("_")[0] for id_ in ids})
        done = subprocess.run(["scancel", *arrays], capture_output=True, text=True, check=False)
        if done.returncode != 0 and not any(
            said in done.stderr for said in ("Invalid job id", "already comp")
        ):
            raise InfrastructureError(
                f"scancel {' '.join(arrays)} failed ({done.stderr.strip()}); try it again"
            )


def sbatch_parameters(job: Job) -> dict[str, Any]:
    """What submitit tells sbatch."""
    execution = job.recipe.execution
    slurm, threads = execution.slurm, execution.threads or 1
    given: dict[str, Any] = {
        "job_name": re.sub(r"[^A-Za-z0-9_.-]+", "-", f"gapless-{job.recipe.name}"),
        "time": slurm.time_min,
        "mem": f"{round(slurm.memory_gb * 1024)}MB",
        "cpus_per_task": threads,
        "srun_args": [f"--cpus-per-task={threads}"],  # srun has not inherited it since SLURM 22.05
        "signal_delay_s": min(SIGNAL_S, slurm.time_min * 15),
        "stderr_to_stdout": True,
        "additional_parameters": {"requeue": True, **_without_none(slurm.options)},
    }
    optional = {
        "partition": slurm.partition or None,
        "account": slurm.account or None,
        "gpus_per_node": 1 if job.recipe.engine.device == "gpu" else None,
        "setup": list(slurm.setup) or None,
        "array_parallelism": execution.workers,
    }
    return given | _without_none(optional)


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _last_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__
