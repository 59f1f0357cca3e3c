"""The identity of a dataset: equal where frames are equal, and different by name where they are not."""

import json

import numpy as np
import pytest
from PIL import Image
from unit.recipes import dice_recipe

from renderer.catalog.library import open_library
from renderer.dataset import identity
from renderer.dataset.identity import dataset_identity, first_difference


def identity_of(**values):
    recipe = dice_recipe(**values)
    return json.loads(json.dumps(dataset_identity(recipe, open_library(recipe))))


@pytest.fixture
def image_folder(tmp_path):
    Image.fromarray(np.full((8, 8, 3), 90, dtype=np.uint8)).save(tmp_path / "wood.png")
    return tmp_path


def test_equal_recipes_have_equal_identities():
    assert first_difference(identity_of(seed=3), identity_of(seed=3)) is None


@pytest.mark.parametrize(
    "values",
    [
        {"frames": 16},
        {"first_frame": 5},
        {"out": "elsewhere"},
        {"execution.workers": 4},
        {"dry_run": True},
        {"profile": True},
        {"engine.device": "cpu"},
        {"labels.device": "cpu"},
    ],
    ids=lambda values: next(iter(values)),
)
def test_how_much_where_and_by_whom_is_rendered_is_no_part_of_the_identity(values):
    assert first_difference(identity_of(), identity_of(**values)) is None


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"seed": 1}, "recipe seed is 0 there and 1 here"),
        ({"camera.tilt_deg": 20}, "recipe camera.tilt_deg is"),
        ({"engine.samples": 9}, "recipe engine.samples is 4 there and 9 here"),
        ({"labels.min_pixels": 1}, "recipe labels.min_pixels is 16 there and 1 here"),
        ({"shots": 2}, "recipe shots is 1 there and 2 here"),
        ({"objects.die.count": 4}, "recipe objects.die.count is"),
    ],
)
def test_key_that_changes_frames_is_named(values, named):
    assert str(first_difference(identity_of(), identity_of(**values))).startswith(named)


def test_kind_of_objects_that_is_new_is_named():
    added = {"objects.second": {"source": "die"}}
    assert str(first_difference(identity_of(), identity_of(**added))).startswith("recipe objects.second.")


def test_changed_image_file_is_named(image_folder):
    before = identity_of(**{"surface.image_folder": str(image_folder)})
    Image.fromarray(np.full((8, 8, 3), 91, dtype=np.uint8)).save(image_folder / "wood.png")
    after = identity_of(**{"surface.image_folder": str(image_folder)})
    assert str(first_difference(before, after)).startswith("files surface.image_folder/wood.png is ")


def test_added_image_file_is_named(image_folder):
    before = identity_of(**{"surface.image_folder": str(image_folder)})
    Image.fromarray(np.zeros((8, 8, 3), dtype=np.uint8)).save(image_folder / "stone.png")
    after = identity_of(**{"surface.image_folder": str(image_folder)})
    assert str(first_difference(before, after)).startswith(
        "files surface.image_folder/stone.png is None there"
    )


def test_other_version_of_a_package_is_named(monkeypatch):
    before = identity_of()
    monkeypatch.setattr(
        identity, "version", lambda name: "9.9" if name == "bpy" else before["versions"][name]
    )
    assert (
        first_difference(before, identity_of())
        == f"versions bpy is {before['versions']['bpy']} there and 9.9 here"
    )


def test_versions_of_what_draws_traces_and_labels_are_in_the_identity():
    assert {"gapless", "bpy", "blenderproc", "numpy", "torch"} <= set(identity_of()["versions"])


def test_first_difference_of_equal_values_is_none():
    assert first_difference({"a": {"b": [1, 2]}}, {"a": {"b": [1, 2]}}) is None


def test_first_difference_is_the_first_in_sorted_order():
    assert first_difference({"b": 1, "a": {"d": 1, "c": 2}}, {"b": 2, "a": {"d": 9, "c": 3}}) == (
        "a c is 2 there and 3 here"
    )
