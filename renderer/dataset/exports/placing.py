"""The folder of an export: built under a temporary name, marked as ours, renamed when whole."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from renderer.errors import StoreError
from renderer.files import PART, write_json

MARKER = ".gapless-export"  # in the folder of an export; hidden, and without a suffix, from readers of labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """An export of one format on its way to `out`/`name`."""

    out: Path
    name: str

    @property
    def place(self) -> Path:
        """Where it will be."""
        return self.out / self.name

    @property
    def folder(self) -> Path:
        """Where it is built."""
        return self.out / f".{self.name}{PART}"

    @property
    def _replaced(self) -> Path:
        """Where the export that is replaced waits for its end."""
        return self.out / f".{self.name}.replaced{PART}"

    def check(self) -> None:
        """See that nothing but an export of ours is in the place.

        Raises:
            StoreError: something else is.
        """
        if self.place.exists() and not (self.place.is_dir() and _is_ours(self.place)):
            raise StoreError(
                f"{self.place} is no export of gapless, so it is not replaced; choose another --out"
            )

    @contextmanager
    def begun(self) -> Iterator[None]:
        """Build in an empty folder; what is not put in place at the end vanishes."""
        made_out = not self.out.exists()
        if self._replaced.exists() and not self.place.exists():
            self._replaced.rename(self.place)  # killed between two renames: the former export is still there
        try:
            for folder in (self.folder, self._replaced):
                shutil.rmtree(folder, ignore_errors=True)
            (self.folder / ".parts").mkdir(parents=True)
            yield
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
            if made_out and self.out.is_dir() and not any(self.out.iterdir()):
                self.out.rmdir()

    def finish(self, marker: Mapping[str, Any]) -> None:
        """Remove what the merge has joined, and mark the folder as ours."""
        shutil.rmtree(self.folder / ".parts", ignore_errors=True)
        write_json(self.folder / MARKER, marker)

    def put_in_place(self) -> None:
        """Give the folder its name, in place of an earlier export."""
        if self.place.exists():
            self.place.rename(self._replaced)
        self.folder.rename(self.place)
        shutil.rmtree(self._replaced, ignore_errors=True)


def marker_of(path: Path) -> Mapping[str, Any] | None:
    """What the export that a path is, or lies in, says of itself; None where it is no export of ours."""
    for folder in (path, *path.absolute().parents):
        if (folder / MARKER).is_file():
            marker: Mapping[str, Any] = json.loads((folder / MARKER).read_bytes())
            return marker
    return None


def _is_ours(folder: Path) -> bool:
    return (folder / MARKER).is_file() or not any(folder.iterdir())
