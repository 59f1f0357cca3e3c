"""Polygons of id buffers: filled by rules of our own and by pycocotools, they are the pixels again."""

from collections.abc import Iterable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from pycocotools import mask as coco_mask
from scipy import ndimage

from renderer.labels import Polygon, coco_polygons, outline_instances

LARGEST_ID = 3
sizes = st.tuples(st.integers(1, 16), st.integers(1, 16))
id_images = npst.arrays(np.int32, sizes, elements=st.integers(0, LARGEST_ID))
seeds = st.integers(0, 2**32 - 1)


@st.composite
def riddled_images(draw: st.DrawFn) -> np.ndarray:
    """Mostly one instance, with holes and islands."""
    rng = np.random.default_rng(draw(seeds))
    ids: np.ndarray = (rng.random(draw(sizes)) < draw(st.floats(0.5, 1))).astype(np.int32)
    return ids


def outlined(ids: np.ndarray, wanted: Iterable[int], tolerance_px: float = 0.0) -> list[list[Polygon]]:
    """The polygons of one image."""
    return outline_instances(
        torch.from_numpy(ids)[None], torch.tensor([list(wanted)], dtype=torch.int64), tolerance_px
    )[0]


def windings(rings: Iterable[np.ndarray], size_hw: tuple[int, int]) -> np.ndarray:
    """How often rings go clockwise, seen with y down, about the centre of each pixel."""
    height, width = size_hw
    y, x = np.mgrid[:height, :width] + 0.5
    turns = np.zeros(size_hw, dtype=int)
    for ring in rings:
        for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
            if y0 != y1:
                spans = (min(y0, y1) < y) & (y < max(y0, y1))
                is_left = x0 + (y - y0) * (x1 - x0) / (y1 - y0) < x
                turns += np.where(spans & is_left, 1 if y1 < y0 else -1, 0)
    return turns


def filled(part: Polygon, size_hw: tuple[int, int]) -> np.ndarray:
    """The pixels whose centres lie within a polygon, by the rule of even and odd."""
    return windings([part.outer, *part.holes], size_hw) % 2 == 1


def spiral_and_islands() -> np.ndarray:
    """A frame, a frame with a diagonal touch in its hole, an island in that one, and a part at the border."""
    ids = np.zeros((12, 14), dtype=np.int32)
    ids[1:11, 1:11] = 1
    ids[2:10, 2:10] = 0
    ids[3:9, 3:9] = 1
    ids[4:8, 4:8] = 0
    ids[5, 5] = ids[6, 6] = 1
    ids[0:4, 13] = 1
    return ids


@settings(max_examples=200)
@given(id_images | riddled_images())
def test_filled_polygons_are_the_parts_of_their_instance(ids):
    for number, parts in enumerate(outlined(ids, range(LARGEST_ID + 1))):
        by_edges, count = ndimage.label(ids == number)
        assert len(parts) == count
        masks = [filled(part, ids.shape) for part in parts]
        assert {tuple(np.unique(by_edges[mask])) for mask in masks} == {(n,) for n in range(1, count + 1)}
        np.testing.assert_array_equal(np.sum([np.zeros(ids.shape), *masks], axis=0), ids == number)


@given(id_images | riddled_images())
def test_each_hole_of_a_part_has_a_ring(ids):
    for parts in outlined(ids, range(LARGEST_ID + 1)):
        for part in parts:
            outside = np.pad(~filled(part, ids.shape), 1, constant_values=True)
            assert len(part.holes) == ndimage.label(outside, np.ones((3, 3)))[1] - 1


@given(id_images | riddled_images())
def test_outer_rings_run_clockwise_and_holes_the_other_way(ids):
    for parts in outlined(ids, range(LARGEST_ID + 1)):
        for part in parts:
            assert set(np.unique(windings([part.outer], ids.shape))) <= {0, 1}
            for hole in part.holes:
                assert set(np.unique(windings([hole], ids.shape))) <= {0, -1}


@given(id_images | riddled_images())
def test_rings_turn_by_a_right_angle_at_each_point_and_nowhere_else(ids):
    for parts in outlined(ids, range(LARGEST_ID + 1)):
        for ring in (ring for part in parts for ring in (part.outer, *part.holes)):
            steps = np.roll(ring, -1, axis=0) - ring
            assert ((steps != 0).sum(axis=1) == 1).all()
            assert ((steps * np.roll(steps, 1, axis=0)).sum(axis=1) == 0).all()


@settings(max_examples=200)
@given(id_images | riddled_images())
def test_coco_polygons_are_the_instance_to_pycocotools_and_by_both_rules_of_filling(ids):
    for number, parts in enumerate(outlined(ids, range(LARGEST_ID + 1))):
        paths = coco_polygons(parts)
        assert len(paths) == len(parts)
        turns = windings([np.reshape(path, (-1, 2)) for path in paths], ids.shape)
        np.testing.assert_array_equal(turns, ids == number)
        if paths:
            codes = coco_mask.frPyObjects(paths, *ids.shape)
            np.testing.assert_array_equal(coco_mask.decode(coco_mask.merge(codes)), ids == number)
            assert sum(coco_mask.area(codes)) == np.count_nonzero(ids == number)


@given(riddled_images())
def test_bridges_go_straight_up_over_pixels_of_their_instance(ids):
    parts = outlined(ids, [1])[0]
    for part, path in zip(parts, coco_polygons(parts), strict=True):
        points = np.reshape(path, (-1, 2)).astype(int)
        assert (points.ravel() == path).all()
        steps = {(*a, *b) for a, b in zip(points.tolist(), np.roll(points, -1, axis=0).tolist(), strict=True)}
        bridges = [(x0, y0, x1, y1) for x0, y0, x1, y1 in steps if (x1, y1, x0, y0) in steps and y1 < y0]
        assert len(bridges) == len(part.holes)
        for x0, y0, x1, y1 in bridges:
            assert x0 == x1
            assert ids[y1:y0, x0].all()


def test_holes_islands_and_diagonal_touches_are_told_apart():
    ids = spiral_and_islands()
    parts = outlined(ids, [1])[0]
    assert sorted(len(part.holes) for part in parts) == [0, 0, 0, 1, 1]
    np.testing.assert_array_equal(sum(filled(part, ids.shape) for part in parts), ids)


def test_rings_that_touch_at_a_corner_of_pixels_do_not_cross():
    ids = np.ones((4, 4), dtype=np.int32)
    ids[1, 1] = ids[2, 2] = 0
    (part,) = outlined(ids, [1])[0]
    (hole,) = part.holes  # instances hang together by edges, and so holes by corners
    assert len(hole) == 8
    np.testing.assert_array_equal(filled(part, ids.shape), ids)


def test_square_has_its_four_corners_from_the_upper_left_one_on():
    ids = np.zeros((6, 7), dtype=np.int32)
    ids[1:4, 2:6] = 5
    (part,) = outlined(ids, [5])[0]
    assert part.outer.tolist() == [[2, 1], [6, 1], [6, 4], [2, 4]]
    assert coco_polygons([part]) == [[2, 1, 6, 1, 6, 4, 2, 4]]


def test_bridge_to_a_hole_goes_straight_up_from_its_corner():
    ids = np.ones((4, 5), dtype=np.int32)
    ids[2, 2] = 0
    ((path,),) = (coco_polygons(parts) for parts in outlined(ids, [1]))
    points = np.reshape(path, (-1, 2)).tolist()
    assert points[:3] == [[0, 0], [2, 0], [2, 2]]
    assert points[6:] == [[2, 2], [2, 0], [5, 0], [5, 4], [0, 4]]


def test_batch_equals_its_images_one_by_one_whatever_the_order_of_ids():
    images = np.random.default_rng(3).integers(0, 4, (3, 9, 11), dtype=np.int16)
    wanted = [[3, 1, 2], [2, 7, -1], [1, 1, 3]]
    together = outline_instances(torch.from_numpy(images), torch.tensor(wanted))
    for image, ids, of_image in zip(images, wanted, together, strict=True):
        for number, parts in zip(ids, of_image, strict=True):
            mask = (image == number) & (number >= 0)
            assert len(parts) == ndimage.label(mask)[1]
            np.testing.assert_array_equal(
                sum((filled(p, mask.shape) for p in parts), np.zeros(mask.shape)), mask
            )


def test_image_that_shows_nothing_asked_for_has_no_polygons():
    ids = np.ones((4, 5), dtype=np.int32)
    assert outlined(ids, []) == []
    assert outlined(ids, [2]) == [[]]
    assert coco_polygons([]) == []


def test_long_rings_are_followed_to_their_end():
    ids = np.zeros((60, 201), dtype=np.int32)
    ids[0] = 1
    ids[:, ::2] = 1
    (part,) = outlined(ids, [1])[0]
    assert len(part.outer) == 4 + 2 * 200
    np.testing.assert_array_equal(filled(part, ids.shape), ids)


def disc_with_a_hole() -> np.ndarray:
    y, x = np.mgrid[:80, :80] + 0.5
    distance = np.hypot(x - 40, y - 40)
    ids: np.ndarray = ((distance < 35) & (distance > 12)).astype(np.int32)
    return ids


@pytest.mark.parametrize("tolerance_px", [0.7, 1.5, 3.0])
def test_simplified_rings_have_fewer_points_and_stay_within_the_tolerance(tolerance_px):
    ids = disc_with_a_hole()
    (exact,), (simple,) = outlined(ids, [1])[0], outlined(ids, [1], tolerance_px)[0]
    for before, after in zip([exact.outer, *exact.holes], [simple.outer, *simple.holes], strict=True):
        assert 3 <= len(after) < len(before)
        assert {tuple(point) for point in after.tolist()} <= {tuple(point) for point in before.tolist()}
        ahead = np.roll(after, -1, axis=0)
        distances = [distance_to_segments(point, after, ahead) for point in before]
        assert max(distances) <= tolerance_px + 1e-9
    (path,) = coco_polygons([simple])
    turns = windings([np.reshape(path, (-1, 2))], ids.shape)
    np.testing.assert_array_equal(turns == 1, filled(simple, ids.shape))


def distance_to_segments(point: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> float:
    along = ends - starts
    places = np.clip(((point - starts) * along).sum(axis=1) / (along**2).sum(axis=1), 0, 1)
    return float(np.hypot(*(starts + places[:, None] * along - point).T).min())


@given(riddled_images(), st.floats(0.1, 30))
def test_simplified_rings_keep_three_points_at_least(ids, tolerance_px):
    for part in outlined(ids, [1], tolerance_px)[0]:
        assert min(len(ring) for ring in (part.outer, *part.holes)) >= 3
        (path,) = coco_polygons([part])
        assert len(path) >= 6


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU that torch can use")
def test_polygons_on_the_gpu_equal_those_on_the_cpu():
    ids = torch.from_numpy(np.random.default_rng(0).integers(0, 5, (3, 60, 80), dtype=np.int32))
    wanted = torch.arange(1, 6).expand(3, -1)
    here, there = outline_instances(ids, wanted), outline_instances(ids.cuda(), wanted.cuda())
    for on_cpu, on_gpu in zip(here, there, strict=True):
        assert [coco_polygons(parts) for parts in on_cpu] == [coco_polygons(parts) for parts in on_gpu]
