"""Light and camera change what they say they change; torchvision, Pillow and scipy are the judges."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import gaussian_filter
from torchvision.transforms.v2 import functional
from unit.samples import noise_image, preset_of

from train_eval.augment.photometric import (
    Light,
    add_noise,
    blur,
    change_light,
    compress_jpeg,
    photograph,
    relight,
    to_grayscale,
)

IMAGE = noise_image(40, 50)
SMOOTH = np.indices((40, 50, 3)).sum(axis=0).astype(np.uint8) * 2
FACTORS = st.floats(0.3, 2.5)


def by_torchvision(name: str, factor: float) -> np.ndarray:
    tensor = torch.from_numpy(IMAGE).permute(2, 0, 1)
    return getattr(functional, name)(tensor, factor).permute(1, 2, 0).numpy()


def largest_difference(a, b) -> float:
    return float(np.abs(a.astype(float) - b.astype(float)).max())


def test_light_that_changes_nothing_changes_no_value():
    assert np.array_equal(relight(IMAGE, Light()), IMAGE)


@pytest.mark.parametrize(
    ("key", "judge", "tolerance"),
    [
        ("brightness", "adjust_brightness", 1),
        ("contrast", "adjust_contrast", 2),
        ("saturation", "adjust_saturation", 2),
        ("gamma", "adjust_gamma", 1),
    ],
)
@given(factor=FACTORS)
def test_change_of_light_is_that_of_torchvision(key, judge, tolerance, factor):
    assert (
        largest_difference(relight(IMAGE, Light(**{key: factor})), by_torchvision(judge, factor)) <= tolerance
    )


@given(red=FACTORS, blue=FACTORS)
def test_white_balance_is_a_factor_on_red_and_on_blue(red, blue):
    expected = np.clip(IMAGE * [red, 1, blue], 0, 255)
    assert largest_difference(relight(IMAGE, Light(red=red, blue=blue)), expected) <= 0.51


@given(hue=st.floats(-0.5, 0.5), saturation=st.floats(0, 1))
def test_hue_and_saturation_leave_greys_and_luma(hue, saturation):
    light = Light(hue=hue, saturation=saturation)
    grey = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    assert largest_difference(relight(grey, light), grey) <= 1
    muted = (IMAGE // 4 + 96).astype(np.uint8)  # far from where channels saturate
    assert largest_difference(to_grayscale(relight(muted, light)), to_grayscale(muted)) <= 1


def test_a_third_of_a_turn_of_hue_takes_red_towards_green_or_blue():
    red = np.full((2, 2, 3), [200, 60, 60], np.uint8)
    turned = {relight(red, Light(hue=hue))[0, 0].argmax() for hue in (-1 / 3, 1 / 3)}
    assert turned == {1, 2}


def test_changes_of_light_compose_in_one_pass():
    light = Light(brightness=1.1, contrast=0.9, saturation=0.8, gamma=1.2)
    values = IMAGE / 255 * 1.1
    mean = float((IMAGE.reshape(-1, 3).mean(axis=0) @ [0.299, 0.587, 0.114]) / 255 * 1.1)
    values = np.clip(mean + 0.9 * (values - mean), 0, 1) ** 1.2 * 255
    luma = values @ np.array([0.299, 0.587, 0.114])
    expected = np.clip(luma[..., None] + 0.8 * (values - luma[..., None]), 0, 255)
    assert largest_difference(relight(IMAGE, light), expected) <= 2


def test_grey_is_that_of_pillow():
    expected = np.asarray(Image.fromarray(IMAGE).convert("L").convert("RGB"))
    assert largest_difference(to_grayscale(IMAGE), expected) <= 1


@given(sigma_px=st.floats(0.3, 4))
def test_blur_is_the_gaussian_of_scipy(sigma_px):
    expected = gaussian_filter(IMAGE.astype(float), (sigma_px, sigma_px, 0), mode="mirror", truncate=6)
    assert largest_difference(blur(IMAGE, sigma_px), expected) < 4  # of 255; OpenCV cuts the tails at 3 sigma


def test_blur_of_no_width_is_none():
    assert blur(IMAGE, 0.0) is IMAGE


@pytest.mark.parametrize("std", [0.01, 0.04])
def test_noise_has_its_standard_deviation_and_no_mean(std):
    grey = np.full((200, 200, 3), 128, np.uint8)
    noise = add_noise(np.random.default_rng(0), grey, std) / 255 - 128 / 255
    assert noise.std() == pytest.approx(std, rel=0.03)
    assert abs(noise.mean()) < 1e-3
    correlation = np.corrcoef(noise.reshape(-1, 3).T)
    assert np.abs(correlation - np.eye(3)).max() < 0.02


def test_noise_of_no_width_is_none():
    assert np.array_equal(add_noise(np.random.default_rng(0), IMAGE, 0.0), IMAGE)


def test_jpeg_loses_less_at_higher_quality_and_keeps_the_order_of_colours():
    losses = [np.abs(compress_jpeg(IMAGE, q).astype(float) - IMAGE).mean() for q in (10, 50, 95)]
    assert losses == sorted(losses, reverse=True)
    orange = np.full((32, 32, 3), [220, 120, 20], np.uint8)
    assert largest_difference(compress_jpeg(orange, 90), orange) <= 3


def test_nothing_happens_at_probability_zero():
    settings, rng = preset_of("none"), np.random.default_rng(0)
    assert change_light(rng, IMAGE, settings) is IMAGE
    assert photograph(rng, IMAGE, settings) is IMAGE


@pytest.mark.parametrize("key", ["blur", "noise", "jpeg"])
def test_each_part_of_the_camera_happens_by_itself_at_probability_one(key):
    settings = preset_of(
        "none",
        **{f"{key}_probability": 1.0},
        blur_sigma_px=[1, 1],
        noise_std=[0.1, 0.1],
        jpeg_quality=[50, 50],
    )
    for _ in range(3):
        changed = photograph(np.random.default_rng(0), SMOOTH, settings)
        assert not np.array_equal(changed, SMOOTH)
        assert changed.shape == SMOOTH.shape
        assert changed.dtype == np.uint8


def test_grayscale_happens_at_probability_one():
    changed = change_light(np.random.default_rng(0), IMAGE, preset_of("none", grayscale_probability=1.0))
    assert np.array_equal(changed, to_grayscale(IMAGE))


@pytest.mark.parametrize("preset", ["light", "standard", "strong"])
def test_images_are_never_changed_in_place(preset):
    image, rng = IMAGE.copy(), np.random.default_rng(0)
    for _ in range(30):
        photograph(rng, change_light(rng, image, preset_of(preset)), preset_of(preset))
    assert np.array_equal(image, IMAGE)
