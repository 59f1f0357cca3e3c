"""Converts files to .glb, in a process of its own: `python -m renderer.blender.convert`.

Each line that comes in is a job in JSON: `path`, `root`, `result`, `decimate_to`, `needs_look` and
`time_limit_s`. Each line that goes out answers one: `{"side_files": [...]}` relative to the file's folder, or
`{"fault": "..."}`. `renderer.catalog.meshes.converter` is what asks.
"""

import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from renderer.blender.exporting import export_glb
from renderer.blender.importing import import_file, side_files
from renderer.blender.realizing import decimate, realized
from renderer.catalog.meshes.fault import BrokenMeshError
from renderer.catalog.meshes.named_files import named_files

MEMORY_LIMIT_BYTES = 8 << 30
GRACE_S = 10  # after which a job ends without whoever asked for it


def main() -> None:
    """Answer until there are no more jobs."""
    limit_resources()
    answers = own_output()
    for line in sys.stdin:
        job = json.loads(line)
        if hasattr(signal, "alarm"):
            signal.alarm(int(job["time_limit_s"]) + GRACE_S)
        try:
            answer: dict[str, Any] = {"side_files": convert(job)}
        except BrokenMeshError as error:
            answer = {"fault": str(error)}
        except MemoryError:
            answer = {"fault": f"needs more than {MEMORY_LIMIT_BYTES >> 30} GB of memory"}
        if hasattr(signal, "alarm"):
            signal.alarm(0)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def convert(job: dict[str, Any]) -> list[str]:
    """Convert one file; returns the files it names.

    Raises:
        BrokenMeshError: it cannot be converted.
    """
    path, root = Path(job["path"]), Path(job["root"])
    named = set(named_files(path, root))
    item = realized(import_file(path))
    if job["decimate_to"] is not None:
        decimate(item, job["decimate_to"])
    named |= side_files(item, path, root, needs_look=job["needs_look"])
    export_glb(item, Path(job["result"]), needs_look=job["needs_look"])
    folder = path.resolve().parent
    return sorted(Path(os.path.relpath(file, folder)).as_posix() for file in named)


def limit_resources() -> None:
    """Let a file that asks for too much end this process, and not the machine; leave no core behind."""
    with suppress(ImportError, ValueError, OSError):  # no such limits on this system
        import resource  # noqa: PLC0415 - there is none on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))


def own_output() -> IO[str]:
    """Standard output for answers alone: what Blender prints goes nowhere."""
    sys.stdout.flush()
    answers = os.fdopen(os.dup(1), "w")
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    os.close(sink)
    return answers


if __name__ == "__main__":
    main()
