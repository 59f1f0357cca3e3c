"""Which images are meant, under which numbers, and what of the detections is shown."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from unit.detections import found
from unit.tiny_sets import write_tiny_set

from renderer.errors import DataError
from train_eval.data.images import IMAGE_SUFFIXES
from train_eval.prediction import (
    InputImage,
    check_images,
    find_images,
    picture_name,
    surer_than,
    without_overlaps,
)


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 6)).save(path)
    return path


def listed(*texts: Path | str) -> list[tuple[int, str]]:
    return [(item.image_id, item.path.name) for item in find_images([str(text) for text in texts])]


def test_folder_is_all_its_photographs_by_name(tmp_path):
    for name in ("b.png", "a.JPG", "c.tif"):
        picture(tmp_path / name)
    (tmp_path / "notes.txt").write_text("")
    assert listed(tmp_path) == [(1, "a.JPG"), (2, "b.png"), (3, "c.tif")]


@pytest.mark.parametrize("suffix", sorted(IMAGE_SUFFIXES))
def test_whatever_can_be_trained_on_can_be_searched(tmp_path, suffix):
    assert listed(picture(tmp_path / f"a{suffix}")) == [(1, f"a{suffix}")]


def test_several_paths_are_numbered_on(tmp_path):
    folder = picture(tmp_path / "folder" / "z.png").parent
    assert listed(picture(tmp_path / "b.png"), folder) == [(1, "b.png"), (2, "z.png")]


def test_gapless_dataset_is_its_images(tmp_path):
    picture(tmp_path / "images" / "000003.png")
    picture(tmp_path / "preview.png")
    assert listed(tmp_path) == [(1, "000003.png")]


def test_coco_json_keeps_its_numbers(tmp_path):
    path = write_tiny_set(tmp_path, 3, seed=1)
    content = json.loads(path.read_text())
    for number, image in zip((30, 10, 20), content["images"], strict=True):
        image["id"] = number
    path.write_text(json.dumps({**content, "annotations": []}))
    assert listed(path) == [(30, "1.png"), (10, "2.png"), (20, "3.png")]
    other = picture(tmp_path / "x.png")
    assert listed(other, path) == [(1, "x.png"), (2, "1.png"), (3, "2.png"), (4, "3.png")]


def test_yolo_split_is_its_images(tmp_path):
    picture(tmp_path / "val" / "images" / "v.png")
    picture(tmp_path / "train" / "images" / "t.png")
    (tmp_path / "data.yaml").write_text("names: [a]\ntrain: train/images\nval: val/images\n")
    assert listed(f"{tmp_path}/data.yaml:val") == [(1, "v.png")]


def test_home_folder_is_understood(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    picture(tmp_path / "photos" / "a.png")
    assert listed("~/photos", "~/photos/a.png") == [(1, "a.png"), (2, "a.png")]
    write_tiny_set(tmp_path, 1, seed=1)
    assert listed("~/set_1.json") == [(1, "1.png")]


def test_wrong_labels_of_a_json_do_not_matter(tmp_path):
    path = write_tiny_set(tmp_path, 2, seed=1)
    content = json.loads(path.read_text())
    content["annotations"][0]["bbox"] = [50, 50, -20, 10]
    path.write_text(json.dumps(content))
    assert len(listed(path)) == 2


def test_missing_image_of_a_json_is_refused(tmp_path):
    path = write_tiny_set(tmp_path, 2, seed=1)
    (tmp_path / "set_1" / "2.png").unlink()
    with pytest.raises(DataError, match=r"images: .*2\.png .*; correct the file, or name the folder"):
        find_images([str(path)])


def test_missing_path_is_refused_with_the_nearest_name(tmp_path):
    (tmp_path / "photos").mkdir()
    with pytest.raises(DataError, match="'fotos' is not in .*; did you mean 'photos'"):
        find_images([str(tmp_path / "fotos")])


@pytest.mark.parametrize("name", ["empty", "notes.txt"])
def test_path_without_photographs_is_refused(tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(DataError, match=rf"images must be photographs .*{name} holds none"):
        find_images([str(tmp_path / name)])


def test_damaged_photograph_is_refused_by_its_name(tmp_path):
    good = picture(tmp_path / "a.png")
    bad = tmp_path / "b.png"
    bad.write_bytes(good.read_bytes()[:36])
    check_images([InputImage(image_id=1, path=good)])
    with pytest.raises(DataError, match=r"b\.png is "):
        check_images([InputImage(image_id=1, path=good), InputImage(image_id=2, path=bad)])


def test_equal_names_of_two_folders_have_two_pictures(tmp_path):
    paths = [picture(tmp_path / folder / "a.png") for folder in ("one", "two")]
    names = [picture_name(item) for item in find_images([str(path) for path in paths])]
    assert names == ["000001_a.png", "000002_a.png"]


@given(st.lists(st.floats(0, 1, width=32), max_size=20), st.floats(0, 1))
def test_detections_of_the_score_or_more_are_kept_in_order(scores, least):
    boxes = [[i, i, i + 5, i + 5] for i in range(len(scores))]
    everything = found(4, boxes, scores, range(1, len(scores) + 1))
    sure = surer_than(everything, least)
    kept = [i for i, score in enumerate(scores) if np.float32(score) >= least]
    assert sure.image_id == 4
    assert sure.labels.tolist() == [i + 1 for i in kept]
    np.testing.assert_array_equal(sure.boxes_xyxy, everything.boxes_xyxy[kept])
    np.testing.assert_array_equal(sure.scores, everything.scores[kept])


def test_masks_stay_with_their_boxes():
    masked = found(1, [[0, 0, 5, 5], [1, 1, 6, 6]], [0.2, 0.8], [1, 2])
    masked = type(masked)(
        image_id=1,
        boxes_xyxy=masked.boxes_xyxy,
        scores=masked.scores,
        labels=masked.labels,
        masks=({"counts": "a"}, {"counts": "b"}),
    )
    assert surer_than(masked, 0.5).masks == ({"counts": "b"},)
    assert without_overlaps(masked, 0.1).masks == ({"counts": "b"},)


def test_object_is_shown_once_as_the_category_that_is_surest():
    doubtful = found(1, [[0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 5]], [0.4, 0.6, 0.5], [1, 2, 3])
    assert without_overlaps(doubtful, 0.6).labels.tolist() == [
        2,
        3,
    ]  # 5 of 9 parts are shared: another object
    assert without_overlaps(doubtful, 0.5).labels.tolist() == [2]
    assert without_overlaps(doubtful, 1).labels.tolist() == [2, 3, 1]
    assert without_overlaps(found(1, [], [], []), 0.5).labels.tolist() == []
