"""A mesh file and the files that it names, all of which must lie in one folder."""

import base64
import binascii
import os
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote_to_bytes

import numpy as np
from jaxtyping import UInt8

from renderer.catalog.meshes.fault import BrokenMeshError

LARGEST_FILE_BYTES = 4 * 10**9
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # two letters at least: 'C:' is a drive


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a reader may look at.

    Attributes:
        root: whatever the file names must lie in it; has no links in it.
        keeps_look: whether materials and images are wanted; where they are not, missing ones are but noted.
        examines: whether images are only looked at, not kept.
        max_triangles: a reader stops at a mesh with more.
        sides: what the file names, by the path below `root`, as it was asked for; None is missing.
        notes: what is worth knowing.
        pictures: images that were read, by their path or content.
    """

    path: Path
    root: Path
    keeps_look: bool
    examines: bool
    max_triangles: int
    sides: dict[str, Path | None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    pictures: dict[Path | bytes, UInt8[np.ndarray, "h w 4"] | None] = field(default_factory=dict)

    def content(self) -> bytes:
        """All bytes of the mesh file."""
        return self.path.read_bytes()

    def note(self, text: str) -> None:
        """Remember what is worth knowing, once."""
        if text not in self.notes:
            self.notes.append(text)

    def check_triangles(self, count: int) -> None:
        """Refuse a mesh that has too many.

        Raises:
            BrokenMeshError: it has.
        """
        if count > self.max_triangles:
            raise BrokenMeshError(
                f"has {count} triangles, more than max_triangles={self.max_triangles}: "
                "raise it, or set decimate_to"
            )

    def beside(self, reference: str, what: str) -> Path | None:
        """The file that `reference` names, relative to the mesh file; None where it is missing.

        Raises:
            BrokenMeshError: it is no place in the folder.
        """
        path = self._inside(reference, what)
        name = Path(os.path.relpath(path, self.root)).as_posix()
        try:
            is_file = path.is_file()
        except OSError:  # a name that is too long
            is_file = False
        self.sides[name] = path if is_file else None
        if not is_file:
            return None
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise BrokenMeshError(f"names the {what} '{reference}', which is too large")
        return path

    def look_beside(self, reference: str, what: str) -> Path | None:
        """The file of a look that `reference` names; a missing one is a fault where the look is wanted.

        Raises:
            BrokenMeshError: it is no place in the folder, or missing.
        """
        path = self.beside(reference, what)
        if path is None:
            if self.keeps_look:
                raise BrokenMeshError(f"names the {what} '{reference}', which is missing")
            self.note(f"names the {what} '{reference}', which is missing")
        return path

    def _inside(self, reference: str, what: str) -> Path:
        """The path that is named, where neither it nor a link on its way leads out of the folder."""
        outside = BrokenMeshError(f"names the {what} '{reference}', which points outside the folder")
        plain = reference.replace("\\", "/")
        if "\0" in plain or not plain.strip():
            raise BrokenMeshError(f"names a {what} by an empty or impossible name")
        if _SCHEME.match(plain) or re.match(r"[A-Za-z]:", plain) or PurePosixPath(plain).is_absolute():
            raise outside
        path = Path(os.path.normpath(self.path.parent / plain))
        if not path.is_relative_to(self.root) or not Path(os.path.realpath(path)).is_relative_to(self.root):
            raise outside
        return path


def data_uri_bytes(uri: str) -> bytes | None:
    """The bytes that a `data:` URI holds, None for any other.

    Raises:
        BrokenMeshError: it holds none.
    """
    if uri[:5].lower() != "data:":
        return None
    kind, comma, content = uri[5:].partition(",")
    if not comma:
        raise BrokenMeshError("has a data: URI without data")
    if not kind.lower().endswith(";base64"):
        return unquote_to_bytes(content)
    try:
        return base64.b64decode(unquote_to_bytes(content), validate=True)
    except binascii.Error:
        raise BrokenMeshError("has a data: URI that is no base64") from None
