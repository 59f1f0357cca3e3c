"""Job arrays without SLURM and without Blender: tasks commit empty frames, in this process or in others."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil
import submitit

from renderer.errors import InputError
from renderer.execution.array_task import ArrayTask
from renderer.execution.work import Done, Event, Job, Lost

HOLD = "hold"  # a file beside the store with the frame before which a task waits to be killed


def commit_empty(job: Job, frames: Sequence[int]) -> Iterator[Event]:
    """What stands in for the engine of a node."""
    for frame in frames:
        while _held(job) == frame:
            time.sleep(0.02)
        job.store.commit({"frame": frame, "status": "rejected", "reason": "none", "draws": {}}, None)
        yield Done(frame=frame, status="rejected", seconds={"paint": 0.5})


def _held(job: Job) -> int | None:
    try:
        return int((job.store.root.parent / HOLD).read_text())
    except (FileNotFoundError, ValueError):
        return None


@dataclass(slots=True, kw_only=True)
class Processes:
    """A cluster that is this machine: submitit's own local executor."""

    jobs: list[Any] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)

    def submit(self, folder: Path, tasks: Sequence[ArrayTask]) -> Sequence[str]:
        executor = submitit.LocalExecutor(folder=folder)
        executor.update_parameters(timeout_min=5)
        jobs = executor.submit_array([replace(task, render=commit_empty) for task in tasks])
        self.jobs += jobs
        return [job.job_id for job in jobs]

    def states(self, ids: Sequence[str]) -> dict[str, str] | None:
        words = {"RUNNING": "RUNNING", "FINISHED": "COMPLETED", "INTERRUPTED": "CANCELLED"}
        return {job.job_id: words[job.state] for job in self.jobs if job.job_id in ids}

    def cancel(self, ids: Sequence[str]) -> None:
        self.cancelled += ids
        for job in self.jobs:
            if job.job_id in ids:
                kill(job)


def task_process(job: Any) -> psutil.Process:
    """The process that renders, below the one that watches it."""
    (process,) = psutil.Process(int(job.job_id)).children()
    return process


def kill(job: Any) -> None:
    """What `scancel` does to a task, in the end."""
    if job.state == "RUNNING":
        for process in psutil.Process(int(job.job_id)).children(recursive=True):
            process.kill()
        os.kill(int(job.job_id), signal.SIGKILL)


class _Killed(BaseException):
    """A task is no more."""


@dataclass(kw_only=True)
class Scripted:
    """A cluster that runs each task at once, in this process, and tells of each what the script says.

    Attributes:
        killers: frames at which a task is killed before it commits them, once for each time one is named.
        crashers: frames that the engine of a node gives up.
        stay: frames whose task still runs, killed or not, when SLURM is asked.
        word: of a task that was killed.
        silences: questions that SLURM does not answer.
        error: what ends every task at once.
    """

    killers: list[int] = field(default_factory=list)
    crashers: tuple[int, ...] = ()
    stay: tuple[int, ...] = ()
    word: str = "CANCELLED"
    silences: int = 0
    error: InputError | None = None
    submitted: list[list[list[int]]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)

    def submit(self, folder: Path, tasks: Sequence[ArrayTask]) -> Sequence[str]:
        self.submitted.append([list(task.frames) for task in tasks])
        number = len(self.submitted)
        for task in tasks:
            self.words[f"{number}_{task.index}"] = self._run(task)
        return [f"{number}_{task.index}" for task in tasks]

    def _run(self, task: ArrayTask) -> str:
        try:
            replace(task, render=self._render)()
        except _Killed:
            word = self.word
        except InputError:
            word = "FAILED"
        else:
            word = "COMPLETED"
        return "RUNNING" if set(task.frames) & set(self.stay) else word

    def _render(self, job: Job, frames: Sequence[int]) -> Iterator[Event]:
        if self.error is not None:
            raise self.error
        for frame in frames:
            if frame in self.killers:
                self.killers.remove(frame)
                raise _Killed
            if frame in self.crashers:
                yield Lost(frame=frame, reason="the worker crashed")
            else:
                yield from commit_empty(job, [frame])

    def states(self, ids: Sequence[str]) -> dict[str, str] | None:
        if self.silences:
            self.silences -= 1
            return None
        return {id_: word for id_, word in self.words.items() if id_ in ids}

    def cancel(self, ids: Sequence[str]) -> None:
        self.cancelled += ids
        self.words |= dict.fromkeys(ids, "CANCELLED")
