"""What Blender's render operator does when, from what Cycles and the denoiser print meanwhile."""

import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

import bpy

from renderer.stopwatch import spend

DENOISER_TALKS = "OIDN_VERBOSE"  # an environment variable: 2 lets OpenImageDenoise say when a filter begins
_DENOISER = ("Intel(R) Open Image Denoise", "Filter:")  # begin lines of it
_READ_BYTES = 65536


class Line(NamedTuple):
    """What was printed, and when, by time.perf_counter."""

    time_s: float
    text: str


@contextmanager
def split_render() -> Iterator[None]:
    """Keep what is printed away from standard output, as `silence` does, and split the open stage by it."""
    lines: list[Line] = []
    denoises = bpy.context.scene.cycles.use_denoising
    start = time.perf_counter()
    with _denoiser_talks() if denoises else nullcontext(), _heard(lines):
        yield
    for name, duration in parts_of(start, lines, time.perf_counter()).items():
        spend(name, duration)


def parts_of(start_s: float, lines: Sequence[Line], end_s: float) -> Mapping[str, float]:
    """Seconds of a render that are not spent on samples: `sync`, `denoise` and `save`, where they are told.

    Cycles says nothing of denoising. Its end is the first line of Blender after the denoiser's last.
    """
    parts = {}
    first = next((line for line in lines if "Sample 0/" in line.text), None)
    if first is not None:
        parts["sync"] = first.time_s - start_s
    of_denoiser = [n for n, line in enumerate(lines) if line.text.startswith(_DENOISER)]
    if of_denoiser:
        rest = lines[of_denoiser[-1] :]
        after = next((line.time_s for line in rest if line.text.startswith("Fra:")), end_s)
        parts["denoise"] = after - lines[of_denoiser[0]].time_s
    finished = next((line for line in reversed(lines) if line.text.endswith("| Finished")), None)
    if finished is not None:
        parts["save"] = end_s - finished.time_s
    return parts


@contextmanager
def _denoiser_talks() -> Iterator[None]:
    kept = os.environ.get(DENOISER_TALKS)
    os.environ[DENOISER_TALKS] = "2"
    try:
        yield
    finally:
        if kept is None:
            del os.environ[DENOISER_TALKS]
        else:
            os.environ[DENOISER_TALKS] = kept


@contextmanager
def _heard(lines: list[Line]) -> Iterator[None]:
    """Collect what goes to standard output, whoever writes it; a thread of its own reads, and never waits."""
    sys.stdout.flush()
    kept = os.dup(1)
    end, sink = os.pipe()
    os.dup2(sink, 1)
    os.close(sink)
    reader = threading.Thread(target=_collect, args=(end, lines), daemon=True)
    reader.start()
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)  # which closes the pipe, and ends the thread
        os.close(kept)
        reader.join()
        os.close(end)


def _collect(end: int, lines: list[Line]) -> None:
    begun = b""
    while content := os.read(end, _READ_BYTES):
        now = time.perf_counter()
        *whole, begun = (begun + content).split(b"\n")
        lines.extend(Line(now, line.decode(errors="replace")) for line in whole)
