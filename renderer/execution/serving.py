"""What runs in a worker process of this machine: it renders what comes through a pipe."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait

from renderer.errors import GaplessError, InputError
from renderer.execution.work import Job, Outcome, Place
from renderer.execution.worker import render_unit

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def serve(connection: Connection, job: Job, place: Place) -> None:
    """Render units until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the main one decides
    _end_with_parent()
    while True:
        try:
            frames = connection.recv()
            connection.send(answer(job, place, frames))
        except (EOFError, OSError):  # `answer` raises neither: the main process closed its end
            return


def answer(job: Job, place: Place, frames: Sequence[int]) -> Outcome:
    """Render a unit; whatever goes wrong becomes an outcome."""
    try:
        return Outcome(frames=frames, report=render_unit(job, place, frames))
    except InputError as error:
        return Outcome(frames=frames, error=error)
    except GaplessError as error:
        return Outcome(frames=frames, failure=str(error), details=traceback.format_exc())
    except Exception as error:  # noqa: BLE001 - a bug in the way of one frame must not stop the others
        (last_line, *_) = traceback.format_exception_only(error)
        return Outcome(frames=frames, failure=last_line.strip(), details=traceback.format_exc())


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
