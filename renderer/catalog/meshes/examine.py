"""Examining a file: can it be used, and what is known of it."""

import os
import struct
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from renderer.catalog.meshes import conversion
from renderer.catalog.meshes.bop import is_bop_model, model_info, models_info_path
from renderer.catalog.meshes.conversion import Conversion
from renderer.catalog.meshes.facts import Examination, Facts, Stamps, stamp_of
from renderer.catalog.meshes.fault import BrokenMeshError
from renderer.catalog.meshes.formats import READERS, announced_triangles, check_content
from renderer.catalog.meshes.frames import Frame, about_origin, frame_of, in_metres, origin_m
from renderer.catalog.meshes.listing import check_place
from renderer.catalog.meshes.polygons import is_closed
from renderer.catalog.meshes.references import check_references
from renderer.catalog.meshes.source import Source
from renderer.catalog.meshes.symmetries import Symmetry, bop_symmetries
from renderer.catalog.model import Model
from renderer.files import file_sha256
from renderer.recipe.distributions import can_draw
from renderer.recipe.objects import Meshes

Conversions = Mapping[Path, Path | BrokenMeshError]
NONE_CONVERTED: Conversions = {}
FLAT_BELOW = 1e-5  # of the largest extent; vertices of 32 bits are off by less
# What our readers, numpy and Pillow raise on bytes that make no sense; a test feeds them such.
_SENSELESS = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, EOFError, RecursionError,
    SyntaxError, struct.error, zlib.error,
)  # fmt: skip


def examine(
    key: str, name: str, root: Path, settings: Meshes, conversions: Conversions = NONE_CONVERTED
) -> Examination:
    """Read a file of the folder `root` and tell what it is; what cannot be used says why.

    Args:
        conversions: those that were made for several files together.
    """
    path = root / name
    source = Source(
        path=path,
        root=root,
        keeps_look=keeps_look(settings),
        examines=True,
        max_triangles=settings.max_triangles,
    )
    before = stamp_of(path)
    facts, reason, is_lasting = None, "", True
    try:
        facts = _facts(key, name, source, settings, conversions)
    except BrokenMeshError as error:
        reason = str(error)
    except (OSError, MemoryError) as error:
        is_lasting = False  # another day it may be readable
        reason = f"cannot be read ({getattr(error, 'strerror', None) or 'there is too little memory'})"
    except _SENSELESS as error:
        reason = f"cannot be read: its content makes no sense ({_short(error)})"
    stamps = {name: before, **_side_stamps(source, facts)}
    return Examination(facts=facts, reason=reason, stamps=stamps if is_lasting else {})


def keeps_look(settings: Meshes) -> bool:
    """Whether an object can be drawn with the look that its mesh has."""
    return can_draw(settings.look.distribution, "keep")


def read_readable(source: Source, frame: Frame) -> Model:
    """The model of a file that is read here, turned and in metres, about the file's origin.

    Raises:
        BrokenMeshError: it cannot be used.
    """
    with np.errstate(all="ignore"):  # numbers without sense are found as such
        model = READERS[source.path.suffix.lower()](source)
        return replace(model, mesh=in_metres(model.mesh, frame))


def file_frame(path: Path, readable: Path, settings: Meshes) -> Frame:
    """The frame of a file that is read as `readable`."""
    suffix, is_converted = path.suffix.lower(), readable != path
    return frame_of(settings, suffix=suffix, is_bop=is_bop_model(path), is_converted=is_converted)


def _facts(key: str, name: str, source: Source, settings: Meshes, conversions: Conversions) -> Facts:
    status = check_place(source.path, source.root)
    check_content(source.path, status.st_size)
    readable = _readable(source, settings, conversions)
    frame = file_frame(source.path, readable.path, settings)
    model = read_readable(readable, frame)
    source.notes.extend(readable.notes if readable is not source else [])
    vertices = model.mesh.vertices
    _check_extents(key, vertices, settings)
    mesh = about_origin(model.mesh, frame)
    is_watertight = is_closed(mesh)
    reach_m = float(np.linalg.norm(mesh.vertices, axis=1).max())
    symmetries = _symmetries(source, frame, origin_m(vertices, frame.origin), reach_m)
    if not is_watertight:
        source.note("is not watertight")
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    return Facts(
        readable=Path(name) if readable is source else readable.path,
        hashes=_hashes(name, source),
        low_m=(float(low[0]), float(low[1]), float(low[2])),
        high_m=(float(high[0]), float(high[1]), float(high[2])),
        radius_m=float(np.linalg.norm(mesh.vertices[:, :2], axis=1).max()),
        reach_m=reach_m,
        triangles=len(mesh.triangles),
        is_watertight=is_watertight,
        has_look=bool(model.materials),
        symmetries=symmetries,
        notes=tuple(source.notes),
    )


def _readable(source: Source, settings: Meshes, conversions: Conversions) -> Source:
    """The file that is read here: itself, or what Blender makes of it, in its cache."""
    path, most = source.path, settings.decimate_to
    if path.suffix.lower() in READERS:
        # no format takes less than two bytes for a triangle: small files need no count
        if path.stat().st_size <= 2 * min(settings.max_triangles, most or settings.max_triangles):
            return source
        count = announced_triangles(source)
        if most is None or count <= most:
            source.check_triangles(count)
            return source
        check_references(source)
    wanted = Conversion(path=path, root=source.root, decimate_to=most, needs_look=source.keeps_look)
    readable = conversions.get(path)
    if readable is None:
        readable = conversion.converted(path, source.root, most, needs_look=source.keeps_look)
    if isinstance(readable, BrokenMeshError):
        raise readable
    for file in conversion.side_files(wanted):
        source.sides[Path(os.path.relpath(file, source.root)).as_posix()] = file if file.is_file() else None
    return replace(source, path=readable, root=readable.parent, sides={}, notes=[], pictures={})


def _check_extents(key: str, vertices: Float[np.ndarray, "v 3"], settings: Meshes) -> None:
    """Refuse what has no area, and what is flat unless that is allowed; in whatever direction it is so."""
    centered = vertices - vertices.mean(axis=0)
    largest = float(np.abs(centered).max())
    if largest == 0:
        raise BrokenMeshError("has no area: all of its vertices are at one place")
    scaled = centered / largest
    squares = np.linalg.eigvalsh(scaled.T @ scaled)[::-1]
    ratios = np.sqrt(np.maximum(squares, 0) / squares[0])
    if ratios[1] < FLAT_BELOW:
        raise BrokenMeshError("has no area: its vertices are on a line")
    if ratios[2] < FLAT_BELOW and not settings.allow_flat:
        raise BrokenMeshError(f"is flat, without volume: {key}.allow_flat=true uses it all the same")


def _symmetries(
    source: Source, frame: Frame, origin: Float[np.ndarray, "3"], reach_m: float
) -> tuple[Symmetry, ...]:
    if not is_bop_model(source.path):
        return ()
    symmetries, notes = bop_symmetries(model_info(source.path), frame, origin, reach_m)
    for note in notes:
        source.note(note)
    return symmetries


def _hashes(name: str, source: Source) -> dict[str, str]:
    """Of the file and of all that it names, as far as it is there."""
    hashes = {name: file_sha256(source.path)}
    info = models_info_path(source.path)
    if info is not None and info.is_file():
        hashes[info.relative_to(source.root).as_posix()] = file_sha256(info)
    return hashes | {side: file_sha256(path) for side, path in source.sides.items() if path is not None}


def _side_stamps(source: Source, facts: Facts | None) -> Stamps:
    """Stamps of the other files that were looked at, those that are missing too."""
    names = list(source.sides)
    info = models_info_path(source.path)
    if info is not None:
        names.append(info.relative_to(source.root).as_posix())
    if facts is not None:
        names.append(str(facts.readable))
    return {name: stamp_of(source.root / name) for name in names}


def _short(error: BaseException) -> str:
    """The first words of an error, on one line."""
    words = " ".join(str(error).split())
    return words[:80] or type(error).__name__
