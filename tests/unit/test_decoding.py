"""Masks read back from run lengths: what pycocotools encoded comes out, and what is no mask is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from pycocotools import mask as coco_mask
from unit.frames import encode_mask

from renderer.labels.decoding import read_runs

masks = npst.arrays(np.bool_, st.tuples(st.integers(1, 30), st.integers(1, 30)))


@given(masks)
def test_what_pycocotools_encoded_is_read_back(mask):
    runs = read_runs(encode_mask(mask))
    np.testing.assert_array_equal(runs.dense(), mask)
    np.testing.assert_array_equal(runs.pixels(), np.flatnonzero(mask.T))
    assert runs.area_px == mask.sum()


@given(masks.filter(lambda mask: bool(mask.any())))
def test_box_is_that_of_pycocotools(mask):
    x, y, width, height = coco_mask.toBbox(encode_mask(mask))
    assert read_runs(encode_mask(mask)).box_xyxy() == [x, y, x + width, y + height]


@given(st.integers(1, 2_000), st.integers(1, 2_000), st.integers(0, 3_999_999))
def test_runs_of_any_length_are_read(height, width, first):
    mask = np.zeros(height * width, dtype=bool)
    mask[first % mask.size :] = True
    runs = read_runs(encode_mask(mask.reshape(width, height).T))
    assert (runs.starts.tolist(), runs.ends.tolist()) == ([first % mask.size], [mask.size])


@pytest.mark.parametrize("size_hw", [(0, 0), (4, 5)])
def test_empty_mask_has_no_box_and_no_pixels(size_hw):
    runs = read_runs(encode_mask(np.zeros(size_hw, dtype=bool)))
    assert runs.box_xyxy() == [0, 0, 0, 0]
    assert runs.area_px == 0
    assert runs.dense().shape == size_hw


@given(st.text(alphabet=[chr(n) for n in range(32, 127)], max_size=12))
def test_any_text_is_a_mask_of_its_size_or_is_refused(counts):
    try:
        runs = read_runs({"size": [4, 5], "counts": counts})
    except ValueError:
        return
    assert runs.dense().shape == (4, 5)
    assert runs.area_px == runs.dense().sum()


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ({"size": [4, 5], "counts": "d0"}, "cover 20 pixels"),
        ({"size": [4, 4], "counts": "T"}, "end within a number"),
        ({"size": [4, 4], "counts": "é"}, "no text of COCO's"),
        ({"size": [4, 4], "counts": [16]}, "no text of COCO's"),
        ({"size": [4], "counts": "`0"}, r"expected \[height, width\]"),
        ({"size": [4, 4], "counts": "P" * 12 + "0"}, "too large"),
        ({"size": [4, 4], "counts": "O"}, "negative length"),
    ],
)
def test_what_is_no_mask_is_refused_with_the_reason(code, complaint):
    if "cover" in complaint:
        code = code | {"size": [4, 6]}
    with pytest.raises(ValueError, match=complaint):
        read_runs(code)
