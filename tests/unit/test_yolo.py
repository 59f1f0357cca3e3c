"""YOLO: boxes and polygons as fractions of the image, splits and names from data.yaml."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image
from pycocotools import mask as coco_mask

from renderer.errors import DataError
from train_eval.data.masks import decode_mask
from train_eval.data.yolo import label_box, label_path, read_yolo, read_yolo_folder

NAMES = {0: "ace", 1: "king"}


@pytest.fixture
def root(tmp_path):
    write_yaml(tmp_path, names=["ace", "king"], train="images/train", val="images/val")
    return tmp_path


def write_yaml(folder: Path, **content) -> Path:
    (folder / "data.yaml").write_text(yaml.safe_dump(content))
    return folder / "data.yaml"


def add(folder: Path, name: str, labels: str | None, orientation: int = 1) -> Path:
    """An image of 40x30 pixels as stored, in FOLDER/images/, and its labels."""
    path = folder / "images" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = orientation
    Image.new("RGB", (40, 30)).save(path, exif=tags)
    if labels is not None:
        text = label_path(path)
        text.parent.mkdir(parents=True, exist_ok=True)
        text.write_text(labels)
    return path


def only_problem(reading) -> str:
    (problem,) = reading.problems
    return f"{problem.message}; {problem.remedy}"


def test_box_is_scaled_by_the_size_of_its_image(root):
    add(root, "val/a.png", "1 0.5 0.5 0.25 0.2\n\n0 0.25 0.5 0.5 1\n")
    (image,) = read_yolo(root / "data.yaml", "val").detections.images
    np.testing.assert_allclose(image.boxes_xyxy, [[15, 12, 25, 18], [0, 0, 20, 30]], atol=1e-5)
    assert image.labels.tolist() == [2, 1]
    assert image.masks is None


def test_box_belongs_to_the_displayed_photograph(root):
    add(root, "val/a.jpg", "0 0.5 0.5 1 0.5", orientation=6)
    (image,) = read_yolo(root / "data.yaml", "val").detections.images
    assert image.size_hw == (40, 30)
    np.testing.assert_allclose(image.boxes_xyxy, [[0, 10, 30, 30]])


def test_polygon_gives_a_box_and_the_mask_of_pycocotools(root):
    add(root, "val/a.png", "0 0.1 0.1 0.9 0.1 0.5 0.8")
    (image,) = read_yolo(root / "data.yaml", "val").detections.images
    np.testing.assert_allclose(image.boxes_xyxy, [[4, 3, 36, 24]], atol=1e-5)
    expected = coco_mask.decode(coco_mask.frPyObjects([[4, 3, 36, 3, 20, 24]], 30, 40))[..., 0]
    np.testing.assert_array_equal(decode_mask(image.masks[0]), expected.astype(bool))


def test_images_without_labels_are_kept_in_the_order_of_their_paths(root):
    for name, labels in (("val/b.png", None), ("val/a.png", ""), ("val/sub/c.png", "0 .5 .5 1 1")):
        add(root, name, labels)
    reading = read_yolo(root / "data.yaml", "val")
    assert [(i.image_id, i.path.name, len(i.labels)) for i in reading.detections.images] == [
        (1, "a.png", 0), (2, "b.png", 0), (3, "c.png", 1),
    ]  # fmt: skip


def test_labels_without_an_image_are_a_problem(root):
    add(root, "val/a.png", "0 .5 .5 1 1")
    add(root, "val/gone.png", "0 .5 .5 1 1").unlink()
    (root / "labels" / "val" / "classes.txt").write_text("ace")
    assert "gone.txt has no image in" in only_problem(read_yolo(root / "data.yaml", "val"))


@given(st.tuples(*[st.floats(0.1, 0.4)] * 4))
def test_line_of_a_box_gives_its_corners(values):
    x, y, width, height = values
    box = label_box(f"1 {x} {y} {width} {height}", "line 1", NAMES)
    assert box.category == "king"
    x0, y0, x1, y1 = box.corners_xyxy
    np.testing.assert_allclose(((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0), values)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("0 0.5 0.5 0.2", "4 numbers"),
        ("0 0.5 0.5 0.2 0.2 0.9", "6 numbers"),
        ("0 0.1 0.1 0.9 0.1 0.5 0.8 0.3", "8 numbers"),
        ("ace 0.5 0.5 0.2 0.2", "expected numbers"),
        ("0 nan 0.5 0.2 0.2", "finite"),
        ("2 0.5 0.5 0.2 0.2", "unknown category 2 (known: 0 ace, 1 king)"),
        ("0.5 0.5 0.5 0.2 0.2", "unknown category 0.5"),
        ("0 0.5 0.5 -0.2 0.2", "no area"),
        ("0 1.5 0.5 0.2 0.2", "lies outside"),
    ],
)
def test_bad_line_is_left_out_by_number(root, line, complaint):
    add(root, "val/a.png", f"0 .5 .5 1 1\n{line}\n")
    reading = read_yolo(root / "data.yaml", "val")
    assert "line 2 of" in only_problem(reading)
    assert complaint in only_problem(reading)
    assert len(reading.detections.images[0].labels) == 1


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("images/train/a.jpg", "labels/train/a.txt"),
        ("images/x/images/a.b.png", "images/x/labels/a.b.txt"),
        ("photos/a.jpg", "photos/a.txt"),
    ],
)
def test_labels_lie_where_the_last_images_folder_is_labels(path, expected):
    assert label_path(Path(path)) == Path(expected)


def test_split_must_be_named_where_there_are_several(root):
    with pytest.raises(DataError, match="splits train, val; choose one, as in .*data.yaml:val"):
        read_yolo(root / "data.yaml")
    with pytest.raises(DataError, match="split 'test' is unknown"):
        read_yolo(root / "data.yaml", "test")


def test_only_split_need_not_be_named(tmp_path):
    add(tmp_path, "a.png", None)
    assert len(read_yolo(write_yaml(tmp_path, names={0: "ace"}, train=["images"])).detections.images) == 1


def test_folder_finds_the_names_in_the_folder_around_it(tmp_path):
    write_yaml(tmp_path, names=["ace"], train="../train/images")
    add(tmp_path / "train", "a.png", "0 .5 .5 1 1")
    assert read_yolo_folder(tmp_path / "train").detections.categories == ("ace",)
    assert len(read_yolo(tmp_path / "data.yaml").detections.images) == 1


def test_root_of_another_machine_is_left_aside(tmp_path):
    add(tmp_path, "a.png", None)
    path = write_yaml(tmp_path, names=["ace"], val="images", path="/content/datasets/cards")
    assert len(read_yolo(path).detections.images) == 1


@pytest.mark.parametrize("folder", ["/etc", "images/../../outside", "../../outside"])
def test_images_outside_the_folder_are_refused(tmp_path, folder):
    with pytest.raises(DataError, match="outside its folder"):
        read_yolo(write_yaml(tmp_path, names=["ace"], val=folder))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("[1, 2]", "holds list"),
        ("a: [", "no readable YAML"),
        ("train: images", "must list the categories"),
        ("names: [a]", "splits of nothing"),
        ("names: [a]\ntrain: 7", "expected a folder"),
        ("names: [a]\ntrain: gone", "is no folder"),
    ],
)
def test_unusable_yaml_is_refused_by_name(tmp_path, content, complaint):
    (tmp_path / "data.yaml").write_text(content)
    with pytest.raises(DataError, match=f"data.yaml .*{complaint}"):
        read_yolo(tmp_path / "data.yaml")


def test_folder_without_names_is_refused(tmp_path):
    add(tmp_path / "set", "a.png", None)
    with pytest.raises(DataError, match="no data.yaml"):
        read_yolo_folder(tmp_path / "set")
