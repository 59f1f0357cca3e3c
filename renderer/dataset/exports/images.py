"""Images and maps in an export: hard links to the dataset's own where that can be, else copies."""

import errno
import os
import shutil
from pathlib import Path

from renderer.dataset.exports.format import Target
from renderer.dataset.record import Record

# What file systems say that cannot link these two files, though they could hold a copy.
NO_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOSYS, errno.EOPNOTSUPP})


def image_file(record: Record) -> str:
    """Name of the image of a record in an export, without a folder."""
    return Path(record["image"]["file"]).name


def place_image(target: Target, record: Record, path: Path) -> None:
    """Put the image of a record at a path, in folders that are made where they are missing.

    Raises:
        StoreError: the dataset has lost the image.
    """
    place_file(target, record["image"]["file"], path)


def place_file(target: Target, name: str, path: Path) -> None:
    """Put a file that a record names at a path.

    Raises:
        StoreError: the dataset has lost the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    there = target.source.path(name)
    if there is None:
        path.write_bytes(target.source.read(name))
    elif not (target.choices.links and _linked(there, path)):
        _copy(target, name, there, path)


def _linked(there: Path, path: Path) -> bool:
    """Link a file; False where the file system cannot, or where the file is not there."""
    try:
        os.link(there, path)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno in NO_LINK:
            return False
        raise
    return True


def _copy(target: Target, name: str, there: Path, path: Path) -> None:
    if not there.is_file():
        target.source.read(name)  # tells what is wrong with it
    shutil.copyfile(there, path)
