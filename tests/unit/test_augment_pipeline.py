"""An augmented sample is one again, determined by its generator, and the old one where nothing is drawn."""

from dataclasses import fields, replace

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from unit.samples import PRESETS, box_mask, ellipse_mask, noise_image, preset_of, sample_of, schema_defaults

from renderer.commands.compose import config_folder
from renderer.errors import RecipeError
from train_eval.augment.geometry import Resize
from train_eval.augment.pipeline import augment, check_augmentation
from train_eval.settings import Augmentation

SIZE = 96
SEEDS = st.integers(0, 10**6)
BOXES = [(5, 5, 40, 30), (50, 20, 90, 80), (0, 60, 30, 99)]


def sample(height=100, width=120, masked=True, seed=0):
    masks = [ellipse_mask(height, width, box) for box in BOXES] if masked else None
    return sample_of(noise_image(height, width, seed), BOXES, masks=masks)


def augmented(seed, settings, mode=Resize.FIT, masked=True, donor=True):
    return augment(
        np.random.default_rng(seed), sample(masked=masked), settings, image_size_px=SIZE, mode=mode,
        donor=(lambda rng: sample(140, 90, seed=int(rng.integers(5)))) if donor else None,
    )  # fmt: skip


def equal(a, b):
    return all(
        np.array_equal(getattr(a, field.name), getattr(b, field.name))
        for field in fields(a)
        if getattr(a, field.name) is not None
    )


@given(seed=SEEDS, preset=st.sampled_from(PRESETS), mode=st.sampled_from(Resize), masked=st.booleans())
def test_augmented_sample_is_a_sample(seed, preset, mode, masked):
    out = augmented(seed, preset_of(preset), mode, masked)
    assert out.image.shape == (SIZE, SIZE, 3)
    assert out.image.dtype == np.uint8
    count = len(out.labels)
    assert out.boxes_xyxy.shape == (count, 4)
    assert (out.masks is not None) == masked
    assert out.masks is None or out.masks.shape == (count, SIZE, SIZE)
    types = [out.boxes_xyxy.dtype, out.labels.dtype, out.ignore.dtype]
    assert types == [np.float32, np.int64, np.bool_]
    assert set(out.labels.tolist()) <= {1, 2, 3}


@given(seed=SEEDS, preset=st.sampled_from(PRESETS), mode=st.sampled_from(Resize), masked=st.booleans())
def test_boxes_are_inside_of_the_canvas_and_not_empty(seed, preset, mode, masked):
    boxes = augmented(seed, preset_of(preset), mode, masked).boxes_xyxy
    assert (boxes >= 0).all()
    assert (boxes <= SIZE).all()
    assert (boxes[:, 2:] > boxes[:, :2]).all()


@given(seed=SEEDS, preset=st.sampled_from(PRESETS), mode=st.sampled_from(Resize))
def test_boxes_agree_with_masks(seed, preset, mode):
    out = augmented(seed, preset_of(preset), mode)
    for box, mask in zip(out.boxes_xyxy[~out.ignore], out.masks[~out.ignore], strict=True):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        assert np.abs(box - [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]).max() < 2


@given(seed=SEEDS, preset=st.sampled_from(PRESETS), mode=st.sampled_from(Resize), masked=st.booleans())
def test_same_generator_gives_the_same_sample(seed, preset, mode, masked):
    settings = preset_of(preset)
    assert equal(augmented(seed, settings, mode, masked), augmented(seed, settings, mode, masked))


def test_other_generators_give_other_samples():
    images = {augmented(seed, preset_of("standard")).image.tobytes() for seed in range(10)}
    assert len(images) == 10


@pytest.mark.parametrize("mode", Resize)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("crop_probability", [0.0, 1.0])
def test_nothing_drawn_leaves_a_sample_of_the_right_size_exactly_as_it_was(mode, masked, crop_probability):
    settings = preset_of("none", object_crop_probability=crop_probability)
    before = sample(SIZE, SIZE, masked)
    before = replace(before, boxes_xyxy=np.clip(before.boxes_xyxy, 0.1, SIZE - 0.3).astype(np.float32))
    for seed in range(5):
        out = augment(np.random.default_rng(seed), before, settings, image_size_px=SIZE, mode=mode)
        assert equal(out, before)


def test_degenerate_ranges_leave_a_sample_as_it_was_although_all_is_certain():
    certain = {name: 1.0 for name in schema_defaults() if name.endswith("_probability")}
    off = ("flip", "grayscale", "jpeg", "copy_paste")  # these have no range that does nothing
    settings = preset_of("none", **certain | {f"{name}_probability": 0.0 for name in off})
    before = sample(SIZE, SIZE)
    out = augment(np.random.default_rng(0), before, settings, image_size_px=SIZE, mode=Resize.FIT)
    assert equal(out, replace(before, boxes_xyxy=np.clip(before.boxes_xyxy, 0, SIZE)))


def test_mirror_takes_pixels_boxes_and_masks_to_the_other_side():
    before = sample(SIZE, SIZE)
    settings = preset_of("none", flip_probability=1.0)
    out = augment(np.random.default_rng(0), before, settings, image_size_px=SIZE, mode=Resize.NATIVE)
    assert np.array_equal(out.image, before.image[:, ::-1])
    assert np.array_equal(out.masks, before.masks[:, :, ::-1])
    assert out.boxes_xyxy[0].tolist() == [SIZE - 40, 5, SIZE - 5, 30]


@given(seed=SEEDS)
def test_light_and_camera_leave_the_labels_as_they_were(seed):
    strong = preset_of("strong")
    calm = replace(
        strong, photometric_probability=0.0, blur_probability=0.0, noise_probability=0.0, jpeg_probability=0.0
    )
    a, b = augmented(seed, strong), augmented(seed, calm)
    assert np.array_equal(a.boxes_xyxy, b.boxes_xyxy)
    assert np.array_equal(a.masks, b.masks)


@given(seed=SEEDS)
def test_a_donor_that_is_not_used_changes_nothing(seed):
    settings = preset_of("strong", copy_paste_probability=0.0)
    assert equal(augmented(seed, settings, donor=True), augmented(seed, settings, donor=False))


def test_pasted_objects_join_at_probability_one():
    settings = preset_of("none", copy_paste_probability=1.0)
    counts = [len(augmented(seed, settings, masked=False).labels) for seed in range(10)]
    assert max(counts) > len(BOXES)


def test_image_without_objects_can_be_augmented():
    empty = sample_of(noise_image(50, 70), masks=np.zeros((0, 50, 70)))
    for seed, mode in enumerate(Resize):
        out = augment(np.random.default_rng(seed), empty, preset_of("strong"), image_size_px=SIZE, mode=mode)
        assert out.boxes_xyxy.shape == (0, 4)
        assert out.masks.shape == (0, SIZE, SIZE)


def test_the_sample_that_goes_in_is_left_alone():
    before = sample()
    for seed in range(10):
        augment(
            np.random.default_rng(seed), before, preset_of("strong"), image_size_px=SIZE, mode=Resize.NATIVE,
            donor=lambda _: before,
        )  # fmt: skip
    assert equal(before, sample())


def test_pixels_of_a_painted_object_are_where_its_box_says():
    """Red boxes on blue, fitted and jittered: what is red is what the boxes hold."""
    image = np.full((200, 260, 3), [0, 0, 255], np.uint8)
    boxes = [(20, 30, 80, 70), (150, 90, 240, 180)]
    for box in boxes:
        image[box_mask(200, 260, box) > 0] = [255, 0, 0]
    settings = preset_of("none", scale=[0.5, 1.6], aspect=[0.8, 1.25], flip_probability=0.5)
    for seed in range(20):
        out = augment(
            np.random.default_rng(seed), sample_of(image, boxes), settings, image_size_px=160, mode=Resize.FIT
        )
        is_photo = out.image[..., 1] == 0  # there is green in what fills the canvas only
        area = np.prod(out.boxes_xyxy[:, 2:] - out.boxes_xyxy[:, :2], axis=1).sum()
        assert out.image[is_photo, 0].sum() / 255 == pytest.approx(area, rel=0.03)


# presets


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_has_every_key_with_a_value_that_is_allowed(preset):
    text = (config_folder() / "augmentation" / f"{preset}.yaml").read_text(encoding="utf-8")
    assert list(yaml.safe_load(text)) == list(schema_defaults())
    assert text.startswith(f"# gapless train data=SET augmentation={preset}\n")
    assert all("#" in line for line in text.splitlines())
    check_augmentation(preset_of(preset))


def test_every_file_of_the_group_is_a_preset_that_is_tested_here():
    assert {path.stem for path in (config_folder() / "augmentation").glob("*.yaml")} == set(PRESETS)


def test_the_standard_preset_is_what_the_schema_says():
    assert preset_of("standard") == Augmentation(**schema_defaults())


@pytest.mark.parametrize("weaker", range(3))
def test_presets_widen_from_none_to_strong(weaker):
    a, b = preset_of(PRESETS[weaker]), preset_of(PRESETS[weaker + 1])
    for key, value in schema_defaults().items():
        low, high = getattr(a, key), getattr(b, key)
        if isinstance(value, list) and key != "jpeg_quality" and weaker > 0:
            assert high[0] <= low[0] <= low[1] <= high[1], key
        if key.endswith("_probability"):
            assert low <= high, key


# checks


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("scale", [1.4, 0.7], "1.4 > 0.7"),
        ("scale", [1.4], r"\[low, high\]"),
        ("hue", [0, 0, 0], r"\[low, high\]"),
        ("gamma", ["a", "b"], "'a'"),
        ("blur_sigma_px", [-1, 2], "got -1"),
        ("brightness", 1.2, r"\[low, high\]"),
        ("rotation_probability", 1.5, "got 1.5"),
        ("noise_std", [0.0, float("nan")], "nan"),
        ("copy_paste_max", 0, "got 0"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_their_key(key, value, says):
    with pytest.raises(RecipeError, match=rf"^augmentation\.{key}\b.*{says}") as caught:
        check_augmentation(preset_of("standard", **{key: value}))
    assert "\n" not in str(caught.value)
