"""A small dataset of meshes with depth, exported to every format in one command and read again."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import trimesh
from e2e.conftest import gapless, render
from pycocotools.coco import COCO
from torchvision.datasets import Kitti

from renderer.dataset.exports.registry import FORMATS
from train_eval.data.voc import read_voc

FRAMES, SIZE_MM = 6, (60.0, 30.0, 40.0)
HALF_STEP_MM = 0.05


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    (folder / "meshes").mkdir()
    trimesh.creation.box(np.array(SIZE_MM) / 1000).export(folder / "meshes" / "wood brick.ply")
    return render(
        folder / "bricks",
        "recipe=tabletop",
        f"objects.path={folder / 'meshes'}",
        "objects.mesh.size_m=null",
        "objects.mesh.scale=1",
        "labels.maps=[depth]",
        f"frames={FRAMES}",
        "seed=5",
    )


@pytest.fixture(scope="module")
def out(dataset) -> Path:
    folder = dataset.with_name("all")
    done = gapless("export", dataset, "--to", *FORMATS, "--out", folder, "--val", "0.4", "--processes", "2")
    assert done.returncode == 0, done.stderr
    return folder


def boxes_of_coco(out: Path) -> dict[int, list[tuple[int, ...]]]:
    """Half-open boxes of all that is listed, by frame."""
    boxes: dict[int, list[tuple[int, ...]]] = {}
    for path in sorted((out / "coco/annotations").glob("*.json")):
        coco = COCO(path)
        for image in coco.getImgIds():
            found = [entry["bbox"] for entry in coco.loadAnns(coco.getAnnIds(image))]
            boxes[image] = [(int(x), int(y), int(x + w), int(y + h)) for x, y, w, h in found]
    return boxes


def test_every_format_has_a_folder_and_nothing_else_is_there(out):
    assert {path.name for path in out.iterdir()} == set(FORMATS)
    assert not list(out.rglob(".parts"))


def test_coco_voc_and_kitti_say_the_same_boxes(out, monkeypatch):
    boxes = boxes_of_coco(out)
    assert len(boxes) == FRAMES
    assert any(boxes.values())
    reading = read_voc(out / "voc")
    assert reading.problems == ()
    of_voc = {int(image.path.stem): image.boxes_xyxy for image in reading.detections.images}
    assert {frame: [tuple(box) for box in found.tolist()] for frame, found in of_voc.items()} == boxes
    monkeypatch.setattr(Kitti, "_raw_folder", str(out / "kitti"))
    kitti = Kitti(str(out))
    for number, name in enumerate(kitti.images):
        image, target = kitti[number]
        image.close()
        found = [tuple(map(int, item["bbox"])) for item in target]
        assert found == [(x0, y0, x1 - 1, y1 - 1) for x0, y0, x1, y1 in boxes[int(Path(name).stem)]]
        assert all(item["type"] in ("wood_brick", "DontCare") for item in target)


def test_depth_of_bop_lies_on_the_boxes_that_its_poses_place(out):
    info = json.loads((out / "bop/models/models_info.json").read_text())["1"]
    assert [info[f"size_{axis}"] for axis in "xyz"] == pytest.approx(SIZE_MM)
    assert "smallest_scale" not in info
    low = np.array([info[f"min_{axis}"] for axis in "xyz"])
    seen = 0
    for folder in sorted((out / "bop").glob("*_pbr/000000")):
        cameras, poses = (
            json.loads((folder / f"{name}.json").read_text()) for name in ("scene_camera", "scene_gt")
        )
        for image, camera in cameras.items():
            depth = cv2.imread(str(folder / f"depth/{int(image):06d}.png"), cv2.IMREAD_UNCHANGED)
            K = np.array(camera["cam_K"]).reshape(3, 3)
            for gt, pose in enumerate(poses[image]):
                path = folder / f"mask_visib/{int(image):06d}_{gt:06d}.png"
                rows, columns = np.nonzero(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))
                depth_mm = depth[rows, columns] * camera["depth_scale"]
                assert (depth_mm > 0).all()
                rays = np.linalg.inv(K) @ np.stack([columns, rows, np.ones_like(rows)])
                R, t = np.array(pose["cam_R_m2c"]).reshape(3, 3), np.array(pose["cam_t_m2c"])
                own_mm = (depth_mm * rays).T @ R - t @ R
                beside_mm = np.abs((own_mm - low) / SIZE_MM - 0.5).max(axis=1) - 0.5
                assert (np.abs(beside_mm) * min(SIZE_MM) < 2 * HALF_STEP_MM).all()
                seen += len(rows)
    assert seen > 100


def test_the_export_is_verified_against_the_records(dataset, out):
    done = gapless("verify", dataset, "--export", out / "voc")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{FRAMES} images compared with the records" in done.stdout


def files_of(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_one_process_writes_the_bytes_of_two(dataset, out, tmp_path):
    names = ("voc", "kitti", "bop")
    done = gapless("export", dataset, "--to", *names, "--out", tmp_path, "--val", "0.4", "--processes", "1")
    assert done.returncode == 0, done.stderr
    for name in names:
        assert files_of(tmp_path / name) == files_of(out / name)
