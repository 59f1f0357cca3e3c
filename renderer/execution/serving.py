"""What runs in a worker process of this machine: it renders what comes through a pipe."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait

from renderer.errors import GaplessError, InputError
from renderer.execution.work import Job, Outcome, Place
from renderer.execution.worker import render_unit, report_of

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def serve(connection: Connection, job: Job, place: Place) -> None:
    """Render units until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the main one decides
    _end_with_parent()
    while True:
        try:
            frames = connection.recv()
            for outcome in answers(job, place, frames):
                connection.send(outcome)
        except (EOFError, OSError):  # `answers` raises neither: the main process closed its end
            return


def answers(job: Job, place: Place, frames: Sequence[int]) -> Iterator[Outcome]:
    """Render a unit, and say of each frame when it is done; whatever goes wrong becomes an outcome."""
    left = list(frames)
    try:
        for done in render_unit(job, place, frames):
            left.remove(done.frame)
            yield Outcome(frames=[done.frame], report=report_of([done]), is_partial=bool(left))
    except InputError as error:
        yield Outcome(frames=left, error=error)
    except GaplessError as error:
        yield _failed(left, str(error))
    except Exception as error:  # noqa: BLE001 - a bug in the way of one frame must not stop the others
        (last_line, *_) = traceback.format_exception_only(error)
        yield _failed(left, last_line.strip())


def _failed(left: Sequence[int], reason: str) -> Outcome:
    return Outcome(frames=left, failure=reason, details=traceback.format_exc(), is_told=True)


def _end_with_parent() -> None:
    """End this process at once when the main one is gone, even where it was killed.

    The kernel does so on Linux, whatever this process is doing; elsewhere, and where the main process was
    gone before we asked, a thread does.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_wait_for_end_of_parent, daemon=True).start()


def _wait_for_end_of_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "a worker is a process of its own"
    wait([parent.sentinel])
    os._exit(1)
