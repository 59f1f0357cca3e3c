"""A shelf: the meshes of one kind of objects, examined, in the order of their names."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from renderer.errors import CatalogError
from renderer.recipe.objects import Meshes
from renderer.scene import Vector3

Hashes = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Symmetry:
    """Turns about an axis through the object's origin that change nothing that can be seen.

    Attributes:
        turns: how many of them make a whole turn; 0 is any turn at all.
    """

    axis: Vector3
    turns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshFile:
    """A mesh that can be used, as it lies in the object's frame: Z up, metres, about its origin.

    Attributes:
        name: path below the kind's folder, with slashes.
        path: the file as the user has it.
        readable: the file to read: `path`, or what it was converted to.
        category: None is a distractor.
        hashes: SHA-256 of the file and of all that it names (materials, images), by their names.
        low_m: lowest corner of the bounding box.
        high_m: highest corner.
        radius_m: of the smallest circle about the origin, seen from above, that holds it.
        reach_m: of the smallest sphere about the origin that holds it.
        has_look: whether it brings materials, colours or images of its own.
        notes: what is worth knowing, such as 'not watertight'.
    """

    name: str
    path: Path
    readable: Path
    category: str | None
    symmetries: tuple[Symmetry, ...]
    hashes: Hashes
    low_m: Vector3
    high_m: Vector3
    radius_m: float
    reach_m: float
    triangles: int
    is_watertight: bool
    has_look: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenMesh:
    """A file that cannot be used, and why, in words that go after its name."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """All meshes of a kind.

    Attributes:
        key: dotted name of the kind, such as `objects.mesh`.
        root: the folder; whatever a file names must lie in it.
        settings: how its files are to be read.
        meshes: sorted by name; at least one.
    """

    key: str
    root: Path
    settings: Meshes
    meshes: tuple[MeshFile, ...]
    broken: tuple[BrokenMesh, ...]

    def mesh_at(self, fraction: float) -> MeshFile:
        """The mesh at a fraction in [0, 1] of the sorted list."""
        return self.meshes[min(int(fraction * len(self.meshes)), len(self.meshes) - 1)]

    def mesh(self, name: str) -> MeshFile:
        """The mesh of a name."""
        return next(mesh for mesh in self.meshes if mesh.name == name)

    def categories(self) -> tuple[str, ...]:
        """All categories of its meshes, sorted."""
        return tuple(sorted({mesh.category for mesh in self.meshes if mesh.category is not None}))


def open_shelf(key: str, settings: Meshes) -> Shelf:
    """List the meshes of a kind and examine each.

    Raises:
        CatalogError: there is no such folder, no mesh in it that can be used, or one is broken and that is
            to stop.
    """
    raise CatalogError(f"{key}: not yet")
