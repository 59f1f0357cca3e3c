"""A dataset on disk to read from, whichever store holds it."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from renderer.dataset.record import Record
from renderer.dataset.store import IDENTITY, RECORDS

MANIFEST = "manifest.json"


class Source(Protocol):
    """A dataset, by frame; nothing of it is kept in memory."""

    @property
    def root(self) -> Path:
        """The dataset's folder."""

    @property
    def categories(self) -> Sequence[str]:
        """Their names, in the order of their numbers."""

    @property
    def keypoints(self) -> Mapping[str, Sequence[str]]:
        """Names of the keypoints that all objects of a category declare."""

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The flat recipe of the dataset's identity."""

    @property
    def scene_frames(self) -> int:
        """Frames of a scene: views times shots."""

    def frames(self) -> Sequence[int]:
        """The numbers of all frames that are done, ascending."""

    def records(self, frames: Sequence[int]) -> Iterator[Record]:
        """The records of frames, in ascending order as they are given."""

    def read(self, name: str) -> bytes:
        """A file that a record names, such as images/000000.png."""

    def path(self, name: str) -> Path | None:
        """Where such a file lies on its own, or None where it is inside of another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSource:
    """A dataset with a file for each record and image."""

    root: Path
    categories: Sequence[str]
    keypoints: Mapping[str, Sequence[str]]
    recipe: Mapping[str, Any]
    scene_frames: int

    def frames(self) -> Sequence[int]:
        """The numbers of all frames that are done, ascending."""
        return sorted(int(path.stem) for path in (self.root / RECORDS).glob("*.json"))

    def records(self, frames: Sequence[int]) -> Iterator[Record]:
        """The records of frames, in ascending order as they are given."""
        for frame in frames:
            yield json.loads((self.root / RECORDS / f"{frame:06d}.json").read_bytes())

    def read(self, name: str) -> bytes:
        """A file that a record names, such as images/000000.png."""
        return (self.root / name).read_bytes()

    def path(self, name: str) -> Path | None:
        """Where such a file lies on its own, or None where it is inside of another."""
        return self.root / name


def open_source(root: Path) -> Source:
    """A finished dataset, whichever store holds it.

    Raises:
        StoreError: there is none, or it cannot be read.
    """
    recipe = json.loads((root / IDENTITY).read_bytes())["recipe"]
    listed = json.loads((root / MANIFEST).read_bytes())["categories"]
    return FileSource(
        root=root,
        categories=[category["name"] for category in listed],
        keypoints={category["name"]: category["keypoints"] for category in listed},
        recipe=recipe,
        scene_frames=recipe["views"] * recipe["shots"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Which scenes are for validation: whole ones, drawn by seed and number, whatever else there is."""

    val_share: float = 0.0
    seed: int = 0

    def of(self, scene: int) -> str:
        """`train` or `val`."""
        digest = hashlib.sha256(f"split/{self.seed}/{scene}".encode()).digest()
        return "val" if int.from_bytes(digest[:8]) < self.val_share * 2**64 else "train"
