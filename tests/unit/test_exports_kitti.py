"""Export as KITTI, read by torchvision and by the rules of KITTI's development kit."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from torchvision.datasets import Kitti
from unit.exported import (
    BRICK,
    FRAMES,
    LEVEL,
    MODELS,
    brick_at,
    exported,
    posed,
    record_of_frame,
    rendered,
)
from unit.shelves import library_of

from renderer.dataset.coco import listed_instances
from renderer.dataset.exports.format import Choices, Target
from renderer.dataset.exports.kitti import FORMAT as KITTI
from renderer.dataset.exports.kitti import UNKNOWN, kitti_solid, occlusion_state
from renderer.dataset.record import decode_mask
from renderer.errors import DataError
from renderer.labels.poses import box_corners
from renderer.randomize.cameras import camera_rotation

LOW, HIGH = (-0.02, -0.05, 0.01), (0.08, 0.03, 0.2)


@pytest.fixture(scope="module")
def folder(made_source, tmp_path_factory) -> Path:
    return exported(KITTI, made_source, tmp_path_factory.mktemp("out") / "kitti", parts=2)


def kitti_corners(dimensions, location, rotation_y) -> np.ndarray:
    """The corners as KITTI's development kit computes them (`computeBox3D.m`), in the order of a record's."""
    height, width, length = dimensions
    cosine, sine = math.cos(rotation_y), math.sin(rotation_y)
    R = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    corners = [
        # with y down, z of KITTI's box points to the left of its x, as the object's own y does
        (length / 2 * (1 if i & 1 else -1), -height if i & 4 else 0, width / 2 * (1 if i & 2 else -1))
        for i in range(8)
    ]
    return np.array(corners) @ R.T + location


def instance_at(rotation: Rotation, position) -> dict:
    """What a record says of where a box is."""
    corners = rotation.apply(box_corners(LOW, HIGH)) + position
    return {
        "pose": {"rotation_wxyz": rotation.as_quat(scalar_first=True).tolist(), "position_m": position},
        "box_3d": {"corners_m": corners.tolist()},
    }


UPRIGHT = Rotation.from_matrix([[1, 0, 0], [0, 0, -1], [0, 1, 0]])  # object's z is the camera's -y
TURNS = st.floats(-math.pi, math.pi)


@given(TURNS, st.floats(-5, 5), st.floats(-2, 2), st.floats(0.5, 50))
def test_the_box_of_an_upright_object_is_the_records(turn, x, y, z):
    instance = instance_at(UPRIGHT * Rotation.from_rotvec([0, 0, turn]), [x, y, z])
    solid = kitti_solid(instance)
    found = kitti_corners(solid.dimensions_hwl_m, solid.location_m, solid.rotation_y_rad)
    np.testing.assert_allclose(found, instance["box_3d"]["corners_m"], atol=1e-9)
    assert -math.pi <= solid.alpha_rad <= math.pi
    seen_along = math.atan2(solid.location_m[0], solid.location_m[2])
    difference_rad = solid.alpha_rad - solid.rotation_y_rad + seen_along
    assert math.remainder(difference_rad, 2 * math.pi) == pytest.approx(0)


@given(TURNS, st.floats(2e-3, math.pi), st.floats(0, 2 * math.pi))
def test_an_object_that_leans_or_lies_is_not_known_in_three_dimensions(turn, lean, towards):
    leaning = Rotation.from_rotvec([lean * math.cos(towards), lean * math.sin(towards), 0])
    rotation = UPRIGHT * leaning * Rotation.from_rotvec([0, 0, turn])
    assert kitti_solid(instance_at(rotation, [0, 0, 1])) == UNKNOWN


def test_torchvision_reads_every_field(made_source, folder, tmp_path):
    raw = tmp_path / "Kitti" / "raw"
    raw.mkdir(parents=True)
    (raw / "training").symlink_to(folder / "training")
    dataset = Kitti(str(tmp_path))
    assert len(dataset) == len(FRAMES)
    number = [Path(name).stem for name in dataset.images].index("000000")
    image, target = dataset[number]
    image.load()  # which closes its file
    assert image.size == (96, 72)
    record = record_of_frame(made_source, 0)
    for item, known in zip(target, listed_instances(record), strict=True):
        rows, columns = np.nonzero(decode_mask(known["segmentation"]))
        assert item["bbox"] == [columns.min(), rows.min(), columns.max(), rows.max()]
    types = ["tall_brick", "tall_brick", 'R&D_<"parcel">', 'R&D_<"parcel">', "DontCare"]
    assert [item["type"] for item in target] == types
    assert [item["occluded"] for item in target] == [0, 1, 0, 0, -1]
    assert target[3]["truncated"] == pytest.approx(listed_instances(record)[3]["truncation"], abs=1e-6)
    for item in (target[2], target[4]):  # askew, ignored
        assert (item["dimensions"], item["location"]) == ([-1] * 3, [-1000] * 3)
        assert (item["alpha"], item["rotation_y"]) == (-10, -10)
    assert target[4]["truncated"] == -1


def calibration(folder: Path, stem: str) -> dict[str, np.ndarray]:
    lines = (folder / "training/calib" / f"{stem}.txt").read_text().splitlines()
    return {name: np.array(values.split(), dtype=float) for name, values in (ln.split(": ") for ln in lines)}


def test_upright_boxes_projected_by_p2_are_those_of_the_record_and_hold_the_mask(made_source, folder):
    matrices = calibration(folder, "000000")
    assert {name: values.size for name, values in matrices.items()} == {
        **{f"P{n}": 12 for n in range(4)}, "R0_rect": 9, "Tr_velo_to_cam": 12, "Tr_imu_to_velo": 12,
    }  # fmt: skip
    P2 = matrices["P2"].reshape(3, 4)
    lines = (folder / "training/label_2/000000.txt").read_text().splitlines()
    objects = listed_instances(record_of_frame(made_source, 0))
    checked = 0
    for line, known in zip(lines, objects, strict=True):
        fields = line.split(" ")
        assert len(fields) == 15
        values = np.array(fields[8:], dtype=float)
        if values[0] < 0:
            continue
        checked += 1
        corners = kitti_corners(values[:3], values[3:6], values[6])
        np.testing.assert_allclose(corners, known["box_3d"]["corners_m"], atol=2e-6)
        pixels = np.hstack([corners, np.ones((8, 1))]) @ P2.T
        pixels = pixels[:, :2] / pixels[:, 2:]
        np.testing.assert_allclose(pixels + 0.5, known["box_3d"]["corners_px"], atol=2e-3)
        left, top, right, bottom = (float(value) for value in fields[4:8])
        assert np.all(pixels.min(axis=0) <= (left, top))
        assert np.all(pixels.max(axis=0) >= (right, bottom))
    assert checked == 3


def test_an_upright_object_before_a_tilted_camera_is_not_known_in_three_dimensions(monkeypatch):
    tilted = camera_rotation(azimuth_deg=0, tilt_deg=85, roll_deg=0)
    seen_by = replace(LEVEL, pose=replace(LEVEL.pose, rotation_wxyz=tilted))
    library = library_of(monkeypatch, MODELS)
    brick = (brick_at(posed(0, 0, 0.045)),)
    (level,) = rendered(library, 0, brick).record["instances"]
    (askew,) = rendered(library, 0, brick, seen_by).record["instances"]
    assert kitti_solid(level) != UNKNOWN
    assert kitti_solid(askew) == UNKNOWN


def test_behind_a_lens_that_bends_only_boxes_are_known(made_source, tmp_path):
    record = dict(record_of_frame(made_source, 0))
    record["camera"] |= {"lens": {"model": "fisheye", "coefficients": [0.1, 0, 0, 0]}}
    target = Target(folder=tmp_path, source=made_source, choices=Choices())
    (target.folder / ".parts").mkdir(parents=True)
    part = KITTI.part(target, 0)
    part.add(record, "train")
    part.close()
    first = (tmp_path / "training/label_2/000000.txt").read_text().splitlines()[0].split()
    assert first[:2] == ["tall_brick", "0.000000"]
    assert [float(value) for value in first[8:]] == [-1] * 3 + [-1000] * 3 + [-10]


@pytest.mark.parametrize(("seen_px", "state"), [(1000, 0), (951, 0), (940, 1), (501, 1), (490, 2), (1, 2)])
def test_occlusion_is_partly_above_a_twentieth_and_largely_above_a_half(seen_px, state):
    assert occlusion_state({"area_px": seen_px, "amodal": {"area_px": 1000}, "truncation": 0.0}) == state
    assert occlusion_state({"area_px": seen_px, "amodal": {"area_px": 2000}, "truncation": 0.5}) == state


@pytest.mark.parametrize("names", [("a b", "a_b"), ("DontCare",), ("a  b", "a\tb")])
def test_categories_that_would_have_one_name_are_refused(made_source, tmp_path, names):
    target = Target(folder=tmp_path, source=replace(made_source, categories=names), choices=Choices())
    with pytest.raises(DataError, match="kitti has no blanks in names"):
        KITTI.part(target, 0)


def test_lists_name_each_frame_once(folder):
    train, val, both = (
        (folder / "ImageSets" / f"{name}.txt").read_text().split() for name in ("train", "val", "trainval")
    )
    assert both == [f"{frame:06d}" for frame in FRAMES] == sorted(train + val)
    assert BRICK.replace(" ", "_") in (folder / "training/label_2/000000.txt").read_text()
    assert (folder / "training/label_2/000001.txt").read_text() == ""
