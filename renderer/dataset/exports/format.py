"""What a format of exports is: parts that are written side by side, and a merge that joins them.

A dataset is cut into contiguous ranges of scenes. For each range one process reads every record once and
hands it to one `Part` of each format asked for. When all are there, `merge` joins what the parts left, in
order, by copying bytes; it looks at no record again. So memory does not grow with the dataset, and time grows
linearly.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from renderer.dataset.record import Record
from renderer.dataset.source import Source, Split

TRAIN, VAL = "train", "val"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What is exported.

    Attributes:
        box: one of `renderer.recipe.schema.BOXES`.
        polygons: outlines instead of run lengths, where a format has both.
        links: images are hard links to the dataset's own, where the file system can; else copies.
    """

    box: str = "visible"
    polygons: bool = False
    links: bool = True
    split: Split = field(default_factory=Split)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An export of one format.

    Attributes:
        folder: of this format alone.
    """

    folder: Path
    source: Source
    choices: Choices

    def splits(self) -> Sequence[str]:
        """`train`, and `val` where scenes are held out."""
        return (TRAIN, VAL) if self.choices.split.val_share > 0 else (TRAIN,)

    def part_path(self, number: int, name: str) -> Path:
        """Where a part leaves a file for the merge, which removes the folder of all of them at its end."""
        return self.folder / ".parts" / f"{number:06d}.{name}"


class Part(Protocol):
    """What one process writes of its range of frames."""

    def add(self, record: Record, split: str) -> None:
        """Write one frame that has an image, for `train` or `val`."""

    def close(self) -> None:
        """Finish the files of this part."""


class Format(Protocol):
    """A format; each module of this package has one."""

    @property
    def name(self) -> str:
        """What users call it, and the folder it gets."""

    @property
    def help(self) -> str:
        """One line for users."""

    def part(self, target: Target, number: int) -> Part:
        """Begin the part of that number; it removes what an earlier try left of it."""

    def merge(self, target: Target, parts: int) -> None:
        """Join the parts 0 to `parts` - 1, and write what is written once."""
