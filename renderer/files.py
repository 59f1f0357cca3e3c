"""Files: written whole, under a temporary name and then renamed into place, and known by their hash."""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from renderer.errors import StoreError

PART = ".part"  # ends the temporary names; whoever is killed leaves such a file behind


@contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file beside `path`; at the end it takes the name, or vanishes on an error.

    Raises:
        StoreError: the disk is full or the folder cannot be written.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=PART, dir=path.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o644)
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise StoreError(
            f"cannot write {path} ({error.strerror or error}); free some space or choose another out"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file, or nothing."""
    with atomic_file(path) as file:
        file.write(content)


def append_files(file: IO[bytes], paths: Iterable[Path]) -> None:
    """Copy the bytes of files, one after the other, to the end of an open one."""
    for path in paths:
        with path.open("rb") as part:
            shutil.copyfileobj(part, file)


def write_json(path: Path, content: Any) -> None:
    """Write sorted JSON, or nothing."""
    write_bytes(path, json_bytes(content) + b"\n")


def json_bytes(content: Any) -> bytes:
    """One line of JSON with sorted keys; enumerations by their value."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=lambda v: v.value)
    return text.encode()


def check_writable(root: Path) -> None:
    """Check, without leaving a trace, that files can be written below `root`, which need not exist yet.

    Raises:
        StoreError: they cannot.
    """
    ancestor = root
    try:
        ancestor = next(p for p in (root, *root.absolute().parents) if p.exists())
        if not ancestor.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "a file, not a folder")
        if not os.access(ancestor, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "permission denied")
        with tempfile.TemporaryDirectory(prefix=".gapless-", suffix=PART, dir=ancestor):
            pass
    except OSError as error:
        raise StoreError(
            f"out '{root}' cannot be written ({ancestor}: {error.strerror}); choose another out"
        ) from None


def file_sha256(path: Path) -> str:
    """Sha256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
