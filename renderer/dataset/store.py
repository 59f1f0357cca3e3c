"""The store: a frame exists when its record was renamed into place, last, after its image and maps."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from renderer.dataset.identity import first_difference
from renderer.dataset.lock import LOCK
from renderer.dataset.record import Record, image_name, map_name
from renderer.errors import StoreError
from renderer.files import PART, check_writable, write_bytes, write_json

RECORDS = "frames"
IDENTITY = "dataset.json"
RUN = "run.json"  # of the last run; no part of the dataset
ARRAY = ".slurm"  # a folder in `out` with what a job array is told and tells, gone when all is done
DRY_RUN = "dry_run"  # a folder in `out` that is no part of the dataset


class Stored(NamedTuple):
    """A frame that is done.

    Attributes:
        content: the bytes of its record.
    """

    content: bytes
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A dataset's folder. Nothing is written before the first frame is committed."""

    root: Path
    identity: dict[str, Any]

    def record_path(self, frame: int) -> Path:
        """Where a frame's record is."""
        return self.root / RECORDS / f"{frame:06d}.json"

    def has(self, frame: int) -> bool:
        """Whether a frame is done: recorded as rejected, or with its whole image and maps."""
        return self.find(frame) is not None

    def find(self, frame: int) -> Stored | None:
        """A frame that is done, or None."""
        try:
            content = self.record_path(frame).read_bytes()
            record: Record = json.loads(content)
            is_whole = all(self._size(file["file"]) == file["bytes"] for file in files_of(record))
        except (OSError, ValueError):
            return None
        return Stored(content, record) if is_whole else None

    def _size(self, name: str) -> int:
        return (self.root / name).stat().st_size

    def commit(
        self, record: Record, image_png: bytes | None, maps: Mapping[str, bytes] = MappingProxyType({})
    ) -> None:
        """Write a frame: the identity if it is the first one, the image, the maps, and last the record.

        Args:
            maps: the files of the maps that the record names, by the name of the map.

        Raises:
            StoreError: the disk is full or the folder cannot be written.
        """
        if not (self.root / IDENTITY).exists():
            write_json(self.root / IDENTITY, self.identity)
        if image_png is not None:
            write_bytes(self.root / image_name(record["frame"]), image_png)
        for name, content in maps.items():
            write_bytes(self.root / map_name(name, record["frame"]), content)
        write_json(self.record_path(record["frame"]), record)

    def sweep(self) -> None:
        """Remove the unfinished files of runs that were killed; only while no other run writes."""
        for path in self.root.rglob(f".*{PART}"):
            path.unlink(missing_ok=True)

    def records(self) -> Iterator[Record]:
        """The records of all frames that are done, by frame."""
        frames = sorted(int(path.stem) for path in (self.root / RECORDS).glob("*.json"))
        return (found.record for frame in frames if (found := self.find(frame)) is not None)


def files_of(record: Record) -> list[Mapping[str, Any]]:
    """What a record says of each file of its frame: path in the dataset, bytes, sha256."""
    return [record["image"], *record.get("maps", {}).values()] if record["status"] == "ok" else []


def open_store(out: str, identity: dict[str, Any]) -> Store:
    """The store at `out`, new or continued; writes nothing.

    Raises:
        StoreError: `out` holds something else, another dataset, or cannot be written.
    """
    root = Path(out).expanduser()
    check_writable(root)
    if root.is_dir() and not _is_unused(root):
        _check_identity(root, identity)
    return Store(root=root, identity=identity)


def _is_unused(root: Path) -> bool:
    """Whether a folder is empty, or holds only what a dry run or a run without a first commit left."""
    names = {path.name for path in root.iterdir()} - {ARRAY, DRY_RUN, RUN, LOCK}
    return all(name.startswith(".") and name.endswith(PART) for name in names)


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
