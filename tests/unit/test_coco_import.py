"""COCO jsons are read as they are meant: sparse ids, crowds, masks of every form, turned photographs."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from renderer.errors import DataError
from train_eval.data.coco import leaves_its_folder, read_coco
from train_eval.data.masks import decode_mask, encode_mask, mask_area, run_lengths
from train_eval.data.orientation import ORIENTATIONS, oriented_pixels
from train_eval.data.records import DetectionSet, ImageRecord
from train_eval.data.writing import write_coco_set

HEIGHT_PX, WIDTH_PX = 30, 40
CATEGORIES = [{"id": 1, "name": "ace"}, {"id": 2, "name": "king"}]
GIVEN_TRIANGLE = [[2.0, 3.0, 20.0, 3.0, 2.0, 25.0]]


def image_entry(number: int = 1, name: str = "a.png", **values: Any) -> dict[str, Any]:
    return {"id": number, "file_name": name, "width": WIDTH_PX, "height": HEIGHT_PX} | values


def annotation(number: int = 1, image: int = 1, category: int = 1, **values: Any) -> dict[str, Any]:
    return {
        "id": number, "image_id": image, "category_id": category,
        "bbox": [2, 3, 10, 12], "area": 120, "iscrowd": 0,
    } | values  # fmt: skip


def save_image(path: Path, orientation: int = 1, size_hw: tuple[int, int] = (HEIGHT_PX, WIDTH_PX)) -> Path:
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = orientation
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size_hw[::-1], "grey").save(path, exif=tags)
    return path


@pytest.fixture
def write(tmp_path):
    """Writes TMP/data.json and the images it names, and returns what is read from it."""

    def write_and_read(
        annotations: list, images: list | None = None, categories: list | None = None, **top: Any
    ):
        images = [image_entry()] if images is None else images
        content = {
            "images": images, "annotations": annotations, "categories": categories or CATEGORIES,
        } | top  # fmt: skip
        path = tmp_path / "data.json"
        path.write_text(json.dumps(content))
        if not list(tmp_path.rglob("*.png")):
            save_image(tmp_path / "a.png")
        return read_coco(path)

    return write_and_read


def only_image(reading) -> ImageRecord:
    assert reading.problems == ()
    (image,) = reading.detections.images
    return image


def only_problem(reading) -> str:
    (problem,) = reading.problems
    return f"{problem.message}; {problem.remedy}"


# what is meant


def test_box_is_read_as_corners(write):
    image = only_image(write([annotation(bbox=[2.5, 3, 10, 12.25])]))
    assert image.boxes_xyxy.tolist() == [[2.5, 3, 12.5, 15.25]]
    assert image.boxes_xyxy.dtype == np.float32
    assert (image.labels.tolist(), image.ignore.tolist(), image.masks) == ([1], [False], None)
    assert image.size_hw == (HEIGHT_PX, WIDTH_PX)


def test_labels_follow_the_order_of_sparse_category_ids_from_0(write):
    categories = [{"id": 90, "name": "z"}, {"id": 0, "name": "y"}, {"id": 7, "name": "x"}]
    reading = write([annotation(n, category=c) for n, c in enumerate((90, 0, 7))], categories=categories)
    assert reading.detections.categories == ("y", "x", "z")
    assert only_image(reading).labels.tolist() == [3, 1, 2]


def test_crowd_is_ignored(write):
    assert only_image(write([annotation(1), annotation(2, iscrowd=1)])).ignore.tolist() == [False, True]


def test_image_without_objects_is_kept(write):
    image = only_image(write([]))
    assert image.boxes_xyxy.shape == (0, 4)


def test_image_id_0_and_ids_with_gaps_are_kept(write, tmp_path):
    save_image(tmp_path / "a.png")
    save_image(tmp_path / "b.png")
    reading = write([annotation(image=900)], [image_entry(0), image_entry(900, "b.png")])
    assert [(i.image_id, len(i.labels)) for i in reading.detections.images] == [(0, 0), (900, 1)]


@pytest.mark.parametrize("folder", [".", "data", "images", "sub/folder"])
def test_images_lie_beside_the_json_in_its_namesake_or_in_images(write, tmp_path, folder):
    path = save_image(tmp_path / folder / "a.png")
    name = "sub/folder/a.png" if folder.startswith("sub") else "a.png"
    assert only_image(write([], [image_entry(name=name)])).path == path


# masks


@pytest.mark.parametrize("form", ["polygons", "compressed", "bytes of compressed", "uncompressed"])
def test_mask_of_any_form_is_the_one_of_pycocotools(form):
    size = (HEIGHT_PX, WIDTH_PX)
    polygons: Any = coco_mask.frPyObjects(GIVEN_TRIANGLE, *size)
    expected = coco_mask.decode(coco_mask.merge(polygons)).astype(bool)
    flat = expected.T.ravel()
    changes = np.flatnonzero(np.diff(np.concatenate([[False], flat])))
    runs = np.diff(np.concatenate([[0], changes, [flat.size]])).tolist()
    compressed = coco_mask.encode(np.asfortranarray(expected, dtype=np.uint8))
    segmentation = {
        "polygons": GIVEN_TRIANGLE,
        "compressed": {"size": list(size), "counts": compressed["counts"].decode()},
        "bytes of compressed": compressed,
        "uncompressed": {"size": list(size), "counts": runs},
    }[form]
    rle = run_lengths(segmentation, size)
    np.testing.assert_array_equal(decode_mask(rle), expected)
    assert mask_area(rle) == expected.sum()
    assert json.loads(json.dumps(rle)) == rle


@given(st.integers(0, 2**32), st.floats(0, 1), st.integers(1, 50), st.integers(1, 50))
def test_mask_that_pycocotools_wrote_is_accepted(seed, density, height, width):
    mask = np.random.default_rng(seed).random((height, width)) < density
    rle = encode_mask(mask)
    assert run_lengths(rle, (height, width)) == rle


@given(st.binary(max_size=30))
def test_counts_of_nonsense_never_reach_the_decoder(counts):
    try:
        rle = run_lengths({"size": [5, 6], "counts": counts}, (5, 6))
    except DataError:
        return
    assert decode_mask(rle).shape == (5, 6)


@pytest.mark.parametrize(
    "segmentation",
    [
        [[1, 2, 3, 4]],
        [[1, 2, 3, 4, 5]],
        [["a"] * 6],
        [[float("nan")] * 6],
        "polygon",
        7,
        {"size": [HEIGHT_PX, WIDTH_PX]},
        {"size": [HEIGHT_PX, WIDTH_PX], "counts": [3, 4]},
        {"size": [HEIGHT_PX, WIDTH_PX], "counts": [-1, 1201]},
        {"size": [WIDTH_PX, HEIGHT_PX], "counts": [1200]},
    ],
)
def test_malformed_mask_is_a_problem_of_its_box(write, segmentation):
    reading = write([annotation(segmentation=segmentation), annotation(2)])
    assert "annotation 1 of" in only_problem(reading)
    assert only_problem(reading).endswith("the box is left out")
    assert len(reading.detections.images[0].labels) == 1


def test_masks_are_given_where_every_box_of_an_image_has_one(write, tmp_path):
    for name in ("a.png", "b.png", "c.png"):
        save_image(tmp_path / name)
    images = [image_entry(n, f"{name}.png") for n, name in enumerate("abc", start=1)]
    with_mask, without = annotation(1, 1, segmentation=GIVEN_TRIANGLE), annotation(2, 2, segmentation=[])
    first, second, empty = write([with_mask, without], images).detections.images
    assert first.masks is not None
    assert second.masks is None
    assert empty.masks == ()


# orientation


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_labels_of_the_stored_photograph_turn_with_it(write, tmp_path, orientation):
    stored = np.zeros((HEIGHT_PX, WIDTH_PX), dtype=bool)
    stored[4:15, 2:12] = True
    path = save_image(tmp_path / "a.jpg", orientation)
    save_image(tmp_path / "other.png")
    bbox = [2, 4, 10, 11]
    image = only_image(
        write([annotation(bbox=bbox, segmentation=encode_mask(stored))], [image_entry(name=path.name)])
    )
    turns = orientation >= 5  # else the two sizes are equal, and labels are those of the displayed photograph
    displayed = oriented_pixels(stored, orientation if turns else 1)
    assert image.size_hw == displayed.shape
    np.testing.assert_array_equal(decode_mask(image.masks[0]), displayed)
    rows, columns = np.nonzero(displayed)
    assert image.boxes_xyxy.tolist() == [[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]]


def test_labels_of_the_displayed_photograph_stay(write, tmp_path):
    save_image(tmp_path / "a.jpg", 6)
    save_image(tmp_path / "other.png")
    entry = image_entry(name="a.jpg", width=HEIGHT_PX, height=WIDTH_PX)
    image = only_image(write([annotation(bbox=[1, 2, 20, 30])], [entry]))
    assert image.size_hw == (WIDTH_PX, HEIGHT_PX)
    assert image.boxes_xyxy.tolist() == [[1, 2, 21, 32]]


def test_size_that_is_neither_stored_nor_displayed_is_a_problem_of_the_image(write):
    reading = write([annotation()], [image_entry(width=80, height=60)])
    assert "has 40x30 pixels, but its labels are for 80x60; the image is left out" in only_problem(reading)
    assert reading.detections.images == ()


# problems


@pytest.mark.parametrize(
    ("bbox", "complaint"),
    [
        ([12, 3, -10, 12], "has no area"),
        ([12, 3, 0, 12], "has no area"),
        ([float("nan"), 3, 10, 12], "no numbers"),
        ([1e999, 3, 10, 12], "no numbers"),
        ([50, 3, 10, 12], "lies outside"),
        ([2, 3, 10], r"expected \[x, y, width, height\]"),
        (["2", 3, 10, 12], r"expected \[x, y, width, height\]"),
        (None, r"expected \[x, y, width, height\]"),
    ],
)
def test_bad_box_is_left_out_by_name(write, bbox, complaint):
    reading = write([annotation(7, bbox=bbox), annotation(8)])
    with pytest.raises(DataError, match=f"annotation 7 of .*{complaint}.*; the box is left out"):
        raise DataError(only_problem(reading))
    assert len(reading.detections.images[0].labels) == 1


def test_box_that_sticks_out_is_cut_and_told(write):
    reading = write([annotation(bbox=[-5, -6, 60, 20])])
    assert "sticks out of the image of 40x30 pixels: [-5, -6, 55, 14]; the box is cut" in only_problem(
        reading
    )
    assert reading.detections.images[0].boxes_xyxy.tolist() == [[0, 0, 40, 14]]


def test_box_that_sticks_out_by_rounding_is_cut_without_a_word(write):
    image = only_image(write([annotation(bbox=[-0.5, 0, 41, 31])]))
    assert image.boxes_xyxy.tolist() == [[0, 0, 40, 30]]


@pytest.mark.parametrize(
    ("values", "complaint"),
    [({"image": 5}, "unknown image id 5"), ({"category": 3}, "unknown category id 3 (known: 1 ace, 2 king)")],
)
def test_annotation_of_something_unknown_is_left_out(write, values, complaint):
    reading = write([annotation(7, **values)])
    assert complaint in only_problem(reading)


def test_missing_image_is_left_out_by_name(write):
    reading = write([annotation(image=2)], [image_entry(), image_entry(2, "gone.png")])
    assert "gone.png is not there" in only_problem(reading)
    assert [image.path.name for image in reading.detections.images] == ["a.png"]


def test_image_id_that_comes_twice_is_left_out(write):
    reading = write([], [image_entry(), image_entry(1, "b.png")])
    assert "image id 1 (b.png)" in only_problem(reading)
    assert [image.path.name for image in reading.detections.images] == ["a.png"]


def test_repeated_annotation_is_left_out_and_a_different_one_of_its_id_kept(write):
    repeated, different = annotation(7), annotation(7, bbox=[1, 1, 5, 5])
    same = write([annotation(7), repeated])
    assert only_problem(same).endswith("is there twice; the box is left out")
    assert len(same.detections.images[0].labels) == 1
    other = write([annotation(7), different])
    assert "both are kept" in only_problem(other)
    assert len(other.detections.images[0].labels) == 2


@pytest.mark.parametrize(
    "entry", [image_entry("1"), image_entry(True), {"id": 1}, image_entry(name=""), 7, None]
)
def test_malformed_image_entry_is_left_out(write, entry):
    assert "entry 1 of images" in only_problem(write([], [image_entry(), entry]))


@pytest.mark.parametrize(
    "name", ["../a.png", "b/../../a.png", "/etc/a.png", "..\\a.png", "C:\\a.png", "C:a.png"]
)
def test_image_never_lies_outside_the_folder(write, name):
    assert "leads out of its folder" in only_problem(write([], [image_entry(name=name)]))


@given(st.lists(st.sampled_from(["..", ".", "a", "b.png", "", "c..d"]), min_size=1, max_size=6))
def test_name_leaves_its_folder_if_it_climbs_anywhere(parts):
    name = "/".join(parts)
    assert leaves_its_folder(name) == (".." in parts or name.startswith("/"))


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", "7", '{"images": [], "annotations": []}', "[" * 100_000]
)
def test_file_that_is_no_coco_json_is_refused_by_name(tmp_path, content):
    (tmp_path / "data.json").write_text(content)
    with pytest.raises(DataError, match="data.json"):
        read_coco(tmp_path / "data.json")


@pytest.mark.parametrize(
    "categories", [[{"id": 1}], [{"id": "1", "name": "a"}], [{"id": 1, "name": n} for n in "ab"], [7]]
)
def test_categories_that_cannot_be_told_apart_are_refused(write, categories):
    with pytest.raises(DataError, match="category"):
        write([], categories=categories)


# there and back

corners = st.tuples(*[st.floats(0, 1, width=32)] * 4).filter(lambda c: c[2] > 0.01 and c[3] > 0.01)


@st.composite
def sets(draw: st.DrawFn, folder: Path) -> DetectionSet:
    with_masks = draw(st.booleans())
    numbers = draw(st.lists(st.integers(0, 10**6), min_size=1, max_size=4, unique=True))
    images = tuple(draw(records(folder, number, with_masks)) for number in numbers)
    return DetectionSet(name="drawn", categories=("b", "a", "ä"), images=images)


@st.composite
def records(draw: st.DrawFn, folder: Path, number: int, with_masks: bool) -> ImageRecord:
    path = folder / str(number) / draw(st.sampled_from(["a.png", "A.png", "b.png"]))
    if not path.exists():
        save_image(path, draw(st.sampled_from(ORIENTATIONS)), (3, 3))
    boxes = draw(st.lists(corners, max_size=3))
    masks = [np.array(draw(st.lists(st.booleans(), min_size=9, max_size=9))).reshape(3, 3) for _ in boxes]
    starts = np.array([[x, y] for x, y, _, _ in boxes], dtype=np.float32).reshape(-1, 2)
    sides = np.array([[w, h] for _, _, w, h in boxes], dtype=np.float32).reshape(-1, 2)
    return ImageRecord(
        path=path,
        image_id=number,
        size_hw=(3, 3),
        boxes_xyxy=np.concatenate([starts, starts + sides], axis=1),
        labels=np.array([draw(st.integers(1, 3)) for _ in boxes], dtype=np.int64),
        ignore=np.array([draw(st.booleans()) for _ in boxes], dtype=np.bool_),
        masks=tuple(encode_mask(mask) for mask in masks) if with_masks else None,
    )


def labels_of(detections: DetectionSet) -> list:
    has_masks = any(image.masks for image in detections.images)
    return [
        (
            image.image_id, image.size_hw, image.boxes_xyxy.tolist(), image.labels.tolist(),
            image.ignore.tolist(), image.masks if has_masks else None, image.path.read_bytes(),
        )
        for image in detections.images
    ]  # fmt: skip


@given(st.data())
def test_set_that_was_written_is_read_back_the_same(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("drawn")
    detections = data.draw(sets(folder))
    write_coco_set(detections, folder / "out" / "train.json")
    reading = read_coco(folder / "out" / "train.json")
    assert reading.problems == ()
    assert reading.detections.categories == detections.categories
    assert labels_of(reading.detections) == labels_of(detections)
    assert {image.path.parent for image in reading.detections.images} == {folder / "out" / "train"}


def test_pycocotools_reads_what_was_written(write, tmp_path, capsys):
    written = write(
        [annotation(segmentation=GIVEN_TRIANGLE), annotation(2, category=2, iscrowd=1)]
    ).detections
    write_coco_set(written, tmp_path / "out.json")
    coco = COCO(tmp_path / "out.json")
    capsys.readouterr()
    assert [category["name"] for category in coco.loadCats([1, 2])] == ["ace", "king"]
    assert [(a["id"], a["bbox"], a["iscrowd"]) for a in coco.loadAnns([1, 2])] == [
        (1, [2, 3, 10, 12], 0), (2, [2, 3, 10, 12], 1),
    ]  # fmt: skip


def test_written_json_must_be_called_json(write, tmp_path):
    detections = write([]).detections
    with pytest.raises(DataError, match="must end in .json"):
        write_coco_set(detections, tmp_path / "out")


def test_image_that_is_gone_cannot_be_written(write, tmp_path):
    detections = write([]).detections
    gone = replace(detections.images[0], path=tmp_path / "gone.png")
    with pytest.raises(DataError, match="gone.png cannot be read"):
        write_coco_set(replace(detections, images=(gone,)), tmp_path / "out.json")
    assert not (tmp_path / "out.json").exists()
