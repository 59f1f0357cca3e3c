"""Crews without Blender: one that follows a script, and what stands in for rendering in worker processes."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from renderer.dataset.store import Store
from renderer.execution.work import Done, Job, Outcome, Place, Report


class ScriptedCrew:
    """A crew that asks the test what becomes of each unit; outcomes come back in an order of the test's.

    Args:
        size: workers.
        unit_frames: of several scenes.
        fate: given the frames of a unit, what becomes of it.
        pick: given how many units are under way, which of them ends next.
    """

    def __init__(
        self,
        size: int,
        fate: Callable[[Sequence[int]], Outcome],
        pick: Callable[[int], int] = lambda _: 0,
        unit_frames: int = 1,
    ) -> None:
        self.size = size
        self.unit_frames = unit_frames
        self.fate = fate
        self.pick = pick
        self.under_way: list[Sequence[int]] = []
        self.given: list[Sequence[int]] = []
        self.is_closed = False

    def start(self, frames: Sequence[int]) -> None:
        assert not self.is_closed
        assert len(self.under_way) < self.size, "more units than workers"
        self.under_way.append(list(frames))
        self.given.append(list(frames))

    def wait(self, timeout_s: float) -> list[Outcome]:
        assert timeout_s > 0
        return [self.fate(self.under_way.pop(self.pick(len(self.under_way))))]

    def close(self) -> None:
        self.is_closed = True


def done(frames: Sequence[int]) -> Outcome:
    """A unit that was rendered to its end."""
    report = Report(
        done=[Done(frame=frame, status="ok", seconds={"trace": 1.0}) for frame in frames], resident_bytes=0
    )
    return Outcome(frames=frames, report=report)


def failed(frames: Sequence[int], reason: str = "the worker crashed") -> Outcome:
    return Outcome(frames=frames, failure=reason)


def commit_rejected(store: Store, frame: int) -> None:
    """Commit the smallest frame that there is: one that failed certification."""
    store.commit({"frame": frame, "status": "rejected", "reason": "dark", "draws": {}}, None)


HANG, CRASH, EXIT, EAT, EAT_IN_CHILD = 1001, 1002, 1003, 1004, 1005
EATEN_BYTES = 400_000_000


def serve_oddly(connection: Connection, job: Job, place: Place) -> None:
    """What a worker process runs in tests: some frames have a fate of their own, all others are committed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for frames in _units(connection):
        for frame in frames:
            _meet(frame)
            commit_rejected(job.store, frame)
        (job.store.root / f"worker_of_{frames[0]}").write_text(f"{os.getpid()} {place.gpu} {place.threads}")
        rendered = [Done(frame=frame, status="rejected", seconds={}) for frame in frames]
        connection.send(Outcome(frames=frames, report=Report(done=rendered, resident_bytes=frames[0])))


def serve_in_parts(connection: Connection, job: Job, place: Place) -> None:
    """The same with workers that tell of each frame when it is committed; some take their time."""
    for frames in _units(connection):
        for frame in frames:
            _meet(frame)
            commit_rejected(job.store, frame)
            connection.send(replace(done([frame]), is_partial=frame != frames[-1]))


def _units(connection: Connection) -> Iterator[Sequence[int]]:
    """What comes through a pipe until its other end is closed."""
    while True:
        try:
            yield connection.recv()
        except EOFError:
            return


def _meet(frame: int) -> None:
    if frame == HANG:
        time.sleep(1000)
    if frame == CRASH:
        os.kill(os.getpid(), signal.SIGSEGV)
    if frame == EXIT:
        os._exit(3)
    if frame == EAT:
        eaten = bytearray(b"x") * EATEN_BYTES
        time.sleep(1000)
        del eaten
    if frame == EAT_IN_CHILD and os.fork() == 0:
        _meet(EAT)
    if frame == EAT_IN_CHILD:
        time.sleep(1000)


def worker_of(root: Path, frame: int) -> int:
    """The process id of the worker that rendered the unit that begins with a frame."""
    return int((root / f"worker_of_{frame}").read_text().split()[0])
