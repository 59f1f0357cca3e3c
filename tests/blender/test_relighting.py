"""Shots of one trace against fresh traces with their lights."""

from collections.abc import Iterator
from dataclasses import replace

import bpy
import numpy as np
import pytest
import torch
from blender.conftest import built, camera, scene_of
from blender.objects import die
from blender.test_light import OVERCAST, clear, lamp

from renderer.blender.session import BlenderSession
from renderer.illumination import shot_gains
from renderer.rotation import rotation_from_z
from renderer.scene import ENVIRONMENT, Lens, LightGain, LightType, Pose, Scene, Shot
from renderer.sensor.relighting import relight

CPU = torch.device("cpu")
TINY = camera(width_px=16, height_px=12, fx_px=40.0, fy_px=40.0, cx_px=8.0, cy_px=6.0)
GAINS = (
    {"lamp[0]": (4.0, 2.0, 1.0), "lamp[1]": (0.0, 0.0, 0.0), ENVIRONMENT: (0.25, 0.5, 1.0)},
    {"lamp[0]": (0.0, 0.0, 0.0), "lamp[1]": (3.0, 3.0, 3.0), ENVIRONMENT: (0.5, 0.5, 0.5)},
)
FROM_THE_SIDE = (0.8, 0.0, 0.6)


def relit(scene: Scene, *gains) -> Scene:
    """A scene whose view has a shot for each of the gains."""
    shots = tuple(
        replace(scene.views[0].shots[0], light_gains=tuple(LightGain(light=k, gain=v) for k, v in g.items()))
        for g in gains
    )
    return replace(scene, views=(replace(scene.views[0], shots=shots),))


def lit_die(sky=OVERCAST) -> Scene:
    """A die between a weak lamp above and a strong one beside it."""
    beside = lamp(
        name="lamp[1]", type=LightType.AREA, size_m=0.4, energy_w=20.0,
        pose=Pose(position_m=FROM_THE_SIDE, rotation_wxyz=rotation_from_z(FROM_THE_SIDE)),
    )  # fmt: skip
    above = lamp(energy_w=0.5, size_m=0.3, type=LightType.AREA)
    return replace(scene_of(die(6, edge_m=0.1), seen_by=TINY), lights=(above, beside), sky=sky)


@pytest.fixture
def sampled(session: BlenderSession) -> Iterator[None]:
    """As many samples as leave less than a hundredth of noise."""
    cycles = bpy.context.scene.cycles
    samples, cycles.samples = cycles.samples, 4096
    yield
    cycles.samples = samples


def traced(session: BlenderSession, scene: Scene):
    with built(session, scene):
        return session.trace(scene.views[0])


def fresh(session: BlenderSession, scene: Scene, shot: Shot) -> np.ndarray:
    """The radiance of a shot that is traced alone: with its own lights."""
    alone = replace(scene, views=(replace(scene.views[0], shots=(shot,)),))
    buffers = traced(session, alone)
    assert buffers.light_groups is None
    return buffers.radiance


def relative_rmse(image: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(((image - truth) ** 2).mean()) / truth.mean())


@pytest.mark.usefixtures("sampled")
@pytest.mark.parametrize("sky", [OVERCAST, clear(40.0, dust=2.0)], ids=["overcast", "sun"])
def test_shot_equals_a_fresh_trace_with_its_lights(session, sky):
    scene = relit(lit_die(sky), *GAINS)
    groups = traced(session, scene).light_groups
    for shot in scene.views[0].shots:
        image = relight(groups, shot_gains(shot), CPU).numpy()
        assert relative_rmse(image, fresh(session, scene, shot)) < 0.01


def test_groups_add_up_to_what_the_scene_says(session):
    scene = relit(lit_die(), *GAINS)
    buffers = traced(session, scene)
    assert buffers.light_groups.lights == (ENVIRONMENT, "lamp[0]", "lamp[1]")
    assert np.allclose(buffers.light_groups.radiance.sum(axis=0), buffers.radiance)
    assert buffers.light_groups.radiance.min() >= 0


def test_what_shines_by_itself_is_changed_by_no_shot(session):
    scene = relit(lit_die(), *GAINS)
    with built(session, scene):
        nodes = next(m for m in bpy.data.materials if m.name.startswith("die")).node_tree.nodes
        shader = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
        shader.inputs["Emission Color"].default_value = (1.0, 0.0, 0.0, 1.0)
        shader.inputs["Emission Strength"].default_value = 5.0
        groups = session.trace(scene.views[0]).light_groups
    assert "" in groups.lights
    dark = dict.fromkeys(("lamp[0]", "lamp[1]", ENVIRONMENT), (0.0, 0.0, 0.0))
    image = relight(groups, dark, CPU).numpy()
    assert image[..., 0].max() > 1
    assert image[..., 1].max() < 0.1


def test_light_groups_end_with_the_view_that_had_them(session):
    traced(session, relit(lit_die(), *GAINS))
    assert traced(session, lit_die()).light_groups is None
    assert len(bpy.context.view_layer.lightgroups) == 0


@pytest.mark.parametrize("how", ["each", "groups", "none"])
def test_guides_are_there_for_what_is_still_to_be_denoised(session, how):
    scene = relit(lit_die(), *GAINS)
    engine = replace(session.engine, denoise=True, denoise_shots=how, denoise_guides="noisy")
    denoising = replace(session, engine=engine)
    groups = traced(denoising, scene).light_groups
    raw = traced(session, scene).light_groups
    assert (groups.guides is not None) == (how == "each")
    assert np.array_equal(groups.radiance, raw.radiance) == (how != "groups")


def test_lens_bends_the_groups_like_the_image(session):
    bent = camera(
        width_px=24, height_px=18, fx_px=60.0, fy_px=60.0, cx_px=12.0, cy_px=9.0,
        lens=Lens(model="brown_conrady", coefficients=(-0.1, 0.0, 0.0, 0.0, 0.0)),
    )  # fmt: skip
    scene = lit_die()
    scene = relit(replace(scene, views=(replace(scene.views[0], camera=bent),)), *GAINS)
    buffers = traced(session, scene)
    assert buffers.light_groups.radiance.shape == (3, 18, 24, 3)
    assert np.allclose(buffers.light_groups.radiance.sum(axis=0), buffers.radiance, atol=1e-5)
