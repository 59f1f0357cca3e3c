"""Faults for tests: Python loads this by itself in every process whose PYTHONPATH begins with this folder.

Nothing of it is part of gapless. Environment variables say what goes wrong:

- GAPLESS_TEST_FAULT=KIND:FRAME: when a worker has rendered that frame, before it is committed, it
  hangs (`hang`), eats memory (`eat`), raises (`raise`), or dies of a signal (`kill`, `crash`).
- GAPLESS_TEST_ONCE=PATH: only the first time, in whichever process; the path is a file that says so.
- GAPLESS_TEST_CLOCK=1: the wall clock jumps by days whenever it is looked at, forwards and backwards.
"""

import importlib.abc
import importlib.machinery
import itertools
import os
import signal
import sys
import time
from types import ModuleType
from typing import Any

PATCHED = "renderer.execution.frame"
EATEN_BYTES = 4_000_000_000  # at most, so that a test whose limit fails does not take the machine with it
CHUNK_BYTES = 50_000_000
JUMPS_S = (0.0, 2e6, -3e6, 1e5, -4e4)


def may_fail() -> bool:
    mark = os.environ.get("GAPLESS_TEST_ONCE")
    if mark is None:
        return True
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def fail(kind: str) -> None:
    if kind == "raise":
        raise ValueError("a planted bug")
    if kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    eaten = []
    while kind == "eat" and len(eaten) * CHUNK_BYTES < EATEN_BYTES:
        eaten.append(bytearray(b"x") * CHUNK_BYTES)
        time.sleep(0.02)
    time.sleep(10**6)


def plant(module: ModuleType, kind: str, frame: int) -> None:
    """Let a frame fail as it leaves `finish_frame`."""
    whole = module.finish_frame

    def finish_frame(*arguments: Any) -> Any:
        finished = whole(*arguments)
        if finished.record["frame"] == frame and may_fail():
            fail(kind)
        return finished

    module.finish_frame = finish_frame


class Loader(importlib.abc.Loader):
    """Loads the module as it is, and plants the fault in it."""

    def __init__(self, own: importlib.abc.Loader, kind: str, frame: int) -> None:
        self.own, self.kind, self.frame = own, kind, frame

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self.own.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self.own.exec_module(module)
        plant(module, self.kind, self.frame)


class Finder(importlib.abc.MetaPathFinder):
    """Finds the one module in which faults are planted."""

    def __init__(self, kind: str, frame: int) -> None:
        self.kind, self.frame = kind, frame

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name != PATCHED:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        assert spec is not None
        assert spec.loader is not None
        spec.loader = Loader(spec.loader, self.kind, self.frame)
        return spec


def let_clock_jump() -> None:
    jumps = itertools.cycle(JUMPS_S)
    true_s, true_ns = time.time, time.time_ns
    time.time = lambda: true_s() + next(jumps)
    time.time_ns = lambda: true_ns() + int(next(jumps) * 1e9)


if "GAPLESS_TEST_FAULT" in os.environ:
    fault, _, number = os.environ["GAPLESS_TEST_FAULT"].partition(":")
    sys.meta_path.insert(0, Finder(fault, int(number)))
if "GAPLESS_TEST_CLOCK" in os.environ:
    let_clock_jump()
