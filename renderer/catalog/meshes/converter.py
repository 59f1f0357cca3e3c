"""A process with Blender in it that reads files nobody vouches for, one after another.

It may crash, hang or eat all memory: that is the fault of the file it was at, and a new process goes on.
"""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from renderer.catalog.meshes.fault import BrokenMeshError

TIME_LIMIT_S = 120.0
COMMAND = (sys.executable, "-P", "-m", "renderer.blender.convert")
_PACKAGES = Path(__file__).parents[3]
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "SYSTEMROOT")


class Converter:
    """Starts the process with the first question; leave it by `with`."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="gapless-")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._stop()
        self._folder.cleanup()

    def ask(self, job: dict[str, Any]) -> dict[str, Any]:
        """Have one file converted; the answer's form is that of `renderer.blender.convert`.

        Raises:
            BrokenMeshError: the file cannot be converted.
        """
        is_fresh = self._process is None
        answer = self._answer(job)
        if answer is None and not is_fresh:  # what came before may have left too little memory
            answer = self._answer(job)
        if answer is None:
            raise BrokenMeshError("Blender crashed on it, or needs too much memory for it")
        if "fault" in answer:
            raise BrokenMeshError(answer["fault"])
        return answer

    def _answer(self, job: dict[str, Any]) -> dict[str, Any] | None:
        """The answer to one question; None from a process that has ended, as it has after a timeout."""
        if self._process is None:
            self._process = self._started()
        try:
            line = self._line(self._process, job)
        except BaseException:
            self._stop()
            raise
        if line.endswith(b"\n"):
            answer: dict[str, Any] = json.loads(line)
            return answer
        self._stop()
        return None

    def _started(self) -> subprocess.Popen[bytes]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        # In an empty folder, where no file that is named without its own folder is found by accident.
        return subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._folder.name,
            env={**kept, "PYTHONPATH": str(_PACKAGES), "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
            start_new_session=True,
        )

    def _line(self, process: subprocess.Popen[bytes], job: dict[str, Any]) -> bytes:
        """One line; what comes before the process ends is no whole one."""
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):  # it has ended: there will be no answer
            process.stdin.write(json.dumps(job | {"time_limit_s": TIME_LIMIT_S}).encode() + b"\n")
            process.stdin.flush()
        line, end_s = b"", time.monotonic() + TIME_LIMIT_S
        while not line.endswith(b"\n"):
            left_s = max(0.0, end_s - time.monotonic())
            if not select.select([process.stdout], [], [], left_s)[0]:
                raise BrokenMeshError(f"takes longer than {TIME_LIMIT_S:g} s to read")
            part = os.read(process.stdout.fileno(), 1 << 16)
            if not part:
                break
            line += part
        return line

    def _stop(self) -> None:
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        self._process.wait()
        self._process = None
