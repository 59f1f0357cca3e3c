"""A dataset on disk to read from, whichever store holds it."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from renderer.dataset.manifest import MANIFEST, read_manifest
from renderer.dataset.record import Record
from renderer.dataset.store import IDENTITY, Store, store_of
from renderer.errors import StoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A dataset in a store of either kind, by frame; nothing of it is kept in memory.

    Attributes:
        categories: their names, in the order of their numbers.
        keypoints: names of the keypoints that all objects of a category declare.
        recipe: the flat one of the dataset's identity.
        scene_frames: frames of a scene: views times shots.
    """

    store: Store
    categories: Sequence[str]
    keypoints: Mapping[str, Sequence[str]]
    recipe: Mapping[str, Any]
    scene_frames: int

    @property
    def root(self) -> Path:
        """The dataset's folder."""
        return self.store.root

    def frames(self) -> Sequence[int]:
        """The numbers of all frames that are done, ascending."""
        return self.store.frames()

    def records(self, frames: Sequence[int]) -> Iterator[Record]:
        """The records of frames, in ascending order as they are given.

        Raises:
            StoreError: one cannot be read.
        """
        for frame in frames:
            try:
                yield json.loads(self.store.record_bytes(frame))
            except (OSError, ValueError) as error:
                raise _unreadable(self.root, f"the record of frame {frame}", error) from error

    def read(self, name: str) -> bytes:
        """A file that a record names, such as images/000000.png.

        Raises:
            StoreError: it cannot be read.
        """
        try:
            return self.store.read(name)
        except OSError as error:
            raise _unreadable(self.root, name, error) from error

    def path(self, name: str) -> Path | None:
        """Where such a file lies on its own, or None where it is inside of another."""
        return self.store.path(name)


def _unreadable(root: Path, what: str, error: Exception) -> StoreError:
    reason = error.strerror if isinstance(error, OSError) else error
    return StoreError(f"{what} of '{root}' cannot be read ({reason}); gapless verify {root} says what to do")


def open_source(root: Path) -> Source:
    """A finished dataset, whichever store holds it.

    Raises:
        StoreError: there is none, it is not finished, or it cannot be read.
    """
    if not root.is_dir():
        raise StoreError(f"the dataset '{root}' must be the folder of a gapless dataset, but it is not there")
    if not (root / IDENTITY).is_file():
        raise StoreError(
            f"'{root}' must be the folder of a gapless dataset, but it has no {IDENTITY}; "
            "give the out of a gapless render command"
        )
    if not (root / MANIFEST).is_file():
        raise StoreError(
            f"'{root}' has no {MANIFEST}: its rendering was not finished, or by an older gapless; run the "
            "gapless render command of this dataset again, which renders what is missing and writes it"
        )
    try:
        identity = json.loads((root / IDENTITY).read_bytes())
        recipe, listed = identity["recipe"], read_manifest(root)["categories"]
        return Source(
            store=store_of(root, identity),
            categories=[category["name"] for category in listed],
            keypoints={category["name"]: category["keypoints"] for category in listed},
            recipe=recipe,
            scene_frames=recipe["views"] * recipe["shots"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            f"{IDENTITY} or {MANIFEST} of '{root}' cannot be read ({type(error).__name__}: {error}); run the "
            "gapless render command of this dataset again, or restore the file"
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Which scenes are for validation: whole ones, drawn by seed and number, whatever else there is."""

    val_share: float = 0.0
    seed: int = 0

    def of(self, scene: int) -> str:
        """`train` or `val`; a scene for validation stays one when the share grows."""
        digest = hashlib.sha256(f"split/{self.seed}/{scene}".encode()).digest()
        return "val" if int.from_bytes(digest[:8]) < self.val_share * 2**64 else "train"
