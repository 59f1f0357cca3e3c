"""Statistics of labels: counted and divided as numpy does, by COCO's classes of size."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pycocotools.cocoeval import Params

from renderer.labels import label_instances, label_statistics, visibility

areas = st.lists(st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)), max_size=20)


def squares(sides_px: list[int]) -> torch.Tensor:
    """An image of 300 x 700 pixels with squares of these sides beside each other, numbered from 1."""
    ids, column = np.zeros((300, 700), dtype=np.int32), 0
    for number, side in enumerate(sides_px, start=1):
        ids[:side, column : column + side] = number
        column += side
    return torch.from_numpy(ids)


def test_instances_are_counted_by_size_where_they_are_visible():
    ids = torch.stack([squares([31, 32, 95, 96]), squares([300, 1])])
    found = label_statistics(label_instances(ids, torch.arange(1, 7).expand(2, -1)))
    assert found.visible.tolist() == [4, 2]
    assert found.sizes.tolist() == [[1, 2, 1], [1, 0, 1]]
    shown = [31**2 + 32**2 + 95**2 + 96**2, 300**2 + 1]
    assert found.covered.tolist() == [count / (300 * 700) for count in shown]


def test_size_classes_are_those_of_coco():
    ranges = dict(zip(Params("bbox").areaRngLbl, Params("bbox").areaRng, strict=True))
    side_of = {"small": 31, "medium": 95, "large": 96}
    found = label_statistics(
        label_instances(squares(list(side_of.values()))[None], torch.tensor([[1, 2, 3]]))
    )
    assert found.sizes.tolist() == [[1, 1, 1]]
    for name, side in side_of.items():
        assert ranges[name][0] <= side**2 <= ranges[name][1]
    assert [ranges[name][1] for name in ("small", "medium")] == [32**2, 96**2]


@pytest.mark.parametrize("wanted", [[], [5]])
def test_image_that_shows_none_has_none(wanted):
    ids = torch.tensor([wanted], dtype=torch.int32)
    found = label_statistics(label_instances(squares([3])[None], ids))
    assert found.visible.tolist() == [0]
    assert found.sizes.tolist() == [[0, 0, 0]]
    assert found.covered.tolist() == [0.0]


@given(areas)
def test_visibility_is_the_quotient_of_python_and_0_of_what_has_no_pixels(pairs):
    visible, whole = (
        torch.tensor(column, dtype=torch.int64) for column in zip(*[(0, 0), *pairs], strict=True)
    )
    expected = [v / w if w else 0.0 for v, w in [(0, 0), *pairs]]
    assert visibility(visible, whole).tolist() == expected
