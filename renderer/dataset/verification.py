"""Whether a finished dataset is whole: each frame is right, and there is nothing else in its folders.

Nothing is written, and of all frames together no more than their numbers is kept in memory.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from renderer.dataset.file_store import RECORD_SUFFIX, RECORDS, files_of, names_in
from renderer.dataset.frame_checks import FrameCheck, Limits, check_frame
from renderer.dataset.record import IMAGE_SUFFIX, IMAGES, MAP_SUFFIXES, frame_of
from renderer.dataset.shards import SHARD_SUFFIX, SHARDS, ShardStore, frames_in, member_name, record_member
from renderer.dataset.store import IDENTITY, Store, store_of
from renderer.errors import StoreError
from renderer.files import PART
from renderer.labels.certificate import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A dataset of ours to verify.

    Attributes:
        frames: numbers of the frames that have a record, ascending.
        faults: of tar files that cannot be read; their frames are not among those above.
    """

    store: Store
    limits: Limits
    frames: Sequence[int]
    faults: Sequence[Fault] = field(default_factory=tuple)

    @property
    def root(self) -> Path:
        """The dataset's folder."""
        return self.store.root

    def gaps(self) -> list[tuple[int, int]]:
        """First and last number of the frames that are not there between those that are."""
        pairs = zip(self.frames, self.frames[1:], strict=False)
        return [(left + 1, right - 1) for left, right in pairs if right > left + 1]


def is_dataset(root: Path) -> bool:
    """Whether a folder holds a dataset of ours, finished or not."""
    return (root / IDENTITY).is_file()


def open_dataset(root: Path) -> Dataset:
    """A dataset, with what its recipe says of labels.

    Raises:
        StoreError: its identity cannot be read.
    """
    try:
        identity = json.loads((root / IDENTITY).read_bytes())
        recipe = identity["recipe"]
        limits = Limits(
            min_pixels=recipe["labels.min_pixels"],
            min_visibility=recipe["labels.min_visibility"],
            min_face_margin=recipe["labels.min_face_margin"],
            min_face_visibility=recipe["labels.min_face_visibility"],
            maps=frozenset(recipe["labels.maps"]),
        )
        _check_limits(limits)
        store = store_of(root, identity)
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(f"{root / IDENTITY} cannot be read ({error}); render the dataset again") from error
    except KeyError as error:
        raise StoreError(
            f"{root / IDENTITY} has no {error}: an older gapless rendered it; render it again to verify it"
        ) from error
    if isinstance(store, ShardStore):
        return _open_shards(store, limits)
    return Dataset(store=store, limits=limits, frames=store.frames())


def _open_shards(store: ShardStore, limits: Limits) -> Dataset:
    frames, faults = set(Store.frames(store)), []
    for number in store.numbers():
        try:
            frames.update(frames_in(store.packed(number)))
        except StoreError as error:
            faults.append(Fault(check="shards", reason=str(error)))
    return Dataset(store=store, limits=limits, frames=sorted(frames), faults=faults)


def check_frames(dataset: Dataset) -> Iterator[FrameCheck]:
    """Check each frame, in order."""
    for frame in dataset.frames:
        yield check_frame(dataset.store, frame, dataset.limits)


def check_folders(dataset: Dataset, rendered: Iterable[int]) -> Iterator[Fault]:
    """Files that are no part of the dataset, and frames that are not where they should be.

    Args:
        rendered: the frames that have an image.
    """
    store, with_image = dataset.store, frozenset(rendered)
    for name in names_in(store.root):
        if name.endswith(PART):
            yield _stray(name)
    if isinstance(store, ShardStore):
        yield from dataset.faults
        yield from _check_shards(store)
        loose = frozenset(Store.frames(store))
        yield from (
            Fault(check="packing", reason=f"frame {frame} is in files of its own: a run was stopped")
            for frame in sorted(loose)
        )
        yield from _check_loose(dataset, loose, with_image & loose)
    else:
        yield from _check_loose(dataset, frozenset(dataset.frames), with_image)


def _check_loose(dataset: Dataset, recorded: frozenset[int], with_image: frozenset[int]) -> Iterator[Fault]:
    folders = {
        RECORDS: (recorded, RECORD_SUFFIX),
        IMAGES: (with_image, IMAGE_SUFFIX),
        **{name: (with_image, MAP_SUFFIXES[name]) for name in dataset.limits.maps},
    }
    for folder, (frames, suffix) in sorted(folders.items()):
        for name in names_in(dataset.root / folder):
            if frame_of(name, suffix) not in frames:
                yield _stray(f"{folder}/{name}")


def _check_shards(store: ShardStore) -> Iterator[Fault]:
    """Files that are no tar files, and members that no record names."""
    for name in names_in(store.root / SHARDS):
        number = frame_of(name, SHARD_SUFFIX)
        if number is None:
            yield _stray(f"{SHARDS}/{name}")
        else:
            for member in _unknown_members(store, number):
                yield _stray(f"{SHARDS}/{name}: {member}")


def _unknown_members(store: ShardStore, number: int) -> list[str]:
    try:
        members = store.packed(number)
        known = set()
        for frame in frames_in(members):
            record = json.loads(members[record_member(frame)].read())
            known |= {record_member(frame), *(member_name(file["file"]) for file in files_of(record))}
        return sorted(set(members) - known)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StoreError):
        return []  # told already: the tar file or the record cannot be read


def _stray(name: str) -> Fault:
    whence = "is left from a run that was killed" if name.endswith(PART) else "belongs to no frame"
    return Fault(check="folders", reason=f"{name} {whence}")


def _check_limits(limits: Limits) -> None:
    """Refuse what no recipe says.

    Raises:
        ValueError: a limit is no number, or a map has an unknown name.
    """
    for name, value in asdict(limits).items():
        if name != "maps" and not isinstance(value, int | float):
            raise ValueError(f"labels.{name} is {value!r}")
    unknown = sorted(limits.maps - set(MAP_SUFFIXES))
    if unknown:
        raise ValueError(f"labels.maps has {unknown[0]!r}")
