"""The exposure that lets an image show enough: moved only where it must be, and by as little as helps."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.recipes import dice_recipe

from renderer.scene import SensorValues
from renderer.sensor import develop, photograph
from renderer.sensor.exposure import CLIPPED, CRUSHED, exposed_shares
from renderer.sensor.photographs import EV_STEPS

ASKED = 0.8
curves = st.sampled_from(["soft", "hard", "filmic"])
few = settings(max_examples=12)


def scene_light(seed: int, spread: float, dark_share: float) -> torch.Tensor:
    """Radiance of an image of which a share is in the dark; `spread` is of its logarithm."""
    rng = np.random.default_rng(seed)
    radiance = np.exp(rng.normal(0, spread, (1, 3, 16, 20)) * 0.3 + rng.normal(0, spread, (1, 1, 16, 20)))
    radiance[..., rng.random((16, 20)) < dark_share] *= 1e-3
    return torch.from_numpy(radiance.astype(np.float32))


def taken(radiance: torch.Tensor, values: SensorValues) -> tuple[torch.Tensor, float, float]:
    """The image, its exposed share and its exposure."""
    photographs = photograph(radiance, [values], [1])
    return photographs.images, float(exposed_shares(photographs.images)), photographs.exposures_ev[0]


lights = st.builds(scene_light, st.integers(0, 10**6), st.floats(0, 3), st.floats(0, 0.5))
values_of = st.builds(
    SensorValues, exposure_ev=st.floats(-10, 10), exposed_share=st.just(ASKED), tone_curve=curves,
    contrast=st.none() | st.floats(-1, 1), gain_ev=st.none() | st.floats(-1, 1),
)  # fmt: skip


def test_clipped_and_crushed_are_the_lumas_from_250_on_and_up_to_5():
    levels = torch.tensor([0, CRUSHED, CRUSHED + 1, 128, CLIPPED - 1, CLIPPED, 255, 7], dtype=torch.uint8)
    grey = levels[None, None, None].expand(1, 3, 1, 8)
    assert exposed_shares(grey).item() == 0.5
    red = torch.tensor([255, 0, 0], dtype=torch.uint8)[None, :, None, None]
    assert exposed_shares(red).item() == 1


@few
@given(lights, values_of)
def test_enough_shows_wherever_some_exposure_lets_it(radiance, values):
    _, share, _ = taken(radiance, values)
    tried = [replace(values, exposure_ev=values.exposure_ev + step) for step in EV_STEPS[::8]]
    best = exposed_shares(develop(radiance.expand(len(tried), -1, -1, -1), tried, [1] * len(tried))).max()
    assert share >= min(ASKED, float(best) - 0.01)


@few
@given(lights, values_of)
def test_an_image_that_shows_enough_keeps_all_its_bytes(radiance, values):
    plain = develop(radiance, [values], [1])
    image, _, exposure_ev = taken(radiance, values)
    if float(exposed_shares(plain)) >= ASKED:
        assert torch.equal(image, plain)
        assert exposure_ev == values.exposure_ev
    else:
        assert torch.equal(image, develop(radiance, [replace(values, exposure_ev=exposure_ev)], [1]))


@few
@given(lights, st.floats(-10, 10), curves)
def test_no_smaller_step_would_do(radiance, exposure_ev, curve):
    """Up to the noise of a sketch, of which there is none where each pixel is developed on its own."""
    values = SensorValues(exposure_ev=exposure_ev, exposed_share=ASKED, tone_curve=curve)
    _, share, given_ev = taken(radiance, values)
    moved = abs(given_ev - exposure_ev)
    nearer = [step for step in EV_STEPS if abs(step) < moved - 1e-6]
    if share >= ASKED and nearer:
        batch = [replace(values, exposure_ev=exposure_ev + step) for step in nearer]
        shares = exposed_shares(develop(radiance.expand(len(batch), -1, -1, -1), batch, [1] * len(batch)))
        assert (shares < ASKED + 1e-6).all()


@few
@given(lights, values_of, st.floats(0, 3))
def test_a_brighter_draw_never_gets_less_exposure(radiance, values, more):
    """Where enough can show: the nearest exposure of an interval grows with what is drawn."""
    values = replace(values, contrast=None, gain_ev=None)
    brighter = replace(values, exposure_ev=min(values.exposure_ev + more, 10.0))
    _, share, exposure_ev = taken(radiance, values)
    _, brighter_share, brighter_ev = taken(radiance, brighter)
    if min(share, brighter_share) >= ASKED:
        assert brighter_ev >= exposure_ev - 0.25  # two grains of the steps


@settings(max_examples=5)
@given(st.lists(st.tuples(lights, values_of), min_size=2, max_size=3))
def test_images_of_a_batch_are_what_they_are_alone(pairs):
    radiance, values = torch.cat([r for r, _ in pairs]), [v for _, v in pairs]
    together = photograph(radiance, values, [1] * len(pairs))
    for n, (light, value) in enumerate(pairs):
        image, _, exposure_ev = taken(light, value)
        assert torch.equal(image[0], together.images[n])
        assert exposure_ev == together.exposures_ev[n]


@pytest.mark.parametrize("exposure_ev", [4.0, -9.0])
def test_a_wrong_exposure_is_corrected_unless_the_recipe_asks_for_it(exposure_ev):
    radiance = scene_light(3, 0.5, 0.1)
    asked = SensorValues(exposure_ev=exposure_ev, exposed_share=None)
    assert taken(radiance, asked)[1] < 0.5
    image, share, given_ev = taken(radiance, replace(asked, exposed_share=ASKED))
    assert share >= ASKED
    assert abs(given_ev) < abs(exposure_ev)
    assert 5 < image.float().mean() < 250


def test_a_whole_camera_with_noise_sharpening_and_files_shows_enough_too():
    values = SensorValues(
        exposure_ev=3.5, exposed_share=ASKED, vignetting=0.4, iso=3200.0, full_well_e=6000.0,
        read_noise_e=3.0, mosaic="rggb", demosaic="malvar", sharpening=2.0, sharpening_radius_px=1.0,
        jpeg_quality=40.0, jpeg_tables="standard", jpeg_subsampling="4:2:0", tone_curve="hard",
    )  # fmt: skip
    for seed in range(4):
        radiance = scene_light(seed, 1.0, 0.05)
        assert float(exposed_shares(develop(radiance, [values], [1]))) < ASKED
        assert taken(radiance, values)[1] >= ASKED


def test_black_and_flat_images_are_taken_as_well_as_they_can_be():
    values = SensorValues(exposed_share=ASKED)
    assert taken(torch.zeros(1, 3, 16, 16), values)[2] == 0
    flat = taken(torch.full((1, 3, 16, 16), 3.0), replace(values, exposure_ev=9.0))
    assert flat[1] == 1


def test_recipes_ask_for_four_fifths_unless_told_otherwise():
    assert dice_recipe().sensor.exposed_share == ASKED
    assert dice_recipe(**{"sensor.exposed_share": None}).sensor.exposed_share is None
