"""Labels from id images: equal to what scipy, numpy and pycocotools make of the same pixels."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy import ndimage

from renderer.dataset.record import encode_mask
from renderer.errors import DeviceError
from renderer.labels import (
    InstanceLabels,
    encode_masks,
    label_device,
    label_instances,
    one_thread,
    perimeters_px,
)

LARGEST_ID = 6
sizes = st.integers(1, 24)
id_images = npst.arrays(np.int32, st.tuples(sizes, sizes), elements=st.integers(0, LARGEST_ID))
few_ids = npst.arrays(np.int32, st.tuples(sizes, sizes), elements=st.integers(0, 2))
masks_of_any_size = st.lists(
    npst.arrays(np.bool_, st.tuples(st.integers(0, 9), st.integers(0, 9))), max_size=6
)


def labelled(ids: np.ndarray, wanted: list[int]) -> InstanceLabels:
    """The labels of one image."""
    return label_instances(torch.from_numpy(ids)[None], torch.tensor([wanted], dtype=torch.int32))


def tensors(labels: InstanceLabels) -> list[torch.Tensor]:
    """What the labels say of each instance in numbers."""
    return [labels.boxes_xyxy, labels.areas_px, labels.border_px]


@given(id_images)
def test_boxes_equal_those_of_scipy(ids):
    labels = labelled(ids, list(range(1, LARGEST_ID + 1)))
    for box, slices in zip(labels.boxes_xyxy[0].tolist(), ndimage.find_objects(ids, LARGEST_ID), strict=True):
        expected = [0, 0, 0, 0]
        if slices is not None:
            rows, columns = slices
            expected = [columns.start, rows.start, columns.stop, rows.stop]
        assert box == expected


@given(id_images | few_ids)
def test_codes_and_areas_equal_those_of_pycocotools_and_numpy(ids):
    labels = labelled(ids, list(range(LARGEST_ID + 1)))
    for number, code in enumerate(labels.segmentations()[0]):
        assert code == encode_mask(ids == number)
        assert labels.areas_px[0, number] == np.count_nonzero(ids == number)


@given(id_images | few_ids)
def test_perimeter_counts_the_edges_of_pixels_to_anything_else(ids):
    numbers = torch.arange(LARGEST_ID + 1)[None]
    for number, perimeter in enumerate(perimeters_px(torch.from_numpy(ids)[None], numbers)[0].tolist()):
        inside = np.pad(ids == number, 1).astype(int)
        assert perimeter == sum(np.abs(np.diff(inside, axis=axis)).sum() for axis in (0, 1))


@given(id_images | few_ids)
def test_border_pixels_are_those_of_the_outermost_rows_and_columns(ids):
    labels = labelled(ids, list(range(LARGEST_ID + 1)))
    outermost = np.ones_like(ids, dtype=bool)
    outermost[1:-1, 1:-1] = False
    for number, count in enumerate(labels.border_px[0].tolist()):
        assert count == np.count_nonzero(outermost & (ids == number))


@given(id_images)
def test_runs_cover_each_pixel_of_their_instance_once(ids):
    runs = labelled(ids, list(range(LARGEST_ID + 1))).runs
    painted = np.full_like(ids, -1)
    for owner, column, top, bottom in zip(
        *(t.tolist() for t in (runs.owners, runs.columns, runs.tops, runs.bottoms)), strict=True
    ):
        assert (painted[top:bottom, column] == -1).all()
        painted[top:bottom, column] = owner
    np.testing.assert_array_equal(painted, ids)
    assert runs.lengths.sum() == ids.size


@given(st.integers(1, 4), st.integers(1, 70_000), st.integers(0, 2**32 - 1))
def test_codes_of_long_runs_equal_those_of_pycocotools(width, height, seed):
    rng = np.random.default_rng(seed)
    edges = np.sort(rng.integers(0, width * height + 1, 2 * rng.integers(1, 5)))
    flat = np.zeros(width * height, dtype=np.int32)
    for start, stop in edges.reshape(-1, 2):
        flat[start:stop] = 1
    ids = flat.reshape(width, height).T.copy()
    assert labelled(ids, [1]).segmentations() == [[encode_mask(ids == 1)]]


@given(masks_of_any_size)
def test_codes_of_masks_of_any_sizes_equal_those_of_pycocotools(masks):
    codes = encode_masks([torch.from_numpy(mask) for mask in masks])
    assert codes == [encode_mask(mask) for mask in masks]


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4))
def test_batch_equals_its_images_one_by_one(seeds):
    images = np.stack(
        [np.random.default_rng(s).integers(0, LARGEST_ID, (9, 13), dtype=np.int32) for s in seeds]
    )
    wanted = torch.tensor([[1 + s % 3, 4, 9] for s in seeds], dtype=torch.int32)
    together = label_instances(torch.from_numpy(images), wanted)
    for number, image in enumerate(images):
        alone = labelled(image, wanted[number].tolist())
        for of_batch, of_image in zip(tensors(together), tensors(alone), strict=True):
            assert torch.equal(of_batch[number], of_image[0])
        assert together.segmentations()[number] == alone.segmentations()[0]
        alone_px = perimeters_px(torch.from_numpy(image)[None], wanted[number][None])
        assert torch.equal(perimeters_px(torch.from_numpy(images), wanted)[number], alone_px[0])


def test_views_of_larger_buffers_are_labelled_as_they_look():
    buffer = torch.from_numpy(np.random.default_rng(5).integers(0, 3, (2, 11, 30), dtype=np.int32))
    view, wanted = buffer[:, 1:9:2, 3:].transpose(1, 2), torch.tensor([[1, 2], [2, 0]])
    labels, of_copy = label_instances(view, wanted), label_instances(view.clone(), wanted)
    for of_view, expected in zip(tensors(labels), tensors(of_copy), strict=True):
        assert torch.equal(of_view, expected)
    for image, numbers, codes in zip(view.numpy(), wanted.tolist(), labels.segmentations(), strict=True):
        assert codes == [encode_mask(image == number) for number in numbers]


def test_image_without_instances_has_no_labels():
    labels = labelled(np.ones((4, 5), dtype=np.int32), [])
    assert labels.boxes_xyxy.shape == (1, 0, 4)
    assert labels.segmentations() == [[]]
    assert labels.areas_px.shape == (1, 0)


def test_id_that_occurs_nowhere_has_an_empty_mask_and_a_zero_box():
    labels = labelled(np.ones((4, 5), dtype=np.int32), [1, 7])
    assert labels.segmentations()[0][1] == encode_mask(np.zeros((4, 5), dtype=bool))
    assert labels.boxes_xyxy[0, 1].tolist() == [0, 0, 0, 0]
    assert labels.areas_px[0, 1] == labels.border_px[0, 1] == 0


def test_ids_that_were_not_asked_for_are_background():
    ids = np.array([[1, 2], [2, 3]], dtype=np.int32)
    labels = labelled(ids, [2])
    assert labels.segmentations() == [[encode_mask(ids == 2)]]


def test_ids_of_another_image_of_the_batch_are_background():
    ids = torch.tensor([[[5, 1]], [[5, 1]]])
    labels = label_instances(ids, torch.tensor([[5], [1]]))
    assert labels.boxes_xyxy.tolist() == [[[0, 0, 1, 1]], [[1, 0, 2, 1]]]
    assert [row[0]["counts"] for row in labels.segmentations()] == ["011", "11"]


def test_negative_ids_are_padding_and_large_ones_are_not():
    labels = labelled(np.array([[-1, 70_000, 0]], dtype=np.int32), [-1, 70_000, -(2**31)])
    assert labels.areas_px.tolist() == [[0, 1, 0]]


def test_id_asked_for_twice_is_labelled_twice():
    labels = labelled(np.array([[1, 2, 2]], dtype=np.int32), [2, 1, 2])
    assert labels.areas_px.tolist() == [[2, 1, 2]]
    first, _, last = labels.segmentations()[0]
    assert first == last


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


def test_instance_that_fills_the_image_has_the_image_as_its_outline():
    ids = np.full((5, 7), 3, dtype=np.int32)
    assert perimeters_px(torch.from_numpy(ids)[None], torch.tensor([[3, 4]])).tolist() == [[24, 0]]
    assert labelled(ids, [3]).border_px.tolist() == [[20]]


def test_box_spans_all_parts_of_an_instance():
    ids = np.zeros((6, 8), dtype=np.int32)
    ids[1, 2] = ids[4, 7] = 1
    assert labelled(ids, [1]).boxes_xyxy[0, 0].tolist() == [2, 1, 8, 5]


def test_as_many_instances_as_blender_has_ids_for_keep_their_own_pixels():
    ids = np.zeros((64, 1024), dtype=np.int32)
    ids.flat[: 2 * 32767] = np.repeat(np.random.default_rng(0).permutation(32767) + 1, 2)
    labels = labelled(ids, list(range(1, 32768)))
    assert (labels.areas_px == 2).all()
    rows, columns = np.nonzero(ids)
    first = np.empty((32768, 2), dtype=np.int64)
    first[ids[rows, columns][::2]] = np.stack([columns, rows], axis=1)[::2]
    np.testing.assert_array_equal(labels.boxes_xyxy[0, :, :2].numpy(), first[1:])
    assert labels.segmentations()[0][32766] == encode_mask(ids == 32767)


@pytest.mark.parametrize("dtype", [torch.int16, torch.int32, torch.int64])
def test_labels_are_64_bit_integers_whatever_the_ids_are(dtype):
    ids = torch.full((1, 3, 4), 32767, dtype=dtype)
    labels = label_instances(ids, torch.tensor([[32767, 32766]], dtype=dtype))
    assert {t.dtype for t in tensors(labels)} == {torch.int64}
    assert labels.areas_px.tolist() == [[12, 0]]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU that torch can use")
def test_labels_on_the_gpu_equal_those_on_the_cpu():
    ids = torch.from_numpy(np.random.default_rng(0).integers(0, 30, (4, 120, 160), dtype=np.int32))
    wanted = torch.arange(1, 33, dtype=torch.int32).expand(4, -1)
    here, there = label_instances(ids, wanted), label_instances(ids.cuda(), wanted.cuda())
    assert {t.device.type for t in tensors(there)} == {"cuda"}
    for on_cpu, on_gpu in zip(tensors(here), tensors(there), strict=True):
        assert torch.equal(on_cpu, on_gpu.cpu())
    assert here.segmentations() == there.segmentations()
    assert torch.equal(perimeters_px(ids, wanted), perimeters_px(ids.cuda(), wanted.cuda()).cpu())
    masks = [(ids[0] == number)[:number] for number in range(1, 30)]
    assert encode_masks(masks) == encode_masks([mask.cuda() for mask in masks])


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


def test_one_thread_is_used_inside_and_as_many_as_before_after_it():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
