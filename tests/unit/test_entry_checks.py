"""Entries of instances: what agrees with its masks passes, and each single edit is found and named."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from unit.frames import encode_mask

from renderer.labels.entry_checks import entry_fault, overlap_fault

SIZE_HW = (20, 30)


def entry_of(whole: np.ndarray, origin_px: tuple[int, int], hidden: np.ndarray | None = None) -> dict:
    """The entry of an object by numpy's own means, of whose whole mask a part is hidden."""
    x, y = origin_px
    canvas = np.zeros((100, 100), dtype=bool)  # the image's first pixel is at (40, 40)
    canvas[40 + y : 40 + y + whole.shape[0], 40 + x : 40 + x + whole.shape[1]] = whole
    visible = canvas[40 : 40 + SIZE_HW[0], 40 : 40 + SIZE_HW[1]]
    inside = int(visible.sum())
    if hidden is not None:
        visible = visible & ~hidden
    area = int(whole.sum())
    return {
        "name": "die[2]",
        "id": 3,
        "category": "6",
        "bbox_xyxy": box_of(visible, (0, 0)),
        "area_px": int(visible.sum()),
        "segmentation": encode_mask(visible),
        "amodal": {
            "bbox_xyxy": box_of(whole, origin_px),
            "area_px": area,
            "origin_px": list(origin_px),
            "segmentation": encode_mask(whole),
        },
        "visibility": int(visible.sum()) / area,
        "truncation": 1 - inside / area,
        "pose": {"rotation_wxyz": [1, 0, 0, 0], "position_m": [0, 0, 1]},
        "distance_m": 1.0,
        "box_3d": {"corners_m": [[0.0, 0.0, 1.0]] * 8, "corners_px": [[15.0, 10.0]] * 8},
        "symmetries": [],
        "keypoints": {},
        "annotated": True,
        "ignored": False,
    }


def box_of(mask: np.ndarray, origin_px: tuple[int, int]) -> list[int]:
    rows, columns = np.nonzero(mask)
    if not rows.size:
        return [0, 0, 0, 0]
    (x, y) = origin_px
    return [int(columns.min()) + x, int(rows.min()) + y, int(columns.max()) + 1 + x, int(rows.max()) + 1 + y]


def disk(radius: int) -> np.ndarray:
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    mask: np.ndarray = x**2 + y**2 <= radius**2
    return mask


@pytest.fixture
def entry():
    """A disk that reaches beyond the left border, with a bar across it."""
    hidden = np.zeros(SIZE_HW, dtype=bool)
    hidden[8:11] = True
    return entry_of(disk(6), (-4, 3), hidden)


@given(
    npst.arrays(np.bool_, st.tuples(st.integers(1, 25), st.integers(1, 25))).filter(np.any),
    st.tuples(st.integers(-30, 35), st.integers(-30, 35)),
    npst.arrays(np.bool_, SIZE_HW),
)
def test_entry_that_agrees_with_its_masks_passes_wherever_the_object_is(whole, origin_px, hidden):
    assert entry_fault(entry_of(whole, origin_px, hidden), SIZE_HW) is None


def test_object_without_any_pixel_passes(entry):
    none = encode_mask(np.zeros((0, 0), dtype=bool))
    entry |= {"amodal": {"bbox_xyxy": [7, 7, 7, 7], "area_px": 0, "origin_px": [7, 7], "segmentation": none}}
    entry |= {"area_px": 0, "bbox_xyxy": [0, 0, 0, 0], "visibility": 0.0, "truncation": 1.0}
    entry["segmentation"] = encode_mask(np.zeros(SIZE_HW, dtype=bool))
    assert entry_fault(entry, SIZE_HW) is None


def edited(entry, path, value):
    changed = copy.deepcopy(entry)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value(place[path[-1]]) if callable(value) else value
    return changed


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("area_px",), lambda v: v + 1, "has area_px"),
        (("bbox_xyxy",), lambda v: [v[0], v[1], v[2] + 1, v[3]], "has bbox_xyxy"),
        (("segmentation",), encode_mask(disk(6)), "has a mask of [13, 13] pixels"),
        (("segmentation", "counts"), "no code", "has a mask that cannot be read"),
        (("segmentation",), {"size": list(SIZE_HW)}, "has a mask that cannot be read"),
        (("amodal", "area_px"), lambda v: v - 1, "has amodal.area_px"),
        (("amodal", "bbox_xyxy"), lambda v: [v[0] - 1, *v[1:]], "has amodal.bbox_xyxy"),
        (("amodal", "origin_px"), [-4, 4], "has amodal.bbox_xyxy"),
        (("amodal", "segmentation", "counts"), "", "has a mask that cannot be read"),
        (("amodal", "segmentation"), 7, "has the segmentation 7"),
        (("visibility",), lambda v: v + 1e-4, "has visibility"),
        (("visibility",), float("nan"), "has visibility nan"),
        (("truncation",), lambda v: v - 1e-4, "has truncation"),
        (("amodal", "origin_px"), [0.5, 3], "has the amodal.origin_px [0.5, 3], expected"),
        (("amodal", "segmentation", "size"), [10**9, 10**9], "has a mask that cannot be read"),
        (("annotated",), 1, "has the annotated 1, which is of the wrong type"),
        (("id",), True, "has the id True, which is of the wrong type"),
    ],
)
def test_each_edit_is_named(entry, path, value, complaint):
    assert entry_fault(entry, SIZE_HW) is None
    assert entry_fault(edited(entry, path, value), SIZE_HW).startswith(complaint)


@pytest.mark.parametrize("key", ["name", "amodal", "visibility", "pose", "keypoints", "ignored"])
def test_missing_key_is_named(entry, key):
    del entry[key]
    assert entry_fault(entry, SIZE_HW) == f"has no {key}"


def test_visible_pixel_that_is_not_of_the_whole_object_is_found(entry):
    moved = edited(entry, ("amodal", "origin_px"), [-3, 3])
    moved = edited(moved, ("amodal", "bbox_xyxy"), lambda v: [v[0] + 1, v[1], v[2] + 1, v[3]])
    assert "pixels that are not of the whole object" in entry_fault(moved, SIZE_HW)


def test_instances_that_share_a_pixel_are_named_and_neighbours_are_not():
    left = entry_of(np.ones((5, 5), dtype=bool), (3, 3)) | {"name": "a"}
    right = entry_of(np.ones((5, 5), dtype=bool), (8, 3)) | {"name": "b"}
    over = entry_of(np.ones((5, 5), dtype=bool), (7, 7)) | {"name": "c"}
    assert overlap_fault([]) is None
    assert overlap_fault([left, right]) is None
    assert overlap_fault([right, over]) in ("b and c share pixels", "c and b share pixels")
    assert overlap_fault([left, right, over]) is not None
