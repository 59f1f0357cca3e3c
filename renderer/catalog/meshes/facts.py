"""What examining a file yields, as plain data that is kept between runs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from renderer.catalog.meshes.symmetries import Symmetry
from renderer.scene import Vector3

Stamp = tuple[int, int] | None  # size and time of change, ns; None is missing
Stamps = Mapping[str, Stamp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a mesh that can be used, in the object's frame: Z up, metres, about its origin.

    Attributes:
        readable: the file to read: the user's, below the folder, or what it was converted to.
        hashes: SHA-256 of the file and of all that it names (materials, images), by their names.
        low_m: lowest corner of the bounding box.
        high_m: highest corner.
        radius_m: of the smallest circle about the origin, seen from above, that holds it.
        reach_m: of the smallest sphere about the origin that holds it.
        has_look: whether it brings materials, colours or images of its own.
        notes: what is worth knowing, in words that go after its name: 'is not watertight'.
    """

    readable: Path
    hashes: Mapping[str, str]
    low_m: Vector3
    high_m: Vector3
    radius_m: float
    reach_m: float
    triangles: int
    is_watertight: bool
    has_look: bool
    symmetries: tuple[Symmetry, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """The facts of a file, or why it cannot be used.

    Attributes:
        stamps: of all files that were looked at, by their path below the folder: while these are equal, so is
            the result. Empty where it is not to be kept.
    """

    facts: Facts | None
    reason: str
    stamps: Stamps


def stamp_of(path: Path) -> Stamp:
    """Size and time of change of a file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def are_unchanged(stamps: Stamps, root: Path) -> bool:
    """Whether all files are as they were."""
    return all(stamp_of(root / name) == stamp for name, stamp in stamps.items())


def to_plain(examination: Examination) -> dict[str, Any]:
    """As JSON has it."""
    plain = asdict(examination)
    if examination.facts is not None:
        plain["facts"]["readable"] = str(examination.facts.readable)
    return plain


def from_plain(plain: Mapping[str, Any]) -> Examination:
    """Back from JSON."""
    stamps = {
        name: None if stamp is None else (stamp[0], stamp[1]) for name, stamp in plain["stamps"].items()
    }
    values = plain["facts"]
    if values is None:
        return Examination(facts=None, reason=plain["reason"], stamps=stamps)
    symmetries = tuple(Symmetry(axis=_vector(s["axis"]), turns=s["turns"]) for s in values["symmetries"])
    restored = {
        "readable": Path(values["readable"]),
        "low_m": _vector(values["low_m"]),
        "high_m": _vector(values["high_m"]),
        "symmetries": symmetries,
        "notes": tuple(values["notes"]),
    }
    facts = Facts(**{**values, **restored})
    return Examination(facts=facts, reason="", stamps=stamps)


def _vector(values: list[float]) -> Vector3:
    x, y, z = values
    return x, y, z
