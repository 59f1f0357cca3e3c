"""One long-lived Blender: equal results whatever came before, and nothing left behind."""

import subprocess
import sys
from dataclasses import replace

import bpy
import numpy as np
import pytest
from blender.conftest import built, scene_of
from blender.live_memory import live_kb
from blender.objects import box, die

from renderer.blender.camera import set_camera
from renderer.blender.device import check_optix, find_gpus, select_device
from renderer.blender.engine import set_engine
from renderer.blender.meshes import LARGEST_ID
from renderer.catalog.scene_models import scene_models
from renderer.errors import DeviceError, RecipeError
from renderer.execution.shard import render_shard
from renderer.randomize.scenes import sample_scene

COLLECTIONS = ("objects", "meshes", "materials", "lights", "node_groups", "cameras", "actions", "worlds")


def blocks() -> dict[str, int]:
    return {name: len(getattr(bpy.data, name)) for name in COLLECTIONS}


@pytest.fixture
def small(recipe):
    return replace(recipe, camera=replace(recipe.camera, width_px=48, height_px=36))


def test_same_scene_gives_equal_buffers_after_other_scenes(trace):
    first = trace(scene_of(die(2)))
    trace(scene_of(box(0.1, 0.1), die(5)))
    second = trace(scene_of(die(2)))
    assert np.array_equal(first.radiance, second.radiance)
    assert np.array_equal(first.ids, second.ids)


def test_another_seed_of_cycles_gives_other_noise_and_equal_ids(trace):
    scene = scene_of(die(2))
    other = replace(scene, views=(replace(scene.views[0], cycles_seed=2),))
    a, b = trace(scene), trace(other)
    assert not np.array_equal(a.radiance, b.radiance)
    assert np.array_equal(a.ids, b.ids)


def test_clearing_removes_all_that_a_scene_added(session):
    with built(session, scene_of(die(1), box(0.1, 0.0))):
        pass
    before, images = blocks(), len(bpy.data.images)
    with built(session, scene_of(die(1), box(0.1, 0.0), box(0.2, 0.0))):
        assert blocks() != before
    assert blocks() == before
    assert len(bpy.data.images) == images


def test_scene_that_fails_to_build_leaves_nothing_behind(session, library):
    before = blocks()
    of_one = scene_models(scene_of(box(0.0, 0.0)), library)
    with pytest.raises(KeyError, match="die"):
        session.build(scene_of(box(0.0, 0.0), die(1)), of_one)
    assert blocks() != before
    session.clear()
    assert blocks() == before


def test_scene_is_the_same_whether_its_models_were_made_before(session, library, trace):
    scene = scene_of(die(2), box(0.1, 0.1), box(-0.1, 0.1))
    models = scene_models(scene, library)
    assert len(models.objects) == 2, "equal objects share a model"
    session.build(scene, models)
    try:
        given = session.trace(scene.views[0])
    finally:
        session.clear()
    assert np.array_equal(given.radiance, trace(scene).radiance)


def test_more_objects_than_blender_can_number_are_refused(session):
    crowd = scene_of(*[box(0.0, 0.0)] * (LARGEST_ID + 1))
    with pytest.raises(RecipeError, match=r"at most 32767 objects, got 32768"):
        session.build(crowd)


def test_object_numbers_up_to_the_largest_id_come_back_exactly(session):
    with built(session, scene_of(box(0.0, 0.0, 0.4))):
        for number in (255, 256, 2049, LARGEST_ID):
            bpy.data.objects["box[0]"].pass_index = number
            ids = session.trace(scene_of().views[0]).ids
            assert set(np.unique(ids)) == {0, number}


def test_frame_rendered_alone_equals_that_of_a_batch(session, library, small):
    batch = list(render_shard(small, library, session, range(3)))
    alone = list(render_shard(small, library, session, [2]))
    assert alone[0].image_png == batch[2].image_png
    assert alone[0].record == batch[2].record


def test_views_and_shots_of_a_scene_are_frames_of_their_own(session, library, small):
    several = replace(small, views=2, shots=2)
    frames = list(render_shard(several, library, session, range(4)))
    assert len({frame.image_png for frame in frames}) == 4
    cameras = [frame.record["camera"] for frame in frames]
    assert cameras[0] == cameras[1] != cameras[2] == cameras[3]
    masks = [[i["segmentation"] for i in frame.record["instances"]] for frame in frames]
    assert masks[0] == masks[1]
    single = next(iter(render_shard(small, library, session, [0])))
    assert frames[0].image_png == single.image_png


def test_memory_stays_flat_over_many_frames(session, library, small):
    """At most 50 kB a frame are kept; scripts/measure_memory.py draws curves of resident memory.

    The median of the growth over 20 frames: Python's table of strings may double once meanwhile, by 4 MB.
    """
    tiny = replace(small, camera=replace(small.camera, width_px=16, height_px=16))
    curve = []
    for frame in range(100):
        list(render_shard(tiny, library, session, [frame]))
        curve.append(live_kb())
    late = np.array(curve[20:])
    assert np.median(late[20:] - late[:-20]) <= 20 * 50


@pytest.mark.parametrize(
    "leak", [lambda: np.ones(12_800, np.float32), lambda: [object() for _ in range(1000)]]
)
def test_live_memory_shows_a_leak_of_50_kb_a_frame(leak):
    before = live_kb()
    kept = [leak() for _ in range(80)]
    assert live_kb() - before > 79 * 50
    del kept
    assert live_kb() - before < 10 * 50


def test_asking_for_a_gpu_that_is_not_there_names_what_was_found():
    if find_gpus():
        pytest.skip("this machine has a GPU that Cycles can use")
    with pytest.raises(DeviceError, match=r"engine\.device=gpu needs a GPU .* found only .*CPU"):
        select_device("gpu")


def test_denoiser_that_no_gpu_runs_is_named():
    if "OPTIX" in find_gpus():
        pytest.skip("this machine has a GPU with OptiX")
    with pytest.raises(DeviceError, match=r"engine\.denoiser=optix needs a GPU with OptiX"):
        check_optix()


def test_engine_reaches_cycles(session):
    cycles = bpy.context.scene.cycles
    engine = replace(
        session.engine, samples=3, noise_threshold=0.02, min_samples=2, light_tree=True, denoise=True,
        denoise_quality="fast", denoise_guides="noisy",
    )  # fmt: skip
    try:
        set_engine(engine, threads=0)
        assert (cycles.samples, cycles.use_light_tree, cycles.use_adaptive_sampling) == (3, True, True)
        assert cycles.adaptive_threshold == pytest.approx(0.02)
        assert (cycles.denoising_quality, cycles.denoising_prefilter) == ("FAST", "FAST")
        set_engine(replace(engine, noise_threshold=None, denoise_guides="none"), threads=0)
        assert not cycles.use_adaptive_sampling
        assert cycles.denoising_input_passes == "RGB"
    finally:
        set_engine(session.engine, threads=0)
    assert not cycles.use_denoising


@pytest.mark.gpu
def test_gpu_is_used_when_there_is_one():
    if not find_gpus():
        pytest.skip("this machine has no GPU that Cycles can use")
    assert select_device("auto") != "CPU"
    select_device("cpu")


@pytest.mark.parametrize("status", [0, 7])
def test_process_with_blender_and_torch_ends_with_its_own_exit_status(status):
    start = "from renderer.blender.runtime import start_blender; start_blender()"
    code = f"import torch, sys; {start}; sys.exit({status})"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == status


def test_blender_runs_no_scripts_from_files():
    assert not bpy.context.preferences.filepaths.use_scripts_auto_execute


def test_camera_stands_where_it_is_put_whatever_stood_before(session, library, small):
    """Blender picks the Euler angles nearest to the last ones; their last bits once differed by history."""
    views = [sample_scene(small, library, index).views[0] for index in range(6)]
    placed = []
    for order in ([0, 1, 2, 3, 4, 5], [5, 3, 0, 4, 1, 2]):
        matrices = {}
        for index in order:
            set_camera(views[index].camera)
            matrices[index] = [list(row) for row in bpy.context.scene.camera.matrix_world]
        placed.append(matrices)
        assert len(bpy.data.actions) <= 1
    assert placed[0] == placed[1]


def test_frames_are_equal_in_any_order(session, library, small):
    forward = {f.record["frame"]: f.image_png for f in render_shard(small, library, session, range(6))}
    for frames in ([4], [2, 3], [5, 0], [1]):
        for finished in render_shard(small, library, session, frames):
            assert finished.image_png == forward[finished.record["frame"]]
