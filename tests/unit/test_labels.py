"""Labels from id images: equal to what scipy, numpy and pycocotools make of the same pixels."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from pycocotools import mask as coco_mask
from scipy import ndimage

from renderer.errors import DeviceError
from renderer.labels import InstanceLabels, label_device, label_instances
from renderer.labels.instances import boxes_of_masks

LARGEST_ID = 6
sizes = st.integers(1, 24)
id_images = npst.arrays(np.int32, st.tuples(sizes, sizes), elements=st.integers(0, LARGEST_ID))
mask_stacks = npst.arrays(np.bool_, st.tuples(st.integers(1, 3), sizes, sizes))


def labelled(ids: np.ndarray, wanted: list[int]) -> InstanceLabels:
    """The labels of one image."""
    return label_instances(torch.from_numpy(ids)[None], torch.tensor([wanted], dtype=torch.int32))


@given(id_images)
def test_boxes_equal_those_of_scipy(ids):
    labels = labelled(ids, list(range(1, LARGEST_ID + 1)))
    for box, slices in zip(labels.boxes_xyxy[0].tolist(), ndimage.find_objects(ids, LARGEST_ID), strict=True):
        expected = [0, 0, 0, 0]
        if slices is not None:
            rows, columns = slices
            expected = [columns.start, rows.start, columns.stop, rows.stop]
        assert box == expected


@given(id_images)
def test_masks_and_areas_equal_those_of_numpy(ids):
    labels = labelled(ids, list(range(LARGEST_ID + 1)))
    for number in range(LARGEST_ID + 1):
        np.testing.assert_array_equal(labels.masks[0, number].numpy(), ids == number)
        assert labels.areas_px[0, number] == np.count_nonzero(ids == number)


@given(mask_stacks)
def test_boxes_and_areas_equal_those_of_pycocotools(masks):
    boxes = boxes_of_masks(torch.from_numpy(masks))
    codes = coco_mask.encode(np.asfortranarray(masks.transpose(1, 2, 0).astype(np.uint8)))
    for (x0, y0, x1, y1), expected in zip(boxes.tolist(), coco_mask.toBbox(codes), strict=True):
        assert [x0, y0, x1 - x0, y1 - y0] == list(expected)
    assert coco_mask.area(codes).tolist() == masks.sum(axis=(1, 2)).tolist()


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4))
def test_batch_equals_its_images_one_by_one(seeds):
    images = np.stack(
        [np.random.default_rng(s).integers(0, LARGEST_ID, (9, 13), dtype=np.int32) for s in seeds]
    )
    wanted = torch.tensor([[1 + s % 3, 4, 9] for s in seeds], dtype=torch.int32)
    together = label_instances(torch.from_numpy(images), wanted)
    for number, image in enumerate(images):
        alone = labelled(image, wanted[number].tolist())
        assert torch.equal(together.masks[number], alone.masks[0])
        assert torch.equal(together.boxes_xyxy[number], alone.boxes_xyxy[0])
        assert torch.equal(together.areas_px[number], alone.areas_px[0])


def test_image_without_instances_has_no_labels():
    labels = labelled(np.ones((4, 5), dtype=np.int32), [])
    assert labels.masks.shape == (1, 0, 4, 5)
    assert labels.boxes_xyxy.shape == (1, 0, 4)
    assert labels.areas_px.shape == (1, 0)


def test_id_that_occurs_nowhere_has_an_empty_mask_and_a_zero_box():
    labels = labelled(np.ones((4, 5), dtype=np.int32), [1, 7])
    assert not labels.masks[0, 1].any()
    assert labels.boxes_xyxy[0, 1].tolist() == [0, 0, 0, 0]
    assert labels.areas_px[0, 1] == 0


def test_ids_that_were_not_asked_for_are_background():
    ids = np.array([[1, 2], [2, 3]], dtype=np.int32)
    labels = labelled(ids, [2])
    assert labels.masks.shape == (1, 1, 2, 2)
    assert labels.masks[0, 0].tolist() == [[False, True], [True, False]]


@pytest.mark.parametrize("x", [0, 3, 6])
@pytest.mark.parametrize("y", [0, 2, 4])
def test_box_of_one_pixel_is_one_pixel_wide(x, y):
    ids = np.zeros((5, 7), dtype=np.int32)
    ids[y, x] = 1
    labels = labelled(ids, [1])
    assert labels.boxes_xyxy[0, 0].tolist() == [x, y, x + 1, y + 1]
    assert labels.areas_px[0, 0] == 1


def test_instance_that_fills_the_image_has_the_image_as_its_box():
    labels = labelled(np.full((5, 7), 3, dtype=np.int32), [3])
    assert labels.boxes_xyxy[0, 0].tolist() == [0, 0, 7, 5]
    assert labels.areas_px[0, 0] == 35


def test_box_spans_all_parts_of_an_instance():
    ids = np.zeros((6, 8), dtype=np.int32)
    ids[1, 2] = ids[4, 7] = 1
    assert labelled(ids, [1]).boxes_xyxy[0, 0].tolist() == [2, 1, 8, 5]


def test_largest_id_of_blender_keeps_its_own_pixels():
    ids = np.array([[32767, 32766]], dtype=np.int32)
    assert labelled(ids, [32767]).masks[0, 0].tolist() == [[True, False]]


@pytest.mark.parametrize("dtype", [torch.int16, torch.int32, torch.int64])
def test_labels_are_flags_and_64_bit_integers_whatever_the_ids_are(dtype):
    labels = label_instances(torch.ones((1, 3, 4), dtype=dtype), torch.ones((1, 2), dtype=dtype))
    assert labels.masks.dtype == torch.bool
    assert labels.boxes_xyxy.dtype == labels.areas_px.dtype == torch.int64
    assert labels.areas_px.tolist() == [[12, 12]]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU that torch can use")
def test_labels_on_the_gpu_equal_those_on_the_cpu():
    ids = torch.from_numpy(np.random.default_rng(0).integers(0, 30, (4, 120, 160), dtype=np.int32))
    wanted = torch.arange(1, 33, dtype=torch.int32).expand(4, -1)
    here, there = label_instances(ids, wanted), label_instances(ids.cuda(), wanted.cuda())
    assert {t.device.type for t in (there.masks, there.boxes_xyxy, there.areas_px)} == {"cuda"}
    assert torch.equal(here.masks, there.masks.cpu())
    assert torch.equal(here.boxes_xyxy, there.boxes_xyxy.cpu())
    assert torch.equal(here.areas_px, there.areas_px.cpu())


@pytest.fixture
def only_cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.mark.usefixtures("only_cpu")
@pytest.mark.parametrize("wanted", ["cuda", "mps"])
def test_device_that_is_not_there_is_an_error_that_lists_what_was_found(wanted):
    with pytest.raises(DeviceError, match=f"labels.device={wanted} is not there; torch found: cpu$"):
        label_device(wanted)


@pytest.mark.usefixtures("only_cpu")
@pytest.mark.parametrize("wanted", ["auto", "cpu"])
def test_cpu_is_taken_where_there_is_nothing_else(wanted):
    assert label_device(wanted) == torch.device("cpu")


def test_auto_takes_the_gpu_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert label_device("auto") == torch.device("cuda")
    assert label_device("cpu") == torch.device("cpu")
