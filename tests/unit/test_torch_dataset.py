"""Sets as tensors: torchvision's detectors and transforms take them, and the cache keeps to its limit."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms import v2

from renderer.errors import DataError
from train_eval.data.dataset import DetectionDataset, ImageCache, decoded, load_sample
from train_eval.data.images import load_image
from train_eval.data.masks import encode_mask
from train_eval.data.records import DetectionSet, ImageRecord

HEIGHT_PX, WIDTH_PX = 12, 16
BOXES = [[1, 2, 5, 6], [3, 3, 9, 11]]


def picture(path: Path, seed: int = 0) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 256, (HEIGHT_PX, WIDTH_PX, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def box_mask(box: list[int]) -> np.ndarray:
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), dtype=bool)
    x0, y0, x1, y1 = box
    mask[y0:y1, x0:x1] = True
    return mask


def record(path: Path, boxes: list = BOXES, *, masks: bool = True, number: int = 7) -> ImageRecord:
    """An image whose second box is ignored."""
    return ImageRecord(
        path=path,
        image_id=number,
        size_hw=(HEIGHT_PX, WIDTH_PX),
        boxes_xyxy=np.array(boxes, dtype=np.float32).reshape(-1, 4),
        labels=np.arange(1, len(boxes) + 1, dtype=np.int64),
        ignore=np.array([n == 1 for n in range(len(boxes))], dtype=np.bool_),
        masks=tuple(encode_mask(box_mask(box)) for box in boxes) if masks else None,
    )


def set_of(*images: ImageRecord) -> DetectionSet:
    return DetectionSet(name="dice/train", categories=("1", "2"), images=images)


def test_item_holds_the_image_and_its_objects_apart_from_ignored_ones(tmp_path):
    path = picture(tmp_path / "a.png")
    dataset = DetectionDataset(set_of(record(path)), with_masks=True)
    image, target = dataset[0]
    assert len(dataset) == 1
    assert (image.shape, image.dtype) == ((3, HEIGHT_PX, WIDTH_PX), torch.uint8)
    np.testing.assert_array_equal(image.permute(1, 2, 0).numpy(), load_image(path))
    assert target["boxes"].tolist() == BOXES[:1]
    assert target["ignore_boxes"].tolist() == BOXES[1:]
    assert (target["boxes"].dtype, target["labels"].dtype) == (torch.float32, torch.int64)
    assert (target["labels"].tolist(), target["image_id"]) == ([1], 7)
    np.testing.assert_array_equal(target["masks"][0].numpy(), box_mask(BOXES[0]))


def test_masks_are_left_out_where_they_are_not_wanted(tmp_path):
    assert "masks" not in DetectionDataset(set_of(record(picture(tmp_path / "a.png"))))[0][1]


def test_image_without_objects_has_empty_tensors(tmp_path):
    _, target = DetectionDataset(
        set_of(record(picture(tmp_path / "a.png"), [], masks=False)), with_masks=True
    )[0]
    assert target["boxes"].shape == target["ignore_boxes"].shape == (0, 4)
    assert target["masks"].shape == (0, HEIGHT_PX, WIDTH_PX)


def test_objects_without_masks_are_refused_where_masks_are_wanted(tmp_path):
    path = picture(tmp_path / "a.png")
    with pytest.raises(DataError, match="a.png of dice/train has objects without masks"):
        DetectionDataset(set_of(record(path, masks=False)), with_masks=True)
    assert load_sample(record(path, masks=False), with_masks=True).masks is None


def test_transforms_of_torchvision_move_boxes_and_masks_with_the_image(tmp_path):
    item = DetectionDataset(set_of(record(picture(tmp_path / "a.png"))), with_masks=True)[0]
    image, target = v2.RandomHorizontalFlip(p=1)(*item)
    x0, y0, x1, y1 = BOXES[0]
    assert target["boxes"].tolist() == [[WIDTH_PX - x1, y0, WIDTH_PX - x0, y1]]
    assert torch.equal(image, item[0].flip(-1))
    assert isinstance(target["masks"], tv_tensors.Mask)
    assert torch.equal(target["masks"], item[1]["masks"].flip(-1))


def test_sample_is_what_augmentation_takes(tmp_path):
    sample = load_sample(record(picture(tmp_path / "a.png")), with_masks=True)
    assert (sample.boxes_xyxy.dtype, sample.labels.dtype) == (np.float32, np.int64)
    assert sample.ignore.tolist() == [False, True]
    assert sample.masks.shape == (2, HEIGHT_PX, WIDTH_PX)


def test_cached_image_is_not_read_again_and_cannot_be_spoilt(tmp_path):
    path = picture(tmp_path / "a.png")
    cache, expected = ImageCache(10_000), load_image(path)
    first = cache.load(path)
    path.unlink()
    first[:] = 0
    second = cache.load(path)
    np.testing.assert_array_equal(second, expected)
    second[:] = 0
    np.testing.assert_array_equal(cache.load(path), expected)


def test_cache_keeps_to_its_limit(tmp_path):
    paths = [picture(tmp_path / f"{n}.png", n) for n in range(4)]
    size_bytes = HEIGHT_PX * WIDTH_PX * 3
    cache = ImageCache(2 * size_bytes + 1)
    for path in paths * 2:
        np.testing.assert_array_equal(cache.load(path), load_image(path))
    assert cache.used_bytes == 2 * size_bytes


def test_image_that_changed_since_it_was_checked_is_refused(tmp_path):
    checked = record(picture(tmp_path / "a.png"))
    Image.new("RGB", (3, 3)).save(checked.path)
    with pytest.raises(DataError, match="run the command again"):
        decoded(checked)
