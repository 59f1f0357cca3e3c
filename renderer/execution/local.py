"""Workers as processes of this machine, each under a limit of time and of memory.

`concurrent.futures` would hide the exit status of a worker and wait for a hung one at exit; pebble's limits
follow the wall clock, which may jump. So each worker is a process and a pipe.
"""

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Self

import psutil

from renderer.execution.capacity import Capacity
from renderer.execution.serving import serve
from renderer.execution.units import LARGEST_UNIT
from renderer.execution.work import Job, Outcome, Place
from renderer.recipe.execution import Execution

SECONDS_BETWEEN_LOOKS = 0.5  # at the memory of workers
END_S = 5.0  # that an idle worker has to end by itself, or a killed one to be gone


@dataclass(slots=True, kw_only=True)
class _Worker:
    """A process and the unit that it renders, without what it told of already; none while it is idle.

    Attributes:
        deadline: for it to tell something, by `time.monotonic`.
        allowed_s: the time for that.
        frames: rendered so far.
    """

    place: Place
    process: BaseProcess
    connection: Connection
    unit: Sequence[int] | None = None
    deadline: float = 0.0
    allowed_s: float = 0.0
    frames: int = 0
    units: int = 0

    def has_died(self) -> bool:
        """Whether the process of an idle worker, which sends nothing, is gone or closed its pipe."""
        return self.connection.poll() or not self.process.is_alive()

    def end(self) -> None:
        """End the process and all that it started: a busy one at once, an idle one by closing its pipe."""
        self.connection.close()
        if self.unit is None:
            self.process.join(END_S)
        started = _descendants(self.process.pid)
        self.process.kill()
        for process in started:
            with suppress(psutil.Error):
                process.kill()
        self.process.join(END_S)


def _descendants(pid: int | None) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


@dataclass(slots=True, kw_only=True)
class LocalCrew:
    """A `Crew` of processes of this machine; see there. A context manager that leaves no process behind.

    Attributes:
        run_unit: what a worker process runs, given its end of a pipe, the job and its place.
    """

    job: Job
    capacity: Capacity
    run_unit: Callable[[Connection, Job, Place], None] = serve
    _workers: list[_Worker] = field(default_factory=list)
    _free: list[Place] = field(init=False)
    _stillborn: list[Outcome] = field(default_factory=list)
    _looked_at: float = 0.0

    def __post_init__(self) -> None:
        self._free = list(reversed(self.capacity.places))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def size(self) -> int:
        """How many units can be rendered at once."""
        return len(self.capacity.places)

    @property
    def unit_frames(self) -> int:
        """How many frames of several scenes may be one unit."""
        return LARGEST_UNIT

    @property
    def _limits(self) -> Execution:
        return self.job.recipe.execution

    def start(self, frames: Sequence[int]) -> None:
        """Give a unit to an idle worker, or to a fresh one."""
        try:
            worker = self._idle() or self._launch()
        except OSError as error:  # it was killed while it was given its job, or there is no room for it
            self._stillborn.append(Outcome(frames=frames, failure=f"no worker could start ({error})"))
            return
        first_s = self._limits.start_limit_s if worker.units == 0 else 0.0
        worker.unit = frames
        worker.units += 1
        self._set_deadline(worker, first_s)
        with suppress(OSError):  # where it died a moment ago, `wait` finds out and says so
            worker.connection.send(frames)

    def _set_deadline(self, worker: _Worker, first_s: float) -> None:
        """Give a worker time for two views: it tells of the first when both are traced."""
        assert worker.unit is not None, "an idle worker may take its time"
        frames = min(len(worker.unit), 2 * self.job.recipe.shots)
        worker.allowed_s = first_s + frames * self._limits.time_limit_s
        worker.deadline = time.monotonic() + worker.allowed_s

    def _idle(self) -> _Worker | None:
        """A worker without a unit; those that died while they were idle are dropped."""
        for worker in [worker for worker in self._workers if worker.unit is None]:
            if not worker.has_died():
                return worker
            self._drop(worker)
        return None

    def _launch(self) -> _Worker:
        context = multiprocessing.get_context("spawn")  # Blender does not survive a fork
        place = self._free[-1]
        ours, theirs = context.Pipe()
        process = context.Process(target=self.run_unit, args=(theirs, self.job, place), daemon=True)
        worker = _Worker(place=place, process=process, connection=ours)
        try:
            process.start()
        finally:
            theirs.close()  # else a pipe whose worker died would never end
        self._workers.append(worker)
        self._free.pop()
        return worker

    def _drop(self, worker: _Worker) -> None:
        worker.end()
        self._workers.remove(worker)
        self._free.append(worker.place)

    def wait(self, timeout_s: float) -> list[Outcome]:
        """What became of units since the last call; kills workers beyond a limit of time or memory."""
        busy = [worker for worker in self._workers if worker.unit is not None]
        stillborn, self._stillborn = self._stillborn, []
        wait([w.connection for w in busy], 0 if stillborn else min(timeout_s, SECONDS_BETWEEN_LOOKS))
        large = self._too_large(busy)
        outcomes = [self._outcome(worker, large.get(worker.process.pid)) for worker in busy]
        return stillborn + [outcome for outcome in outcomes if outcome is not None]

    def _outcome(self, worker: _Worker, held_bytes: int | None) -> Outcome | None:
        """What became of a worker's unit; None while it is rendered.

        Args:
            held_bytes: the worker's memory, if that is too much.
        """
        assert worker.unit is not None, "an idle worker has no outcome"
        try:
            if worker.connection.poll():
                return self._received(worker, worker.connection.recv())
        except (EOFError, OSError):
            worker.process.join(END_S)
            return self._failed(worker, end_in_words(worker.process.exitcode))
        if not worker.process.is_alive():  # and something that it started keeps the pipe open
            return self._failed(worker, end_in_words(worker.process.exitcode))
        if held_bytes is not None:
            return self._failed(worker, self._memory_in_words(held_bytes))
        if time.monotonic() > worker.deadline:
            return self._failed(
                worker,
                f"the worker took longer than {worker.allowed_s:g} s and was killed (execution.time_limit_s="
                f"{self._limits.time_limit_s:g} for a frame, start_limit_s={self._limits.start_limit_s:g} "
                "for starting)",
            )
        return None

    def _received(self, worker: _Worker, outcome: Outcome) -> Outcome:
        assert worker.unit is not None, "an idle worker tells nothing"
        worker.frames += len(outcome.frames)
        if outcome.is_partial:
            worker.unit = worker.unit[len(outcome.frames) :]
            self._set_deadline(worker, 0.0)
            return outcome
        worker.unit = None
        report, limits = outcome.report, self._limits
        if (
            report is None
            or worker.frames >= limits.recycle_frames
            or report.resident_bytes >= limits.recycle_gb * 1e9
        ):
            self._drop(worker)
        return outcome

    def _failed(self, worker: _Worker, reason: str) -> Outcome:
        assert worker.unit is not None, "only a unit can fail"
        outcome = Outcome(frames=worker.unit, failure=reason)
        self._drop(worker)
        return outcome

    def _too_large(self, busy: Iterable[_Worker]) -> dict[int | None, int]:
        """Memory of the workers that hold too much, by process id; looks now and then only."""
        now = time.monotonic()
        if now - self._looked_at < SECONDS_BETWEEN_LOOKS:
            return {}
        self._looked_at = now
        held = resident_bytes({w.process.pid for w in busy if w.process.pid is not None})
        return {pid: size for pid, size in held.items() if size > self.capacity.memory_limit_bytes}

    def _memory_in_words(self, held_bytes: int) -> str:
        is_set = self._limits.memory_limit_gb is not None
        return (
            f"the worker held {held_bytes / 1e9:.2f} GB of memory, more than "
            f"{self.capacity.memory_limit_bytes / 1e9:.2f} GB, and was killed (execution.memory_limit_gb"
            f"{'' if is_set else ', by default its share of the machine'})"
        )

    def close(self) -> None:
        """End all workers now; what they were rendering is dropped."""
        for worker in self._workers:
            worker.connection.close()  # all idle ones begin to end
        for worker in list(self._workers):
            self._drop(worker)


def end_in_words(exit_code: int | None) -> str:
    """Why a process ended, from its exit status, in words."""
    if exit_code is None:
        return "the worker closed its pipe and was killed"
    if exit_code >= 0:
        return f"the worker ended by itself (exit status {exit_code})"
    if exit_code == -signal.SIGKILL:
        return "the worker was killed (signal 9): perhaps out of memory"
    return f"the worker crashed (signal {-exit_code}: {signal.strsignal(-exit_code) or 'unknown'})"


def resident_bytes(owners: set[int]) -> dict[int | None, int]:
    """Resident memory of each of our child processes, with all that they started themselves.

    Args:
        owners: process ids of the children.
    """
    owner_of: dict[int, int] = {}
    held: dict[int | None, int] = {}
    for process in psutil.Process().children(recursive=True):  # parents come before their children
        try:
            owner = process.pid if process.pid in owners else owner_of.get(process.ppid())
            if owner is not None:
                owner_of[process.pid] = owner
                held[owner] = held.get(owner, 0) + process.memory_info().rss
        except psutil.Error:  # it ended meanwhile
            continue
    return held
