"""One run at a time writes a dataset."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from renderer.errors import StoreError

LOCK = ".lock"


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the lock of a dataset's folder, which is made if need be; it ends with this process.

    Raises:
        StoreError: another run holds it, or the folder cannot be written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(root / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StoreError(f"out '{root}' cannot be written ({error.strerror}); choose another out") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StoreError(
            f"out '{root}' is written by another gapless now; wait for its end, or choose another out"
        ) from None
    try:
        yield
    finally:
        os.close(descriptor)
