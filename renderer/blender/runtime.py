"""Importing BlenderProc beside the bpy wheel, and the steps of its `init` that work there.

BlenderProc 2.8.0 expects to be started by its own launcher: on import it installs packages with a pip
inside a Blender program that does not exist here, and takes its own parent folder out of `sys.path`.
`docs/blenderproc.md` lists what is bypassed and why.
"""

import ctypes
import functools
import importlib
import importlib.util
import os
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SETUP_MODULE = "blenderproc.python.utility.SetupUtility"
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # malloc.h
_LAUNCHER_MARK = "INSIDE_OF_THE_INTERNAL_BLENDER_PYTHON_ENVIRONMENT"


@functools.cache
def import_blenderproc() -> Any:
    """The `blenderproc` module, imported into this process once."""
    import bpy  # noqa: F401, PLC0415 - must come first, and takes 0.3 s: only when it is needed

    _skip_blender_destructors()
    _keep_heap_compact()
    sys.modules[_SETUP_MODULE] = _inert_setup_module()
    with _import_surroundings():
        return importlib.import_module("blenderproc")


def _skip_blender_destructors() -> None:
    """Let the process end before Blender's C++ destructors run, with its exit status unchanged.

    With torch in the process they run after Python has been finalized, call into it and crash
    (bpy 4.2.23, torch 2.14.1: PyGILState_Ensure from bpy_class_free). Exit handlers run in reverse
    order, so `_exit` registered after Blender was loaded comes before its destructors.
    """
    c_library = ctypes.CDLL(None)
    if hasattr(c_library, "on_exit"):  # glibc
        c_library.on_exit(c_library._exit, None)


def _keep_heap_compact() -> None:
    """Let the largest freed blocks go back to the system at once, and keep room for the next small ones.

    By itself glibc raises its threshold to the size of what is freed, up to 32 MB; then the textures
    and meshes of every frame fragment the heap. With a low one the images that labels and sensor compute with
    would come as new pages each time, which takes longer than what is computed: a frame of dice of 640x480
    took 2.5 s with 256 kB and 1 MB, and 2.2 s with these.
    """
    c_library = ctypes.CDLL(None)
    if hasattr(c_library, "mallopt"):  # glibc
        c_library.mallopt(M_MMAP_THRESHOLD, 8 * 1024**2)
        c_library.mallopt(M_TRIM_THRESHOLD, 64 * 1024**2)
        c_library.mallopt(M_ARENA_MAX, 1)  # else each thread beside Blender leaves a heap of its own behind


def return_freed_memory() -> None:
    """Give the pages of small freed blocks back to the system too; takes about 3 ms."""
    c_library = ctypes.CDLL(None)
    if hasattr(c_library, "malloc_trim"):  # glibc
        c_library.malloc_trim(0)


def _inert_setup_module() -> types.ModuleType:
    class SetupUtility:
        """Stands in for BlenderProc's installer: everything it would install is in our lock file."""

        @staticmethod
        def setup(*_: Any, **__: Any) -> list[str]:
            return []

        @staticmethod
        def setup_pip(*_: Any, **__: Any) -> None:
            return None

    module = types.ModuleType(_SETUP_MODULE)
    module.SetupUtility = SetupUtility  # type: ignore[attr-defined]
    return module


@contextmanager
def _import_surroundings() -> Iterator[None]:
    specification = importlib.util.find_spec("blenderproc")
    if specification is None or specification.origin is None:
        raise ModuleNotFoundError("No module named 'blenderproc'")
    python_path = os.environ.get("PYTHONPATH")
    search_path = list(sys.path)
    # BlenderProc removes the first entry of this name: give it one to remove.
    sys.path.insert(0, str(Path(specification.origin).parents[1]))
    os.environ[_LAUNCHER_MARK] = "1"
    try:
        yield
    finally:
        del os.environ[_LAUNCHER_MARK]
        sys.path[:] = search_path
        if python_path is not None:
            os.environ["PYTHONPATH"] = python_path


@functools.cache
def start_blender() -> Any:
    """Import Blender and BlenderProc and empty the scene, once a process; returns `blenderproc`."""
    blenderproc = import_blenderproc()
    with silence():
        blenderproc.clean_up(clean_up_camera=True)
    return blenderproc


@contextmanager
def silence() -> Iterator[None]:
    """Keep what Blender's C code prints away from standard output."""
    sys.stdout.flush()
    kept = os.dup(1)
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        os.close(sink)
