"""From buffers to a frame: what is labelled, flagged or rejected, and the very pixels in the PNG."""

import dataclasses
import io
import json
import math

import numpy as np
import pytest
from PIL import Image
from unit.frames import HEIGHT_PX, SMALL, WIDTH_PX, finish, finished_frame, source_of, striped_buffers
from unit.recipes import cards_recipe, dice_recipe

from renderer.buffers import Buffers
from renderer.dataset.record import decode_mask
from renderer.execution.frame import encode_png
from renderer.files import json_bytes

DICE, CLUTTER = 4, 3
COUNTS = {"objects.die.count": DICE, "objects.clutter.count": CLUTTER}


@pytest.fixture(scope="module")
def recipe():
    return dice_recipe(**SMALL, **COUNTS)


@pytest.fixture(scope="module")
def source(recipe):
    return source_of(recipe)


@pytest.fixture
def buffers(source) -> Buffers:
    return striped_buffers(source)


def test_every_labelled_object_has_its_own_pixels(recipe, source, buffers):
    instances = finish(recipe, source, buffers).record["instances"]
    by_name = {entry["name"]: entry for entry in instances}
    labelled = [(n, o) for n, o in enumerate(source.scene.objects, start=1) if o.category is not None]
    assert len(instances) == len(labelled) == DICE
    for number, item in labelled:
        entry = by_name[item.name]
        assert entry["category"] == item.category
        assert entry["bbox_xyxy"] == [number - 1, 0, number, HEIGHT_PX]
        np.testing.assert_array_equal(decode_mask(entry["segmentation"]), buffers.ids == number)


def test_distractors_are_in_the_scene_but_never_labelled(recipe, source, buffers):
    names = {item.name for item in source.scene.objects if item.category is None}
    assert len(names) == CLUTTER
    record = finish(recipe, source, buffers).record
    assert not names & {entry["name"] for entry in record["instances"]}


def test_two_objects_in_one_place_keep_their_own_ids(recipe, source, buffers):
    first = source.scene.objects[0]
    twins = tuple(dataclasses.replace(o, pose=first.pose) for o in source.scene.objects)
    together = dataclasses.replace(source, scene=dataclasses.replace(source.scene, objects=twins))
    instances = finish(recipe, together, buffers).record["instances"]
    assert len({tuple(entry["bbox_xyxy"]) for entry in instances}) == DICE


def test_cards_of_other_ranks_and_face_down_are_never_labelled():
    recipe = cards_recipe(**SMALL, **{"objects.card.count": 8})
    categories = {"nine", "ten", "jack", "queen", "king", "ace"}
    for frame in range(12):
        source = source_of(recipe, frame)
        record = finish(recipe, source, striped_buffers(source)).record
        shown = {o.name: o.parameters for o in source.scene.objects if o.source == "playing_card"}
        expected = {name: p["rank"] for name, p in shown.items() if p["face_up"] and p["rank"] in categories}
        assert {e["name"]: e["category"] for e in record["instances"]} == expected


def test_objects_with_fewer_than_min_pixels_are_flagged(recipe, source, buffers):
    strict = dataclasses.replace(recipe, labels=dataclasses.replace(recipe.labels, min_pixels=HEIGHT_PX))
    stricter = dataclasses.replace(
        recipe, labels=dataclasses.replace(recipe.labels, min_pixels=HEIGHT_PX + 1)
    )
    for setting, annotated in ((strict, True), (stricter, False)):
        instances = finish(setting, source, buffers).record["instances"]
        assert [entry["annotated"] for entry in instances] == [annotated] * DICE


def test_hidden_object_stays_in_the_record_with_an_empty_mask(recipe, source, buffers):
    buffers.ids[buffers.ids == 1] = 0
    entry = finish(recipe, source, buffers).record["instances"][0]
    assert entry["area_px"] == 0
    assert entry["bbox_xyxy"] == [0, 0, 0, 0]
    assert not entry["annotated"]
    assert not decode_mask(entry["segmentation"]).any()


def test_scene_without_labelled_objects_is_a_frame_without_instances():
    recipe = dice_recipe(**SMALL, **{"objects.die.count": 0, "objects.clutter.count": 2})
    frame = finished_frame(recipe)
    assert frame.record["status"] == "ok"
    assert frame.record["instances"] == []


def test_png_decodes_to_the_very_image(recipe, source, buffers):
    frame = finish(recipe, source, buffers)
    assert frame.image.shape == (HEIGHT_PX, WIDTH_PX, 3)
    with Image.open(io.BytesIO(frame.image_png)) as decoded:
        assert decoded.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(decoded), frame.image)
    assert frame.record["image"]["bytes"] == len(frame.image_png)


def test_png_keeps_the_order_of_the_colours():
    image = np.zeros((2, 3, 3), dtype=np.uint8)
    image[..., 0] = 200
    image[..., 2] = 30
    with Image.open(io.BytesIO(encode_png(image))) as decoded:
        assert decoded.getpixel((0, 0)) == (200, 0, 30)


def test_row_0_of_the_buffers_is_the_top_row_of_the_image(recipe, source, buffers):
    buffers.radiance[0] *= 3
    image = finish(recipe, source, buffers).image
    assert (image[0, 10:] > image[1, 10:]).all()
    np.testing.assert_array_equal(image[1], image[-1])


def test_shot_with_more_exposure_is_brighter_and_labelled_alike(recipe, source, buffers):
    sensor = dataclasses.replace(source.shot.sensor, exposure_ev=source.shot.sensor.exposure_ev + 1)
    shot = dataclasses.replace(source.shot, sensor=sensor)
    plain = finish(recipe, source, buffers)
    brighter = finish(recipe, dataclasses.replace(source, shot=shot), buffers)
    assert brighter.image.mean() > plain.image.mean() + 10
    assert brighter.record["instances"] == plain.record["instances"]


def test_equal_buffers_give_equal_bytes(recipe, source):
    first, second = (finish(recipe, source, striped_buffers(source)) for _ in range(2))
    assert first.image_png == second.image_png
    assert json_bytes(first.record) == json_bytes(second.record)


def test_frame_that_fails_certification_is_rejected_with_the_check_and_the_reason(recipe, source, buffers):
    buffers.radiance[3, 5, 1] = math.nan
    frame = finish(recipe, source, buffers)
    assert frame.record["status"] == "rejected"
    assert frame.record["check"] == "finite"
    assert frame.record["reason"] == "radiance is not finite at 1 pixel, the first in column 5 of row 3"
    assert frame.image is None
    assert frame.image_png is None


def test_rejected_frame_keeps_its_draws(recipe, source, buffers):
    buffers.radiance[:] = 0
    record = finish(recipe, source, buffers).record
    assert json.loads(json_bytes(record))["draws"] == source.draws()
