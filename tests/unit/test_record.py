"""Records: masks survive encoding, entries say what the labels say, JSON holds all of it."""

import hashlib
import json
from dataclasses import asdict

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from pycocotools import mask as coco_mask
from scipy import ndimage
from unit.frames import SMALL, source_of
from unit.recipes import dice_recipe

from renderer.dataset.record import (
    decode_mask,
    encode_mask,
    image_name,
    instance_entries,
    make_record,
    rejected_record,
)
from renderer.files import json_bytes
from renderer.labels import label_instances
from renderer.recipe.schema import Labels

masks = npst.arrays(np.bool_, st.tuples(st.integers(1, 30), st.integers(1, 30)))


def ring_and_dot() -> np.ndarray:
    """A ring with an island in its hole, and a part far away."""
    y, x = np.mgrid[:40, :60]
    radius = np.hypot(y - 18, x - 20)
    mask: np.ndarray = ((radius > 8) & (radius < 14)) | (radius < 3) | (x > 56)
    return mask


@pytest.fixture(scope="module")
def source():
    return source_of(dice_recipe(**SMALL, **{"objects.die.count": 3}), frame=4)


@given(masks)
def test_mask_survives_encoding_and_json(mask):
    code = json.loads(json.dumps(encode_mask(mask)))
    np.testing.assert_array_equal(decode_mask(code), mask)


def test_holes_and_parts_of_a_mask_survive_encoding():
    mask = ring_and_dot()
    decoded = decode_mask(encode_mask(mask))
    assert ndimage.label(decoded)[1] == 3
    assert ndimage.label(~decoded)[1] == 2
    np.testing.assert_array_equal(decoded, mask)


@given(masks)
def test_code_of_a_mask_is_what_pycocotools_reads(mask):
    code = encode_mask(mask)
    assert code["size"] == list(mask.shape)
    assert coco_mask.area(code) == mask.sum()
    np.testing.assert_array_equal(coco_mask.decode(code), mask)


def test_entries_carry_the_labels_of_their_objects(source):
    items = [item for item in source.scene.objects if item.category is not None]
    ids = np.zeros((8, 9), dtype=np.int32)
    ids[1:4, 2:7] = 1
    ids[5, 8] = 3
    labels = label_instances(torch.from_numpy(ids)[None], torch.tensor([[1, 2, 3]]))
    entries = instance_entries(items, labels, Labels(min_pixels=2, min_face_margin=0.35, device="cpu"))
    assert [e["name"] for e in entries] == ["die[0]", "die[1]", "die[2]"]
    assert [e["category"] for e in entries] == [item.category for item in items]
    assert [e["bbox_xyxy"] for e in entries] == [[2, 1, 7, 4], [0, 0, 0, 0], [8, 5, 9, 6]]
    assert [e["area_px"] for e in entries] == [15, 0, 1]
    for number, entry in enumerate(entries, start=1):
        np.testing.assert_array_equal(decode_mask(entry["segmentation"]), ids == number)


def test_instance_is_annotated_from_min_pixels_on(source):
    items = [item for item in source.scene.objects if item.category is not None][:3]
    ids = np.array([[1, 1, 1, 2, 2, 3]], dtype=np.int32)
    labels = label_instances(torch.from_numpy(ids)[None], torch.tensor([[1, 2, 3]]))
    assert [
        e["annotated"]
        for e in instance_entries(items, labels, Labels(min_pixels=2, min_face_margin=0.35, device="cpu"))
    ] == [True, True, False]


def test_record_describes_its_image(source):
    png = b"not really a picture"
    record = make_record(source, png, 0.5, [])
    assert record["frame"] == 4
    assert record["status"] == "ok"
    assert record["image"] == {
        "file": "images/000004.png",
        "width_px": source.view.camera.width_px,
        "height_px": source.view.camera.height_px,
        "bytes": len(png),
        "sha256": hashlib.sha256(png).hexdigest(),
        "exposure_ev": 0.5,
    }
    assert record["camera"] == asdict(source.view.camera)


def test_record_holds_the_draws_of_scene_view_and_shot(source):
    draws = make_record(source, b"", 0.0, [])["draws"]
    assert {"layout.half_width_m", "camera.tilt_deg", "sensor.exposure_ev"} <= set(draws)
    assert len(draws) == len(source.scene.draws) + len(source.view.draws) + len(source.shot.draws)


def test_record_of_a_rejected_frame_holds_its_reason_and_draws_but_no_image(source):
    record = rejected_record(source, "radiance is not finite")
    assert record == {
        "frame": 4,
        "status": "rejected",
        "reason": "radiance is not finite",
        "draws": source.draws(),
    }


def test_draws_survive_json(source):
    for record in (make_record(source, b"x", 0.0, []), rejected_record(source, "no light")):
        assert json.loads(json_bytes(record))["draws"] == source.draws()


def test_names_of_images_are_sorted_like_their_frames():
    assert image_name(0) == "images/000000.png"
    assert image_name(1_234_567) == "images/1234567.png"
    names = [image_name(frame) for frame in range(0, 1_000_000, 99_999)]
    assert names == sorted(names)
