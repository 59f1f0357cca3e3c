"""The whole camera: steps left out change nothing, batches and devices neither, and it never fails."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.recipe.keys import FactorSpec, Kind, SettingSpec
from renderer.recipe.schema import Sensor
from renderer.scene import SensorValues
from renderer.sensor import develop

SPECS: dict[str, FactorSpec | SettingSpec] = {f.name: f.metadata["spec"] for f in dataclasses.fields(Sensor)}
STEPS: dict[str, dict[str, Any]] = {
    "chromatic_aberration_px": {"chromatic_aberration_px": 1.3},
    "defocus_px": {"defocus_px": 2.5},
    "motion_blur_px": {"motion_blur_px": 5.0, "motion_blur_angle_deg": 30.0},
    "vignetting": {"vignetting": 0.3},
    "white_balance_red": {"white_balance_red": 1.2},
    "white_balance_blue": {"white_balance_blue": 0.8},
    "iso": {"iso": 1600.0, "full_well_e": 6000.0, "read_noise_e": 3.0},
    "gain_ev": {"gain_ev": 0.3},
    "mosaic": {"mosaic": "rggb", "demosaic": "malvar"},
    "contrast": {"contrast": 0.5},
    "sharpening": {"sharpening": 1.0, "sharpening_radius_px": 1.0},
    "rescale": {"rescale": 0.6},
    "jpeg_quality": {"jpeg_quality": 80.0, "jpeg_tables": "standard", "jpeg_subsampling": "4:2:0"},
}
CURVES: dict[str, dict[str, Any]] = {name: {"tone_curve": name} for name in ("hard", "filmic")}
WHOLE = {name: value for step in STEPS.values() for name, value in step.items()}
# Evaluated elsewhere, or in double precision, at most this share of bytes differs by 1, and this by more.
# Noise rounds to whole electrons, and JPEG to whole steps: an error of a last digit may tip either.
TOLERANCES = {"iso": (1e-3, 1e-4), "jpeg_quality": (1e-3, 1e-3), "whole": (1e-2, 1e-2)}
TOLERANCE = (1e-3, 0.0)


def needs(device: str, is_there: bool) -> Any:
    skip = pytest.mark.skipif(not is_there, reason=f"no {device} that torch can use")
    return pytest.param(device, marks=[pytest.mark.gpu, skip])


ELSEWHERE = [
    "double",
    needs("cuda", torch.cuda.is_available()),
    needs("mps", torch.backends.mps.is_available()),
]


def light(count: int = 1, height: int = 37, width: int = 52) -> torch.Tensor:
    """Radiance with lamps in it."""
    rng = np.random.default_rng(8)
    radiance = rng.gamma(0.7, 1.0, (count, 3, height, width)).astype(np.float32)
    radiance[..., 3:6, 5:9] = 1e4
    return torch.from_numpy(radiance)


def before(radiance: torch.Tensor, exposure_ev: float) -> torch.Tensor:
    """The camera without any optional step, as it is in datasets that were rendered before there was one."""
    positive = radiance.clamp(min=0)
    luminance = (positive * torch.tensor([0.2126, 0.7152, 0.0722])[:, None, None]).sum(dim=1).flatten(1)
    ceiling = luminance.kthvalue(max(1, round(0.98 * luminance.shape[1])), dim=1, keepdim=True).values
    metered = torch.minimum(luminance, ceiling).double().mean(dim=1).float().clamp(min=1e-9)
    gain = 0.22 / metered * torch.exp2(torch.tensor([exposure_ev]))
    linear = positive * gain[:, None, None, None]
    room = 1 - 0.7
    bent = 1 - room**2 / ((linear - 0.7).clamp(min=0) + room)
    linear = torch.where(linear > 0.7, bent, linear)
    curve = 1.055 * linear.clamp(min=0.0031308).pow(1 / 2.4) - 0.055
    encoded = torch.where(linear <= 0.0031308, 12.92 * linear, curve).clamp(0, 1)
    return (encoded * 255).round().to(torch.uint8)


def strategy(spec: FactorSpec | SettingSpec) -> st.SearchStrategy[Any]:
    values: st.SearchStrategy[Any]
    if isinstance(spec, FactorSpec) and spec.kind is Kind.NAME:
        values = st.sampled_from(spec.options)
    else:
        values = st.floats(spec.low, spec.high) | st.sampled_from(
            [float(spec.low or 0), float(spec.high or 0)]
        )
    return st.none() | values if spec.optional else values


sensor_values = st.builds(SensorValues, **{name: strategy(spec) for name, spec in SPECS.items()})


def difference(step: str, values: dict[str, Any], elsewhere: str) -> torch.Tensor:
    radiance, batch, seeds = light(4, 97, 120), [SensorValues(**values)] * 4, [1, 2, 3, 4]
    here = develop(radiance, batch, seeds)
    there = develop(radiance.double() if elsewhere == "double" else radiance.to(elsewhere), batch, seeds)
    return (here.int() - there.cpu().int()).abs().float()


@pytest.mark.parametrize("exposure_ev", [-4.0, -0.3, 0.0, 1.7, 10.0])
@pytest.mark.parametrize("brightest", [1e4, 3e38])
def test_camera_without_optional_steps_gives_the_bytes_that_it_always_gave(exposure_ev, brightest):
    radiance = light() - 0.01
    radiance[..., 0, 0] = brightest
    image = develop(radiance, [SensorValues(exposure_ev=exposure_ev)], [1])
    assert torch.equal(image, before(radiance, exposure_ev))


def test_every_factor_of_the_schema_is_a_value_of_the_sensor_and_has_a_step():
    assert set(SPECS) == {f.name for f in dataclasses.fields(SensorValues)}
    assert set(SPECS) == set(WHOLE) | {"exposure_ev", "exposed_share", "tone_curve"}


@pytest.mark.parametrize("step", STEPS | CURVES)
def test_every_step_changes_the_image(step):
    plain = develop(light(), [SensorValues()], [1])
    assert not torch.equal(develop(light(), [SensorValues(**(STEPS | CURVES)[step])], [1]), plain)


@pytest.mark.parametrize("name", [name for name, spec in SPECS.items() if getattr(spec, "needs", "")])
def test_every_value_that_goes_with_a_step_matters(name):
    spec = SPECS[name]
    others = {
        "motion_blur_angle_deg": 90.0,
        "full_well_e": 100.0,
        "read_noise_e": 50.0,
        "demosaic": "bilinear",
    }
    others |= {"sharpening_radius_px": 3.0, "jpeg_tables": "huawei", "jpeg_subsampling": "4:4:4"}
    values = SensorValues(**STEPS[spec.needs])
    other = dataclasses.replace(values, **{name: others[name]})
    assert not torch.equal(develop(light(), [values], [1]), develop(light(), [other], [1]))


@settings(max_examples=30)
@given(st.lists(sensor_values, min_size=1, max_size=4), st.data())
def test_images_of_a_batch_are_what_they_are_alone_in_any_order(values, data):
    radiance, seeds = light(len(values), 17, 20), [11 + n for n in range(len(values))]
    order = data.draw(st.permutations(range(len(values))))
    together = develop(radiance[list(order)], [values[n] for n in order], [seeds[n] for n in order])
    for place, n in enumerate(order):
        alone = develop(radiance[n : n + 1], [values[n]], [seeds[n]])
        assert torch.equal(alone[0], together[place])


@settings(max_examples=100)
@given(sensor_values, st.integers(16, 24), st.integers(16, 24), st.floats(1e-3, 1e3))
def test_any_values_give_an_image(values, height, width, scale):
    radiance = light(1, height, width) * scale
    image = develop(radiance, [values], [2**63 - 1])
    assert image.dtype == torch.uint8
    assert image.shape == radiance.shape
    # Not a number would become 0 everywhere: what is brighter than the mean is not black.
    if (
        values.exposure_ev >= 0
        and (values.gain_ev or 0) >= 0
        and values.iso is None
        and not values.defocus_px
    ):
        assert image.max() > 0


@given(sensor_values, st.sampled_from([0.0, 1.0]))
def test_flat_and_black_images_are_images_too(values, level):
    assert develop(torch.full((1, 3, 16, 16), level), [values], [0]).shape == (1, 3, 16, 16)


def test_steps_give_finite_numbers_for_lamps_of_any_brightness():
    radiance = light()
    radiance[..., 3:6, 5:9] = 3e38
    without_files = {name: value for name, value in WHOLE.items() if not name.startswith("jpeg")}
    image = develop(radiance, [SensorValues(**without_files)], [1])
    assert (image[0, :, 4, 7] > 250).all()
    assert 60 < image.float().mean() < 200


@pytest.mark.parametrize("curve", ["soft", "hard", "filmic"])
@pytest.mark.parametrize("gain_ev", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("mosaic", [None, "grbg"])
def test_what_saturates_the_sensor_is_white_on_every_curve(curve, gain_ev, mosaic):
    values = SensorValues(tone_curve=curve, gain_ev=gain_ev, mosaic=mosaic, demosaic="malvar")
    image = develop(light(), [values], [1])
    assert (image[..., 4, 6:8] == 255).all()


def test_equal_seeds_give_equal_noise_and_others_other():
    values = [SensorValues(**STEPS["iso"])]
    first = develop(light(), values, [5])
    assert torch.equal(develop(light(), values, [5]), first)
    assert (develop(light(), values, [6]) != first).float().mean() > 0.5


def test_noise_stays_the_same_when_other_steps_come_and_go():
    flat = torch.ones(1, 3, 40, 40)
    noisy = [SensorValues(**STEPS["iso"]), SensorValues(**STEPS["iso"], defocus_px=3.0)]
    first, second = (develop(flat, [values], [5]) for values in noisy)
    assert (first.int() - second.int()).abs().max() <= 1


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
@pytest.mark.parametrize("step", ["none", "whole", *STEPS, *CURVES])
def test_other_devices_and_precisions_agree_within_the_table(step, elsewhere):
    values = {"none": {}, "whole": WHOLE, **STEPS, **CURVES}[step]
    off = difference(step, values, elsewhere)
    by_one, by_more = TOLERANCES.get(step, TOLERANCE)
    assert (off > 0).float().mean() <= by_one
    assert (off > 1).float().mean() <= by_more
