"""Entries of instances: masks as wholes and as seen, shares of them, and what follows for annotations."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from unit.recipes import dice_recipe
from unit.shelves import brick, library_of, mesh_object
from unit.strategies import card, die

from renderer.catalog.library import open_library
from renderer.catalog.meshes.symmetries import Symmetry
from renderer.dataset.entries import Instance, Shown, instance_entries
from renderer.dataset.record import decode_mask
from renderer.files import json_bytes
from renderer.labels import label_instances
from renderer.labels.cast import Whole
from renderer.rotation import quaternion_about, quaternion_product
from renderer.scene import Camera, Pose

LIBRARY = open_library(dice_recipe())
LIMITS = replace(dice_recipe().labels, min_pixels=2)
ABOVE = Pose(position_m=(0.0, 0.0, 0.5), rotation_wxyz=(0.0, 1.0, 0.0, 0.0))
CAMERA = Camera(width_px=9, height_px=8, fx_px=50.0, fy_px=50.0, cx_px=4.5, cy_px=4.0, pose=ABOVE)
masks = npst.arrays(np.bool_, st.tuples(st.integers(0, 12), st.integers(0, 12)))


def trimmed(origin: tuple[int, int], mask: np.ndarray) -> Whole:
    """A whole in the tight box around its pixels."""
    rows, columns = np.nonzero(mask)
    if not rows.size:
        return Whole(origin_px=(0, 0), mask=torch.zeros((0, 0), dtype=torch.bool))
    part = mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    place = (origin[0] + int(columns.min()), origin[1] + int(rows.min()))
    return Whole(origin_px=place, mask=torch.from_numpy(part.copy()))


def filled(x0: int, y0: int, x1: int, y1: int, **changes) -> Whole:
    mask = torch.ones((y1 - y0, x1 - x0), dtype=torch.bool)
    return replace(Whole(origin_px=(x0, y0), mask=mask), **changes)


def entries_of(ids: np.ndarray, *instances: Instance, limits=LIMITS, library=LIBRARY) -> list[dict]:
    numbers = torch.tensor([[instance.number for instance in instances]])
    labels = label_instances(torch.from_numpy(ids)[None], numbers)
    return instance_entries(Shown(camera=CAMERA, ids=ids, labels=labels), instances, library, limits)


def ids_of(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    ids = np.zeros((8, 9), dtype=np.int32)
    for number, (x0, y0, x1, y1) in enumerate(boxes, start=1):
        ids[y0:y1, x0:x1] = number
    return ids


def die_of(number: int, whole: Whole, item=None) -> Instance:
    face = torch.ones_like(whole.mask) if whole.face is None else whole.face
    return Instance(number=number, item=item or die(), whole=replace(whole, face=face), hidden=[False] * 6)


def in_the_image(entry: dict) -> np.ndarray:
    """The amodal mask of an entry in an image three times as wide and high, about the image."""
    canvas = np.zeros((24, 27), dtype=bool)
    mask, (x, y) = decode_mask(entry["amodal"]["segmentation"]), entry["amodal"]["origin_px"]
    canvas[y + 8 : y + 8 + mask.shape[0], x + 9 : x + 9 + mask.shape[1]] = mask
    return canvas


def test_what_is_seen_of_each_object_is_in_its_entry():
    ids = ids_of((2, 1, 7, 4), (0, 0, 0, 0), (8, 5, 9, 6))
    items = [die(slot=slot, face=slot + 1) for slot in range(3)]
    whole = filled(2, 1, 7, 4)
    entries = entries_of(ids, *(die_of(n, whole, item) for n, item in enumerate(items, start=1)))
    assert [e["name"] for e in entries] == ["die[0]", "die[1]", "die[2]"]
    assert [e["id"] for e in entries] == [1, 2, 3]
    assert [e["category"] for e in entries] == ["1", "2", "3"]
    assert [e["bbox_xyxy"] for e in entries] == [[2, 1, 7, 4], [0, 0, 0, 0], [8, 5, 9, 6]]
    assert [e["area_px"] for e in entries] == [15, 0, 1]
    for number, entry in enumerate(entries, start=1):
        np.testing.assert_array_equal(decode_mask(entry["segmentation"]), ids == number)


def test_an_object_half_hidden_and_half_outside_the_image():
    """Its 6 x 4 pixels begin 3 left of the image; of the 12 inside it 4 are hidden."""
    (entry,) = entries_of(ids_of((0, 2, 2, 6)), die_of(1, filled(-3, 2, 3, 6)))
    assert entry["amodal"]["bbox_xyxy"] == [-3, 2, 3, 6]
    assert entry["amodal"]["origin_px"] == [-3, 2]
    assert entry["amodal"]["area_px"] == 24
    assert entry["amodal"]["segmentation"]["size"] == [4, 6]
    assert entry["visibility"] == 8 / 24
    assert entry["truncation"] == 0.5


@given(masks, masks, st.integers(-9, 6), st.integers(-8, 5), st.integers(0, 8), st.integers(0, 7))
def test_what_is_seen_belongs_to_the_whole(whole_mask, seen_mask, x, y, column, row):
    seen = np.zeros((8, 9), dtype=bool)
    part = seen_mask[: 8 - row, : 9 - column]
    seen[row : row + part.shape[0], column : column + part.shape[1]] = part
    whole = trimmed((x, y), whole_mask)
    (entry,) = entries_of(
        seen.astype(np.int32), Instance(number=1, item=card(), whole=whole, hidden=[False] * 5)
    )
    expected = np.zeros((24, 27), dtype=bool)
    expected[y + 8 : y + 8 + whole_mask.shape[0], x + 9 : x + 9 + whole_mask.shape[1]] = whole_mask
    expected[8:16, 9:18] |= seen
    np.testing.assert_array_equal(in_the_image(entry), expected)
    assert entry["amodal"]["area_px"] == expected.sum()
    inside = expected[8:16, 9:18].sum()
    if expected.any():
        rows, columns = np.nonzero(expected)
        tight = [columns.min() - 9, rows.min() - 8, columns.max() - 8, rows.max() - 7]
        assert entry["amodal"]["bbox_xyxy"] == tight
        assert entry["visibility"] == seen.sum() / expected.sum()
        assert entry["truncation"] == pytest.approx(1 - inside / expected.sum(), abs=1e-12)
    assert 0 <= entry["visibility"] <= 1
    assert entry["visibility"] <= 1 - entry["truncation"] + 1e-12


def test_what_has_no_pixel_at_all_is_not_visible_and_wholly_outside():
    nothing = Whole(origin_px=(0, 0), mask=torch.zeros((0, 0), dtype=torch.bool))
    (entry,) = entries_of(ids_of(), Instance(number=1, item=card(), whole=nothing, hidden=[False] * 5))
    assert entry["amodal"]["bbox_xyxy"] == [0, 0, 0, 0]
    assert entry["amodal"]["area_px"] == 0
    assert (entry["visibility"], entry["truncation"]) == (0, 1)
    assert not entry["annotated"]


def test_an_instance_is_annotated_from_min_pixels_on():
    ids = ids_of((0, 0, 3, 1), (3, 0, 5, 1), (5, 0, 6, 1))
    limits = replace(LIMITS, min_face_visibility=0.0)
    entries = entries_of(ids, *(die_of(n, filled(0, 0, 1, 1)) for n in (1, 2, 3)), limits=limits)
    assert [entry["annotated"] for entry in entries] == [True, True, False]


@pytest.mark.parametrize(("least", "annotated"), [(0.0, True), (0.5, True), (0.51, False)])
def test_an_instance_is_annotated_from_min_visibility_on(least, annotated):
    card_ = Instance(number=1, item=card(), whole=filled(0, 0, 4, 4), hidden=[False] * 5)
    (entry,) = entries_of(ids_of((0, 0, 4, 2)), card_, limits=replace(LIMITS, min_visibility=least))
    assert entry["visibility"] == 0.5
    assert (entry["annotated"], entry["ignored"]) == (annotated, False)


@pytest.mark.parametrize(("columns", "share"), [(4, 1.0), (1, 0.25), (0, 0.0)])
def test_a_die_is_ignored_where_too_little_of_its_upper_face_is_seen(columns, share):
    """The face takes the upper four rows of four columns; the lower rows are seen whole."""
    face = torch.zeros((8, 4), dtype=torch.bool)
    face[:4] = True
    ids = ids_of((0, 4, 4, 8))
    ids[:4, :columns] = 1
    whole = filled(0, 0, 4, 8, face=face)
    entry, strict = (
        entries_of(ids, die_of(1, whole), limits=replace(LIMITS, min_face_visibility=least))[0]
        for least in (0.25, 0.26)
    )
    assert entry["face_visibility"] == share
    assert entry["ignored"] == (share < 0.25)
    assert strict["ignored"] == (share < 0.26)
    assert entry["annotated"] != entry["ignored"]


def test_a_face_without_a_pixel_is_not_visible():
    whole = filled(0, 0, 4, 8, face=torch.zeros((8, 4), dtype=torch.bool))
    (entry,) = entries_of(ids_of((0, 0, 4, 8)), die_of(1, whole))
    assert entry["face_visibility"] == 0
    assert entry["ignored"]


def test_a_die_that_leans_too_far_is_ignored_however_well_its_face_is_seen():
    lean = quaternion_about((1, 0, 0), math.radians(44))
    item = die()
    leaning = replace(item, pose=Pose(rotation_wxyz=quaternion_product(lean, item.pose.rotation_wxyz)))
    (entry,) = entries_of(ids_of((0, 0, 4, 4)), die_of(1, filled(0, 0, 4, 4), leaning))
    assert entry["face_visibility"] == 1
    assert entry["face_margin"] == pytest.approx(math.cos(math.radians(44)) - math.sin(math.radians(44)))
    assert entry["ignored"]


def test_only_dice_have_faces_and_only_the_users_meshes_a_file(monkeypatch):
    library = library_of(
        monkeypatch,
        {"mug/a.obj": brick(0.08, 0.06, 0.1)},
        symmetries=(Symmetry(axis=(0.0, 0.0, 1.0), turns=0),),
        keypoints={"rim": (0.0, 0.0, 0.05)},
    )
    whole = filled(0, 0, 4, 4)
    mug = Instance(number=1, item=mesh_object("mug/a.obj"), whole=whole, hidden=[True])
    king = Instance(number=2, item=card(rank="king"), whole=whole, hidden=[False] * 5)
    ids = ids_of((0, 0, 4, 4), (4, 0, 8, 4))
    mesh, printed, cube = entries_of(ids, mug, king, die_of(3, whole), library=library)
    assert mesh["mesh"] == "mug/a.obj"
    assert mesh["symmetries"] == [{"axis": (0, 0, 1), "turns": 0}]
    assert list(mesh["keypoints"]) == ["rim"]
    assert printed["symmetries"] == [{"axis": (0, 0, 1), "turns": 2}]
    assert (cube["symmetries"], len(cube["keypoints"])) == ([], 6)
    for entry in (mesh, printed):
        assert not {"face_margin", "face_visibility"} & set(entry)
    assert "mesh" not in printed
    assert "mesh" not in cube


def test_the_place_of_an_object_is_that_seen_from_the_camera():
    item = replace(card(thickness_m=0.0002), pose=Pose(position_m=(0.1, 0.0, 0.0)))
    (entry,) = entries_of(
        ids_of(), Instance(number=1, item=item, whole=filled(0, 0, 1, 1), hidden=[False] * 5)
    )
    assert entry["pose"]["position_m"] == pytest.approx((0.1, 0, 0.5))
    assert entry["pose"]["rotation_wxyz"] == pytest.approx((0, 1, 0, 0))
    assert entry["distance_m"] == pytest.approx(math.hypot(0.1, 0.5 - 0.0001))
    assert len(entry["box_3d"]["corners_m"]) == 8
    assert entry["box_3d"]["corners_m"][0] == pytest.approx((0.1 - 0.0315, 0.044, 0.5))
    assert entry["box_3d"]["corners_px"][0] == pytest.approx((4.5 + 100 * 0.0685, 4 + 100 * 0.044))


def test_corners_behind_the_camera_are_null_in_json():
    item = replace(
        card(), pose=Pose(position_m=(0.0, 0.03, 0.5), rotation_wxyz=quaternion_about((1, 0, 0), 1))
    )
    (entry,) = entries_of(
        ids_of(), Instance(number=1, item=item, whole=filled(0, 0, 1, 1), hidden=[False] * 5)
    )
    read = json.loads(json_bytes(entry))
    depths = [corner[2] for corner in read["box_3d"]["corners_m"]]
    assert [pixel is None for pixel in read["box_3d"]["corners_px"]] == [depth <= 0 for depth in depths]
    assert 0 < sum(depth <= 0 for depth in depths) < 8
