"""Linked copies: one mesh in Blender, however often a scene shows it, and each with its own exact mask."""

import math
from dataclasses import replace

import bpy
import cv2
import numpy as np
import pytest
from blender.conftest import built, camera, scene_of
from unit.shelves import brick, library_of, mesh_object

from renderer.catalog.model import Material
from renderer.rotation import quaternion_about
from renderer.scene import Camera, Pose, SceneObject

EDGE_M, HEIGHT_M = 0.1, 0.05  # of a brick whose upper side the camera, 1 m up, sees alone
RED = Material(color=(0.8, 0.05, 0.05), roughness=1.0)
NEAR_EDGE_PX = 0.01  # of a projected edge: what its float32 corners may move a pixel's centre across
PLACES = [(0.15 * (i - 2) + 0.003, 0.2 * j - 0.1, 17.0 * (5 * j + i)) for j in range(2) for i in range(5)]


@pytest.fixture
def blocks(session, monkeypatch):
    """The session with a library of one flat brick that is red on its own."""
    library = library_of(monkeypatch, {"block/a.obj": brick(EDGE_M, EDGE_M, 1e-4, RED)})
    return replace(session, library=library)


def ten(**values) -> list[SceneObject]:
    """Ten bricks; `values` are functions of the slot."""

    def pose(x_m: float, y_m: float, turn_deg: float) -> Pose:
        turn = quaternion_about((0, 0, 1), math.radians(turn_deg))
        return Pose(position_m=(x_m, y_m, HEIGHT_M), rotation_wxyz=turn)

    return [
        mesh_object("block/a.obj", pose(*place), slot=slot, **{k: v(slot) for k, v in values.items()})
        for slot, place in enumerate(PLACES)
    ]


def distances_px(item: SceneObject, seen_by: Camera) -> np.ndarray:
    """How far inside the brick's upper side each pixel's centre lies, by the pinhole model and OpenCV."""
    (x, y, z), (w, _, _, turn) = item.pose.position_m, item.pose.rotation_wxyz
    angle = 2 * math.atan2(turn, w)
    corners = EDGE_M / 2 * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    spin = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    world = corners @ spin.T + (x, y)
    depth = 1 - z - 5e-5
    pixels = np.stack(
        [
            seen_by.fx_px * world[:, 0] / depth + seen_by.cx_px,
            -seen_by.fy_px * world[:, 1] / depth + seen_by.cy_px,
        ],
        axis=1,
    ).astype(np.float32)
    return np.array(
        [
            [cv2.pointPolygonTest(pixels, (u + 0.5, v + 0.5), True) for u in range(seen_by.width_px)]
            for v in range(seen_by.height_px)
        ]
    )


def meshes_of_objects() -> list[str]:
    return [item.data.name for item in bpy.data.objects if item.pass_index > 0]


def test_ten_copies_share_one_mesh_and_one_material(blocks):
    with built(blocks, scene_of(*ten())):
        assert len(meshes_of_objects()) == 10
        assert len(set(meshes_of_objects())) == 1
        assert len(bpy.data.materials) == 2  # of the bricks and of the table
    assert not bpy.data.meshes
    assert not bpy.data.materials


@pytest.mark.parametrize("values", [{}, {"value_scale": lambda slot: 0.5 + 0.1 * slot}], ids=["alike", "not"])
def test_each_of_ten_copies_has_the_mask_of_its_own_projection(blocks, values):
    seen_by = camera()
    items = ten(**values)
    with built(blocks, scene_of(*items)):
        assert len(set(meshes_of_objects())) == 1
        ids = blocks.trace(scene_of(*items).views[0]).ids
    for number, item in enumerate(items, start=1):
        inside = distances_px(item, seen_by)
        clear = np.abs(inside) > NEAR_EDGE_PX
        assert clear.mean() > 0.999
        assert ((ids == number) == (inside > 0))[clear].all()
        assert (ids == number).sum() > 300


def test_copies_of_different_looks_share_the_mesh_and_keep_their_looks(blocks):
    white = {"appearance.color": lambda slot: [0.9, 0.9, 0.9] if slot % 2 else [0.02, 0.02, 0.02]}
    items = ten(look=lambda slot: "replace", **white)
    with built(blocks, scene_of(*items)):
        assert len(set(meshes_of_objects())) == 1
        assert len(bpy.data.materials) == 3
        buffers = blocks.trace(scene_of(*items).views[0])
    light = [float(np.median(buffers.radiance[buffers.ids == number])) for number in range(1, 11)]
    assert min(light[1::2]) > 5 * max(light[0::2])


def test_copies_of_different_sizes_have_meshes_of_their_own_and_one_look(blocks):
    items = ten(size_m=lambda slot: 0.1 if slot % 2 else 0.05)
    with built(blocks, scene_of(*items)):
        assert len(set(meshes_of_objects())) == 2
        assert len(bpy.data.materials) == 2


def test_a_mesh_in_its_own_look_is_not_one_whose_look_was_replaced(blocks):
    items = ten(look=lambda slot: "replace" if slot % 2 else "keep")
    with built(blocks, scene_of(*items)):
        assert len(set(meshes_of_objects())) == 2
