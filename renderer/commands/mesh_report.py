"""What commands say of the user's meshes: those that were skipped, and the report of each file."""

from collections.abc import Iterator

from renderer.catalog.library import Library
from renderer.catalog.meshes.shelf import MeshFile, Shelf
from renderer.commands.table import print_table

MOST_NAMED = 10  # broken files of which rendering says why
HEADINGS = ("file", "category", "triangles", "size", "watertight", "look", "notes")
DISTRACTOR = "-"


def print_skipped(library: Library) -> None:
    """Name the broken files that rendering goes without."""
    lines = [
        f"{shelf.key}: {broken.name} {broken.reason}; skipped"
        for shelf in library.shelves.values()
        for broken in shelf.broken
    ]
    for line in lines[:MOST_NAMED]:
        print(line)
    if len(lines) > MOST_NAMED:
        print(f"and {len(lines) - MOST_NAMED} more: gapless recipe check")


def print_files(library: Library) -> None:
    """A table of the files of each kind, broken ones first."""
    for shelf in library.shelves.values():
        print(f"{shelf.key}: {shelf_summary(shelf)}")
        print_table(HEADINGS, list(_rows(shelf)))


def shelf_summary(shelf: Shelf) -> str:
    """How many meshes there are: '48 meshes, 2 broken'."""
    meshes = f"{len(shelf.meshes)} mesh{'' if len(shelf.meshes) == 1 else 'es'}"
    return f"{meshes}, {len(shelf.broken)} broken" if shelf.broken else meshes


def _rows(shelf: Shelf) -> Iterator[tuple[str, ...]]:
    for broken in shelf.broken:
        yield (broken.name, "", "", "", "", "", f"broken: {broken.reason}")
    for mesh in shelf.meshes:
        yield (
            mesh.name,
            mesh.category or DISTRACTOR,
            str(mesh.triangles),
            size_text(mesh),
            "yes" if mesh.is_watertight else "no",
            "its own" if mesh.has_look else "none",
            "; ".join(mesh.notes),
        )


def size_text(mesh: MeshFile) -> str:
    """Width, depth and height, in metres: '0.12 x 0.08 x 0.1 m'."""
    sides = (high - low for low, high in zip(mesh.low_m, mesh.high_m, strict=True))
    return " x ".join(f"{side:.3g}" for side in sides) + " m"
