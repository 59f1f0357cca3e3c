"""Tar files of frames: equal content gives equal bytes, and a member is read without those before it."""

import contextlib
import functools
import hashlib
import os
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple, cast

from renderer.dataset.record import frame_of
from renderer.errors import StoreError
from renderer.files import atomic_file, file_sha256

END_BYTES = 2 * tarfile.BLOCKSIZE  # least zeros behind the last member: what is cut short lacks some
CACHED_INDEXES = 16  # tar files whose members are remembered: whoever reads goes through them in order


class Span(NamedTuple):
    """Bytes of a file: what a member of a tar file has, or will have.

    Attributes:
        name: of the member.
        offset: of the first byte.
    """

    name: str
    path: Path
    offset: int
    size: int

    def read(self) -> bytes:
        """The bytes."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.size)


def whole_file(name: str, path: Path) -> Span:
    """All bytes of a file, under another name."""
    return Span(name=name, path=path, offset=0, size=path.stat().st_size)


def read_index(path: Path, frames: range) -> Mapping[str, Span]:
    """The members of a tar file, by name; its headers are read once, until the file is another.

    Args:
        frames: all that its members may belong to.

    Raises:
        FileNotFoundError: it is not there.
        StoreError: it is no tar file of ours, or cut short.
    """
    return _index(path, _key(path), frames)


_Key = tuple[int, int, int]


def _key(path: Path) -> _Key:
    """What differs as soon as another file takes the place of one."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


@functools.lru_cache(maxsize=CACHED_INDEXES)
def _index(path: Path, _: _Key, frames: range) -> Mapping[str, Span]:
    try:
        with path.open("rb", buffering=0) as file:
            members = {span.name: span for span in _spans(path, file)}
    except tarfile.TarError as error:
        raise damaged(path, str(error)) from None
    except OSError as error:
        raise damaged(path, f"it cannot be read: {error.strerror}") from None
    for name in members:
        frame = frame_of_member(name)
        if frame is None or frame not in frames:
            raise damaged(path, f"{name} does not belong there")
    return members


def _spans(path: Path, file: IO[bytes]) -> Iterator[Span]:
    """The members in their order.

    Raises:
        tarfile.TarError: a header is none, or what belongs to the end is not there.
    """
    end = 0
    while True:
        file.seek(end)
        block = file.read(tarfile.BLOCKSIZE)
        if block == bytes(tarfile.BLOCKSIZE):
            break
        name, size = _header(block)
        yield Span(name=name, path=path, offset=end + tarfile.BLOCKSIZE, size=size)
        end = _rounded(end + tarfile.BLOCKSIZE + size, tarfile.BLOCKSIZE)
    file.seek(end)
    if file.read() != bytes(_rounded(end + END_BYTES, tarfile.RECORDSIZE) - end):
        raise tarfile.TarError("it does not end as it should")


def _header(block: bytes) -> tuple[str, int]:
    """Name and size of a file, from a header of POSIX.1-1988 (ustar); `tarfile` takes six times as long.

    Raises:
        tarfile.TarError: it is none, or not that of a file.
    """
    try:
        size, stated_sum = int(block[124:135], 8), int(block[148:154], 8)
        name = block[:100].rstrip(b"\0").decode("ascii")
    except ValueError:
        raise tarfile.TarError("a header cannot be read") from None
    if sum(block) - sum(block[148:156]) + 8 * ord(" ") != stated_sum:
        raise tarfile.TarError("the sum of a header is wrong")
    if block[156:157] != tarfile.REGTYPE or block[257:262] != b"ustar":
        raise tarfile.TarError(f"{name} is no file")
    return name, size


def frame_of_member(name: str) -> int | None:
    """The frame that a member belongs to, None where its name is none of ours."""
    return frame_of(name.partition(".")[0], "")


def _rounded(size: int, unit: int) -> int:
    """A number of bytes, rounded up."""
    return -(-size // unit) * unit


def damaged(path: Path, reason: str) -> StoreError:
    """The error of a tar file that gapless did not leave so."""
    return StoreError(
        f"{path} is no tar file of gapless, or damaged ({reason}); restore it, or delete it and run the same "
        "command again, which renders its frames anew"
    )


def write_archive(path: Path, members: Iterable[Span]) -> None:
    """Write a tar file of members in their order, whole or not at all; it may replace one they come from.

    Raises:
        StoreError: the disk is full, the folder cannot be written, or a member cannot be read.
    """
    with atomic_file(path) as file:
        hashing = _Hashing(file=file, sha256=hashlib.sha256())
        # Every other format has headers that depend on more than name and size.
        target = cast("IO[bytes]", hashing)
        with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for span in members:
                header = tarfile.TarInfo(span.name)  # of nobody, from 1970, with mode 0644
                header.size = span.size
                with span.path.open("rb") as source:
                    source.seek(span.offset)
                    tar.addfile(header, source)
    _flush_folder(path.parent)
    _SUMS[path, _key(path)] = hashing.sha256.hexdigest()


# Sums of the tar files that this process wrote: a dataset's end need not read all of it again.
_SUMS: dict[tuple[Path, _Key], str] = {}


def archive_sha256(path: Path) -> str:
    """Sha256 of a tar file, known if this process wrote it."""
    return _SUMS.get((path, _key(path))) or file_sha256(path)


@dataclass(slots=True)
class _Hashing:
    """A file that is written once, from its start to its end, and hashed on the way."""

    file: IO[bytes]
    sha256: "hashlib._Hash"

    def write(self, content: bytes) -> int:
        self.sha256.update(content)
        return self.file.write(content)

    def tell(self) -> int:
        return self.file.tell()


def _flush_folder(folder: Path) -> None:
    """Make a renaming last through a loss of power, before what it replaces is removed."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some file systems know it for files alone
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
