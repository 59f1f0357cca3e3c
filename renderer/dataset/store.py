"""The store: a frame exists when its record was renamed into place, last, after its image."""

import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from renderer.dataset.files import write_bytes, write_json
from renderer.dataset.identity import first_difference
from renderer.dataset.record import Record
from renderer.errors import StoreError

RECORDS = "frames"
IDENTITY = "dataset.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A dataset's folder. Nothing is written before the first frame is committed."""

    root: Path
    identity: dict[str, Any]

    def record_path(self, frame: int) -> Path:
        """Where a frame's record is."""
        return self.root / RECORDS / f"{frame:06d}.json"

    def has(self, frame: int) -> bool:
        """Whether a frame is done: recorded as rejected, or with its whole image."""
        try:
            record = json.loads(self.record_path(frame).read_bytes())
        except (OSError, ValueError):
            return False
        if record["status"] != "ok":
            return True
        image = self.root / record["image"]["file"]
        return image.is_file() and bool(image.stat().st_size == record["image"]["bytes"])

    def commit(self, record: Record, image_png: bytes | None) -> None:
        """Write a frame: the identity if it is the first one, the image, and last the record.

        Raises:
            StoreError: the disk is full or the folder cannot be written.
        """
        if not (self.root / IDENTITY).exists():
            write_json(self.root / IDENTITY, self.identity)
        if image_png is not None:
            write_bytes(self.root / record["image"]["file"], image_png)
        write_json(self.record_path(record["frame"]), record)

    def records(self) -> Iterator[Record]:
        """All records, by frame."""
        for path in sorted((self.root / RECORDS).glob("*.json"), key=lambda p: int(p.stem)):
            yield json.loads(path.read_bytes())


def open_store(out: str, identity: dict[str, Any]) -> Store:
    """The store at `out`, new or continued; writes nothing.

    Raises:
        StoreError: `out` holds something else, another dataset, or cannot be written.
    """
    root = Path(out).expanduser()
    if root.exists() and not root.is_dir():
        raise StoreError(f"out must be a folder, got '{out}', which is a file; choose another out")
    if root.is_dir() and any(root.iterdir()):
        _check_identity(root, identity)
    check_writable(root)
    return Store(root=root, identity=identity)


def _check_identity(root: Path, identity: dict[str, Any]) -> None:
    try:
        there = json.loads((root / IDENTITY).read_bytes())
    except (OSError, ValueError):
        raise StoreError(
            f"out must be a new folder or a dataset's, but '{root}' holds other files; choose another out"
        ) from None
    difference = first_difference(there, json.loads(json.dumps(identity)))
    if difference is not None:
        raise StoreError(
            f"out '{root}' holds another dataset: {difference}; choose another out, or delete that one"
        )


def check_writable(root: Path) -> None:
    """Check, without leaving a trace, that files can be written below `root`, which need not exist yet.

    Raises:
        StoreError: they cannot.
    """
    ancestor = next(p for p in (root, *root.absolute().parents) if p.exists())
    try:
        if not os.access(ancestor, os.W_OK | os.X_OK):
            raise PermissionError(13, "permission denied")
        with tempfile.TemporaryDirectory(prefix=".gapless-", dir=ancestor):
            pass
    except OSError as error:
        raise StoreError(
            f"out '{root}' cannot be written ({ancestor}: {error.strerror}); choose another out"
        ) from None
