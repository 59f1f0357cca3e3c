"""Whole sets are checked: damaged pictures, pictures twice, pictures in both training and test."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from renderer.errors import DataError
from train_eval.data.checker import check_disjoint, check_not_empty, check_set, shared_images
from train_eval.data.problems import Problem, settle_problems
from train_eval.data.records import DetectionSet, ImageRecord


def record(path: Path, number: int, size_hw: tuple[int, int] = (12, 16)) -> ImageRecord:
    return ImageRecord(
        path=path,
        image_id=number,
        size_hw=size_hw,
        boxes_xyxy=np.zeros((0, 4), dtype=np.float32),
        labels=np.zeros(0, dtype=np.int64),
        ignore=np.zeros(0, dtype=np.bool_),
    )


def picture(path: Path, seed: int) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 256, (12, 16, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def set_of(name: str, *paths: Path) -> DetectionSet:
    images = tuple(record(path, number) for number, path in enumerate(paths, start=1))
    return DetectionSet(name=name, categories=("die",), images=images)


def test_good_set_has_no_problems(tmp_path):
    assert check_set(set_of("a", *[picture(tmp_path / f"{n}.png", n) for n in range(20)])) == []


def test_truncated_jpeg_is_found_by_its_pixels(tmp_path):
    path = picture(tmp_path / "bad.jpg", 0)
    path.write_bytes(path.read_bytes()[:-60])
    (problem,) = check_set(set_of("a", picture(tmp_path / "good.jpg", 1), path))
    assert problem.message.startswith(f"{path} is damaged or cut short")
    assert problem.image_id == 2


def test_picture_of_another_size_than_its_record_is_found(tmp_path):
    image = record(picture(tmp_path / "a.png", 0), 1, (16, 12))
    (problem,) = check_set(DetectionSet(name="a", categories=(), images=(image,)))
    assert "decodes to (12, 16)" in problem.message


def test_file_listed_twice_is_found(tmp_path):
    path = picture(tmp_path / "a.png", 0)
    link = tmp_path / "b.png"
    link.symlink_to(path)
    assert [problem.image_id for problem in check_set(set_of("a", path, path, link))] == [2, 3]


def test_missing_file_is_found(tmp_path):
    (problem,) = check_set(set_of("a", tmp_path / "gone.png"))
    assert "gone.png is not there" in problem.message


def test_empty_set_is_refused():
    with pytest.raises(DataError, match="dice/val has no images"):
        check_not_empty(set_of("dice/val"))


def test_shared_picture_is_found_whatever_its_name_and_format(tmp_path):
    train = set_of("train", picture(tmp_path / "a.png", 1), picture(tmp_path / "b.png", 2))
    test = set_of("test", picture(tmp_path / "c.png", 3), picture(tmp_path / "d.bmp", 2))
    ((first, second),) = shared_images(train, test)
    assert (first.path.name, second.path.name) == ("b.png", "d.bmp")
    with pytest.raises(
        DataError, match="d.bmp of test is the same picture as .*b.png of train; a detector must not"
    ):
        check_disjoint(train, test)


def test_several_shared_pictures_are_counted(tmp_path):
    paths = [picture(tmp_path / f"{n}.png", n) for n in range(3)]
    with pytest.raises(DataError, match=r"\(and 2 more\)"):
        check_disjoint(set_of("train", *paths), set_of("test", *paths))


def test_different_pictures_are_disjoint(tmp_path):
    train = set_of("train", picture(tmp_path / "a.png", 1))
    check_disjoint(train, set_of("test", picture(tmp_path / "b.png", 2)))


def test_nothing_is_said_of_a_good_set(tmp_path):
    detections = set_of("a", tmp_path / "a.png")
    said: list[str] = []
    assert settle_problems(detections, [], "stop", said.append) is detections
    assert said == []


def test_one_problem_stops_without_a_count(tmp_path):
    problem = Problem(message="a.png is damaged", remedy="the image is left out", image_id=1)
    with pytest.raises(DataError, match="^a.png is damaged; correct the dataset, or set on_bad_data=skip"):
        settle_problems(set_of("a", tmp_path / "a.png"), [problem], "stop")


def test_skipped_image_is_left_out_and_reported(tmp_path):
    problem = Problem(message="b.png is damaged", remedy="the image is left out", image_id=2)
    said: list[str] = []
    detections = set_of("a", tmp_path / "a.png", tmp_path / "b.png")
    left = settle_problems(detections, [problem], "skip", said.append)
    assert [image.image_id for image in left.images] == [1]
    assert said == ["b.png is damaged; the image is left out"]
