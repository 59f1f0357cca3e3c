"""Categories are compared by name; what differs is said, with the map that mends it."""

import numpy as np
import pytest

from renderer.errors import DataError
from train_eval.data.categories import match_categories, relabel, rename_categories, used_categories
from train_eval.data.masks import encode_mask
from train_eval.data.records import DetectionSet, ImageRecord


def set_of(categories: str, labels: list[int], tmp_path) -> DetectionSet:
    """One image with a box for each label, told apart by their x; categories are separated by spaces."""
    boxes = np.array([[x, 0, x + 1, 1] for x in range(len(labels))], dtype=np.float32).reshape(-1, 4)
    masks = []
    for x in range(len(labels)):
        mask = np.zeros((4, 9), dtype=bool)
        mask[0, x] = True
        masks.append(encode_mask(mask))
    image = ImageRecord(
        path=tmp_path / "a.png",
        image_id=1,
        size_hw=(4, 9),
        boxes_xyxy=boxes,
        labels=np.array(labels, dtype=np.int64),
        ignore=np.array([x % 2 == 1 for x in range(len(labels))], dtype=np.bool_),
        masks=tuple(masks),
    )
    return DetectionSet(name="real/test", categories=tuple(categories.split()), images=(image,))


def objects(detections: DetectionSet) -> list[tuple[float, str]]:
    """The x of each box and the name of its category."""
    (image,) = detections.images
    names = [detections.categories[label - 1] for label in image.labels]
    assert len(image.ignore) == len(image.masks) == len(names)
    return list(zip(image.boxes_xyxy[:, 0].tolist(), names, strict=True))


def test_objects_keep_their_names_in_another_order(tmp_path):
    detections = set_of("ten ace", [1, 2, 1], tmp_path)
    matched = match_categories(detections, ("ace", "king", "ten"), "checkpoint.pt")
    assert matched.categories == ("ace", "king", "ten")
    assert objects(matched) == objects(detections)
    assert relabel(detections, ("ace", "king", "ten")).images[0].labels.tolist() == [3, 1, 3]


def test_equal_categories_leave_the_set_alone(tmp_path):
    detections = set_of("ten ace", [1, 2], tmp_path)
    assert match_categories(detections, ("ten", "ace"), "checkpoint.pt") is detections


def test_category_without_a_box_may_be_unknown_to_the_other_side(tmp_path):
    detections = set_of("cards ace ten", [2, 3], tmp_path)
    assert used_categories(detections) == ("ace", "ten")
    assert objects(match_categories(detections, ("ace", "ten"), "x")) == [(0, "ace"), (1, "ten")]


def test_category_with_a_box_that_the_detector_does_not_know_is_an_error_with_the_way_out(tmp_path):
    with pytest.raises(DataError) as caught:
        match_categories(set_of("Ace ten king", [1, 2], tmp_path), ("ace", "ten", "two"), "checkpoint.pt")
    text = str(caught.value)
    assert "Ace are known only by real/test, and ace, two only by checkpoint.pt" in text
    assert "category_map={Ace: ace}" in text
    assert "king" not in text
    assert "\n" not in text


def test_error_suggests_a_name_even_where_none_is_free(tmp_path):
    with pytest.raises(DataError, match="category_map={Ace: ace}"):
        match_categories(set_of("ace Ace", [1, 2], tmp_path), ("ace",), "checkpoint.pt")


def test_categories_of_one_new_name_become_one(tmp_path):
    renamed = rename_categories(set_of("red blue ace", [1, 2, 3], tmp_path), {"red": "die", "blue": "die"})
    assert renamed.categories == ("die", "ace")
    assert objects(renamed) == [(0, "die"), (1, "die"), (2, "ace")]


def test_names_can_be_exchanged(tmp_path):
    renamed = rename_categories(set_of("a b", [1, 2], tmp_path), {"a": "b", "b": "a"})
    assert objects(renamed) == [(0, "b"), (1, "a")]


@pytest.mark.parametrize("nothing", ["", None])
def test_category_renamed_to_nothing_goes_with_its_objects(tmp_path, nothing):
    renamed = rename_categories(set_of("joker ace", [1, 2, 1], tmp_path), {"joker": nothing})
    assert renamed.categories == ("ace",)
    assert objects(renamed) == [(1, "ace")]
    assert renamed.images[0].ignore.tolist() == [True]


def test_image_that_loses_all_its_objects_is_kept(tmp_path):
    assert objects(rename_categories(set_of("joker", [1], tmp_path), {"joker": ""})) == []
