"""The files a recipe draws from: skies, images and meshes, built-in or from the user's folders."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from renderer.catalog.fractions import at_fraction
from renderer.catalog.image_files import IMAGE_SUFFIXES, check_image, read_colors, read_photo
from renderer.catalog.meshes.shelf import Shelf, open_shelf
from renderer.catalog.model import Image, Maps, Texture
from renderer.catalog.pbr import PbrSet, list_pbr_sets, read_pbr
from renderer.catalog.textures import TEXTURES, draw_texture
from renderer.errors import CatalogError, RecipeError
from renderer.files import file_sha256
from renderer.recipe.objects import Meshes
from renderer.recipe.relations import may_draw
from renderer.recipe.schema import Recipe
from renderer.recipe.validation import iter_factors

BUILT_IN = "built-in:"
# The environment maps in the Blender wheel (datafiles/studiolights/world), all CC0.
BUILT_IN_SKIES = tuple(
    f"{BUILT_IN}{name}.exr"
    for name in ("city", "courtyard", "forest", "interior", "night", "studio", "sunrise", "sunset")
)
SKY_SUFFIXES = frozenset({".exr", ".hdr"})
USER_TILE_M = 0.5  # edge of the ground that one of the user's images is laid over
PBR_KEY = "surface.pbr_folder"
PHOTO_KEY = "surface.photo_folder"
_SHIFT_STREAM = 1  # apart from stream 0 of the same seed, which draws built-in images


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """What the catalog has for a recipe.

    Attributes:
        skies: names, sorted; so with the surface images.
        files: the user's files behind skies, images and PBR sets.
        pbr_sets: sorted by name.
        photos: names of background photographs, sorted.
        shelves: the user's meshes, by the kind of objects.
    """

    skies: tuple[str, ...]
    surface_images: tuple[str, ...]
    files: Mapping[str, Path]
    pbr_sets: tuple[PbrSet, ...] = ()
    shelves: Mapping[str, Shelf] = field(default_factory=dict)
    photos: tuple[str, ...] = ()

    def sky_name(self, fraction: float) -> str:
        """The sky at a fraction in [0, 1] of the sorted list."""
        return at_fraction(self.skies, fraction)

    def surface_texture(self, fraction: float, seed: int) -> Texture:
        """The surface image at a fraction of the sorted list; `seed` varies built-in ones."""
        name = at_fraction(self.surface_images, fraction)
        if name not in self.files:
            return built_in_texture(name.removeprefix(BUILT_IN), seed)
        return Texture(pixels=read_colors(self.files[name]), tile_size_m=USER_TILE_M)

    def pbr_set(self, fraction: float) -> PbrSet:
        """The PBR set at a fraction in [0, 1] of the sorted list."""
        return at_fraction(self.pbr_sets, fraction)

    def photo_pixels(self, fraction: float) -> Image:
        """The background photograph at a fraction in [0, 1] of the sorted list."""
        return read_photo(self.files[at_fraction(self.photos, fraction)])

    def manifest(self) -> dict[str, str]:
        """Name and SHA-256 of every file of the user's: part of a dataset's identity."""
        hashes = {name: file_sha256(path) for name, path in self.files.items()}
        for key, shelf in self.shelves.items():
            for mesh in shelf.meshes:
                hashes |= {f"{key}/{name}": sha256 for name, sha256 in mesh.hashes.items()}
        return hashes


def open_library(recipe: Recipe) -> Library:
    """List the folders that a recipe names.

    Raises:
        CatalogError: a folder is missing, is empty, or holds an image or a mesh that cannot be used.
        RecipeError: a folder is needed and not given.
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
        found = _list_images("surface.image_folder", recipe.surface.image_folder)
        surface_images = tuple(found)
        files |= found
    shelves = {
        name: open_shelf(f"objects.{name}", kind)
        for name, kind in recipe.objects.items()
        if isinstance(kind, Meshes)
    }
    pbr_sets = _open_pbr_sets(recipe)
    for item in pbr_sets:
        files |= {f"{PBR_KEY}/{name}": path for name, path in item.named_files().items()}
    photos = _open_photos(recipe)
    return Library(
        skies=skies,
        surface_images=surface_images,
        files=files | photos,
        pbr_sets=pbr_sets,
        shelves=shelves,
        photos=tuple(photos),
    )


def _open_pbr_sets(recipe: Recipe) -> tuple[PbrSet, ...]:
    if recipe.surface.pbr_folder is not None:
        return list_pbr_sets(PBR_KEY, recipe.surface.pbr_folder)
    for factor in iter_factors(recipe):
        if factor.name.endswith("appearance.material") and may_draw(recipe, factor, "pbr"):
            raise RecipeError(
                f"{PBR_KEY} must be given, for {factor.name} can be pbr: a folder of PBR image sets"
            )
    return ()


def _open_photos(recipe: Recipe) -> dict[str, Path]:
    if recipe.surface.photo_folder is not None:
        return _list_images(PHOTO_KEY, recipe.surface.photo_folder)
    if may_draw(recipe, recipe.surface.place, "photo"):
        raise RecipeError(
            f"{PHOTO_KEY} must be given, for surface.place can be photo: a folder of photographs"
        )
    return {}


def built_in_texture(name: str, seed: int) -> Texture:
    """A surface image drawn in code; equal name and seed give equal pixels."""
    rng = np.random.Generator(np.random.Philox(key=seed))
    return Texture(pixels=draw_texture(rng, name), tile_size_m=TEXTURES[name].tile_size_m)


def _list_folder(key: str, folder: str, suffixes: frozenset[str]) -> dict[str, Path]:
    root = Path(folder).expanduser()
    if not root.is_dir():
        reason = "which is a file" if root.exists() else "which is not there"
        raise CatalogError(f"{key} must be a folder, got '{folder}', {reason}")
    found = sorted(p for p in root.iterdir() if p.suffix.lower() in suffixes and p.is_file())
    if not found:
        raise CatalogError(f"{key} must hold {', '.join(sorted(suffixes))} files, got none in '{folder}'")
    return {f"{key}/{path.name}": path for path in found}


def _list_images(key: str, folder: str) -> dict[str, Path]:
    found = _list_folder(key, folder, IMAGE_SUFFIXES)
    for path in found.values():
        check_image(path)
    return found


def _check_sky(path: Path) -> None:
    """Look at the first bytes: OpenEXR's magic number, or Radiance's signature."""
    with path.open("rb") as file:
        start = file.read(4)
    if start != b"\x76\x2f\x31\x01" and not start.startswith(b"#?"):
        raise CatalogError(f"{path} is no OpenEXR or Radiance file; repair or remove it")


def texture_of(parameters: Mapping[str, Any], library: Library) -> Texture:
    """The image texture that drawn values of `renderer.recipe.objects.Appearance` ask for."""
    texture = library.surface_texture(parameters["appearance.image"], parameters["appearance.pattern_seed"])
    return _laid(texture, parameters)


def pbr_of(parameters: Mapping[str, Any], library: Library) -> tuple[Texture, Maps]:
    """Colour and maps of the PBR set that drawn values of `renderer.recipe.objects.Appearance` ask for."""
    pixels = read_pbr(library.pbr_set(parameters["appearance.image"]))
    color = _laid(Texture(pixels=pixels.color, alpha=pixels.opacity, tile_size_m=USER_TILE_M), parameters)
    found = {name: getattr(pixels, name) for name in ("roughness", "metallic", "normal", "height")}
    maps = {name: replace(color, pixels=p, alpha=None) for name, p in found.items() if p is not None}
    return color, Maps(**maps)


def _laid(texture: Texture, parameters: Mapping[str, Any]) -> Texture:
    """A tiled texture in the size, the turn and the place that were drawn."""
    assert texture.tile_size_m is not None
    key = np.array([parameters["appearance.pattern_seed"], _SHIFT_STREAM], dtype=np.uint64)
    x, y = parameters["appearance.image_shift"] * np.random.Generator(np.random.Philox(key=key)).random(2)
    return replace(
        texture,
        tile_size_m=texture.tile_size_m * parameters["appearance.image_scale"],
        turn_rad=math.radians(parameters["appearance.image_turn_deg"]),
        shift=(float(x), float(y)),
    )
