"""Normals, depth and range of renders against planes and spheres, and what normals leave as it was."""

import io
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import OpenEXR
import pytest
import torch
import trimesh
from blender.conftest import built, camera, scene_of
from blender.objects import RED, box, die

from renderer.blender.meshes import add_model
from renderer.blender.session import BlenderSession, open_session
from renderer.buffers import Buffers
from renderer.catalog.model import Material, Model, TriangleMesh
from renderer.dataset.maps import Pixels, encode_maps
from renderer.execution.frame import Traced, label_view
from renderer.labels.cast import cast_view
from renderer.lens.distortion import undistort
from renderer.randomize.cameras import camera_rotation
from renderer.rotation import transform
from renderer.scene import Camera, Contact, Lens, Motion, Pose, Scene, SceneObject

TILTED = camera(
    pose=Pose(
        position_m=(0.1, -0.5, 0.8), rotation_wxyz=camera_rotation(azimuth_deg=10, tilt_deg=30, roll_deg=20)
    )
)
BARREL = Lens(model="brown_conrady", coefficients=(-0.3, 0.12, 0.001, -0.002, -0.02))
FISHEYE = Lens(model="fisheye", coefficients=(-0.02, 0.003, -0.001, 0.0))
LEVEL = Pose(
    position_m=(0.0, 0.0, 0.6), rotation_wxyz=camera_rotation(azimuth_deg=0, tilt_deg=85, roll_deg=0)
)
CAMERAS = {
    "tilted": TILTED,
    "out of focus": replace(TILTED, aperture_m=0.05, focus_m=0.3),
    "moving": replace(TILTED, motion=Motion(translation_m=(0.05, 0.0, 0.0), rotation_rad=(0.0, 0.05, 0.0))),
    "barrel": replace(TILTED, lens=BARREL, fx_px=120.0, fy_px=126.0, cx_px=75.0),
    "fisheye": replace(TILTED, lens=FISHEYE, fx_px=60.0, fy_px=60.0),
}
CENTRE_M, RADIUS_M = np.array([0.05, -0.05, 0.15]), 0.15


@pytest.fixture(scope="module")
def with_normals(recipe, library) -> Iterator[BlenderSession]:
    with open_session(recipe.engine, library, has_normals=True) as opened:
        yield opened


def traced(session: BlenderSession, scene: Scene) -> Buffers:
    with built(session, scene):
        return session.trace(scene.views[0])


def rays_of(seen_by: Camera) -> np.ndarray:
    """Unit vectors through the centres of the pixels, in the camera's frame."""
    u, v = np.meshgrid(np.arange(seen_by.width_px) + 0.5, np.arange(seen_by.height_px) + 0.5)
    x, y = (u - seen_by.cx_px) / seen_by.fx_px, (v - seen_by.cy_px) / seen_by.fy_px
    if seen_by.lens is not None:
        return undistort(seen_by.lens, np.stack([x, y], axis=-1))
    rays = np.stack([x, y, np.ones_like(x)], axis=-1)
    unit: np.ndarray = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
    return unit


def channels_of(name: str, buffers: Buffers, seen_by: Camera) -> dict[str, np.ndarray]:
    """A map, written and read back."""
    pixels = Pixels(camera=seen_by, buffers=buffers, category_ids=np.zeros(9, np.uint16))
    found = OpenEXR.File(io.BytesIO(encode_maps([name], pixels)[name]), separate_channels=True).channels()
    return {channel: value.pixels for channel, value in found.items()}


def normals_of(buffers: Buffers, seen_by: Camera) -> np.ndarray:
    channels = channels_of("normals", buffers, seen_by)
    return np.stack([channels[axis] for axis in "xyz"], axis=-1)


def traced_ball(session: BlenderSession, seen_by: Camera) -> Buffers:
    """A smooth ball of 81,920 triangles above the table."""
    solid = trimesh.creation.icosphere(subdivisions=6, radius=RADIUS_M)
    triangles = np.asarray(solid.faces, dtype=np.int32)
    mesh = TriangleMesh(
        vertices=np.asarray(solid.vertices),
        triangles=triangles,
        material_index=np.zeros(len(triangles), np.int32),
        smooth=np.ones(len(triangles), bool),
    )
    ball = Model(mesh=mesh, materials=(Material(color=(0.5, 0.5, 0.5), roughness=0.5),))
    scene = scene_of(seen_by=seen_by)
    with built(session, scene):
        add_model("ball", ball, Pose(position_m=tuple(CENTRE_M)), 1)
        return session.trace(scene.views[0])


@pytest.mark.parametrize("name", CAMERAS)
def test_normals_of_the_table_point_up_through_every_camera(with_normals, name):
    seen_by = CAMERAS[name]
    buffers = traced(with_normals, scene_of(box(0.05, 0.03), seen_by=seen_by))
    up = transform(seen_by.pose)[:3, :3].T @ (0, 0, 1)
    table = (buffers.ids == 0) & np.isfinite(channels_of("depth", buffers, seen_by)["range_m"])
    normals = normals_of(buffers, seen_by)
    assert table.sum() > 1000
    np.testing.assert_allclose(normals[table], np.broadcast_to(up, (table.sum(), 3)), atol=1e-6)


def test_normals_of_a_ball_point_away_from_its_middle(with_normals):
    """But for the last two degrees of its rim, where Cycles turns them towards the camera."""
    buffers = traced_ball(with_normals, TILTED)
    rays = rays_of(TILTED)
    points = rays * (buffers.depth_z_m / rays[..., 2])[..., None]
    camera_from_world = np.linalg.inv(transform(TILTED.pose))
    centre = camera_from_world[:3, :3] @ CENTRE_M + camera_from_world[:3, 3]
    away = (points - centre) / RADIUS_M
    error = np.linalg.norm(normals_of(buffers, TILTED) - away, axis=-1)
    facing, ball = -(away * rays).sum(axis=-1), buffers.ids == 1
    inner = ball & (facing > math.sin(math.radians(2)))
    assert inner.sum() > 1000
    assert error[inner].max() < 1e-3
    assert error[ball].max() < 0.05


@pytest.mark.parametrize("lens", [None, BARREL, FISHEYE], ids=["pinhole", "barrel", "fisheye"])
def test_range_of_a_ball_is_where_each_pixels_ray_meets_it(with_normals, lens):
    """But for the rim, where a lens' samples a quarter of a pixel away are a good deal farther."""
    seen_by = replace(TILTED, lens=lens)
    buffers = traced_ball(with_normals, seen_by)
    channels = channels_of("depth", buffers, seen_by)
    rays = rays_of(seen_by)
    camera_from_world = np.linalg.inv(transform(seen_by.pose))
    centre = camera_from_world[:3, :3] @ CENTRE_M + camera_from_world[:3, 3]
    along = rays @ centre
    inner = RADIUS_M**2 - (centre @ centre - along**2)
    middle = (buffers.ids == 1) & (inner > 0.3 * RADIUS_M**2)
    assert middle.sum() > 500
    truth = along - np.sqrt(np.maximum(inner, 0))
    assert np.abs(channels["range_m"] / truth - 1)[middle].max() < (3e-4 if lens is None else 3e-3)
    np.testing.assert_allclose(
        channels["depth_z_m"][middle], (channels["range_m"] * rays[..., 2])[middle], rtol=1e-5
    )


def test_depth_is_infinite_and_normals_are_nothing_in_the_sky(with_normals):
    seen_by = replace(TILTED, pose=LEVEL)
    buffers = traced_ball(with_normals, seen_by)
    channels, normals = channels_of("depth", buffers, seen_by), normals_of(buffers, seen_by)
    sky = rays_of(seen_by) @ (transform(seen_by.pose)[:3, :3].T @ (0, 0, 1)) > 0.01
    sky &= buffers.ids == 0
    assert sky.sum() > 1000
    assert np.isposinf(channels["depth_z_m"][sky]).all()
    assert np.isposinf(channels["range_m"][sky]).all()
    assert (normals[sky] == 0).all()
    met = np.isfinite(channels["range_m"])
    np.testing.assert_allclose(np.linalg.norm(normals[met], axis=-1), 1, atol=1e-6)


def test_normals_face_the_camera_even_inside_a_body(with_normals):
    seen_by = replace(TILTED, pose=Pose(position_m=(0.0, 0.0, 1.0), rotation_wxyz=LEVEL.rotation_wxyz))
    values = {"shape": "box", "size_m": 4.0, "flatness": 1.0, **RED}
    room = SceneObject(
        kind="room", slot=0, source="primitive", category=None, contact=Contact.STACK,
        pose=Pose(position_m=(0.0, 0.0, -1.0)), parameters=values,
    )  # fmt: skip
    buffers = traced(with_normals, scene_of(room, seen_by=seen_by))
    inside = buffers.ids == 1
    assert inside.sum() > 1000
    assert ((normals_of(buffers, seen_by) * rays_of(seen_by)).sum(axis=-1)[inside] < 0).all()


def test_relief_of_a_material_is_in_the_normals_and_not_in_the_depth(with_normals):
    rough = {"appearance.pattern": "noise", "appearance.bump_m": 0.01}
    plain, relief = (
        replace(box(0.0, 0.0, 0.3), parameters=box(0.0, 0.0, 0.3).parameters | v) for v in ({}, rough)
    )
    even, uneven = (traced(with_normals, scene_of(item, seen_by=TILTED)) for item in (plain, relief))
    shown = even.ids == 1
    turned_rad = np.arccos(np.clip((even.normals * uneven.normals).sum(axis=-1)[shown], -1, 1))
    assert np.median(turned_rad) > math.radians(2)
    np.testing.assert_array_equal(even.depth_z_m, uneven.depth_z_m)


@pytest.mark.parametrize("name", ["tilted", "out of focus", "barrel"])
def test_normals_change_nothing_else(session, with_normals, name):
    scene = scene_of(box(0.05, 0.03), die(3), seen_by=CAMERAS[name])
    bare, whole = traced(session, scene), traced(with_normals, scene)
    assert bare.normals is None
    np.testing.assert_array_equal(whole.radiance, bare.radiance)
    np.testing.assert_array_equal(whole.ids, bare.ids)
    np.testing.assert_array_equal(whole.depth_z_m, bare.depth_z_m)
    np.testing.assert_array_equal(traced(session, scene).radiance, bare.radiance)


def test_a_view_has_the_maps_that_are_asked_for(with_normals, recipe, library):
    names = ["instances", "semantic", "depth", "normals"]
    asked = replace(recipe, labels=replace(recipe.labels, maps=names))
    scene = scene_of(die(3), seen_by=TILTED)
    buffers = traced(with_normals, scene)
    view = Traced(scene=scene, view=scene.views[0], buffers=buffers)
    cpu = torch.device("cpu")
    cast = cast_view(scene, scene.views[0], library, cpu)
    assert list(label_view(asked, library, view, cast, cpu).maps) == names
