"""The store of WebDataset shards: frames are committed as files, and packed when all of a shard are there.

A frame in files of its own and one in a tar file are equally done, so whoever is killed loses nothing. The
tar file of a shard takes its name whole, then the files are deleted; where both are there, they are equal.
Packing again, with more frames, gives the bytes of packing all at once.
"""

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from renderer.dataset.archive import Span, frame_of_member, read_index, whole_file, write_archive
from renderer.dataset.file_store import (
    FRAME_FOLDERS,
    RECORD_SUFFIX,
    RECORDS,
    Store,
    Stored,
    Work,
    files_of,
    names_in,
    record_name,
    remove,
)
from renderer.dataset.record import IMAGES, MAP_SUFFIXES, frame_of, image_name, map_name

SHARDS = "shards"
SHARD_SUFFIX = ".tar"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardStore(Store):
    """A dataset's folder of tar files.

    Attributes:
        shard_frames: frame i belongs to the tar file number i // shard_frames.
    """

    shard_frames: int

    def frames(self) -> list[int]:
        """The numbers of all frames that have a record, ascending."""
        packed = (frame for number in self.numbers() for frame in frames_in(self.packed(number)))
        return sorted({*Store.frames(self), *packed})

    def numbers(self) -> list[int]:
        """The numbers of the tar files that are there, ascending."""
        found = (frame_of(name, SHARD_SUFFIX) for name in names_in(self.root / SHARDS))
        return sorted(number for number in found if number is not None)

    def shard_path(self, number: int) -> Path:
        """Where a tar file is."""
        return self.root / SHARDS / f"{number:06d}{SHARD_SUFFIX}"

    def packed(self, number: int) -> Mapping[str, Span]:
        """The members of a tar file by name, none where it is not there.

        Raises:
            StoreError: it is damaged, or holds what does not belong there.
        """
        try:
            return read_index(self.shard_path(number), self.range_of(number))
        except FileNotFoundError:
            return {}

    def range_of(self, number: int) -> range:
        """The frames that belong into a tar file."""
        return range(number * self.shard_frames, (number + 1) * self.shard_frames)

    def has(self, frame: int) -> bool:
        """Whether a frame is done; what is packed was whole when it was."""
        # Files first: they vanish only after the tar file is there, so no frame is overlooked in between.
        is_loose = self.loose(frame) is not None
        return is_loose or record_member(frame) in self.packed(frame // self.shard_frames)

    def find(self, frame: int) -> Stored | None:
        """A frame that is done, or None."""
        found = self.loose(frame)
        if found is not None:
            return found
        span = self.packed(frame // self.shard_frames).get(record_member(frame))
        if span is None:
            return None
        content = span.read()
        return Stored(content, json.loads(content))

    def read(self, name: str) -> bytes:
        """A file of a frame, by its path in the dataset, such as images/000000.png.

        Raises:
            OSError: it is not there or cannot be read.
            StoreError: its tar file is damaged.
        """
        try:
            return (self.root / name).read_bytes()
        except FileNotFoundError:
            frame = frame_of(PurePosixPath(name).stem, "")
            span = None if frame is None else self.packed(frame // self.shard_frames).get(member_name(name))
            if span is None:
                raise
        return span.read()

    def path(self, name: str) -> Path | None:
        """Where such a file lies on its own, or None where it is inside of another."""
        path = self.root / name
        return path if path.exists() else None

    def holder(self, frame: int) -> str:
        """The file, below the root, without which a frame is not done."""
        path = self.record_path(frame)
        return str(
            (path if path.exists() else self.shard_path(frame // self.shard_frames)).relative_to(self.root)
        )

    def folders(self) -> tuple[str, ...]:
        """The folders that this store writes frames to, below its root."""
        return (*FRAME_FOLDERS, SHARDS)

    def packer(self, missing: Iterable[int]) -> Callable[[int], Work | None]:
        """What to call, in one process, with the number of each frame that is done.

        It gives what packs the shard that is full by that, and that may run beside the rendering of others.

        Args:
            missing: the frames that a run is to render; a shard is packed when it has all of its own.
        """
        left = Counter(frame // self.shard_frames for frame in missing)

        def done(frame: int) -> Work | None:
            number = frame // self.shard_frames
            left[number] -= 1
            return None if left[number] else partial(self.pack, number)

        return done

    def pack(self, number: int) -> None:
        """Move the frames of a shard that lie in files of their own into its tar file.

        Raises:
            StoreError: the disk is full, the folder cannot be written, or the tar file there is damaged.
        """
        with_record = [frame for frame in self.range_of(number) if self.record_path(frame).exists()]
        packed = self.packed(number)
        members = dict(packed)
        for frame in with_record:
            if record_member(frame) not in packed:
                members |= self._loose_members(frame)
        if len(members) > len(packed):
            write_archive(self.shard_path(number), sorted(members.values(), key=_order))
        for frame in with_record:
            if record_member(frame) in members:
                self._remove_loose(frame)

    def _loose_members(self, frame: int) -> dict[str, Span]:
        found = self.loose(frame)
        if found is None:
            return {}  # half there: it will be rendered again
        names = [record_name(frame), *(file["file"] for file in files_of(found.record))]
        spans = (whole_file(member_name(name), self.root / name) for name in names)
        return {span.name: span for span in spans}

    def _remove_loose(self, frame: int) -> None:
        """Remove a frame's files, the record last: by it the next run finds what is left of them."""
        for name in (
            image_name(frame),
            *(map_name(name, frame) for name in MAP_SUFFIXES),
            record_name(frame),
        ):
            remove(self.root / name)

    def pack_all(self) -> None:
        """Pack all frames that lie in files of their own, at the end of a run; no worker writes any more.

        Raises:
            StoreError: the disk is full, the folder cannot be written, or a tar file is damaged.
        """
        for number in sorted({frame // self.shard_frames for frame in Store.frames(self)}):
            self.pack(number)
        for name in FRAME_FOLDERS:
            with contextlib.suppress(OSError):  # not there, or not empty: verify tells what is left
                (self.root / name).rmdir()


def member_name(name: str) -> str:
    """The name in a tar file of a file of a frame: images/000005.png is 000005.png there.

    WebDataset takes what stands before the first dot as the frame, and the rest as what it has of it.
    """
    path = PurePosixPath(name)
    folder = path.parent.name
    return path.name if folder in (RECORDS, IMAGES) else f"{path.stem}.{folder}{path.suffix}"


def record_member(frame: int) -> str:
    """The name in a tar file of a frame's record."""
    return member_name(record_name(frame))


def frames_in(members: Iterable[str]) -> list[int]:
    """The frames whose records are among the members of a tar file."""
    numbers = (frame_of(name, RECORD_SUFFIX) for name in members)
    return [number for number in numbers if number is not None]


def _order(span: Span) -> tuple[int, str]:
    """By frame, then by name."""
    return frame_of_member(span.name) or 0, span.name
