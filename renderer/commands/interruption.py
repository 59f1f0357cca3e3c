"""Ctrl-C and SIGTERM end a command cleanly, once."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)
CLEANING_UP_S = 20.0  # in which another Ctrl-C is ignored


class Interrupted(KeyboardInterrupt):
    """A signal that ends the command.

    Attributes:
        status: what the command exits with.
    """

    def __init__(self, number: int) -> None:
        super().__init__("interrupted; run the same command again to go on")
        self.status = 128 + number


@contextmanager
def interruptible() -> Iterator[None]:
    """Let signals raise `Interrupted` in here; more of them are ignored while what was begun is cleaned up.

    Signals that this process was started to ignore, as by nohup, stay ignored. Once interrupted, it is
    about to end, and all further signals are ignored for good.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    raised_at: float | None = None

    def stop(number: int, _: FrameType | None) -> None:
        nonlocal raised_at
        if raised_at is None or time.monotonic() - raised_at > CLEANING_UP_S:
            raised_at = time.monotonic()
            raise Interrupted(number)

    before: dict[signal.Signals, Any] = {number: signal.getsignal(number) for number in SIGNALS}
    caught = [number for number in SIGNALS if before[number] is not signal.SIG_IGN]
    for number in caught:
        signal.signal(number, stop)
    after = before
    try:
        yield
    except Interrupted:
        after = dict.fromkeys(caught, signal.SIG_IGN)
        raise
    finally:
        for number in caught:
            signal.signal(number, after[number])
