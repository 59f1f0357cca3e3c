"""A shelf: the meshes of one kind of objects, examined, in the order of their names."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path

from renderer.catalog.fractions import at_fraction
from renderer.catalog.meshes.categories import category_of, check_patterns, matching
from renderer.catalog.meshes.conversion import FORMATS, Conversion, convert_many
from renderer.catalog.meshes.examine import Conversions, examine, keeps_look
from renderer.catalog.meshes.facts import Examination, Facts, Stamps, are_unchanged
from renderer.catalog.meshes.fault import BrokenMeshError
from renderer.catalog.meshes.formats import check_content
from renderer.catalog.meshes.index import index_of
from renderer.catalog.meshes.keypoints import declared_keypoints
from renderer.catalog.meshes.listing import Listing, check_place, list_meshes
from renderer.catalog.meshes.symmetries import declared_symmetries
from renderer.errors import CatalogError
from renderer.recipe.objects import Meshes
from renderer.scene import Vector3


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshFile(Facts):
    """A mesh that can be used.

    Attributes:
        name: path below the kind's folder, with slashes.
        path: the file as the user has it.
        category: None is a distractor.
        keypoints: places in the object's frame, m at the mesh's own size, by name.
        stamps: of all files behind it, when it was examined.
    """

    name: str
    path: Path
    category: str | None
    keypoints: Mapping[str, Vector3] = field(default_factory=dict)
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
        return at_fraction(self.meshes, fraction)

    def mesh(self, name: str) -> MeshFile:
        """The mesh of a name."""
        return self.meshes[bisect_left(self.meshes, name, key=lambda mesh: mesh.name)]

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
    check_patterns(f"{key}.keypoints", settings.keypoints, listing.names)
    declared = {
        pattern: declared_symmetries(f"{key}.symmetries.'{pattern}'", text)
        for pattern, text in settings.symmetries.items()
    }
    keypoints = {
        pattern: declared_keypoints(f"{key}.keypoints.'{pattern}'", text)
        for pattern, text in settings.keypoints.items()
    }
    examinations = _examined(key, listing, settings)
    faults = {name: found.reason for name, found in examinations.items() if found.facts is None}
    broken = tuple(BrokenMesh(name=n, reason=r) for n, r in sorted((listing.faults | faults).items()))
    meshes = []
    for name, found in examinations.items():
        if found.facts is not None:
            pattern = matching(settings.symmetries, name)
            known = {f.name: getattr(found.facts, f.name) for f in fields(Facts)}
            known["readable"] = listing.root / found.facts.readable
            if pattern is not None:
                known["symmetries"] = declared[pattern]
            mesh = MeshFile(
                name=name,
                path=listing.root / name,
                category=category_of(key, settings, listing.root, name),
                keypoints=keypoints.get(matching(settings.keypoints, name) or "", {}),
                stamps=found.stamps,
                **known,
            )
            meshes.append(mesh)
    _check_broken(key, settings, broken, has_usable=bool(meshes))
    return Shelf(key=key, root=listing.root, settings=settings, meshes=tuple(meshes), broken=broken)


def _examined(key: str, listing: Listing, settings: Meshes) -> dict[str, Examination]:
    """The examinations of all files, in their order: those that the index has, where nothing has changed."""
    index = index_of(key, listing.root, settings)
    kept = index.load()
    known = {name: found for name, found in kept.items() if are_unchanged(found.stamps, listing.root)}
    conversions = _converted((n for n in listing.names if n not in known), listing.root, settings)
    examinations = {
        name: known[name] if name in known else examine(key, name, listing.root, settings, conversions)
        for name in listing.names
    }
    if examinations != kept:
        index.save(examinations)
    return examinations


def _converted(names: Iterable[str], root: Path, settings: Meshes) -> Conversions:
    """What Blender alone reads, converted with one start of it for all files."""
    wanted = {}
    for path in (root / name for name in names if Path(name).suffix.lower() in FORMATS):
        with suppress(BrokenMeshError, OSError):  # what is no such file is not given to Blender
            check_content(path, check_place(path, root).st_size)
            wanted[path] = Conversion(
                path=path, root=root, decimate_to=settings.decimate_to, needs_look=keeps_look(settings)
            )
    made = convert_many(wanted.values())
    return {path: made[conversion] for path, conversion in wanted.items()}


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
