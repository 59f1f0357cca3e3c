"""The files that a file of meshes names, found before anything opens it, and kept inside the user's folder.

Blender is asked about .fbx and .blend once they are open: it alone knows, and reads an image late.
"""

import json
import re
import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from renderer.catalog.meshes import crate
from renderer.catalog.meshes.fault import BrokenMeshError

MAX_PACKAGE_BYTES = 2 << 30  # of a .usdz, unpacked
USD = (".usd", ".usda", ".usdc", ".usdz")
USD_DEFAULT_UNIT_M = 0.01  # OpenUSD's `UsdGeomGetFallbackMetersPerUnit`
_NAMED = (*USD, ".mtlx", ".abc", ".png", ".jpg", ".jpeg", ".exr", ".hdr", ".tif", ".tiff", ".bmp", ".tga")
_URI = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:")
_USDA_WORD = re.compile(r'@@@(.+?)@@@|@([^@\n]+)@|"([^"\n]*)"|\'([^\'\n]*)\'')
_USDA_UNIT = re.compile(r"^\s*metersPerUnit\s*=\s*([-+.\deE]+)", re.MULTILINE)
_OBJ_LIBRARY = re.compile(r"^\s*mtllib\s+(.+?)\s*$", re.MULTILINE)
_MTL_IMAGE = re.compile(r"^\s*(?:map_\w+|bump|disp|decal|refl|norm)\s+(?:.*\s)?(\S+)\s*$", re.MULTILINE)


def within(name: str, folder: Path, root: Path) -> Path:
    """The file that a name in a file of `folder` stands for.

    Raises:
        BrokenMeshError: it does not lie in `root`.
    """
    try:
        path = (folder / name.replace("\\", "/")).resolve()
        path.exists()  # a name can be too long for a file
    except (OSError, ValueError) as error:
        raise BrokenMeshError("names a file by an impossible name") from error
    if _URI.match(name) or not path.is_relative_to(root.resolve()):
        raise BrokenMeshError(f"names '{name}', which points outside the folder")
    return path


def named_files(path: Path, root: Path) -> tuple[Path, ...]:
    """All files that a file names, and that those name; they need not be there.

    Raises:
        BrokenMeshError: one of them does not lie in `root`, or the file cannot be read.
    """
    found, waiting = {path.resolve()}, [path.resolve()]
    while waiting:
        file = waiting.pop()
        for name in _names(file):
            named = within(name, file.parent, root)
            if named not in found:
                found.add(named)
                waiting += [named] if named.is_file() else []
    return tuple(sorted(found - {path.resolve()}))


def usd_unit_m(path: Path) -> float:
    """Metres in a unit of a USD file, as its root layer says.

    Raises:
        BrokenMeshError: its unit is no length.
        DamagedCrateError: the file cannot be read.
    """
    content = _layers(path)[0][1]
    if content.startswith(crate.MAGIC):
        unit_m = crate.crate_number(content, "metersPerUnit")
    else:
        found = _USDA_UNIT.search(content.decode(errors="replace"))
        unit_m = float(found[1]) if found else None
    if unit_m is None:
        return USD_DEFAULT_UNIT_M
    if not 1e-9 < unit_m < 1e9:
        raise BrokenMeshError(f"has a unit of {unit_m:g} m")
    return unit_m


def _names(file: Path) -> Iterable[str]:
    read = _READERS.get(file.suffix.lower())
    try:
        return read(file) if read else ()
    except OSError as error:
        raise BrokenMeshError(f"cannot be read ({error.strerror or error})") from error
    except crate.DamagedCrateError as error:
        raise BrokenMeshError(f"is a damaged binary USD file ({error})") from error


def _usd_names(file: Path) -> list[str]:
    """Names in a layer; those in a package are checked against its own entries and left out."""
    is_package, names = file.suffix.lower() == ".usdz", []
    for entry, content in _layers(file):
        names = [name for name in _layer_names(content) if _names_a_file(name, file.parent)]
        outside = (name for name in names if is_package and _climbs(PurePosixPath(entry).parent / name))
        if name := next(outside, None):
            raise BrokenMeshError(f"names '{name}', which points outside the folder")
    return [] if is_package else names


def _layer_names(content: bytes) -> list[str]:
    """Words of a layer that can be paths, without the parts that go inside a package."""
    if content.startswith(crate.MAGIC):
        words = crate.crate_words(content)
    else:
        groups = _USDA_WORD.findall(content.decode(errors="replace"))
        words = [next(filter(None, group), "") for group in groups]
    if expression := next((word for word in words if word.startswith("`") and word.endswith("`")), None):
        raise BrokenMeshError(f"names a file by an expression: {expression}")
    plain = (word.partition("[")[0].partition(":SDF_FORMAT_ARGS:")[0] for word in words)
    return [name.replace("\\", "/") for name in plain if _looks_like_a_path(name)]


def _looks_like_a_path(word: str) -> bool:
    """A known ending, or a way up: names of prims and sentences have neither."""
    return len(word) < 4096 and (word.lower().endswith(_NAMED) or _climbs(PurePosixPath(word)))


def _names_a_file(name: str, folder: Path) -> bool:
    """Whether a word is a path: '/World/Box' is a prim, unless there is such a file."""
    return name.lower().endswith(_NAMED) or not name.startswith("/") or (folder / name).exists()


def _climbs(path: PurePosixPath) -> bool:
    """Whether a path leaves the folder it starts from."""
    depth = 0
    for part in path.parts:
        depth += -1 if part == ".." else 1
        if depth < 0 or part == "/":
            return True
    return False


def _layers(file: Path) -> list[tuple[str, bytes]]:
    """The layer of a file, or those of a package in their order."""
    if file.suffix.lower() != ".usdz":
        return [(file.name, file.read_bytes())]
    try:
        with zipfile.ZipFile(file) as package:
            entries = package.infolist()
            if outside := next((e.filename for e in entries if _climbs(PurePosixPath(e.filename))), None):
                raise BrokenMeshError(f"names '{outside}', which points outside the folder")
            if sum(entry.file_size for entry in entries) > MAX_PACKAGE_BYTES:
                raise BrokenMeshError(f"unpacks to more than {MAX_PACKAGE_BYTES:,} bytes")
            layers = [e for e in entries if e.filename.lower().endswith(USD)]
            contents = [(entry.filename, package.read(entry)) for entry in layers]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise BrokenMeshError("is a damaged USD package") from error
    if not contents:
        raise BrokenMeshError("is a USD package without a layer")
    return contents


def _gltf_names(file: Path) -> list[str]:
    content = file.read_bytes()
    if content.startswith(b"glTF") and len(content) >= 20:
        (length,) = struct.unpack_from("<I", content, 12)
        content = content[20 : 20 + length]
    try:
        document = json.loads(content)
    except ValueError as error:
        raise BrokenMeshError("is a damaged glTF file") from error
    return [unquote(uri) for uri in _uris(document) if not uri.startswith("data:")]


def _uris(document: object) -> Iterator[str]:
    for part in ("buffers", "images"):
        entries = document.get(part, ()) if isinstance(document, dict) else ()
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("uri"), str):
                yield entry["uri"]


def _obj_names(file: Path) -> list[str]:
    return _OBJ_LIBRARY.findall(file.read_text(errors="replace"))


def _mtl_names(file: Path) -> list[str]:
    return _MTL_IMAGE.findall(file.read_text(errors="replace"))


_READERS: Mapping[str, Callable[[Path], list[str]]] = {
    **dict.fromkeys(USD, _usd_names),
    **dict.fromkeys((".gltf", ".glb"), _gltf_names),
    ".obj": _obj_names,
    ".mtl": _mtl_names,
}
