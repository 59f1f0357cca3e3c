"""The category of each mesh, and what a recipe says of files by pattern."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from renderer.catalog.meshes.bop import is_bop_model
from renderer.errors import CatalogError, nearest_first
from renderer.recipe.objects import Meshes

SHOWN = 3  # names in a message


def check_patterns(where: str, patterns: Mapping[str, str | None], names: Sequence[str]) -> None:
    """Check that each pattern matches a name.

    Raises:
        CatalogError: one does not.
    """
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            nearest = ", ".join(nearest_first(pattern, names)[:SHOWN])
            raise CatalogError(
                f"{where} '{pattern}' must match a file, got none (the nearest are: {nearest})"
            )


def matching(patterns: Mapping[str, str | None], name: str) -> str | None:
    """The first pattern that a name matches, in the order in which they are given."""
    return next((pattern for pattern in patterns if fnmatchcase(name, pattern)), None)


def category_of(key: str, settings: Meshes, root: Path, name: str) -> str | None:
    """The category of a file: by pattern, or from where it lies, what it is called, or its kind."""
    if not settings.labelled:
        return None
    pattern = matching(settings.categories, name)
    if pattern is not None:
        return settings.categories[pattern]
    if settings.category_from == "kind":
        return key.rpartition(".")[2]
    path = PurePosixPath(name)
    is_named_by_folder = settings.category_from == "folder" and len(path.parts) > 1
    return path.parts[0] if is_named_by_folder and not is_bop_model(root / name) else path.stem
