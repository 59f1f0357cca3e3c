"""Shapes close to the camera: they hide what lies behind them, view by view, and are never labelled."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from blender.conftest import built

from renderer.dataset.record import FrameSource, decode_mask
from renderer.execution.frame import Traced, finish_frame, label_view
from renderer.labels.cast import cast_view
from renderer.randomize.scenes import sample_scene
from renderer.recipe.schema import Recipe
from renderer.recipe.validation import parse_recipe, recipe_defaults
from renderer.scene import Contact, Scene
from renderer.settle import settle

SHAPES = 3
INDICES = [0, 1, 2]


def recipe_with(**camera) -> Recipe:
    """Dice under two cameras, each with three shapes before it."""
    config = recipe_defaults() | {"views": 2}
    config["objects"] = {
        "die": {"source": "die", "count": 8, "transmission": 0.0},
        "front": {"source": "foreground", "count": SHAPES, "edge_fraction": ["uniform", 0, 0.8]},
    }
    config["camera"] |= {"width_px": 160, "height_px": 120, **camera}
    config["engine"] |= {"samples": 1, "denoise": False, "device": "cpu"}
    return parse_recipe(config)


@pytest.fixture(scope="module")
def occluded() -> Recipe:
    return recipe_with()


def without_shapes(scene: Scene) -> Scene:
    """The same scene before nobody's camera: dice keep their numbers, for they come first."""
    grounded = tuple(item for item in scene.objects if item.contact is not Contact.FLOAT)
    assert scene.objects[: len(grounded)] == grounded
    return replace(scene, objects=grounded, views=tuple(replace(v, foreground=()) for v in scene.views))


def ids_of(session, scene: Scene) -> list[np.ndarray]:
    with built(session, scene):
        return [session.trace(view).ids for view in scene.views]


@pytest.mark.parametrize("index", INDICES)
def test_what_a_shape_hides_is_missing_from_the_masks_and_nothing_else(session, library, occluded, index):
    scene = settle(sample_scene(occluded, library, index), library)
    bare = without_shapes(scene)
    first = len(bare.objects) + 1
    for seen, whole in zip(ids_of(session, scene), ids_of(session, bare), strict=True):
        hidden = seen >= first
        assert 50 < hidden.sum() < hidden.size / 2
        assert (seen[~hidden] == whole[~hidden]).all()


def test_two_views_show_the_same_shapes_at_other_places(session, library, occluded):
    scene = settle(sample_scene(occluded, library, 0), library)
    first = len(without_shapes(scene).objects) + 1
    one, other = (ids >= first for ids in ids_of(session, scene))
    assert (one & other).sum() < 0.5 * min(one.sum(), other.sum())


def test_a_shape_is_in_no_record_and_the_labels_behind_it_shrink(session, library):
    crowded = recipe_with(look_at="die", field_width_m=0.1, target_x_fraction=0, target_y_fraction=0)
    scene = settle(sample_scene(crowded, library, 1), library)
    areas = []
    for shown in (scene, without_shapes(scene)):
        with built(session, shown):
            view = shown.views[0]
            source = FrameSource(frame=0, scene=shown, view=view, shot=view.shots[0])
            traced = Traced(scene=shown, view=view, buffers=session.trace(view))
            cpu = torch.device("cpu")
            cast = cast_view(shown, view, library, cpu)
            frame = finish_frame(source, label_view(crowded, library, traced, cast, cpu), cpu)
        instances = frame.record["instances"]
        assert {instance["name"].partition("[")[0] for instance in instances} == {"die"}
        for instance in instances:
            assert decode_mask(instance["segmentation"]).sum() == instance["area_px"]
        areas.append(np.array([instance["area_px"] for instance in instances]))
    assert (areas[0] <= areas[1]).all()
    assert areas[0].sum() < areas[1].sum()
