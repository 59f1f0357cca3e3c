"""The store: a frame exists when its record was renamed into place, last, after its image and maps."""

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from renderer.dataset.record import IMAGES, MAP_SUFFIXES, Record, frame_of, image_name, map_name
from renderer.errors import StoreError
from renderer.files import PART, write_bytes, write_json

RECORDS = "frames"
RECORD_SUFFIX = ".json"
IDENTITY = "dataset.json"
FRAME_FOLDERS = (RECORDS, IMAGES, *MAP_SUFFIXES)

Work = Callable[[], None]


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
        """Where a frame's record is, while it has a file of its own."""
        return self.root / record_name(frame)

    def frames(self) -> list[int]:
        """The numbers of all frames that have a record, ascending."""
        numbers = (frame_of(name, RECORD_SUFFIX) for name in names_in(self.root / RECORDS))
        return sorted(number for number in numbers if number is not None)

    def has(self, frame: int) -> bool:
        """Whether a frame is done: recorded as rejected, or with its whole image and maps."""
        return self.loose(frame) is not None

    def find(self, frame: int) -> Stored | None:
        """A frame that is done, or None."""
        return self.loose(frame)

    def loose(self, frame: int) -> Stored | None:
        """A frame that is done and lies in files of its own, or None."""
        try:
            content = self.record_path(frame).read_bytes()
            record: Record = json.loads(content)
            is_whole = all(self._size(file["file"]) == file["bytes"] for file in files_of(record))
        except (OSError, ValueError):
            return None
        return Stored(content, record) if is_whole else None

    def _size(self, name: str) -> int:
        return (self.root / name).stat().st_size

    def record_bytes(self, frame: int) -> bytes:
        """The record of a frame as it was written.

        Raises:
            OSError: it is not there or cannot be read.
        """
        return self.read(record_name(frame))

    def read(self, name: str) -> bytes:
        """A file of a frame, by its path in the dataset, such as images/000000.png.

        Raises:
            OSError: it is not there or cannot be read.
        """
        return (self.root / name).read_bytes()

    def path(self, name: str) -> Path | None:
        """Where such a file lies on its own, or None where it is inside of another."""
        return self.root / name

    def holder(self, frame: int) -> str:
        """The file, below the root, without which a frame is not done."""
        return record_name(frame)

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

    def records(self) -> Iterator[Record]:
        """The records of all frames that are done, by frame."""
        return (found.record for frame in self.frames() if (found := self.find(frame)) is not None)

    def sweep(self) -> None:
        """Remove what killed runs left half written; for whoever holds the lock.

        Raises:
            StoreError: the folder cannot be written.
        """
        for folder in (self.root, *(self.root / name for name in self.folders())):
            for name in names_in(folder):
                if name.startswith(".") and name.endswith(PART):
                    remove(folder / name)

    def folders(self) -> tuple[str, ...]:
        """The folders that this store writes frames to, below its root."""
        return FRAME_FOLDERS

    def packer(self, missing: Iterable[int]) -> Callable[[int], Work | None]:
        """What to call, in one process, with the number of each frame that is done; gives what is to do then.

        Args:
            missing: the frames that a run is to render.
        """
        del missing
        return _leave_alone

    def pack_all(self) -> None:
        """Bring everything into its final form, at the end of a run; no worker writes any more."""


def _leave_alone(frame: int) -> None:
    """Nothing is to do: files of their own are the final form."""


def record_name(frame: int) -> str:
    """Path of a frame's record inside the dataset."""
    return f"{RECORDS}/{frame:06d}{RECORD_SUFFIX}"


def files_of(record: Record) -> list[Mapping[str, Any]]:
    """What a record says of each file of its frame: path in the dataset, bytes, sha256."""
    return [record["image"], *record.get("maps", {}).values()] if record["status"] == "ok" else []


def names_in(folder: Path) -> list[str]:
    """What is in a folder, in order; nothing where there is none."""
    try:
        return sorted(entry.name for entry in os.scandir(folder))
    except OSError:
        return []


def remove(path: Path) -> None:
    """Remove a file, or an empty folder, if it is there.

    Raises:
        StoreError: it cannot be removed.
    """
    try:
        if path.is_dir():
            with contextlib.suppress(FileNotFoundError):
                path.rmdir()
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot remove {path} ({error.strerror}); remove it yourself, or choose another out"
        ) from error
