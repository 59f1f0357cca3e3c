"""Export as BOP, held against the rules of bop_toolkit and against the records' own geometry."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from unit.exported import BRICK, FRAMES, PARCEL, exported, record_of_frame

from renderer.dataset.exports.bop import FORMAT as BOP
from renderer.dataset.exports.bop_frames import bop_depth, depth_scale
from renderer.dataset.exports.bop_models import Extent, Sight, model_info
from renderer.dataset.exports.format import Choices, Target
from renderer.dataset.record import decode_mask
from renderer.errors import DataError

NEAR_EDGE_PX = 1e-3


@pytest.fixture(scope="module")
def folder(made_source, tmp_path_factory) -> Path:
    return exported(BOP, made_source, tmp_path_factory.mktemp("out") / "bop", parts=3)


def places() -> dict[int, tuple[str, int]]:
    """Folder and image of each frame."""
    return {
        0: ("train_pbr/000000", 0),
        1: ("train_pbr/000000", 1),
        999: ("train_pbr/000000", 999),
        1000: ("train_pbr/000001", 0),
        2345: ("val_pbr/000002", 345),
    }


def load(folder: Path, frame: int, name: str):
    """An image's entry, by bop_toolkit's rule: keys are numbers of images."""
    scene, image = places()[frame]
    content = json.loads((folder / scene / f"{name}.json").read_text())
    return {int(key): value for key, value in content.items()}[image]


def load_image(folder: Path, frame: int, kind: str, gt: int | None = None) -> np.ndarray:
    scene, image = places()[frame]
    name = f"{image:06d}.png" if gt is None else f"{image:06d}_{gt:06d}.png"
    return np.array(Image.open(folder / scene / kind / name))


def test_folders_hold_a_thousand_images_and_every_frame_is_in_one(folder):
    found = {path.relative_to(folder).as_posix() for path in folder.glob("*_pbr/*/rgb/*.png")}
    assert found == {f"{scene}/rgb/{image:06d}.png" for scene, image in places().values()}
    keys = {
        scene: sorted(image for at, image in places().values() if at == scene)
        for scene, _ in places().values()
    }
    for scene, images in keys.items():
        for name in ("scene_camera", "scene_gt", "scene_gt_info"):
            content = json.loads((folder / scene / f"{name}.json").read_text())
            assert sorted(map(int, content)) == images


def projected(camera, pose, points_mm: np.ndarray) -> np.ndarray:
    """s * [u, v, 1] = K [R t] [x, y, z, 1], row-wise, as BOP defines it."""
    K = np.array(camera["cam_K"]).reshape(3, 3)
    R, t = np.array(pose["cam_R_m2c"]).reshape(3, 3), np.array(pose["cam_t_m2c"]).reshape(3, 1)
    image = K @ (R @ points_mm.T + t)
    return (image[:2] / image[2]).T


def corners_mm(low, size) -> np.ndarray:
    return np.array([[low[axis] + size[axis] * (i >> axis & 1) for axis in range(3)] for i in range(8)])


@pytest.mark.parametrize("frame", FRAMES)
def test_model_points_projected_by_k_r_t_are_the_records_half_a_pixel_up_and_left(made_source, folder, frame):
    camera = load(folder, frame, "scene_camera")
    record = record_of_frame(made_source, frame)
    for pose, known in zip(load(folder, frame, "scene_gt"), record["instances"], strict=True):
        points = corners_mm(pose["model_min"], pose["model_size"])
        expected = known["box_3d"]["corners_px"]
        if None in expected:
            assert pose["cam_t_m2c"][2] < 0
        else:
            np.testing.assert_allclose(projected(camera, pose, points) + 0.5, expected, atol=1e-3)


def test_a_box_projected_by_bops_rule_covers_the_pixels_of_its_mask_and_no_others(folder):
    """Pixel (column, row) has its centre there: the mask of a convex body is what its outline holds."""
    names = json.loads((folder / "models/object_names.json").read_text())
    camera, checked = load(folder, 0, "scene_camera"), 0
    for gt, pose in enumerate(load(folder, 0, "scene_gt")):
        if "mesh" not in names[str(pose["obj_id"])] or pose["cam_t_m2c"][2] < 0:
            continue
        points = projected(camera, pose, corners_mm(pose["model_min"], pose["model_size"]))
        outline = cv2.convexHull(points.astype(np.float32))
        mask = load_image(folder, 0, "mask", gt) > 0
        for row, column in np.ndindex(mask.shape):
            inside_px = cv2.pointPolygonTest(outline, (float(column), float(row)), measureDist=True)
            if abs(inside_px) > NEAR_EDGE_PX:
                assert mask[row, column] == (inside_px > 0), (gt, row, column)
        checked += 1
    assert checked == 4


def test_masks_are_0_and_255_of_the_whole_and_of_what_is_seen(made_source, folder):
    record = record_of_frame(made_source, 0)
    infos = load(folder, 0, "scene_gt_info")
    for gt, (info, known) in enumerate(zip(infos, record["instances"], strict=True)):
        whole, seen = (load_image(folder, 0, kind, gt) for kind in ("mask", "mask_visib"))
        for mask in (whole, seen):
            assert (mask.shape, mask.dtype) == ((72, 96), np.uint8)
            assert set(np.unique(mask).tolist()) <= {0, 255}
        assert np.array_equal(seen > 0, decode_mask(known["segmentation"]))
        assert not ((seen > 0) & (whole == 0)).any()
        inside_px = round(known["amodal"]["area_px"] * (1 - known["truncation"]))
        assert np.count_nonzero(whole) == inside_px
        assert np.count_nonzero(seen) == info["px_count_visib"]


def test_facts_of_objects_follow_bop_toolkits_rules(made_source, folder):
    record = record_of_frame(made_source, 0)
    infos = load(folder, 0, "scene_gt_info")
    for gt, (info, known) in enumerate(zip(infos, record["instances"], strict=True)):
        rows, columns = np.nonzero(load_image(folder, 0, "mask_visib", gt))
        x0, y0, x1, y1 = known["amodal"]["bbox_xyxy"]
        if rows.size:
            width, height = columns.max() - columns.min(), rows.max() - rows.min()  # calc_2d_bbox
            assert info["bbox_visib"] == [columns.min(), rows.min(), width, height]
            assert info["bbox_obj"] == [x0, y0, x1 - 1 - x0, y1 - 1 - y0]
        else:
            assert info["bbox_visib"] == info["bbox_obj"] == [-1, -1, -1, -1]
        assert info["px_count_all"] == known["amodal"]["area_px"]
        assert info["visib_fract"] == pytest.approx(known["visibility"])
    truncated, behind = infos[3], infos[4]
    assert truncated["bbox_obj"][0] + truncated["bbox_obj"][2] > 96  # beyond the image
    assert (behind["px_count_all"], behind["visib_fract"]) == (0, 0.0)
    half = infos[1]
    assert half["px_count_valid"] == half["px_count_all"] > half["px_count_visib"]


def test_depth_times_its_scale_is_the_depth_along_the_axis_in_millimetres(made_source, folder):
    camera, depth = load(folder, 0, "scene_camera"), load_image(folder, 0, "depth")
    assert depth.dtype == np.uint16
    assert camera["depth_scale"] == 0.1
    record = record_of_frame(made_source, 0)
    face = decode_mask(record["instances"][3]["segmentation"])
    nearest_mm = 1000 * min(corner[2] for corner in record["instances"][3]["box_3d"]["corners_m"])
    farthest_mm = 1000 * max(corner[2] for corner in record["instances"][3]["box_3d"]["corners_m"])
    found_mm = depth[face] * camera["depth_scale"]
    assert nearest_mm - 0.1 <= found_mm.min()
    assert found_mm.max() <= farthest_mm + 0.1
    assert (depth[0] == 0).all()  # the sky


def test_the_finest_scale_in_which_objects_fit_is_taken_and_what_is_farther_has_no_depth():
    def seen_at(z_m: float, area_px: int = 9) -> dict:
        return {"instances": [{"area_px": area_px, "box_3d": {"corners_m": [[0, 0, z_m]] * 8}}]}

    assert [depth_scale(seen_at(z)) for z in (0.5, 6.5, 6.6, 65, 66, 2000)] == [0.1, 0.1, 1, 1, 10, 10]
    assert depth_scale(seen_at(50, area_px=0)) == 0.1
    depths = np.array([[0.12343, 6.5535, 6.554, np.inf]], dtype=np.float32)
    assert bop_depth(depths, 0.1).tolist() == [[1234, 65535, 0, 0]]


def test_cameras_are_in_the_world_and_one_is_for_all(made_source, folder):
    camera, known = load(folder, 0, "scene_camera"), record_of_frame(made_source, 0)["camera"]
    R, t = np.array(camera["cam_R_w2c"]).reshape(3, 3), np.array(camera["cam_t_w2c"])
    np.testing.assert_allclose(R @ known["pose"]["position_m"] * 1000 + t, 0, atol=1e-4)
    ahead = R @ [0, 1, 0]  # it looks along the world's y
    np.testing.assert_allclose(ahead, [0, 0, 1], atol=1e-9)
    whole = json.loads((folder / "camera.json").read_text())
    assert whole == {
        "width": 96, "height": 72, "fx": 180.0, "fy": 160.0, "cx": 49.5, "cy": 32.5, "depth_scale": 0.1,
    }  # fmt: skip


def test_models_have_numbers_sizes_and_all_symmetries(folder):
    names = json.loads((folder / "models/object_names.json").read_text())
    assert names == {
        "1": {"category": PARCEL, "kind": "mesh", "mesh": f"{PARCEL}/b.obj"},
        "2": {"category": BRICK, "kind": "mesh", "mesh": f"{BRICK}/a.obj"},
        "5": {"category": "1"},
    }
    infos = json.loads((folder / "models/models_info.json").read_text())
    assert infos.keys() == names.keys()
    parcel, brick, die = infos["1"], infos["2"], infos["5"]
    assert [parcel[f"size_{axis}"] for axis in "xyz"] == pytest.approx([100, 50, 20])
    assert [parcel[f"min_{axis}"] for axis in "xyz"] == pytest.approx([-50, -25, -10])
    assert parcel["diameter"] == pytest.approx(np.linalg.norm([100, 50, 20]))
    assert "smallest_scale" not in parcel
    assert brick["smallest_scale"] == pytest.approx(0.5)
    assert [brick[f"size_{axis}"] for axis in "xyz"] == pytest.approx([60, 30, 90])
    turns = np.array(parcel["symmetries_discrete"]).reshape(-1, 4, 4)
    found = {tuple(np.diag(turn).round().astype(int).tolist()) for turn in turns}
    assert found == {
        (1, -1, -1, 1),
        (-1, 1, -1, 1),
        (-1, -1, 1, 1),
    }  # half turns about x and z make one about y
    assert "symmetries_discrete" not in die


def test_only_symmetries_of_all_objects_count_and_any_turn_is_continuous():
    extent = Extent.between((-0.1, -0.1, 0.0), (0.1, 0.1, 0.3))
    z, flip = ((0.0, 0.0, 1.0), 0), ((1.0, 0.0, 0.0), 2)
    both = Sight(smallest=extent, largest=extent, symmetries=frozenset({z, flip}))
    one = Sight(smallest=extent, largest=extent, symmetries=frozenset({z}))
    info = model_info(both)
    assert info["symmetries_continuous"] == [{"axis": [0.0, 0.0, 1.0], "offset": [0, 0, 0]}]
    assert len(info["symmetries_discrete"]) == 1
    assert "symmetries_discrete" not in model_info(both.joined(one))
    assert Sight.of_plain(json.loads(json.dumps(both.plain()))) == both


def test_a_cube_of_quarter_turns_has_24_ways_to_lie():
    extent = Extent.between((-0.1,) * 3, (0.1,) * 3)
    quarter = frozenset({((0.0, 0.0, 1.0), 4), ((1.0, 0.0, 0.0), 4)})
    info = model_info(Sight(smallest=extent, largest=extent, symmetries=quarter))
    assert len(info["symmetries_discrete"]) == 23


def one_frame(made_source, folder: Path, record) -> Path:
    target = Target(folder=folder, source=made_source, choices=Choices())
    (target.folder / ".parts").mkdir(parents=True)
    with closing(BOP.part(target, 0)) as part:
        part.add(record, "train")
    BOP.merge(target, 1)
    return folder


def test_without_a_map_there_is_no_depth_and_a_sentence_says_how_to_get_it(made_source, folder, tmp_path):
    out = one_frame(made_source, tmp_path / "bop", {**record_of_frame(made_source, 0), "maps": {}})
    assert not (out / "train_pbr/000000/depth").exists()
    assert "labels.maps=[depth]" in (out / "dataset_info.md").read_text()
    assert "labels.maps" not in (folder / "dataset_info.md").read_text()
    (out_infos,) = json.loads((out / "train_pbr/000000/scene_gt_info.json").read_text()).values()
    assert out_infos == load(folder, 0, "scene_gt_info")


def test_a_lens_that_bends_is_refused(made_source, tmp_path):
    record = dict(record_of_frame(made_source, 0))
    record["camera"] |= {"lens": {"model": "fisheye", "coefficients": [0.1, 0, 0, 0]}}
    with pytest.raises(DataError, match="bop has no distortion, and the lens of frame 0 bends"):
        one_frame(made_source, tmp_path, record)


def test_a_mesh_that_the_dataset_does_not_list_is_told(made_source, tmp_path):
    elsewhere = replace(made_source, root=tmp_path)
    (tmp_path / "images").symlink_to(made_source.root / "images")
    (tmp_path / "depth").symlink_to(made_source.root / "depth")
    with pytest.raises(DataError, match=r"bop needs meshes\.json of the dataset, which does not have"):
        one_frame(elsewhere, tmp_path / "out", record_of_frame(made_source, 0))
