"""One run at a time writes to a folder; the lock is free again when its holder dies, however it does."""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from renderer.errors import StoreError
from renderer.files import json_bytes

LOCK = ".lock"  # in the folder, while a run writes; who was killed leaves it, and it locks nothing then


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Keep other runs out of a folder, which is made where it is not there.

    Raises:
        StoreError: another run has it, or the folder cannot be written.
    """
    path, is_new = root / LOCK, not root.exists()
    try:
        root.mkdir(parents=True, exist_ok=True)
        descriptor = _take(path)
    except OSError as error:
        raise StoreError(
            f"cannot write {path} ({error.strerror}); free some space or choose another out"
        ) from error
    if descriptor is None:
        raise StoreError(
            f"another gapless{_holder(path)} is writing to out '{root}'; wait for it, or choose another out"
        )
    try:
        yield
    finally:
        try:
            with suppress(OSError):  # a folder that became read-only keeps it
                path.unlink()
        finally:
            os.close(descriptor)
        if is_new:
            with suppress(OSError):  # it stays if anything was written
                root.rmdir()


def _take(path: Path) -> int | None:
    """A descriptor that holds the lock until it is closed, or None where another process does."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError:
            # Some network file systems have no locks. A lock by the file's existence would outlive a
            # killed holder; going on without one risks less than a dataset that nobody may finish.
            return descriptor
        if _is_still_there(path, descriptor):
            _say_who(descriptor)
            return descriptor
        os.close(descriptor)  # its last holder removed it in between: lock the new one


def _is_still_there(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _say_who(descriptor: int) -> None:
    os.ftruncate(descriptor, 0)
    os.write(descriptor, json_bytes({"host": socket.gethostname(), "process": os.getpid()}) + b"\n")


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_bytes())
        return f" (process {holder['process']} on {holder['host']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
