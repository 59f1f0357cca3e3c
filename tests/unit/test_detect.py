"""What a detector finds on its canvas comes back in pixels of the photograph."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from unit.tiny_detectors import tiny_spec
from unit.tiny_sets import CATEGORIES

from train_eval.data.records import DetectionSet, ImageRecord
from train_eval.evaluation.detect import detect_images, detect_set

CPU = torch.device("cpu")
Find = Callable[[np.ndarray], Sequence[Sequence[float]]]  # canvas (H, W, 3) -> boxes XYXY


class FakeDetector(nn.Module):
    """Finds what a function finds on the canvas, and remembers the batches it was given."""

    def __init__(self, find: Find) -> None:
        super().__init__()
        self.find = find
        self.batches: list[tuple[int, ...]] = []

    def forward(self, images: Tensor) -> list[dict[str, Tensor]]:
        assert images.dtype == torch.uint8
        assert not self.training
        self.batches.append(tuple(images.shape))
        return [self.output(image.permute(1, 2, 0).numpy()) for image in images]

    def output(self, canvas: np.ndarray) -> dict[str, Tensor]:
        boxes = torch.tensor(self.find(canvas), dtype=torch.float32).reshape(-1, 4)
        return {
            "boxes": boxes,
            "scores": torch.linspace(0.9, 0.5, len(boxes)),
            "labels": torch.arange(1, len(boxes) + 1),
        }


def red_area(canvas: np.ndarray) -> list[list[float]]:
    """The bounds of what is red."""
    rows, columns = np.nonzero((canvas[..., 0] > 190) & (canvas[..., 1] < 64))
    return [[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]] if len(rows) else []


def photograph(path: Path, size_wh: tuple[int, int], box_xyxy: Sequence[int] | None) -> Path:
    """Grey, with a red box."""
    pixels = np.full((size_wh[1], size_wh[0], 3), 120, dtype=np.uint8)
    if box_xyxy is not None:
        x0, y0, x1, y1 = box_xyxy
        pixels[y0:y1, x0:x1] = (255, 0, 0)
    Image.fromarray(pixels).save(path)
    return path


def detected(detector: FakeDetector, paths: Sequence[Path], batch_size: int = 4, **spec):
    pairs = list(enumerate(paths, start=10))
    return list(detect_images(detector, tiny_spec(**spec), pairs, CPU, batch_size=batch_size))


@pytest.mark.parametrize(
    ("size_wh", "box"),
    [
        ((240, 160), (30, 20, 120, 100)),
        ((160, 240), (30, 120, 120, 220)),
        ((96, 96), (10, 20, 60, 70)),
        ((50, 30), (5, 5, 40, 25)),
        ((101, 67), (0, 0, 101, 67)),
    ],
    ids=["landscape", "portrait", "square", "smaller than the canvas", "all of it"],
)
@pytest.mark.parametrize("resize", ["fit", "native"])
def test_box_comes_back_where_it_is_in_the_photograph(tmp_path, size_wh, box, resize):
    path = photograph(tmp_path / "a.png", size_wh, box)
    (found,) = detected(FakeDetector(red_area), [path], resize=resize)
    pixel_of_canvas = max(size_wh) / 96 if resize == "fit" else 0.0
    np.testing.assert_allclose(found.boxes_xyxy, [box], atol=max(1e-3, pixel_of_canvas))
    assert found.image_id == 10
    np.testing.assert_allclose(found.scores, [0.9])
    assert found.labels.tolist() == [1]


def test_fitted_box_is_exact_where_the_scale_is_a_whole_number(tmp_path):
    path = photograph(tmp_path / "a.png", (192, 128), None)
    (found,) = detected(FakeDetector(lambda _: [[8, 16, 40, 56]]), [path])
    np.testing.assert_array_equal(found.boxes_xyxy, [[16, 32, 80, 112]])


def test_canvas_is_no_larger_than_it_must_be(tmp_path):
    sizes = [(192, 128), (128, 192), (192, 192), (192, 40)]
    paths = [photograph(tmp_path / f"{i}.png", size, None) for i, size in enumerate(sizes)]
    fitted, native = FakeDetector(red_area), FakeDetector(red_area)
    detected(fitted, paths)
    detected(native, paths, resize="native")
    assert fitted.batches == [(1, 3, 64, 96), (1, 3, 96, 64), (1, 3, 96, 96), (1, 3, 32, 96)]
    assert native.batches == [(1, 3, 128, 192), (1, 3, 192, 128), (1, 3, 192, 192), (1, 3, 64, 192)]


def test_box_is_cut_at_the_photograph_and_dropped_outside_of_it(tmp_path):
    path = photograph(tmp_path / "a.png", (96, 70), None)  # below it the canvas is grey
    boxes = [[-5, 60, 40, 90], [10, 72, 30, 90], [50, 50, 200, 60], [20, 20, 20, 40]]
    (found,) = detected(FakeDetector(lambda _: boxes), [path])
    np.testing.assert_allclose(found.boxes_xyxy, [[0, 60, 40, 70], [50, 50, 96, 60]], atol=1e-4)
    assert found.labels.tolist() == [1, 3]


def test_photographs_of_mixed_shapes_keep_their_order(tmp_path):
    sizes = [(96, 64), (96, 64), (64, 96), (96, 64), (96, 64), (96, 64)]
    boxes = [(4 * i, 3 * i, 4 * i + 20, 3 * i + 20) for i in range(1, len(sizes) + 1)]
    paths = [
        photograph(tmp_path / f"{i}.png", s, b) for i, (s, b) in enumerate(zip(sizes, boxes, strict=True))
    ]
    detector = FakeDetector(red_area)
    found = detected(detector, paths, batch_size=2, resize="native")
    assert [each.image_id for each in found] == [10, 11, 12, 13, 14, 15]
    np.testing.assert_allclose(np.concatenate([each.boxes_xyxy for each in found]), boxes, atol=1e-3)
    assert [batch[0] for batch in detector.batches] == [2, 1, 2, 1]


def test_photograph_in_which_nothing_is_found_has_empty_detections(tmp_path):
    (found,) = detected(FakeDetector(red_area), [photograph(tmp_path / "a.png", (96, 96), None)])
    assert found.boxes_xyxy.shape == (0, 4)
    assert len(found.scores) == len(found.labels) == 0


def test_turned_photograph_is_searched_as_it_is_displayed(tmp_path):
    exif = Image.Exif()
    exif[274] = 6  # displayed a quarter turn clockwise
    pixels = np.full((60, 90, 3), 120, dtype=np.uint8)
    pixels[10:30, 40:80] = (255, 0, 0)
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    (found,) = detected(FakeDetector(red_area), [tmp_path / "a.png"], resize="native")
    np.testing.assert_allclose(found.boxes_xyxy, [[30, 40, 50, 80]], atol=1e-3)


def test_set_is_searched_in_its_order_under_its_ids(tmp_path):
    records = tuple(
        ImageRecord(
            path=photograph(tmp_path / f"{number}.png", (96, 96), (number, 5, 50, 60)),
            image_id=number,
            size_hw=(96, 96),
            boxes_xyxy=np.zeros((0, 4), dtype=np.float32),
            labels=np.zeros(0, dtype=np.int64),
            ignore=np.zeros(0, dtype=bool),
        )
        for number in (7, 3, 5)
    )
    data = DetectionSet(name="test", categories=CATEGORIES, images=records)
    found = list(detect_set(FakeDetector(red_area), tiny_spec(), data, CPU, batch_size=2))
    assert [(each.image_id, each.boxes_xyxy[0, 0]) for each in found] == [(7, 7), (3, 3), (5, 5)]
