"""An exported model finds what the detector finds; one that does not is refused."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from unit.tiny_detectors import tiny_detector, tiny_spec
from unit.tiny_sets import CATEGORIES

from train_eval.export import (
    CHECKED_SCORE,
    ExportError,
    check_image,
    check_onnx,
    export_onnx,
    largest_difference,
)
from train_eval.models.detector import MOST_DETECTIONS, Detector

TOLERANCE = 1e-3
Exported = tuple[Detector, bytes, np.ndarray]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="module", params=["fcos", "retinanet", "faster_rcnn"])
def exported(request) -> Exported:
    spec = tiny_spec(architecture=request.param)
    detector = tiny_detector(spec)
    image = check_image(detector, rng(), 96)
    return detector, export_onnx(detector, spec, image, opset=18), image


def test_model_finds_what_pytorch_finds_in_images_it_was_not_made_with(exported):
    detector, model, _ = exported
    session = onnxruntime.InferenceSession(model)
    for seed in (1, 2):
        image = np.random.default_rng(seed).integers(0, 256, (1, 3, 96, 96), dtype=np.uint8)
        boxes, scores, labels = session.run(["boxes", "scores", "labels"], {"images": image})
        with torch.inference_mode():
            (expected,) = detector(torch.from_numpy(image))
        np.testing.assert_allclose(scores, expected["scores"], atol=1e-5)
        found = (boxes, scores, labels.astype(np.int64))  # equal scores may stand in any order
        theirs = tuple(expected[name].numpy() for name in ("boxes", "scores", "labels"))
        assert largest_difference(found, theirs, 96, TOLERANCE) < 1e-4


def test_check_passes_and_says_how_much_was_compared(exported):
    detector, model, image = exported
    with torch.inference_mode():
        scores = detector(torch.from_numpy(image)[None])[0]["scores"]
    check = check_onnx(model, detector, image, TOLERANCE)
    assert check.detections == int((scores >= CHECKED_SCORE).sum())
    assert 0 <= check.largest_difference <= TOLERANCE


def test_metadata_says_what_goes_in_and_what_comes_out():
    spec = tiny_spec(resize="native")
    detector = tiny_detector(spec)
    model = export_onnx(detector, spec, check_image(detector, rng(), 64), opset=18)
    session = onnxruntime.InferenceSession(model)
    facts = session.get_modelmeta().custom_metadata_map
    assert json.loads(facts["categories"]) == list(CATEGORIES)
    assert facts["resize"] == "native"
    assert facts["image_size_px"] == "64"  # of this model, not of the training
    (given_image,) = session.get_inputs()
    assert (given_image.name, given_image.shape, given_image.type) == (
        "images",
        [1, 3, 64, 64],
        "tensor(uint8)",
    )
    assert [output.name for output in session.get_outputs()] == ["boxes", "scores", "labels"]
    assert onnx.load_from_string(model).opset_import[0].version == 18


def test_model_with_other_weights_is_refused():
    spec = tiny_spec()
    detector = tiny_detector(spec)
    image = check_image(detector, rng(), 96)
    model = export_onnx(detector, spec, image, opset=18)
    with torch.no_grad():
        detector.network.head.regression_head.bbox_reg.bias.add_(1.0)
    with pytest.raises(ExportError, match="nothing was written; take another opset, or a greater tolerance"):
        check_onnx(model, detector, image, TOLERANCE)


def test_check_image_is_the_one_in_which_most_is_found():
    detector = tiny_detector(tiny_spec())
    image = check_image(detector, rng(), 96)
    assert image.shape == (3, 96, 96)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, check_image(detector, rng(), 96))
    assert image.std() > 10


# the comparison


def outputs(seed: int, count: int):
    """Detections far enough apart to be told apart."""
    generator = np.random.default_rng(seed)
    corners = generator.uniform(0, 50, (count, 2))
    boxes = np.hstack([corners, corners + 20]).astype(np.float32)
    return boxes, np.linspace(0.9, 0.2, count, dtype=np.float32), generator.integers(1, 3, count)


def taken(found, places):
    return tuple(part[places] for part in found)


@given(st.integers(0, 1000), st.integers(0, 30))
def test_equal_detections_in_any_order_do_not_differ(seed, count):
    found = outputs(seed, count)
    order = np.random.default_rng(seed).permutation(count)
    assert largest_difference(found, taken(found, order), 100, TOLERANCE) == 0.0


@given(st.integers(0, 1000), st.integers(1, 30), st.floats(0.001, 0.01))
def test_difference_is_that_of_the_worst_box_over_the_side(seed, count, shift):
    boxes, scores, labels = outputs(seed, count)
    moved = boxes.copy()
    moved[seed % count, 2] += 100 * shift
    difference = largest_difference((boxes, scores, labels), (moved, scores, labels), 100, TOLERANCE)
    assert difference == pytest.approx(shift, rel=1e-2)


@pytest.mark.parametrize("swap", [False, True])
def test_detection_that_only_one_has_is_far_from_all_others(swap):
    found = outputs(0, 5)
    for places, at_least in (([0, 1, 3, 4], 0.1), ([], np.inf)):
        fewer = taken(found, places)
        pair = (fewer, found) if swap else (found, fewer)
        assert largest_difference(*pair, 100, TOLERANCE) >= at_least


def test_other_label_is_another_detection():
    boxes, scores, _ = outputs(0, 3)
    one, other = np.array([1, 1, 1]), np.array([1, 2, 1])
    assert largest_difference((boxes, scores, one), (boxes, scores, other), 100, TOLERANCE) == np.inf


def test_last_ones_of_a_full_list_may_be_others():
    boxes, scores, labels = outputs(0, MOST_DETECTIONS)
    scores[-2:] = scores[-1]
    other = boxes.copy()
    other[-2:] += 40
    assert largest_difference((boxes, scores, labels), (other, scores, labels), 100, TOLERANCE) == 0.0
    short = taken((boxes, scores, labels), np.arange(50, MOST_DETECTIONS))
    other_short = taken((other, scores, labels), np.arange(50, MOST_DETECTIONS))
    assert largest_difference(short, other_short, 100, TOLERANCE) > TOLERANCE
