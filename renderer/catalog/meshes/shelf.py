"""A shelf: the meshes of one kind of objects, examined, in the order of their names."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from renderer.catalog.meshes.categories import category_of, check_patterns, matching
from renderer.catalog.meshes.conversion import FORMATS, Conversion, convert_many
from renderer.catalog.meshes.examine import Conversions, examine, keeps_look
from renderer.catalog.meshes.facts import Examination, Facts, Stamps, are_unchanged
from renderer.catalog.meshes.fault import BrokenMeshError
from renderer.catalog.meshes.index import index_of
from renderer.catalog.meshes.listing import Listing, check_place, list_meshes
from renderer.catalog.meshes.symmetries import Symmetry as Symmetry
from renderer.catalog.meshes.symmetries import declared_symmetries
from renderer.errors import CatalogError
from renderer.recipe.objects import Meshes
from renderer.scene import Vector3

Hashes = Mapping[str, str]


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
        notes: what is worth knowing, in words that go after its name: 'is not watertight'.
        stamps: of all files behind it, when it was examined.
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
    stamps: Stamps = field(default_factory=dict)


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
    listing = list_meshes(key, settings.path)
    check_patterns(f"{key}.categories", settings.categories, listing.names)
    check_patterns(f"{key}.symmetries", settings.symmetries, listing.names)
    declared = {
        pattern: declared_symmetries(f"{key}.symmetries.'{pattern}'", text)
        for pattern, text in settings.symmetries.items()
    }
    examinations = _examined(key, listing, settings)
    faults = {name: found.reason for name, found in examinations.items() if found.facts is None}
    broken = tuple(BrokenMesh(name=n, reason=r) for n, r in sorted((listing.faults | faults).items()))
    meshes = []
    for name, found in examinations.items():
        if found.facts is not None:
            pattern = matching(settings.symmetries, name)
            category = category_of(key, settings, listing.root, name)
            mesh = _mesh_file(name, listing.root, found.facts, found.stamps)
            symmetries = mesh.symmetries if pattern is None else declared[pattern]
            meshes.append(replace(mesh, category=category, symmetries=symmetries))
    _check_broken(key, settings, broken, has_usable=bool(meshes))
    return Shelf(key=key, root=listing.root, settings=settings, meshes=tuple(meshes), broken=broken)


def _examined(key: str, listing: Listing, settings: Meshes) -> dict[str, Examination]:
    """The examinations of all files, in their order: those that the index has, where nothing has changed."""
    index = index_of(key, listing.root, settings)
    known = index.load()
    new = [name for name in listing.names if not _is_known(known.get(name), listing.root)]
    conversions = _converted(new, listing.root, settings)
    examinations = {
        name: examine(key, name, listing.root, settings, conversions) if name in new else known[name]
        for name in listing.names
    }
    if examinations != known:
        index.save(examinations)
    return examinations


def _is_known(found: Examination | None, root: Path) -> bool:
    return found is not None and are_unchanged(found.stamps, root)


def _converted(names: Sequence[str], root: Path, settings: Meshes) -> Conversions:
    """What Blender alone reads, converted with one start of it for all files."""
    wanted = {}
    for path in (root / name for name in names if Path(name).suffix.lower() in FORMATS):
        with suppress(BrokenMeshError, OSError):  # what is in the wrong place is examined no further
            check_place(path, root)
            wanted[path] = Conversion(
                path=path, root=root, decimate_to=settings.decimate_to, needs_look=keeps_look(settings)
            )
    made = convert_many(wanted.values())
    return {path: made[conversion] for path, conversion in wanted.items()}


def _mesh_file(name: str, root: Path, facts: Facts, stamps: Stamps) -> MeshFile:
    """The facts as the catalog gives them, still without a category."""
    return MeshFile(
        name=name,
        path=root / name,
        readable=root / facts.readable,
        category=None,
        symmetries=facts.symmetries,
        hashes=facts.hashes,
        low_m=facts.low_m,
        high_m=facts.high_m,
        radius_m=facts.radius_m,
        reach_m=facts.reach_m,
        triangles=facts.triangles,
        is_watertight=facts.is_watertight,
        has_look=facts.has_look,
        notes=facts.notes,
        stamps=stamps,
    )


def _check_broken(key: str, settings: Meshes, broken: Sequence[BrokenMesh], *, has_usable: bool) -> None:
    """Stop at what is broken, where that is to stop or nothing else is left."""
    if not broken or (has_usable and settings.broken == "skip"):
        return
    others = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
    first = f"'{broken[0].name}' {broken[0].reason}{others}"
    if settings.broken == "stop":
        raise CatalogError(f"{key} cannot use a mesh: {first}; {key}.broken=skip leaves such files out")
    raise CatalogError(
        f"{key}.path must hold a mesh that can be used, got none in '{settings.path}': {first}"
    )
