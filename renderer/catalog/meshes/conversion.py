"""Files that only Blender reads, converted into the cache once: metres, Y up, with their look, as .glb.

A conversion is known by what went into it: the file, the files it names, what was asked for, and the
versions of this converter and of Blender. What Blender found to be named is noted beside it, so that a file
that was converted before is found by hashing alone.
"""

import hashlib
import importlib.metadata
import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from renderer.catalog.meshes.cache import cache_folder
from renderer.catalog.meshes.converter import Converter
from renderer.catalog.meshes.fault import BrokenMeshError
from renderer.catalog.meshes.named_files import USD
from renderer.errors import CatalogError
from renderer.files import file_sha256

FORMATS = (".fbx", ".blend", *USD)  # that only Blender reads
CONVERTER_VERSION = 1
_PART = ".part"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What is to be converted.

    Attributes:
        root: the user's folder; whatever the file names must lie in it.
        decimate_to: triangles at most, in all; None keeps them.
        needs_look: whether materials and images are wanted: then an image that is missing is a fault.
    """

    path: Path
    root: Path
    decimate_to: int | None = None
    needs_look: bool = True


def converted(path: Path, root: Path, decimate_to: int | None, *, needs_look: bool = True) -> Path:
    """The .glb in the cache that a file was converted to, now or before.

    Raises:
        BrokenMeshError: the file cannot be converted.
        CatalogError: the cache cannot be written.
    """
    conversion = Conversion(path=path, root=root, decimate_to=decimate_to, needs_look=needs_look)
    result = convert_many([conversion])[conversion]
    if isinstance(result, BrokenMeshError):
        raise result
    return result


def convert_many(conversions: Iterable[Conversion]) -> dict[Conversion, Path | BrokenMeshError]:
    """The same for many files, with one start of Blender for all of them but after a crash.

    Raises:
        CatalogError: the cache cannot be written.
    """
    folder, results = cache_folder() / "conversions", dict[Conversion, Path | BrokenMeshError]()
    with Converter() as converter:
        for conversion in conversions:
            try:
                results[conversion] = _converted(conversion, folder, converter)
            except BrokenMeshError as error:
                results[conversion] = error
            except OSError as error:
                raise CatalogError(
                    f"the cache {folder} cannot be written ({error.strerror or error}); "
                    "set GAPLESS_CACHE to a folder that can"
                ) from error
    return results


def side_files(conversion: Conversion) -> tuple[Path, ...]:
    """The files that a file which was converted names, there or not; none where it was not converted."""
    notes = _notes(cache_folder() / "conversions", _key(conversion))
    if not notes.is_file():
        return ()
    folder = conversion.path.absolute().parent
    return tuple(Path(os.path.normpath(folder / name)) for name in json.loads(notes.read_text()))


def _notes(folder: Path, key: str) -> Path:
    """Where it is noted which files a file names."""
    return folder / f"{key}.json"


def _converted(conversion: Conversion, folder: Path, converter: Converter) -> Path:
    key = _key(conversion)
    notes = _notes(folder, key)
    if notes.is_file():
        target = _target(folder, key, conversion, json.loads(notes.read_text()))
        if target.is_file():
            return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{key[:16]}.", suffix=_PART, dir=folder) as temporary:
        result = Path(temporary) / "result.glb"
        job = {
            "path": str(conversion.path.absolute()),
            "root": str(conversion.root.absolute()),
            "result": str(result),
            "decimate_to": conversion.decimate_to,
            "needs_look": conversion.needs_look,
        }
        side_files = converter.ask(job)["side_files"]
        target = _target(folder, key, conversion, side_files)
        noted = Path(temporary) / "side_files.json"
        noted.write_text(json.dumps(side_files))
        result.replace(target)
        noted.replace(notes)
    return target


def _key(conversion: Conversion) -> str:
    """Of all that is known before the file is read."""
    facts = [
        _sha256(conversion.path),
        conversion.path.suffix.lower(),
        conversion.decimate_to,
        conversion.needs_look,
        CONVERTER_VERSION,
        importlib.metadata.version("bpy"),
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _target(folder: Path, key: str, conversion: Conversion, side_files: Sequence[str]) -> Path:
    """Where a result belongs, by the key and by what the files it was made of hold now.

    Args:
        side_files: relative to the file's own folder.
    """
    root, digest = conversion.root.resolve(), hashlib.sha256(key.encode())
    for name in side_files:
        file = Path(os.path.normpath(conversion.path.absolute().parent / name))
        is_there = file.resolve().is_relative_to(root) and file.is_file()
        digest.update(json.dumps([name, _sha256(file) if is_there else None]).encode())
    return folder / f"{digest.hexdigest()}.glb"


def _sha256(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError as error:
        raise BrokenMeshError(f"cannot be read ({error.strerror or error})") from error
