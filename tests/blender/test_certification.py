"""Certification of real renders: images that are missing, masks that are off, and faults that are planted."""

import sys
from dataclasses import replace

import bpy
import numpy as np
import pytest
import torch
from blender.conftest import built, camera, scene_of
from blender.objects import box, die
from unit.scripts import load_script

from renderer.blender.missing import SKY
from renderer.blender.nodes import principled
from renderer.labels.alignment import REACH_PX
from renderer.labels.certify import buffers_fault
from renderer.labels.image_checks import certify_image
from renderer.rotation import quaternion_about
from renderer.scene import Pose, SensorValues
from renderer.sensor import photograph

SMALL = camera(width_px=48, height_px=36, cx_px=24.0, cy_px=18.0)
SENSORS = {
    "plain": SensorValues(),
    "blurred": SensorValues(defocus_px=2.0, motion_blur_px=4.0, motion_blur_angle_deg=30.0),
    "noisy": SensorValues(iso=1600.0, full_well_e=8000.0, read_noise_e=3.0, mosaic="rggb", demosaic="linear"),
    "compressed": SensorValues(
        rescale=0.6, jpeg_quality=25, jpeg_tables="standard", jpeg_subsampling="4:2:0"
    ),
}


def textured(item_id: int):
    """A new image texture in the base colour of the object with an id."""
    item = next(item for item in bpy.context.scene.objects if item.pass_index == item_id)
    tree = item.material_slots[0].material.node_tree
    node = tree.nodes.new("ShaderNodeTexImage")
    tree.links.new(node.outputs["Color"], principled(tree).inputs["Base Color"])
    return node


def new_image(**values):
    image = bpy.data.images.new("made for a test", 8, 8)
    image.pixels.foreach_set(np.full(8 * 8 * 4, 0.5, dtype=np.float32))
    for name, value in values.items():
        setattr(image, name, value)
    return image


LOST = {
    "no image": lambda node: None,
    "file that is not there": lambda node: new_image(source="FILE", filepath="/nowhere/x.png"),
    "file that is no image": lambda node: new_image(source="FILE", filepath=__file__),
}


@pytest.mark.parametrize("kind", LOST)
def test_object_whose_image_is_missing_shines_in_magenta_and_is_named(session, kind):
    scene = scene_of(box(-0.05, 0.0, 0.08), die(3, edge_m=0.08), seen_by=SMALL)
    with built(session, scene):
        assert session.trace(scene.views[0]).missing_images == ()
        node = textured(2)
        node.image = LOST[kind](node)
        buffers = session.trace(scene.views[0])
    red, green, blue = buffers.radiance[buffers.ids == 2].mean(axis=0)
    assert green < 0.2 * min(red, blue), "Cycles shows missing images in another colour now"
    assert buffers.missing_images == ("die[0]",)
    fault = buffers_fault(buffers)
    assert (fault.check, fault.reason) == ("textures", "an image is missing in what die[0] is made of")


def test_image_that_is_there_or_leads_nowhere_is_not_missing(session):
    scene = scene_of(box(0.0, 0.0), seen_by=SMALL)
    with built(session, scene):
        textured(1).image = new_image()
        item = next(item for item in bpy.context.scene.objects if item.pass_index == 1)
        item.material_slots[0].material.node_tree.nodes.new("ShaderNodeTexImage")  # linked to nothing
        for _ in range(2):
            assert session.trace(scene.views[0]).missing_images == ()


def test_missing_sky_is_named_and_the_next_scene_has_it_again(session):
    scene = scene_of(box(0.0, 0.0), seen_by=SMALL)
    with built(session, scene):
        nodes = bpy.context.scene.world.node_tree.nodes
        sky = next(node for node in nodes if node.type == "TEX_ENVIRONMENT")
        image = sky.image
        sky.image = new_image(source="FILE", filepath="/nowhere/sky.exr")
        buffers = session.trace(scene.views[0])
        sky.image = image
    assert buffers.missing_images == (SKY,)
    with built(session, scene):
        assert session.trace(scene.views[0]).missing_images == ()


@pytest.fixture(scope="module")
def dice(session, trace):
    """Nine dice of all faces, each turned another way, seen from near above with little noise."""
    items = []
    for number in range(9):
        item = die(1 + number % 6)
        place = (0.035 * (number % 3 - 1), 0.035 * (number // 3 - 1), 0.01)
        turned = quaternion_about((0, 0, 1), 0.7 * number)
        pose = Pose(position_m=place, rotation_wxyz=turned if number % 6 == 0 else item.pose.rotation_wxyz)
        items.append(replace(item, slot=number, pose=pose))
    near = camera(pose=Pose(position_m=(0.0, 0.0, 0.25), rotation_wxyz=(0.0, 1.0, 0.0, 0.0)))
    cycles = bpy.context.scene.cycles
    samples, cycles.samples = cycles.samples, 48
    try:
        return trace(scene_of(*items, seen_by=near))
    finally:
        cycles.samples = samples


def developed(buffers, sensor):
    radiance = torch.from_numpy(buffers.radiance).permute(2, 0, 1)[None]
    return np.ascontiguousarray(photograph(radiance, [sensor], [7]).images[0].permute(1, 2, 0).numpy())


@pytest.mark.parametrize("name", SENSORS)
def test_masks_of_a_render_fit_its_image_and_shifted_ones_do_not(dice, name):
    image = developed(dice, SENSORS[name])
    certificate = certify_image(image, dice.ids)
    assert certificate.fault is None
    assert certificate.figures["alignment"] > 0.9
    for step in range(3, REACH_PX + 1):
        for right, down in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)):
            off = np.roll(dice.ids, (down * step, right * step), axis=(0, 1))
            fault = certify_image(image, off).fault
            assert fault is not None, (right * step, down * step)
            assert fault.check == "alignment"


def test_planted_faults_are_caught(session, monkeypatch, capsys):
    script = load_script("plant_faults")
    small = ("camera.width_px=160", "camera.height_px=120", "engine.samples=1", "engine.denoise=false")
    monkeypatch.setattr(script, "SMALL", (*small, "objects.clutter.count=2"))
    monkeypatch.setattr(script, "RECIPES", ("dice",))
    monkeypatch.setattr(sys, "argv", ["plant_faults.py", "--views", "2", "--faults", "12"])
    assert script.main() == 0
    printed = capsys.readouterr().out
    assert printed.count("12 of 12") == len(script.PLANTS) == 6
    assert "0 of 2 rejected" in printed


def test_fault_that_is_missed_is_told(session, monkeypatch, capsys):
    script = load_script("plant_faults")
    nothing = script.Outcome(certificate=script.Certificate())
    monkeypatch.setitem(script.PLANTS, "nothing", (lambda view, rng: nothing, "rays"))
    assert script.plant(["a view"], "nothing", 3, np.random.default_rng(0)) == ["None"] * 3
