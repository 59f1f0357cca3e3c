"""The files a recipe draws from: skies, images and meshes, built-in or from the user's folders."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PillowImage
from PIL import UnidentifiedImageError

from renderer.catalog.meshes.shelf import Shelf, open_shelf
from renderer.catalog.model import Texture
from renderer.catalog.textures import TEXTURES, draw_texture
from renderer.errors import CatalogError
from renderer.recipe.objects import Meshes
from renderer.recipe.schema import Recipe

BUILT_IN = "built-in:"
# The environment maps in the Blender wheel (datafiles/studiolights/world), all CC0.
BUILT_IN_SKIES = tuple(
    f"{BUILT_IN}{name}.exr"
    for name in ("city", "courtyard", "forest", "interior", "night", "studio", "sunrise", "sunset")
)
SKY_SUFFIXES = frozenset({".exr", ".hdr"})
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
LARGEST_IMAGE_PX = 1024
USER_TILE_M = 0.5  # edge of the ground that one of the user's images is laid over


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """What the catalog has for a recipe.

    Attributes:
        skies: names, sorted; so with the surface images.
        files: the user's files behind skies and images.
        shelves: the user's meshes, by the kind of objects.
    """

    skies: tuple[str, ...]
    surface_images: tuple[str, ...]
    files: Mapping[str, Path]
    shelves: Mapping[str, Shelf] = field(default_factory=dict)

    def sky_name(self, fraction: float) -> str:
        """The sky at a fraction in [0, 1] of the sorted list."""
        return _at(self.skies, fraction)

    def surface_texture(self, fraction: float, seed: int) -> Texture:
        """The surface image at a fraction of the sorted list; `seed` varies built-in ones."""
        name = _at(self.surface_images, fraction)
        if name not in self.files:
            return built_in_texture(name.removeprefix(BUILT_IN), seed)
        with PillowImage.open(self.files[name]) as image:
            image.thumbnail((LARGEST_IMAGE_PX, LARGEST_IMAGE_PX))
            return Texture(pixels=np.asarray(image.convert("RGB")), tile_size_m=USER_TILE_M)

    def manifest(self) -> dict[str, str]:
        """Name and SHA-256 of every file of the user's: part of a dataset's identity."""
        hashes = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in self.files.items()}
        for key, shelf in self.shelves.items():
            for mesh in shelf.meshes:
                hashes |= {f"{key}/{name}": sha256 for name, sha256 in mesh.hashes.items()}
        return hashes


def open_library(recipe: Recipe) -> Library:
    """List the folders that a recipe names.

    Raises:
        CatalogError: a folder is missing, is empty, or holds an image or a mesh that cannot be used.
    """
    skies, surface_images = BUILT_IN_SKIES, tuple(f"{BUILT_IN}{name}" for name in sorted(TEXTURES))
    files: dict[str, Path] = {}
    if recipe.lighting.environment.folder is not None:
        found = _list_folder("lighting.environment.folder", recipe.lighting.environment.folder, SKY_SUFFIXES)
        for path in found.values():
            _check_sky(path)
        skies = tuple(found)
        files |= found
    if recipe.surface.image_folder is not None:
        found = _list_folder("surface.image_folder", recipe.surface.image_folder, IMAGE_SUFFIXES)
        for path in found.values():
            _check_image(path)
        surface_images = tuple(found)
        files |= found
    shelves = {
        name: open_shelf(f"objects.{name}", kind)
        for name, kind in recipe.objects.items()
        if isinstance(kind, Meshes)
    }
    return Library(skies=skies, surface_images=surface_images, files=files, shelves=shelves)


def built_in_texture(name: str, seed: int) -> Texture:
    """A surface image drawn in code; equal name and seed give equal pixels."""
    rng = np.random.Generator(np.random.Philox(key=seed))
    return Texture(pixels=draw_texture(rng, name), tile_size_m=TEXTURES[name].tile_size_m)


def _at(names: Sequence[str], fraction: float) -> str:
    return names[min(int(fraction * len(names)), len(names) - 1)]


def _list_folder(key: str, folder: str, suffixes: frozenset[str]) -> dict[str, Path]:
    root = Path(folder).expanduser()
    if not root.is_dir():
        reason = "which is a file" if root.exists() else "which is not there"
        raise CatalogError(f"{key} must be a folder, got '{folder}', {reason}")
    found = sorted(p for p in root.iterdir() if p.suffix.lower() in suffixes and p.is_file())
    if not found:
        raise CatalogError(f"{key} must hold {', '.join(sorted(suffixes))} files, got none in '{folder}'")
    return {f"{key}/{path.name}": path for path in found}


def _check_image(path: Path) -> None:
    """Decode it whole, JPEG at an eighth of its size: `verify` misses most files that break off."""
    try:
        with PillowImage.open(path) as image:
            image.draft("RGB", (1, 1))
            image.load()
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise CatalogError(f"{path} is no readable image ({error}); repair or remove it") from None


def _check_sky(path: Path) -> None:
    """Look at the first bytes: OpenEXR's magic number, or Radiance's signature."""
    with path.open("rb") as file:
        start = file.read(4)
    if start != b"\x76\x2f\x31\x01" and not start.startswith(b"#?"):
        raise CatalogError(f"{path} is no OpenEXR or Radiance file; repair or remove it")


def texture_of(parameters: Mapping[str, Any], library: Library) -> Texture:
    """The image texture that drawn values of `renderer.recipe.objects.Appearance` ask for."""
    return library.surface_texture(parameters["appearance.image"], parameters["appearance.pattern_seed"])
