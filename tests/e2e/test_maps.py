"""Maps of labels from end to end: rendered by the command, read back by other means than ours."""

import json
import math
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest
from e2e.conftest import SMALL, gapless, render
from PIL import Image
from pycocotools import mask as coco_mask

KEYS = ("recipe=dice", "seed=3", "frames=2", "shots=2", "labels.maps=[instances,semantic,depth,normals]")


@pytest.fixture(scope="module")
def mapped(tmp_path_factory) -> Path:
    """Two shots of one view, with every map."""
    return render(tmp_path_factory.mktemp("maps") / "out", *KEYS, "labels.box=amodal")


def records_of(out: Path) -> list[dict]:
    return [json.loads(path.read_text()) for path in sorted((out / "frames").glob("*.json"))]


def exr(path: Path) -> dict[str, np.ndarray]:
    channels = OpenEXR.File(str(path), separate_channels=True).channels()
    return {name: channel.pixels for name, channel in channels.items()}


def test_every_frame_has_its_maps_beside_its_image(mapped):
    for record in records_of(mapped):
        assert set(record["maps"]) == {"instances", "semantic", "depth", "normals"}
        for file in record["maps"].values():
            assert (mapped / file["file"]).stat().st_size == file["bytes"]


def test_images_are_those_without_maps(mapped, dice_50):
    first = "images/000000.png"
    assert (mapped / first).read_bytes() == (dice_50 / first).read_bytes()


def test_the_map_of_instances_is_the_masks_by_their_ids(mapped):
    for record in records_of(mapped):
        ids = np.array(Image.open(mapped / record["maps"]["instances"]["file"]))
        assert len(record["instances"]) > 3
        for instance in record["instances"]:
            np.testing.assert_array_equal(coco_mask.decode(instance["segmentation"]), ids == instance["id"])


def test_the_semantic_map_has_the_categories_of_the_annotations(mapped):
    coco = json.loads((mapped / "annotations.json").read_text())
    names = {category["id"]: category["name"] for category in coco["categories"]}
    record = records_of(mapped)[0]
    semantic = cv2.imread(str(mapped / record["maps"]["semantic"]["file"]), cv2.IMREAD_UNCHANGED)
    covered = np.zeros(semantic.shape, dtype=bool)
    for instance in record["instances"]:
        mask = coco_mask.decode(instance["segmentation"]).astype(bool)
        covered |= mask
        assert {names[number] for number in np.unique(semantic[mask])} <= {instance["category"]}
    assert (semantic[~covered] == 0).all()


def test_depth_range_and_normals_agree_with_the_camera_and_the_poses(mapped):
    """Of each die seen well the nearest pixel is nearer than its middle, by at most half its diagonal."""
    record = records_of(mapped)[0]
    depth, normals = (
        exr(mapped / record["maps"]["depth"]["file"]),
        exr(mapped / record["maps"]["normals"]["file"]),
    )
    (fx, _, cx), (_, fy, cy), _ = record["camera"]["K"]
    height, width = depth["range_m"].shape
    u, v = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    length = np.sqrt(1 + ((u - cx) / fx) ** 2 + ((v - cy) / fy) ** 2)
    np.testing.assert_allclose(depth["range_m"], depth["depth_z_m"] * length, rtol=1e-5)
    seen = 0
    for instance in record["instances"]:
        mask = coco_mask.decode(instance["segmentation"]).astype(bool)
        if instance["visibility"] < 0.9 or mask.sum() < 20:
            continue
        seen += 1
        edge = np.linalg.norm(np.subtract(*instance["box_3d"]["corners_m"][:2]))
        nearest = depth["range_m"][mask].min()
        assert instance["distance_m"] - 0.87 * edge < nearest < instance["distance_m"]
        assert instance["distance_m"] == pytest.approx(math.hypot(*instance["pose"]["position_m"]), abs=1e-8)
    assert seen > 0
    np.testing.assert_allclose(sum(normals[axis] ** 2 for axis in "xyz"), 1, atol=1e-5)


def test_shots_of_a_view_share_their_maps(mapped):
    one, other = (record["maps"] for record in records_of(mapped))
    assert {name: file["sha256"] for name, file in one.items()} == {
        name: file["sha256"] for name, file in other.items()
    }


def test_the_boxes_are_those_of_whole_objects_and_other_ones_need_no_rendering(mapped):
    def boxes() -> list[list[float]]:
        coco = json.loads((mapped / "annotations.json").read_text())
        return [annotation["bbox"] for annotation in coco["annotations"]]

    def expected(corners) -> list[list[float]]:
        kept = [i for r in records_of(mapped) for i in r["instances"] if i["annotated"] or i["ignored"]]
        shown = [corners(i) for i in kept if i["area_px"] > 0]
        return [[x0, y0, x1 - x0, y1 - y0] for x0, y0, x1, y1 in shown]

    assert boxes() == expected(lambda instance: instance["amodal"]["bbox_xyxy"])
    done = gapless("render", *SMALL, *KEYS, f"out={mapped}")
    assert done.returncode == 0, done.stderr
    assert "2 of 2 frames are there already" in done.stdout
    assert boxes() == expected(lambda instance: instance["bbox_xyxy"])


def test_a_frame_that_lost_a_map_is_rendered_again(mapped):
    lost = mapped / "normals/000001.exr"
    before = lost.read_bytes()
    lost.unlink()
    done = gapless("render", *SMALL, *KEYS, f"out={mapped}")
    assert done.returncode == 0, done.stderr
    assert "1 of 2 frames are there already" in done.stdout
    assert lost.read_bytes() == before


def test_an_unknown_map_is_refused_in_one_sentence(tmp_path):
    done = gapless("render", "recipe=dice", "labels.maps=[normal]", f"out={tmp_path / 'x'}")
    assert done.returncode == 2
    assert "labels.maps 'normal' is unknown; did you mean 'normals'?" in done.stderr
    assert not (tmp_path / "x").exists()
