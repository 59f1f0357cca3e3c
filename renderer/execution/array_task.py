"""One task of a job array: a local run over a part of the frames, which tells by a file what it does."""

import json
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import submitit

from renderer import errors
from renderer.errors import InputError, StoreError
from renderer.execution.work import Done, Event, Job, Lost, done_before
from renderer.files import write_bytes

JOB = "job.pickle"
USABLE_SHARE = 0.8  # of a task's memory, for its worker: beyond, SLURM would kill the task and not the worker


def write_job(folder: Path, job: Job) -> None:
    """Leave a job for the tasks of an array; once, for it holds every mesh.

    Raises:
        StoreError: the folder cannot be written.
    """
    write_bytes(folder / JOB, pickle.dumps((str(Path.cwd()), job)))


def _events_path(folder: Path, index: int) -> Path:
    return folder / f"{index}.events"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayTask:
    """What submitit runs on a node; it starts over wherever it was stopped, and skips what is there.

    Attributes:
        folder: of the array, on a disk that the node shares.
        index: of the task in the array.
        render: by what frames are rendered on the node; None for the engine of this machine.
    """

    folder: Path
    index: int
    frames: Sequence[int]
    render: Callable[[Job, Sequence[int]], Iterator[Event]] | None = None

    def __call__(self) -> None:
        """Render the frames that are missing.

        Raises:
            InputError: the user's input cannot be used, such as a full disk.
            InfrastructureError: nothing succeeds.
        """
        home, job = pickle.loads((self.folder / JOB).read_bytes())  # noqa: S301 - our own
        os.chdir(home)  # paths may be relative
        with _events_path(self.folder, self.index).open("ab", buffering=0) as file:
            try:
                self._render(_as_local(job), file)
            except InputError as error:
                file.write(_line({"error": type(error).__name__, "said": str(error)}))
                raise

    def checkpoint(self) -> submitit.helpers.DelayedSubmission:
        """What submitit puts into the queue again when the time is up, or another job goes first."""
        return submitit.helpers.DelayedSubmission(self)

    def _render(self, job: Job, file: Any) -> None:
        from renderer.execution.engines import render_frames  # noqa: PLC0415 - engines imports this

        missing = []
        for frame in self.frames:
            done = done_before(job.store, frame)
            if done is None:
                missing.append(frame)
            else:
                file.write(_done_line(done))
        render = self.render or render_frames
        for event in render(job, missing) if missing else ():
            if isinstance(event, Done):
                file.write(_done_line(event))
            elif isinstance(event, Lost):
                file.write(_line({"frame": event.frame, "lost": event.reason}))


def _as_local(job: Job) -> Job:
    """The same job for one worker on this node, on all that the task was given."""
    given = job.recipe.execution
    execution = replace(
        given,
        engine="local",
        workers=1,
        threads=given.threads or 1,
        memory_limit_gb=given.memory_limit_gb or USABLE_SHARE * given.slurm.memory_gb,
    )
    return replace(job, recipe=replace(job.recipe, execution=execution))


def _done_line(done: Done) -> bytes:
    seconds, beside = dict(done.seconds), dict(done.beside)
    return _line({"frame": done.frame, "status": done.status, "seconds": seconds, "beside": beside})


def _line(told: dict[str, Any]) -> bytes:
    return json.dumps(told).encode() + b"\n"


def read_events(folder: Path, index: int, start: int) -> tuple[list[Done | Lost | InputError], int]:
    """What a task told from a byte on, and the byte after it; a line half written is left for later."""
    try:
        with _events_path(folder, index).open("rb") as file:
            file.seek(start)
            whole = file.read().rpartition(b"\n")[0]
    except FileNotFoundError:
        return [], start
    if not whole:
        return [], start
    return [_parse(json.loads(line)) for line in whole.splitlines()], start + len(whole) + 1


def _parse(told: dict[str, Any]) -> Done | Lost | InputError:
    if "error" in told:
        kind = getattr(errors, told["error"], StoreError)
        error: InputError = kind(told["said"])
        return error
    if "lost" in told:
        return Lost(frame=told["frame"], reason=told["lost"])
    return Done(**told)
