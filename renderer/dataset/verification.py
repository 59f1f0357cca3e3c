"""Whether a finished dataset is whole: each frame is right, and there is nothing else in its folders.

Nothing is written, and of all frames together no more than their numbers is kept in memory.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from renderer.dataset.frame_checks import FrameCheck, Limits, check_frame
from renderer.dataset.store import IDENTITY, RECORDS
from renderer.errors import StoreError
from renderer.files import PART
from renderer.labels.certificate import Fault

IMAGES = "images"
_FRAME_FILE = re.compile(r"(\d{6,})\.\w+")


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
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(f"{root / IDENTITY} cannot be read ({error}); render the dataset again") from error
    except KeyError as error:
        raise StoreError(
            f"{root / IDENTITY} has no {error}: an older gapless rendered it; render it again to verify it"
        ) from error
    numbers = (_frame_of(name) for name in _names(root / RECORDS) if name.endswith(".json"))
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
    known = frozenset(rendered)
    folders = {RECORDS: frozenset(dataset.frames), IMAGES: known, **dict.fromkeys(dataset.limits.maps, known)}
    for name in _names(dataset.root):
        if name.endswith(PART):
            yield Fault(check="folders", reason=f"{name} is left from a run that was killed")
    for folder, frames in sorted(folders.items()):
        for name in _names(dataset.root / folder):
            if name.endswith(PART):
                yield Fault(check="folders", reason=f"{folder}/{name} is left from a run that was killed")
            elif _frame_of(name) not in frames:
                yield Fault(check="folders", reason=f"{folder}/{name} belongs to no frame")


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(folder))
    except FileNotFoundError:
        return []


def _frame_of(name: str) -> int | None:
    """The number in a frame's file name, such as '000005.png'."""
    match = _FRAME_FILE.fullmatch(name)
    return int(match[1]) if match is not None else None
