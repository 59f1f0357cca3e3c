"""The mesh files of a folder, sorted, and those that cannot be used by what and where they are."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from renderer.catalog.meshes.fault import BrokenMeshError
from renderer.catalog.meshes.formats import SUFFIXES
from renderer.catalog.meshes.source import LARGEST_FILE_BYTES
from renderer.errors import CatalogError

_IGNORED_FOLDERS = frozenset({"__MACOSX"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What lies in a folder.

    Attributes:
        root: without links.
        names: paths below `root`, with slashes, sorted.
        faults: why entries that are no files cannot be used, by their names.
    """

    root: Path
    names: tuple[str, ...]
    faults: dict[str, str]


def list_meshes(key: str, folder: str | None) -> Listing:
    """List a folder of meshes, or one file.

    Raises:
        CatalogError: it is not given, is not there, or holds no mesh.
    """
    if folder is None:
        raise CatalogError(f"{key}.path must be given: objects.path=FOLDER, a folder of meshes")
    root = Path(os.path.realpath(Path(folder).expanduser()))
    if root.is_file():
        if root.suffix.lower() not in SUFFIXES:
            raise CatalogError(
                f"{key}.path must be a mesh ({', '.join(SUFFIXES)}) or a folder, got '{folder}'"
            )
        return Listing(root=root.parent, names=(root.name,), faults={})
    if not root.is_dir():
        raise CatalogError(f"{key}.path must be a folder of meshes, got '{folder}', which is not there")
    faults: dict[str, str] = {}
    names = tuple(sorted(_names_below(root, faults)))
    if not names and not faults:
        raise CatalogError(f"{key}.path must hold {', '.join(SUFFIXES)} files, got none in '{folder}'")
    return Listing(root=root, names=names, faults=faults)


def check_place(path: Path, root: Path) -> os.stat_result:
    """Check that a listed file is one, and lies in the folder.

    Raises:
        BrokenMeshError: it does not, or is too large.
    """
    if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(root):
        raise BrokenMeshError("points outside the folder")
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise BrokenMeshError("is no regular file")
    if status.st_size > LARGEST_FILE_BYTES:
        raise BrokenMeshError(f"is larger than {LARGEST_FILE_BYTES // 10**9} GB")
    return status


def _names_below(root: Path, faults: dict[str, str]) -> Iterator[str]:
    """Names of files with the suffix of a mesh; links to folders are not followed."""

    def remember(error: OSError) -> None:
        faults[_name(root, str(error.filename))] = f"cannot be read ({error.strerror})"

    for folder, folders, files in os.walk(root, onerror=remember):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _IGNORED_FOLDERS]
        for name in folders:
            path = Path(folder, name)
            if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(root):
                faults[_name(root, str(path))] = "points outside the folder"
        for file in files:
            if not file.startswith(".") and Path(file).suffix.lower() in SUFFIXES:
                name = _name(root, str(Path(folder, file)))
                if name.isprintable():
                    yield name
                else:
                    faults[ascii(name)] = "has a name with characters that cannot be shown: rename it"


def _name(root: Path, path: str) -> str:
    return Path(path).relative_to(root).as_posix()
