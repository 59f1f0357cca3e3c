"""Sets of PBR images: found in a folder by what their files are called, read when a scene needs one.

`planks_basecolor_2k.png`, `planks_roughness_2k.png` and `planks-normal-gl.png` make the set `planks`; a file
that is called by its map alone, such as `planks/albedo.jpg`, is of the set that its folder names.
"""

import functools
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from renderer.catalog.image_files import EXR_SUFFIX, IMAGE_SUFFIXES, check_image, frozen, read_image
from renderer.errors import CatalogError

COLOR, ROUGHNESS, GLOSS, METALLIC = "base colour", "roughness", "gloss", "metallic"
NORMAL, NORMAL_DX, HEIGHT, OPACITY = "normal", "normal of DirectX", "height", "opacity"
PACKED = "packed occlusion, roughness and metallic"
# What a file's name ends in, without separators. Maps of ambient occlusion are known to be left out: a path
# tracer finds occlusion by itself.
SUFFIXES: Mapping[str, tuple[str, ...]] = {
    COLOR: ("basecolor", "basecolour", "albedo", "diffuse", "diff", "color", "colour", "col"),
    ROUGHNESS: ("roughness", "rough", "rgh"),
    GLOSS: ("glossiness", "gloss"),
    METALLIC: ("metallic", "metalness", "metal", "mtl"),
    NORMAL: ("normal", "normalgl", "normalogl", "normalopengl", "nor", "norgl", "nrm", "nrmgl"),
    NORMAL_DX: ("normaldx", "normaldirectx", "nordx", "nrmdx"),
    HEIGHT: ("height", "displacement", "disp", "bump"),
    OPACITY: ("opacity", "alpha", "mask"),
    PACKED: ("arm", "orm"),
}
_MAPS = {suffix: name for name, suffixes in SUFFIXES.items() for suffix in suffixes}
_SEPARATORS = re.compile(r"[_\-. ]+")
# Resolutions (2k, 4096, 2048x2048) and formats: they tell variants of one map apart, not maps.
_VARIANT = re.compile(r"\d{1,2}k|(256|512|1024|2048|4096|8192|16384)(px|x\d+)?|jpe?g|png|exr|tiff?|webp")


_KEPT_SETS = 4  # of about 16 MB each: reading a set of 4096 x 4096 as PNG takes two seconds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PbrSet:
    """The files of one material.

    Attributes:
        name: its folder and what the names of its files begin with, in small letters.
        root: the folder of all sets.
        files: by the map that each is.
    """

    name: str
    root: Path
    files: Mapping[str, Path]

    def named_files(self) -> dict[str, Path]:
        """The files by their paths in the folder."""
        return {path.relative_to(self.root).as_posix(): path for path in self.files.values()}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PbrPixels:
    """The images of a set, for `Texture` and `Maps`; None where it has none."""

    color: UInt8[np.ndarray, "h w 3"]
    opacity: UInt8[np.ndarray, "h w"] | None
    roughness: UInt8[np.ndarray, "h w 3"] | None
    metallic: UInt8[np.ndarray, "h w 3"] | None
    normal: UInt8[np.ndarray, "h w 3"] | None
    height: UInt8[np.ndarray, "h w 3"] | None


def list_pbr_sets(key: str, folder: str) -> tuple[PbrSet, ...]:
    """The sets of a folder and of the folders in it, sorted by name, each image examined.

    Args:
        key: what the recipe calls the folder, for messages.

    Raises:
        CatalogError: there is no folder or no set in it, or one lacks its colour, has two files for a map or
            an image that cannot be read.
    """
    root = Path(folder).expanduser()
    if not root.is_dir():
        reason = "which is a file" if root.exists() else "which is not there"
        raise CatalogError(f"{key} must be a folder, got '{folder}', {reason}")
    found: defaultdict[str, dict[str, Path]] = defaultdict(dict)
    for path in _images(key, root):
        place = _place(path.relative_to(root))
        if place is not None:
            _add(key, found[place[0]], place, path)
    if not found:
        raise CatalogError(
            f"{key} must hold sets of images that are called by their maps, such as "
            f"planks_basecolor.png and planks_roughness.png, got none in '{folder}'"
        )
    sets = tuple(PbrSet(name=name, root=root, files=files) for name, files in sorted(found.items()))
    for item in sets:
        _check(key, item)
    return sets


@functools.lru_cache(maxsize=_KEPT_SETS)
def read_pbr(item: PbrSet) -> PbrPixels:
    """The images of a set; gloss becomes roughness, and normals of DirectX become those of OpenGL."""
    images = {name: read_image(path) for name, path in item.files.items()}
    packed, color = images.get(PACKED), images[COLOR]
    roughness, metallic = images.get(ROUGHNESS), images.get(METALLIC)
    if roughness is None and GLOSS in images:
        roughness = 255 - images[GLOSS]
    if packed is not None:
        roughness = packed[..., [1]] if roughness is None else roughness
        metallic = packed[..., [2]] if metallic is None else metallic
    normal = images.get(NORMAL)
    if normal is None and NORMAL_DX in images:
        normal = images[NORMAL_DX] ^ np.array([0, 255, 0, 0], dtype=np.uint8)  # 255 - green
    return PbrPixels(
        color=frozen(color[..., :3]),
        opacity=_opacity(images),
        roughness=_grey(roughness),
        metallic=_grey(metallic),
        normal=None if normal is None else frozen(normal[..., :3]),
        height=_grey(images.get(HEIGHT)),
    )


def _images(key: str, root: Path) -> Iterator[Path]:
    """All images below a folder, sorted; links to folders are not followed."""
    real_root = root.resolve()
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(files):
            path = Path(folder) / name
            if path.suffix.lower() not in IMAGE_SUFFIXES | {EXR_SUFFIX} or name.startswith("."):
                continue
            if not path.resolve().is_relative_to(real_root):
                raise CatalogError(f"{key} must hold its own files, but {path} leads out: copy the image")
            yield path


def _place(relative: Path) -> tuple[str, str] | None:
    """The names of the set and of the map that a file belongs to, or None where it is called by no map."""
    words = [word for word in _SEPARATORS.split(relative.stem.lower()) if word]
    words = [word for word in words if not _VARIANT.fullmatch(word)]
    for count in (3, 2, 1):
        name = _MAPS.get("".join(words[-count:])) if len(words) >= count else None
        if name is not None:
            return (relative.parent / "_".join(words[:-count])).as_posix().lower(), name
    return None


def _add(key: str, files: dict[str, Path], place: tuple[str, str], path: Path) -> None:
    name, of_map = place
    if of_map in files:
        raise CatalogError(
            f"{key}: set '{name}' must have one image for {of_map}, "
            f"got {files[of_map].name} and {path.name}: move one away"
        )
    files[of_map] = path


def _check(key: str, item: PbrSet) -> None:
    if COLOR not in item.files:
        names = ", ".join(sorted(path.name for path in item.files.values()))
        raise CatalogError(
            f"{key}: set '{item.name}' must have a base colour, got {names}: call one basecolor or albedo"
        )
    if item.files[COLOR].suffix.lower() == EXR_SUFFIX:
        raise CatalogError(
            f"{key}: a base colour must be PNG or JPEG, got {item.files[COLOR].name}: convert it"
        )
    for path in item.files.values():
        check_image(path)


def _opacity(images: Mapping[str, UInt8[np.ndarray, "_ _ 4"]]) -> UInt8[np.ndarray, "h w"] | None:
    """Of its map, at the colour's size; else the colour's own alpha channel, where it says anything."""
    color = images[COLOR]
    if OPACITY not in images:
        return frozen(color[..., 3]) if (color[..., 3] < 255).any() else None
    opacity = images[OPACITY][..., 0]
    rows, columns = (
        np.arange(size) * old // size for size, old in zip(color.shape[:2], opacity.shape, strict=True)
    )
    return frozen(opacity[np.ix_(rows, columns)])


def _grey(image: UInt8[np.ndarray, "h w c"] | None) -> UInt8[np.ndarray, "h w 3"] | None:
    """The first channel three times."""
    return None if image is None else frozen(np.repeat(image[..., :1], 3, axis=-1))
