"""Scenes without objects to label: as many as declared, all else as it was, images without annotations."""

import json

import pytest
from scipy import stats
from unit.frames import SMALL, finished_frame
from unit.recipes import dice_recipe

from renderer.catalog.library import open_library
from renderer.commands.dry_run import dry_run
from renderer.dataset.coco import write_coco
from renderer.dataset.store import Store
from renderer.inspect.idle import idle_factors
from renderer.inspect.warnings import recipe_warnings
from renderer.randomize.scenes import sample_scene

FREE = "layout.object_free"
LIBRARY = open_library(dice_recipe())
ALWAYS = dice_recipe(**{FREE: True}, **SMALL)


def labelled(scene) -> list[str]:
    return [item.name for item in scene.objects if item.category is not None]


def test_as_many_scenes_are_free_as_the_recipe_declares():
    recipe = dice_recipe(**{FREE: ["choice", {True: 1, False: 3}]})
    scenes = [sample_scene(recipe, LIBRARY, index) for index in range(400)]
    free = [scene.draws[FREE] for scene in scenes]
    assert free == [not labelled(scene) for scene in scenes]
    assert stats.binomtest(sum(free), len(free), 0.25).pvalue > 1e-3


@pytest.mark.parametrize("index", range(3))
def test_a_free_scene_has_all_else_as_it_was(index):
    free, bare = (sample_scene(recipe, LIBRARY, index) for recipe in (ALWAYS, dice_recipe(**SMALL)))
    assert labelled(bare)
    assert free.objects == tuple(item for item in bare.objects if item.category is None)
    assert free.views == bare.views
    assert (free.ground, free.lights, free.sky) == (bare.ground, bare.lights, bare.sky)
    gone = {key for key in bare.draws if key.startswith("objects.die.")}
    assert free.draws == {key: v for key, v in bare.draws.items() if key not in gone} | {FREE: True}


def test_a_camera_that_looks_at_what_is_not_there_looks_at_the_layout():
    scene = sample_scene(dice_recipe(**{FREE: True, "camera.look_at": "die"}), LIBRARY, 0)
    assert scene.views[0].follows is None


def test_its_image_is_in_the_annotations_without_any(tmp_path):
    store = Store(root=tmp_path, identity={})
    for frame, recipe in enumerate((ALWAYS, dice_recipe(**SMALL))):
        finished = finished_frame(recipe, frame)
        store.commit(finished.record, finished.image_png)
    write_coco(store, ("1", "2", "3", "4", "5", "6"), tmp_path / "annotations.json")
    content = json.loads((tmp_path / "annotations.json").read_bytes())
    assert [image["id"] for image in content["images"]] == [0, 1]
    assert {annotation["image_id"] for annotation in content["annotations"]} == {1}


def test_a_dry_run_counts_scenes_that_are_free(tmp_path, capsys):
    recipe = dice_recipe(frames=12, out=str(tmp_path), **{FREE: ["choice", {True: 1, False: 1}]})
    assert dry_run(recipe, LIBRARY) == 0
    figures = json.loads((tmp_path / "dry_run" / "factors.json").read_bytes())
    assert figures[FREE]["draws"] == 12
    assert figures["objects.die.count"]["draws"] < 12


def test_what_is_never_labelled_is_idle_and_warned_of():
    reasons = idle_factors(ALWAYS)
    assert reasons["objects.die.face"] == reasons["objects.die.count"] == "layout.object_free is true"
    assert "objects.clutter.count" not in reasons
    assert any("layout.object_free is true" in warning for warning in recipe_warnings(ALWAYS, LIBRARY))
    night = {"a": {"factor": FREE, "when": "surface.tray.presence", "draw": False}}
    sometimes = dice_recipe(conditions=night, **{FREE: True})
    assert "objects.die.face" not in idle_factors(sometimes)
