"""Maps of a frame: files that anyone can read, and in them what the buffers say."""

import io
import json
import math
from dataclasses import replace

import cv2
import numpy as np
import OpenEXR
import pytest
from PIL import Image
from unit.frames import SMALL, finish, finished_frame, source_of, striped_buffers, tree
from unit.recipes import dice_recipe
from unit.strategies import die, primitive

from renderer.buffers import Buffers
from renderer.commands.preview import quick
from renderer.dataset.maps import Pixels, category_ids, encode_maps
from renderer.dataset.store import Store
from renderer.recipe.schema import MAPS
from renderer.scene import Camera, Lens, Pose

CAMERA = Camera(width_px=6, height_px=4, fx_px=5.0, fy_px=4.0, cx_px=3.0, cy_px=2.0, pose=Pose())
SKY_M = 1e10


def buffers_of(**changes) -> Buffers:
    ids = np.zeros((4, 6), dtype=np.int32)
    ids[1, 2:5], ids[3, 0] = 1, 32767
    depth_z_m = np.full((4, 6), 0.5, dtype=np.float32)
    depth_z_m[0] = SKY_M
    normals = np.zeros((4, 6, 3), dtype=np.float32)
    normals[1:, :, 1], normals[2, 3] = -1, (0.6, 0.0, -0.8)
    plain = Buffers(
        radiance=np.ones((4, 6, 3), dtype=np.float32), ids=ids, depth_z_m=depth_z_m, normals=normals
    )
    return replace(plain, **changes)


def pixels_of(camera: Camera = CAMERA, **changes) -> Pixels:
    numbers = np.zeros(32768, dtype=np.uint16)
    numbers[1], numbers[32767] = 3, 300
    return Pixels(camera=camera, buffers=buffers_of(**changes), category_ids=numbers)


def channels_of(exr: bytes) -> dict[str, np.ndarray]:
    found = OpenEXR.File(io.BytesIO(exr), separate_channels=True).channels()
    return {name: channel.pixels for name, channel in found.items()}


def test_only_the_maps_that_are_asked_for_are_made():
    assert encode_maps([], pixels_of()) == {}
    assert list(encode_maps(["semantic", "depth"], pixels_of())) == ["semantic", "depth"]
    assert list(encode_maps(MAPS, pixels_of())) == list(MAPS)


@pytest.mark.parametrize("name", ["instances", "semantic"])
def test_maps_of_numbers_are_pngs_of_16_bits(name):
    content = encode_maps([name], pixels_of())[name]
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.mode == "I;16"
        read = np.asarray(picture)
    assert cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED).dtype == np.uint16
    ids = buffers_of().ids
    np.testing.assert_array_equal(read, ids if name == "instances" else pixels_of().category_ids[ids])


def test_categories_are_numbered_as_in_coco_and_what_has_none_is_0():
    objects = [die(face=2), primitive(), die(face=6)]
    assert category_ids(objects, ("1", "2", "6")).tolist() == [0, 2, 0, 3]


def test_range_is_along_the_ray_and_depth_along_the_axis():
    channels = channels_of(encode_maps(["depth"], pixels_of())["depth"])
    assert set(channels) == {"depth_z_m", "range_m"}
    assert {channel.dtype for channel in channels.values()} == {np.dtype(np.float32)}
    assert channels["depth_z_m"][2, 5] == np.float32(0.5)
    assert channels["range_m"][2, 5] == pytest.approx(0.5 * math.hypot(1, 2.5 / 5, 0.5 / 4), rel=1e-6)


def test_depth_and_range_are_infinite_where_there_is_only_sky():
    channels = channels_of(encode_maps(["depth"], pixels_of())["depth"])
    for channel in channels.values():
        assert np.isposinf(channel[0]).all()
        assert np.isfinite(channel[1:]).all()


def test_range_through_a_fisheye_is_positive_behind_it_where_depth_is_not():
    """An equidistant fisheye whose columns lie a quarter of a turn apart; all it sees is 2 m away."""
    lens = Lens(model="fisheye", coefficients=(0.0,) * 4)
    camera = replace(CAMERA, lens=lens, width_px=3, height_px=1, fx_px=2 / math.pi, cx_px=0.5, cy_px=0.5)
    depth_z_m = np.array([[2.0, 2 * math.cos(math.pi / 2), -2.0]], dtype=np.float32)
    pixels = Pixels(
        camera=camera,
        buffers=Buffers(
            radiance=np.ones((1, 3, 3), np.float32), ids=np.zeros((1, 3), np.int32), depth_z_m=depth_z_m
        ),
        category_ids=np.zeros(1, np.uint16),
    )
    channels = channels_of(encode_maps(["depth"], pixels)["depth"])
    np.testing.assert_allclose(channels["range_m"], 2.0, rtol=1e-5)
    np.testing.assert_array_equal(channels["depth_z_m"], depth_z_m)


def test_normals_are_three_channels():
    channels = channels_of(encode_maps(["normals"], pixels_of())["normals"])
    assert set(channels) == {"x", "y", "z"}
    np.testing.assert_array_equal(np.stack([channels[axis] for axis in "xyz"], axis=-1), buffers_of().normals)


def test_equal_buffers_give_equal_files():
    assert encode_maps(MAPS, pixels_of()) == encode_maps(MAPS, pixels_of())


# in the store


@pytest.fixture(scope="module")
def frame():
    return finished_frame(dice_recipe(**SMALL, **{"labels.maps": ["instances", "depth"]}), 5)


def test_a_frame_has_the_maps_that_its_recipe_asks_for(frame):
    assert set(frame.maps) == {"instances", "depth"}
    assert {name: file["bytes"] for name, file in frame.record["maps"].items()} == {
        name: len(content) for name, content in frame.maps.items()
    }
    assert finished_frame(dice_recipe(**SMALL)).record["maps"] == {}


def test_maps_change_nothing_else_of_a_frame(frame):
    bare = finished_frame(dice_recipe(**SMALL), 5)
    assert bare.image_png == frame.image_png
    assert {**bare.record, "maps": 0} == {**frame.record, "maps": 0}


def test_a_rejected_frame_has_no_maps():
    recipe = dice_recipe(**SMALL, **{"labels.maps": ["instances"]})
    source = source_of(recipe)
    dark = striped_buffers(source)
    dark.radiance[:] = 0
    rejected = finish(recipe, source, dark)
    assert rejected.record["status"] == "rejected"
    assert rejected.maps == {}


def test_maps_lie_beside_the_images(frame, tmp_path):
    Store(root=tmp_path, identity={}).commit(frame.record, frame.image_png, frame.maps)
    files = {name: content for name, content in tree(tmp_path).items() if content is not None}
    assert files["instances/000005.png"] == frame.maps["instances"]
    assert files["depth/000005.exr"] == frame.maps["depth"]
    assert json.loads(files["frames/000005.json"])["maps"]["depth"]["file"] == "depth/000005.exr"


@pytest.mark.parametrize("name", ["instances/000005.png", "depth/000005.exr"])
@pytest.mark.parametrize("share", [None, 0.5])
def test_a_frame_without_one_of_its_maps_is_none(frame, tmp_path, name, share):
    store = Store(root=tmp_path, identity={})
    store.commit(frame.record, frame.image_png, frame.maps)
    assert store.has(5)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).unlink()
    if share is not None:
        (tmp_path / name).write_bytes(whole[: int(share * len(whole))])
    assert not store.has(5)
    assert list(store.records()) == []


def test_a_record_is_written_after_its_maps(frame, tmp_path, monkeypatch):
    store, written = Store(root=tmp_path, identity={}), []
    rename = type(tmp_path).replace

    def watched(self, target):
        written.append(target.relative_to(tmp_path).parts[0])
        return rename(self, target)

    monkeypatch.setattr(type(tmp_path), "replace", watched)
    store.commit(frame.record, frame.image_png, frame.maps)
    assert set(written[:-1]) == {"dataset.json", "images", "instances", "depth"}
    assert written[-1] == "frames"


def test_a_preview_makes_no_maps():
    assert quick(dice_recipe(**{"labels.maps": ["normals"]})).labels.maps == []
