"""Workers on a Ray cluster: an actor each, with one Blender that stays open from unit to unit.

Actors, and not plain tasks: Ray hands a task to any idle process of a node, so that each of them would come
to hold a Blender of its own, and a process may get another GPU than the one its Blender was started on.
"""

import itertools
import logging
import os
import secrets
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ray

from renderer.errors import GaplessError, InfrastructureError, InputError, StoreError
from renderer.execution.ray_places import Places, find_places
from renderer.execution.ray_renderer import Home, Renderer
from renderer.execution.work import Job, Outcome, Place, Report
from renderer.files import PART

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # a later default; saves a warning
}
OBJECT_STORE_BYTES = 128 * 2**20  # of a Ray of our own: nothing but the job passes through
REFRESH_S = 2.0  # between looks at which nodes are alive
PATIENCE_S = 60.0  # with a worker that finds no room on a busy cluster, while another one is idle
CONNECT_S = 10.0
UNIT_FRAMES = 4
NODE_LOST = "its node of the Ray cluster was lost"


@contextmanager
def ray_crew(job: Job) -> Iterator["RayCrew"]:
    """Workers on the cluster that the recipe names, or on a Ray of this machine that ends with them.

    Raises:
        InfrastructureError: the cluster cannot be reached, or no node of it has room for a worker.
    """
    with _connected(job.recipe.execution.ray.address), _marker(job.store.root) as marker:
        places = _places(job)
        if not places.count:
            raise InfrastructureError(
                f"no node of the Ray cluster has room for a worker ({places.needs}); lower "
                "execution.threads or execution.memory_limit_gb, or add nodes"
            )
        crew = RayCrew(job=job, marker=marker, places=places)
        try:
            yield crew
        finally:
            crew.close()


def _places(job: Job) -> Places:
    nodes: Any = ray.nodes()  # type: ignore[no-untyped-call]
    return find_places(nodes, job.recipe.execution, on_gpu=job.recipe.engine.device != "cpu")


@contextmanager
def _connected(address: str) -> Iterator[None]:
    """Ray, connected to a cluster."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    logging.getLogger("ray").setLevel(logging.ERROR)
    # What Ray prints of a lost node would tear the bar of progress, and no setting keeps it from that.
    ray._private.worker._worker_logs_enabled = False
    if address:
        _check_reachable(address)
    own: dict[str, Any] = {"include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
    if not address:
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # or Ray leaves one in the home folder
    try:
        ray.init(
            address=address or "local",
            log_to_driver=False,
            logging_level=logging.ERROR,
            configure_logging=False,
            namespace="gapless",
            **({} if address else own),
        )
    except Exception as error:
        where = f"the Ray cluster at '{address}' cannot be reached" if address else "Ray cannot start"
        raise InfrastructureError(f"{where} ({_first_line(error)}); check execution.ray.address") from error
    try:
        yield
    finally:
        ray.shutdown()


def _check_reachable(address: str) -> None:
    """Knock at a cluster's door, for Ray itself takes minutes to give up.

    Raises:
        InfrastructureError: nobody answers.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdigit():
        return  # auto
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_S).close()
    except OSError as error:
        raise InfrastructureError(
            f"the Ray cluster at '{address}' cannot be reached ({error.strerror or error}); "
            "check execution.ray.address"
        ) from None


@contextmanager
def _marker(root: Path) -> Iterator[Path]:
    """A file in `out`, which a worker must see to be of use; it goes away in the end."""
    was_there = root.is_dir()
    marker = root.absolute() / f".ray-{os.getpid()}-{time.monotonic_ns()}{PART}"
    try:
        root.mkdir(parents=True, exist_ok=True)
        marker.touch()
    except OSError as error:
        raise StoreError(f"cannot write {marker.parent} ({error.strerror}); choose another out") from None
    try:
        yield marker
    finally:
        marker.unlink(missing_ok=True)
        if not was_there:
            with suppress(OSError):  # it is not empty
                root.rmdir()


@dataclass(slots=True, kw_only=True)
class _Worker:
    """An actor as this process sees it.

    Attributes:
        looked: the answer to `look`, until it came: the worker waits for room on a node, or starts.
        unit: the frames that it renders, and `rendered`, their report to come.
        since: when it began with them, by time.monotonic; None while it has not.
        made: when it was asked for.
        frames_done: since its Blender was started.
    """

    actor: Any
    looked: Any
    unit: Sequence[int] = ()
    rendered: Any = None
    since: float | None = None
    made: float = field(default_factory=time.monotonic)
    frames_done: int = 0

    @property
    def awaited(self) -> Any:
        """What is to come next of it."""
        return self.looked if self.looked is not None else self.rendered


@dataclass(slots=True, kw_only=True)
class RayCrew:
    """A crew of actors; its size follows the nodes that are alive.

    Attributes:
        marker: a file in `out` that every worker must see.
        renderer: what a worker process holds.
    """

    job: Job
    marker: Path
    places: Places
    renderer: type[Renderer] = Renderer
    _workers: list[_Worker] = field(default_factory=list)
    _shipped: Any = None
    _looked_at: float = field(default_factory=time.monotonic)
    _room_at: float = field(default_factory=time.monotonic)

    @property
    def size(self) -> int:
        """How many units can be rendered at once."""
        return self.places.count

    @property
    def unit_frames(self) -> int:
        """How many frames of several scenes may be one unit; few, for a unit is told of at its end."""
        return UNIT_FRAMES

    def start(self, frames: Sequence[int]) -> None:
        """Give a unit to an idle worker, or to a new one."""
        idle = next((worker for worker in self._workers if not worker.unit), None) or self._new_worker()
        idle.unit = list(frames)
        idle.rendered = idle.actor.render.remote(idle.unit)
        idle.since = None if idle.looked is not None else time.monotonic()

    def wait(self, timeout_s: float) -> list[Outcome]:
        """What became of units since the last call; waits for the first, at most so long."""
        self._refresh()
        self._fill_idle()
        busy = {worker.awaited: worker for worker in self._workers if worker.unit}
        if not busy:
            return []
        answers, _ = ray.wait(list(busy), num_returns=1, timeout=max(0.0, self._patience(timeout_s)))
        if answers:
            answers, _ = ray.wait(list(busy), num_returns=len(busy), timeout=0)
        heard = (self._hear(busy[answer]) for answer in answers)
        outcomes = [outcome for outcome in heard if outcome is not None]
        return outcomes + [self._failed(worker, reason) for worker, reason in self._overdue()]

    def _fill_idle(self) -> None:
        """Give idle workers what waits for one that finds no room: a lost node may have taken it."""
        for worker in [w for w in self._workers if w.unit and w.looked is not None]:
            is_late = time.monotonic() - worker.made > PATIENCE_S
            if not (is_late or len(self._workers) > self.size) or all(w.unit for w in self._workers):
                continue
            self._dismiss(worker)
            self.start(worker.unit)

    def close(self) -> None:
        """End all workers now; what they were rendering is dropped."""
        for worker in list(self._workers):
            self._dismiss(worker)

    def _new_worker(self) -> _Worker:
        if self._shipped is None:
            self._shipped = ray.put(self.job)
        need = self.places.need
        actor_class: Any = ray.remote(self.renderer)
        placed = actor_class.options(
            num_cpus=need.threads,
            num_gpus=need.gpus,
            memory=need.memory_bytes,
            max_restarts=0,  # the supervisor retries, and counts
            max_task_retries=0,
            scheduling_strategy="SPREAD",
        )
        place = Place(threads=need.threads)  # Ray itself says which GPU
        actor = placed.remote(self._shipped, place, self.marker, Home.here())
        worker = _Worker(actor=actor, looked=actor.look.remote())
        self._workers.append(worker)
        return worker

    def _dismiss(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        with suppress(Exception):  # Ray itself may be gone
            ray.kill(worker.actor, no_restart=True)

    def _hear(self, worker: _Worker) -> Outcome | None:
        """What an answer means: None if it is only that the worker has started."""
        try:
            answer = ray.get(worker.awaited)
        except ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, InputError):
                unit = worker.unit
                self._dismiss(worker)
                return Outcome(frames=unit, error=cause)
            reason = explain_failure(error)
            if reason == NODE_LOST:
                self._looked_at = float("-inf")  # look again before anything is given out
                self._refresh()
            if worker.looked is not None and reason == NODE_LOST:
                self._dismiss(worker)
                self.start(worker.unit)  # elsewhere: nothing of it had begun
                return None
            return self._failed(worker, reason, is_told=isinstance(cause, Exception))
        if worker.looked is not None:
            worker.looked, worker.since = None, time.monotonic()
            return None
        return self._reported(worker, answer)

    def _reported(self, worker: _Worker, report: Report) -> Outcome:
        settings = self.job.recipe.execution
        outcome = Outcome(frames=worker.unit, report=report)
        worker.frames_done += len(worker.unit)
        worker.unit, worker.rendered, worker.since = (), None, None
        is_used_up = worker.frames_done >= settings.recycle_frames
        if is_used_up or report.resident_bytes > settings.recycle_gb * 1e9:
            self._dismiss(worker)
        return outcome

    def _failed(self, worker: _Worker, reason: str, *, is_told: bool = False) -> Outcome:
        self._dismiss(worker)  # also where it lives: what failed in Blender may have spoiled it
        return Outcome(frames=worker.unit, failure=reason, is_told=is_told)

    def _limit_s(self, worker: _Worker) -> float:
        settings = self.job.recipe.execution
        start_s = 0.0 if worker.frames_done else settings.start_limit_s
        return start_s + settings.time_limit_s * len(worker.unit)

    def _patience(self, timeout_s: float) -> float:
        """How long to wait for an answer: until the next worker is overdue, at most."""
        now = time.monotonic()
        due = (w.since + self._limit_s(w) - now for w in self._workers if w.since is not None)
        return min(itertools.chain([timeout_s], due))

    def _overdue(self) -> list[tuple[_Worker, str]]:
        now = time.monotonic()
        late = [
            w for w in self._workers if w.unit and w.since is not None and now - w.since > self._limit_s(w)
        ]
        return [(w, f"the worker took longer than {self._limit_s(w):g} s and was killed") for w in late]

    def _refresh(self) -> None:
        """Look which nodes are alive; idle workers of lost ones go.

        Raises:
            InfrastructureError: none with room is left, and none has come for `execution.start_limit_s`.
        """
        now = time.monotonic()
        if now - self._looked_at < REFRESH_S:
            return
        self._looked_at = now
        settings = self.job.recipe.execution
        found = _places(self.job)
        # What a worker needs stays as it was, so that one fits where another was.
        self.places = found.for_need(self.places.need)
        if self.places.count:
            self._room_at = now
        elif now - self._room_at > settings.start_limit_s:
            raise InfrastructureError(
                "all nodes of the Ray cluster are lost; run the same command again to go on"
            )


def explain_failure(error: Exception) -> str:
    """Why Ray gave no report, in words.

    Args:
        error: of Ray.
    """
    cause = getattr(error, "cause", None)
    if isinstance(cause, GaplessError):
        return str(cause)
    if isinstance(cause, Exception):
        return f"of {type(cause).__name__}: {_first_line(cause)}"
    said = str(error).lower()
    if "out of memory" in said or "running low on memory" in said:
        return "the worker was killed: its node ran out of memory"
    if (
        "node has died" in said
        or "node died" in said
        or "node was terminated" in said
        or "node is dead" in said
    ):
        return NODE_LOST
    if "no module named" in said or "failed to import" in said:
        return "a node of the Ray cluster cannot import gapless: install the same version on every node"
    return "the worker crashed or was killed"


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
