"""Records: masks survive encoding, files are named by their content, JSON holds all of it."""

import hashlib
import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from pycocotools import mask as coco_mask
from scipy import ndimage
from unit.frames import SMALL, source_of
from unit.recipes import dice_recipe

from renderer.dataset.record import (
    MAP_SUFFIXES,
    decode_mask,
    encode_mask,
    image_name,
    make_record,
    rejected_record,
)
from renderer.files import json_bytes
from renderer.labels.certificate import Fault
from renderer.recipe.schema import MAPS

FAULT = Fault(check="finite", reason="radiance is not finite")

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


def test_record_describes_its_image(source):
    png = b"not really a picture"
    record = make_record(source, png, 0.5, [], {})
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
    camera = source.view.camera
    assert record["camera"] == asdict(camera) | {
        "K": [[camera.fx_px, 0, camera.cx_px], [0, camera.fy_px, camera.cy_px], [0, 0, 1]]
    }


def test_record_names_the_files_of_its_maps_by_content(source):
    maps = make_record(source, b"", 0.0, [], {"depth": b"far", "semantic": b"what"})["maps"]
    assert maps == {
        "depth": {"file": "depth/000004.exr", "bytes": 3, "sha256": hashlib.sha256(b"far").hexdigest()},
        "semantic": {
            "file": "semantic/000004.png",
            "bytes": 4,
            "sha256": hashlib.sha256(b"what").hexdigest(),
        },
    }


def test_every_map_of_the_schema_has_a_name():
    assert set(MAP_SUFFIXES) == set(MAPS)


def test_record_holds_the_draws_of_scene_view_and_shot(source):
    draws = make_record(source, b"", 0.0, [], {})["draws"]
    assert {"layout.half_width_m", "camera.tilt_deg", "sensor.exposure_ev"} <= set(draws)
    assert len(draws) == len(source.scene.draws) + len(source.view.draws) + len(source.shot.draws)


def test_record_of_a_rejected_frame_holds_its_reason_and_draws_but_no_image(source):
    record = rejected_record(source, FAULT)
    assert record == {
        "frame": 4,
        "status": "rejected",
        "check": "finite",
        "reason": "radiance is not finite",
        "draws": source.draws(),
    }


def test_draws_survive_json(source):
    for record in (make_record(source, b"x", 0.0, [], {}), rejected_record(source, FAULT)):
        assert json.loads(json_bytes(record))["draws"] == source.draws()


def test_names_of_images_are_sorted_like_their_frames():
    assert image_name(0) == "images/000000.png"
    assert image_name(1_234_567) == "images/1234567.png"
    names = [image_name(frame) for frame in range(0, 1_000_000, 99_999)]
    assert names == sorted(names)
