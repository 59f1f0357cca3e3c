"""Estimates: they add up, reproduce what was measured, and say what they come from."""

from dataclasses import replace

import pytest
from unit.frames import source_of
from unit.recipes import cards_recipe, dice_recipe

from renderer.execution.machine import Machine
from renderer.inspect.estimate import (
    BYTES_PER_PIXEL,
    Work,
    add_frame,
    add_view,
    estimate,
    estimate_lines,
    traces_of,
)
from renderer.lens.source import ID_DENSITY
from renderer.lens.source import source_of as lens_source
from renderer.scene import Lens, Motion

TWO_CORES = Machine(cores=2, available_bytes=int(24e9))


def work_of(recipe, frames: int) -> Work:
    source = source_of(recipe)
    work = Work()
    for _ in range(frames):
        work = add_frame(add_view(work, recipe, source.view.camera), recipe, source.scene, 1000)
    return replace(work, scenes=frames)


@pytest.mark.parametrize(("recipe", "measured_s"), [(dice_recipe(), 2.8), (cards_recipe(), 2.1)])
def test_a_frame_takes_what_was_measured(recipe, measured_s):
    """The table Rendering of docs/results.md, one worker; it says that timings vary by a fifth."""
    few, many = (estimate(recipe, work_of(recipe, n), TWO_CORES)["seconds"] for n in (1, 101))
    assert (many - few) / 100 == pytest.approx(measured_s, rel=0.2)


def test_the_demo_takes_what_was_measured():
    """8 frames of dice and 8 of cards, both starts included: 57 s."""
    total = sum(estimate(r, work_of(r, 8), TWO_CORES)["seconds"] for r in (dice_recipe(), cards_recipe()))
    assert total == pytest.approx(57, rel=0.2)


def test_disk_is_that_of_the_measured_sets():
    """500 frames of 320x320 dice: 67 MB of images, 7 MB of draws twice, 13 instances of 1.8 kB a frame."""
    recipe = dice_recipe(**{"camera.width_px": 320, "camera.height_px": 320})
    work = replace(work_of(recipe, 500), instances=500 * 13, draw_bytes=500 * 14_000)
    cost = estimate(recipe, work, TWO_CORES)
    assert cost["image_bytes"] == pytest.approx(67.0e6, rel=0.2)
    assert cost["record_bytes"] == pytest.approx(2 * 7.0e6 + 500 * 13 * 1.8e3, rel=0.2)


def test_camera_samples_are_pixels_times_samples():
    work = work_of(dice_recipe(**{"engine.samples": 16}), 3)
    assert work.camera_samples == 3 * 640 * 480 * 16
    assert work.traced_pixels == work.pixels == 3 * 640 * 480


def test_depth_of_field_and_motion_blur_need_a_second_trace_of_one_sample():
    camera = source_of(dice_recipe()).view.camera
    pixels = 640 * 480
    motion = Motion(translation_m=(0.01, 0.0, 0.0), rotation_rad=(0.0, 0.0, 0.0))
    assert list(traces_of(camera, 8)) == [(pixels, 8)]
    assert list(traces_of(replace(camera, aperture_m=0.01), 8)) == [(pixels, 8), (pixels, 1)]
    assert list(traces_of(replace(camera, motion=motion), 8)) == [(pixels, 8), (pixels, 1)]


@pytest.mark.parametrize(
    "lens",
    [
        Lens(model="fisheye", coefficients=(0.05, 0.0, 0.0, 0.0)),
        Lens(model="brown_conrady", coefficients=(-0.2, 0.05, 0.0, 0.0, 0.0)),
        Lens(model="brown_conrady", coefficients=(0.1, 0.0, 0.001, 0.0, 0.0)),
    ],
    ids=str,
)
def test_a_lens_traces_what_its_sources_have(lens):
    camera = replace(source_of(dice_recipe()).view.camera, lens=lens)
    (pixels, samples), (id_pixels, id_samples) = traces_of(camera, 8)
    assert (samples, id_samples) == (8, 1)
    for estimated, density in ((pixels, 1), (id_pixels, ID_DENSITY)):
        source = lens_source(camera, density).camera
        assert estimated == pytest.approx(source.width_px * source.height_px, rel=0.15)


def test_maps_take_their_place_and_normals_a_second_trace():
    bare, mapped = (dice_recipe(**{"labels.maps": maps}) for maps in ([], ["depth", "normals"]))
    costs = [estimate(recipe, work_of(recipe, 2), TWO_CORES) for recipe in (bare, mapped)]
    assert costs[0]["map_bytes"] == 0
    assert 2 * 640 * 480 * 8 < costs[1]["map_bytes"] < 2 * 640 * 480 * 20  # five channels of 4 bytes, packed
    samples = [cost["work"]["camera_samples"] for cost in costs]
    assert samples[1] - samples[0] == 2 * 640 * 480
    assert "10.9 a pixel of maps" in estimate_lines(costs[1])["disk"]


def test_without_the_denoiser_it_is_faster():
    with_it, without = (dice_recipe(**{"engine.denoise": on}) for on in (True, False))
    assert estimate(without, work_of(without, 9), TWO_CORES)["seconds"] < (
        estimate(with_it, work_of(with_it, 9), TWO_CORES)["seconds"] - 4
    )


def test_workers_take_memory_and_no_time():
    one, four = (dice_recipe(**{"execution.workers": n}) for n in (1, 4))
    costs = [estimate(recipe, work_of(recipe, 9), TWO_CORES) for recipe in (one, four)]
    assert costs[0]["seconds"] == costs[1]["seconds"]
    assert costs[1]["memory_bytes"] == 4 * costs[0]["memory_bytes"]
    assert estimate(four, work_of(four, 2), TWO_CORES)["workers"] == 2


def test_by_default_there_is_a_worker_for_each_core():
    recipe = dice_recipe()
    costs = [estimate(recipe, work_of(recipe, 9), replace(TWO_CORES, cores=n)) for n in (2, 8)]
    assert [cost["workers"] for cost in costs] == [2, 8]


def test_the_time_lies_in_its_range_and_falls_with_cores():
    recipe = dice_recipe()
    cost = estimate(recipe, work_of(recipe, 9), replace(TWO_CORES, cores=8))
    low, high = cost["seconds_between"]
    assert low < cost["seconds"] < high
    assert cost["seconds_here"] < cost["seconds"] / 2


@pytest.mark.parametrize("device", ["auto", "cpu", "gpu"])
def test_words_say_the_basis_and_the_largest_unknown(device):
    recipe = dice_recipe(**{"engine.device": device})
    lines = estimate_lines(estimate(recipe, work_of(recipe, 9), TWO_CORES))
    assert lines["work"].startswith("9 scenes, 9 views, 9 frames: 11.1 million camera samples")
    assert "measured on 2 cores of an AMD EPYC, no GPU (docs/results.md)" in lines["time"]
    assert f"{BYTES_PER_PIXEL:g} bytes a pixel" in lines["disk"]
    assert "nothing was measured on a GPU" in lines["cores"]
    assert ("GPU" in lines["unknown"]) is (device != "cpu")


def test_short_and_long_times_have_their_units():
    recipe = dice_recipe()
    for frames, unit in ((1, " s "), (100, " min "), (10_000, " h ")):
        assert unit in estimate_lines(estimate(recipe, work_of(recipe, frames), TWO_CORES))["time"][:14]


def test_settling_what_falls_costs_what_it_was_measured_to():
    recipe = dice_recipe()
    work = work_of(recipe, 9)
    some = replace(work, falling=6, settled=2, settling_s=20.0)
    still, settling = (estimate(recipe, w, TWO_CORES) for w in (work, some))
    assert settling["seconds"] == pytest.approx(still["seconds"] + 6 * 10 / 2)  # two workers
    assert "10 s a scene" in estimate_lines(settling)["settling"]
    assert estimate_lines(still)["settling"] == "nothing falls"
