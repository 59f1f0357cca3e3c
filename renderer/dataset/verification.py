"""Whether a finished dataset is whole: each frame is right, and there is nothing else in its folders.

Nothing is written, and of all frames together no more than their numbers is kept in memory.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from renderer.dataset.frame_checks import FrameCheck, Limits, check_frame
from renderer.dataset.record import MAP_SUFFIXES
from renderer.dataset.store import IDENTITY, RECORDS
from renderer.errors import StoreError
from renderer.files import PART
from renderer.labels.certificate import Fault

IMAGES = "images"
RECORD_SUFFIX, IMAGE_SUFFIX = ".json", ".png"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A dataset of ours to verify.

    Attributes:
        frames: numbers of the frames that have a record, ascending.
    """

    root: Path
    limits: Limits
    frames: Sequence[int]

    def record_path(self, frame: int) -> Path:
        """Where a frame's record is."""
        return self.root / RECORDS / f"{frame:06d}.json"

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
        recipe = json.loads((root / IDENTITY).read_bytes())["recipe"]
        limits = Limits(
            min_pixels=recipe["labels.min_pixels"],
            min_visibility=recipe["labels.min_visibility"],
            min_face_margin=recipe["labels.min_face_margin"],
            min_face_visibility=recipe["labels.min_face_visibility"],
            maps=frozenset(recipe["labels.maps"]),
        )
        _check_limits(limits)
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(f"{root / IDENTITY} cannot be read ({error}); render the dataset again") from error
    except KeyError as error:
        raise StoreError(
            f"{root / IDENTITY} has no {error}: an older gapless rendered it; render it again to verify it"
        ) from error
    numbers = (_frame_of(name, RECORD_SUFFIX) for name in _names(root / RECORDS))
    frames = sorted(number for number in numbers if number is not None)
    return Dataset(root=root, limits=limits, frames=frames)


def check_frames(dataset: Dataset) -> Iterator[FrameCheck]:
    """Check each frame, in order."""
    for frame in dataset.frames:
        yield check_frame(dataset.root, dataset.record_path(frame), dataset.limits)


def check_folders(dataset: Dataset, rendered: Iterable[int]) -> Iterator[Fault]:
    """Files that are no part of the dataset.

    Args:
        rendered: the frames that have an image.
    """
    with_image = frozenset(rendered)
    folders = {
        RECORDS: (frozenset(dataset.frames), RECORD_SUFFIX),
        IMAGES: (with_image, IMAGE_SUFFIX),
        **{name: (with_image, MAP_SUFFIXES[name]) for name in dataset.limits.maps},
    }
    for name in _names(dataset.root):
        if name.endswith(PART):
            yield _stray(name)
    for folder, (frames, suffix) in sorted(folders.items()):
        for name in _names(dataset.root / folder):
            if _frame_of(name, suffix) not in frames:
                yield _stray(f"{folder}/{name}")


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


def _names(folder: Path) -> list[str]:
    """What is in a folder, in order; nothing where there is none."""
    try:
        return sorted(entry.name for entry in os.scandir(folder))
    except OSError:
        return []


def _frame_of(name: str, suffix: str) -> int | None:
    """The number in the name of a frame's file, such as 5 in '000005.png'."""
    stem = name.removesuffix(suffix)
    is_number = stem != name and stem.isdecimal() and stem.isascii()
    return int(stem) if is_number and f"{int(stem):06d}" == stem else None
