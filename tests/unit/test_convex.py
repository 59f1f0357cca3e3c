"""Convex pieces of meshes: what is hollow stays hollow, what is convex stays whole, and once is enough."""

import math

import numpy as np
import pytest
import trimesh
from scipy.spatial import ConvexHull

from renderer.catalog import convex
from renderer.catalog.convex import LARGEST_HULL, convex_pieces
from renderer.catalog.model import flat_shaded
from renderer.catalog.solids import Solid, hull_solid
from renderer.errors import CatalogError
from renderer.settle.physics import Place, come_to_rest
from renderer.settle.world import GAP_M, Body

TABLE = Place(fixed=(Solid(shape="plane"),))


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("GAPLESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(convex, "_recent", type(convex._recent)())


def pieces_of(mesh: trimesh.Trimesh) -> tuple[np.ndarray, ...]:
    return convex_pieces("a mesh", flat_shaded(mesh.vertices, mesh.faces))


def cup() -> trimesh.Trimesh:
    profile = [[0, 0], [0.03, 0], [0.03, 0.05], [0.026, 0.05], [0.026, 0.004], [0, 0.004]]
    return trimesh.creation.revolve(np.array(profile), sections=8)


def angle() -> trimesh.Trimesh:
    upright = trimesh.creation.box(bounds=[[0, 0, 0], [0.01, 0.02, 0.05]])
    foot = trimesh.creation.box(bounds=[[0.01, 0, 0], [0.04, 0.02, 0.01]])
    return trimesh.util.concatenate([upright, foot])


def volume(pieces) -> float:
    return sum(ConvexHull(piece).volume for piece in pieces)


def test_a_ball_falls_into_a_cup():
    mesh = cup()
    pieces = pieces_of(mesh)
    assert len(pieces) > 3
    assert volume(pieces) < 1.5 * mesh.volume < 0.5 * mesh.convex_hull.volume
    bodies = [
        Body(solids=tuple(hull_solid(piece) for piece in pieces)),
        Body(solids=(Solid(shape="ellipsoid", half_size_m=(0.01, 0.01, 0.01)),)),
    ]
    poses = np.array([(0, 0, 0.001, 1, 0, 0, 0), (0.003, 0.002, 0.08, 1, 0, 0, 0)], dtype=float)
    stands, ball = come_to_rest(bodies, poses, TABLE)
    assert stands[2] == pytest.approx(GAP_M, abs=1e-4)
    assert ball[2] == pytest.approx(0.014 + 2 * GAP_M, abs=6e-4)  # within a tenth of the cup's floor
    assert math.hypot(*(ball - stands)[:2]) < 0.02


def test_what_is_convex_is_its_hull(monkeypatch):
    monkeypatch.setattr(convex, "_decomposed", None)  # whoever asks for it fails
    box = trimesh.creation.box((1, 2, 3))
    (piece,) = pieces_of(box)
    assert len(piece) == 8
    ball = trimesh.creation.icosphere(subdivisions=4)
    (piece,) = pieces_of(ball)
    assert len(piece) <= LARGEST_HULL
    assert volume([piece]) == pytest.approx(ball.volume, rel=0.03)


def test_a_leaf_has_thickness_and_can_fall():
    corners = np.array([(0, 0, 0), (0.04, 0, 0.01), (0.04, 0.03, 0.01), (0, 0.03, 0)], dtype=float)
    (piece,) = convex_pieces("leaf", flat_shaded(corners, [(0, 1, 2), (0, 2, 3)]))
    assert volume([piece]) > 0
    (rest,) = come_to_rest([Body(solids=(hull_solid(piece),))], np.array([(0, 0, 0.02, 1.0, 0, 0, 0)]), TABLE)
    assert rest is not None


def test_a_mesh_is_taken_apart_once(monkeypatch, tmp_path):
    first = pieces_of(angle())
    with monkeypatch.context() as patch:
        patch.setattr(convex, "_decomposed", None)
        convex._recent.clear()
        assert all((a == b).all() for a, b in zip(pieces_of(angle()), first, strict=True))
    (file,) = (tmp_path / "cache" / "pieces").glob("*.npz")
    for damage in (b"", b"PK\x03\x04 and no more", b"text"):
        file.write_bytes(damage)
        convex._recent.clear()
        monkeypatch.setattr(convex, "_decomposed", lambda *_: list(first))
        assert len(pieces_of(angle())) == len(first)


def test_what_crashes_the_decomposition_falls_as_its_hull(monkeypatch):
    monkeypatch.setattr(convex, "DECOMPOSER", "renderer.no_such_module")
    (piece,) = pieces_of(cup())
    assert volume([piece]) == pytest.approx(cup().convex_hull.volume, rel=1e-6)


def test_what_takes_too_long_is_named(monkeypatch):
    monkeypatch.setattr(convex, "TIME_LIMIT_S", 1e-3)
    with pytest.raises(CatalogError, match="mesh 'a mesh' takes longer than 0.001 s .* fewer triangles"):
        pieces_of(cup())


def test_many_triangles_become_fewer_and_keep_their_shape():
    fine = cup().subdivide().subdivide().subdivide().subdivide()
    welded, triangles = convex._welded(flat_shaded(fine.vertices, fine.faces))
    vertices, coarse = convex._coarser(welded, triangles)
    assert len(coarse) < len(triangles) / 2
    assert np.ptp(vertices, axis=0) == pytest.approx(fine.extents, rel=0.05)
    assert trimesh.Trimesh(vertices, coarse).volume == pytest.approx(cup().volume, rel=0.4)
