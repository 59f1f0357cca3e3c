"""Convex pieces that a mesh is made of, by CoACD; kept in the cache by what they follow from.

What takes time is bounded: meshes of many triangles are made coarser first, and the search for cuts has a
fixed length. No clock decides on the pieces, so they are the same on a slow machine.
"""

import functools
import hashlib
import importlib.metadata
import io
import json
import logging
import os
import subprocess
import sys
import tempfile
import zipfile
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import ConvexHull, QhullError

from renderer.catalog.meshes.cache import cache_folder
from renderer.catalog.model import TriangleMesh
from renderer.errors import CatalogError, StoreError
from renderer.files import write_bytes

Piece = Float[np.ndarray, "_ 3"]  # the corners of a convex piece; each piece has its own number of them

VERSION = 1  # to be raised when the same mesh would be taken apart otherwise
DECOMPOSER = "renderer.catalog.decompose"
TIME_LIMIT_S = 900.0
LARGEST_TRIANGLES = 6000  # what has more is made coarser before it is taken apart
COARSE_CELLS = 28  # of a coarser mesh, along its longest side
CONVEX_SHARE = 0.99  # a mesh that fills so much of its hull is its hull
LARGEST_HULL = 500  # vertices of a piece: seen in so many directions, a ball is 0.4 % of its radius too small
LEAST_THICKNESS = 2e-3  # of a piece over its longest side
_PACKAGES = Path(__file__).parents[2]
_KEPT_MESHES = 256
_LOG = logging.getLogger(__name__)
_recent: OrderedDict[str, tuple[Piece, ...]] = OrderedDict()


def convex_pieces(name: str, mesh: TriangleMesh) -> tuple[Piece, ...]:
    """The corners of each piece, in the mesh's frame; the hull of a mesh that cannot be taken apart.

    Args:
        name: of the mesh, for an error.

    Raises:
        CatalogError: it takes too long.
    """
    vertices, triangles = _welded(mesh)
    key = _key(vertices, triangles)
    if key not in _recent:
        _recent[key] = _kept_pieces(key, name, vertices, triangles)
        while len(_recent) > _KEPT_MESHES:
            _recent.popitem(last=False)
    _recent.move_to_end(key)
    return _recent[key]


def _kept_pieces(
    key: str, name: str, vertices: Float[np.ndarray, "v 3"], triangles: Int[np.ndarray, "t 3"]
) -> tuple[Piece, ...]:
    path = cache_folder() / "pieces" / f"{key}.npz"
    pieces = _load(path)
    if pieces is None:
        pieces = _taken_apart(name, vertices, triangles)
        _save(path, pieces)
    return pieces


def _key(vertices: Float[np.ndarray, "v 3"], triangles: Int[np.ndarray, "t 3"]) -> str:
    facts = [VERSION, importlib.metadata.version("coacd"), list(vertices.shape), list(triangles.shape)]
    digest = hashlib.sha256(json.dumps(facts).encode())
    digest.update(np.asarray(vertices, dtype="<f8").tobytes())
    digest.update(np.asarray(triangles, dtype="<i4").tobytes())
    return digest.hexdigest()


def _load(path: Path) -> tuple[Piece, ...] | None:
    """The pieces in a file of the cache; None where there is none that can be used."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            pieces = tuple(file[f"arr_{number}"] for number in range(len(file.files)))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    is_sound = all(p.ndim == 2 and p.shape[1] == 3 and np.isfinite(p).all() for p in pieces)
    return pieces if pieces and is_sound else None


def _save(path: Path, pieces: Sequence[Piece]) -> None:
    """Keep pieces; a cache that cannot be written is none."""
    content = io.BytesIO()
    np.savez(content, *pieces)
    try:
        write_bytes(path, content.getvalue())
    except StoreError as error:
        _LOG.info("the pieces of a mesh are not kept: %s", error)


def _welded(mesh: TriangleMesh) -> tuple[Float[np.ndarray, "v 3"], Int[np.ndarray, "t 3"]]:
    """The mesh with one vertex at each place, without triangles that have no area."""
    vertices, inverse = np.unique(mesh.vertices, axis=0, return_inverse=True)
    return vertices, _with_area(inverse.reshape(-1)[mesh.triangles])


def _with_area(triangles: Int[np.ndarray, "t 3"]) -> Int[np.ndarray, "s 3"]:
    a, b, c = triangles.T
    kept: Int[np.ndarray, "s 3"] = triangles[(a != b) & (b != c) & (c != a)]
    return kept


def _taken_apart(
    name: str, vertices: Float[np.ndarray, "v 3"], triangles: Int[np.ndarray, "t 3"]
) -> tuple[Piece, ...]:
    hull = _hull_points(vertices)
    if _is_convex(hull, vertices, triangles):
        return (hull,)
    if len(triangles) > LARGEST_TRIANGLES:
        vertices, triangles = _coarser(vertices, triangles)
    pieces = _decomposed(name, vertices, triangles)
    return tuple(_hull_points(piece) for piece in pieces) or (hull,)


def _is_convex(
    hull: Float[np.ndarray, "n 3"], vertices: Float[np.ndarray, "v 3"], triangles: Int[np.ndarray, "t 3"]
) -> bool:
    """Whether a mesh fills its hull; what is thin is taken as its hull too."""
    try:
        hull_volume = ConvexHull(vertices).volume
    except QhullError:
        return True
    corners = vertices[triangles] - hull.mean(axis=0)
    volume = float(np.einsum("ti,ti->t", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum()) / 6
    return bool(abs(volume) >= CONVEX_SHARE * hull_volume)


def _coarser(
    vertices: Float[np.ndarray, "v 3"], triangles: Int[np.ndarray, "t 3"]
) -> tuple[Float[np.ndarray, "w 3"], Int[np.ndarray, "s 3"]]:
    """Vertices of a cell become one, in their middle (Rossignac and Borrel 1993)."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    cells = np.floor((vertices - low) / (high - low).max() * COARSE_CELLS).astype(np.int64)
    _, inverse, counts = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    inverse = inverse.reshape(-1)
    sums = np.stack([np.bincount(inverse, weights=vertices[:, axis]) for axis in range(3)], axis=1)
    return sums / counts[:, None], np.unique(_with_area(inverse[triangles]), axis=0)


def _decomposed(
    name: str, vertices: Float[np.ndarray, "v 3"], triangles: Int[np.ndarray, "t 3"]
) -> list[Piece]:
    """The pieces, from a process of its own; none where it crashes on the mesh."""
    with tempfile.TemporaryDirectory(prefix="gapless-") as folder:
        source, target = Path(folder) / "mesh.npz", Path(folder) / "pieces.npz"
        np.savez(source, vertices=vertices, triangles=triangles.astype(np.int32))
        try:
            subprocess.run(
                (sys.executable, "-P", "-m", DECOMPOSER, str(source), str(target)),
                timeout=TIME_LIMIT_S,
                capture_output=True,
                check=False,
                env={**os.environ, "PYTHONPATH": str(_PACKAGES), "OMP_NUM_THREADS": "1"},
            )
        except subprocess.TimeoutExpired:
            raise CatalogError(
                f"mesh '{name}' takes longer than {TIME_LIMIT_S:g} s to be taken apart into convex pieces, "
                "so that it can fall; give it fewer triangles, or leave physics off"
            ) from None
        return list(_load(target) or ())


def _hull_points(points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "m 3"]:
    """The corners of the convex hull of points, as many as matter, and at least a little apart."""
    thick = _thickened(points)
    try:
        corners = thick[ConvexHull(thick).vertices]
    except QhullError:
        corners = thick
    if len(corners) > LARGEST_HULL:
        corners = corners[np.unique(np.argmax(corners @ _directions().T, axis=0))]
    return corners


def _thickened(points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "m 3"]:
    """The points; those of a flat piece twice, on both sides of it."""
    middle = points.mean(axis=0)
    axes = np.linalg.svd(points - middle, full_matrices=False)[2]
    along = (points - middle) @ axes.T
    extents = np.ptp(along, axis=0)
    for axis, extent in zip(axes, extents, strict=True):
        if extent < LEAST_THICKNESS * extents.max():
            step = axis * LEAST_THICKNESS * extents.max() / 2
            points = np.concatenate([points - step, points + step])
    return points


@functools.cache
def _directions() -> Float[np.ndarray, "n 3"]:
    """Directions that cover the sphere evenly, on a golden spiral."""
    steps = np.arange(LARGEST_HULL)
    z = 1 - (2 * steps + 1) / LARGEST_HULL
    angles, radius = steps * np.pi * (3 - 5**0.5), np.sqrt(1 - z * z)
    return np.stack([radius * np.cos(angles), radius * np.sin(angles), z], axis=1)
