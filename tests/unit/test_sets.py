"""A SET is opened by its kind, checked, and joined with others by the names of categories."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from renderer.errors import DataError
from train_eval.data.records import DetectionSet
from train_eval.data.sets import join_sets, open_set


def write_set(
    path: Path, categories: str = "ace ten", image_ids: tuple[int, ...] = (1,), **changes: Any
) -> Path:
    """A COCO json, with one object of the last category in each image, in a folder of its name."""
    names = categories.split()
    for number in image_ids:
        file = path.with_suffix("") / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30), (number, len(names), len(path.stem))).save(file)
    content = {
        "categories": [{"id": i, "name": name} for i, name in enumerate(names)],
        "images": [{"id": n, "file_name": f"{n}.png", "width": 40, "height": 30} for n in image_ids],
        "annotations": [
            {"id": n, "image_id": n, "category_id": len(names) - 1, "bbox": [n, 2, 5, 5]} for n in image_ids
        ],
    }
    path.write_text(json.dumps(content | changes))
    return path


def opened(*paths: Path | str, on_bad_data: str = "stop", category_map: dict | None = None) -> DetectionSet:
    return open_set([str(path) for path in paths], on_bad_data=on_bad_data, category_map=category_map or {})


def names_of(detections: DetectionSet) -> list[list[str]]:
    return [[detections.categories[label - 1] for label in image.labels] for image in detections.images]


# kinds


def test_coco_json_is_a_set(tmp_path):
    detections = opened(write_set(tmp_path / "real" / "train.json".replace("real/", "")))
    assert (detections.categories, len(detections.images)) == (("ace", "ten"), 1)


def test_rendered_folder_is_a_set(tmp_path):
    path = write_set(tmp_path / "annotations.json", image_ids=(0, 5))
    (tmp_path / "annotations").rename(tmp_path / "images")
    content = json.loads(path.read_text())
    for image in content["images"]:
        image["file_name"] = "images/" + image["file_name"]
    path.write_text(json.dumps(content))
    assert [image.path.parent.name for image in opened(tmp_path).images] == ["images", "images"]


def test_voc_folder_is_a_set(tmp_path):
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    (tmp_path / "a.xml").write_text("<annotation><filename>a.png</filename></annotation>")
    assert len(opened(tmp_path).images) == 1


@pytest.mark.parametrize("text", ["data.yaml:val", ".", "data.yaml"])
def test_yolo_yaml_and_folder_are_sets(tmp_path, text):
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    Image.new("RGB", (40, 30)).save(tmp_path / "images" / "a.png")
    (tmp_path / "data.yaml").write_text("names: [ace]\nval: images")
    assert opened(f"{tmp_path}/{text}").categories == ("ace",)


@pytest.mark.parametrize("folder", ["empty", "with_jsons"])
def test_folder_without_labels_is_refused_by_name(tmp_path, folder):
    (tmp_path / folder).mkdir()
    if folder == "with_jsons":
        (tmp_path / folder / "train.json").touch()
    with pytest.raises(
        DataError, match="train.json; name the one" if folder == "with_jsons" else "no other labels"
    ):
        opened(tmp_path / folder)


def test_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "data.txt").touch()
    with pytest.raises(DataError, match="data.txt is no dataset; expected a folder that gapless rendered"):
        opened(tmp_path / "data.txt")


def test_no_set_at_all_is_refused():
    with pytest.raises(DataError, match="no dataset was named"):
        opened()


@pytest.mark.parametrize(
    ("typed", "wrong", "meant"),
    [("cards/trian.json", "trian.json", "train.json"), ("cadrs/train.json", "cadrs", "cards")],
)
def test_typing_error_in_a_path_is_told_with_the_nearest_name(tmp_path, typed, wrong, meant):
    (tmp_path / "cards").mkdir()
    write_set(tmp_path / "cards" / "train.json")
    (tmp_path / "other").mkdir()
    with pytest.raises(DataError, match=f"'{wrong}' is not in .*; did you mean '{meant}'?"):
        opened(tmp_path / typed)


def test_path_below_nothing_is_refused(tmp_path):
    with pytest.raises(DataError, match="is empty"):
        opened(tmp_path / "a" / "b")


# joining


def test_categories_of_several_sets_are_joined_by_name(tmp_path):
    first = write_set(tmp_path / "first.json", "ace ten", (1, 2))
    second = write_set(tmp_path / "second.json", "ten king ace", (7,))
    detections = opened(first, second)
    assert detections.categories == ("ace", "ten", "king")
    assert names_of(detections) == [["ten"], ["ten"], ["ace"]]
    assert [image.image_id for image in detections.images] == [1, 2, 7]


def test_images_are_numbered_anew_where_numbers_collide(tmp_path):
    paths = [write_set(tmp_path / f"{'x' * n}.json", image_ids=(3, 4)) for n in (1, 2)]
    detections = opened(*paths)
    assert [image.image_id for image in detections.images] == [1, 2, 3, 4]
    assert [image.path.name for image in detections.images] == ["3.png", "4.png"] * 2


def test_one_set_is_not_renumbered(tmp_path):
    detections = opened(write_set(tmp_path / "a.json", image_ids=(9, 3)))
    assert join_sets([detections]) is detections
    assert [image.image_id for image in detections.images] == [9, 3]


def test_names_are_mapped_before_they_are_joined(tmp_path):
    first = write_set(tmp_path / "first.json", "ace ten")
    second = write_set(tmp_path / "second.json", "as dix", (2,))
    detections = opened(first, second, category_map={"dix": "ten", "as": "ace"})
    assert detections.categories == ("ace", "ten")
    assert names_of(detections) == [["ten"], ["ten"]]


def test_mapped_name_that_occurs_nowhere_is_reported(tmp_path):
    said: list[str] = []
    path = write_set(tmp_path / "a.json")
    open_set([str(path)], on_bad_data="stop", category_map={"nien": "nine"}, report=said.append)
    (text,) = said
    assert text.startswith("category_map: 'nien' is no category")
    assert "known: ace, ten" in text


# bad data


BAD = [
    {"id": 5, "image_id": 1, "category_id": 0, "bbox": [9, 9, -4, 4]},
    {"id": 6, "image_id": 1, "category_id": 8, "bbox": [9, 9, 4, 4]},
    {"id": 7, "image_id": 1, "category_id": 0, "bbox": [9, 9, 4, 4]},
]


def test_first_problem_stops_and_tells_how_many_follow_and_the_way_out(tmp_path):
    path = write_set(tmp_path / "a.json", annotations=BAD)
    with pytest.raises(DataError) as caught:
        opened(path)
    text = str(caught.value)
    assert "annotation 6" in text
    assert "(and 1 more)" in text
    assert "on_bad_data=skip" in text


def test_skipped_problems_are_each_reported(tmp_path):
    said: list[str] = []
    path = write_set(tmp_path / "a.json", annotations=BAD)
    detections = open_set([str(path)], on_bad_data="skip", category_map={}, report=said.append)
    assert names_of(detections) == [["ace"]]
    assert len(said) == 2
    assert all(text.endswith("the box is left out") for text in said)


def test_damaged_image_stops_or_is_left_out_of_joined_sets(tmp_path):
    paths = [write_set(tmp_path / f"{'x' * n}.json", image_ids=(3, 4)) for n in (1, 2)]
    bad = tmp_path / "xx" / "3.png"
    bad.write_bytes(bad.read_bytes()[:-45])
    with pytest.raises(DataError, match="xx/3.png is damaged or cut short"):
        opened(*paths)
    left = opened(*paths, on_bad_data="skip")
    assert [f"{image.path.parent.name}/{image.path.name}" for image in left.images] == [
        "x/3.png",
        "x/4.png",
        "xx/4.png",
    ]


def test_set_without_images_is_refused(tmp_path):
    with pytest.raises(DataError, match="has no images"):
        opened(write_set(tmp_path / "a.json", image_ids=()))


def test_set_that_lost_all_its_images_is_refused_even_when_skipping(tmp_path):
    path = write_set(tmp_path / "a.json")
    (tmp_path / "a" / "1.png").unlink()
    with pytest.raises(DataError, match="has no images"):
        opened(path, on_bad_data="skip")


def test_set_named_twice_is_a_problem(tmp_path):
    path = write_set(tmp_path / "a.json", image_ids=(1, 2))
    with pytest.raises(DataError, match="is listed twice"):
        opened(path, path)
    assert len(opened(path, path, on_bad_data="skip").images) == 2
