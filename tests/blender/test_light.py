"""Light as it falls: shadows of the sun and of what stands outside the view, cones, shapes, skies."""

import math
from dataclasses import replace

import bpy
import numpy as np
import pytest
from blender.conftest import built, camera, scene_of

from renderer.catalog.casters import caster_model
from renderer.catalog.daylight import sun_direction
from renderer.illumination import AVERAGE_IRRADIANCE
from renderer.rotation import upright_rotation
from renderer.scene import (
    AreaShape,
    Atmosphere,
    Caster,
    CasterShape,
    Light,
    LightType,
    Pose,
    Sky,
    SkyKind,
)

ALBEDO = 0.5  # of the table, which reflects alike in all directions
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
DARK = Sky(image="built-in:studio.exr", rotation_wxyz=(1.0, 0.0, 0.0, 0.0), strength=0.0)
OVERCAST = Sky(image="", rotation_wxyz=(1.0, 0.0, 0.0, 0.0), strength=1.0, kind=SkyKind.OVERCAST)
TINY = camera(width_px=24, height_px=18, fx_px=200.0, fy_px=200.0, cx_px=12.0, cy_px=9.0)


def clear(elevation_deg: float, azimuth_deg: float = 0.0, **changes) -> Sky:
    air = {"sun_shows": True, "sun_size_rad": 0.0095, "air": 1.0, "dust": 1.0, "ozone": 1.0}
    atmosphere = Atmosphere(
        sun_elevation_rad=math.radians(elevation_deg),
        sun_azimuth_rad=math.radians(azimuth_deg),
        altitude_m=0.0,
        **air | changes,
    )
    return replace(OVERCAST, kind=SkyKind.CLEAR, atmosphere=atmosphere)


def lit(*lights: Light, sky: Sky = DARK, casters: tuple[Caster, ...] = (), seen_by=None):
    return replace(scene_of(seen_by=seen_by), lights=lights, sky=sky, casters=casters)


def board(pose: Pose, size_m: float = 0.1) -> Caster:
    return Caster(name="board[0]", shape=CasterShape.BOARD, pose=pose, size_m=size_m, shape_seed=1)


def lamp(**changes) -> Light:
    """Straight above the middle, 1 m up, aimed down."""
    plain = Light(
        name="lamp[0]", type=LightType.POINT, pose=Pose(position_m=(0.0, 0.0, 1.0)), energy_w=10.0,
        color=(1.0, 1.0, 1.0), size_m=0.002,
    )  # fmt: skip
    return replace(plain, **changes)


def places_m(mask: np.ndarray) -> np.ndarray:
    """Where the pixels of a mask are on the table, x and y."""
    rows, columns = np.nonzero(mask)
    return np.stack([(columns + 0.5 - 80) / 200, -(rows + 0.5 - 60) / 200], axis=1)


@pytest.fixture
def smooth(session):
    """32 samples a pixel: at one, a pixel often meets the sky and not the sun."""
    cycles = bpy.context.scene.cycles
    samples, cycles.samples = cycles.samples, 32
    yield
    cycles.samples = samples


def irradiance(radiance: np.ndarray) -> float:
    return float(radiance.mean(axis=(0, 1)) @ LUMINANCE * math.pi / ALBEDO)


@pytest.mark.parametrize(("elevation_deg", "azimuth_deg"), [(60, 0), (30, 90), (45, 200)])
def test_the_shadow_of_an_upright_board_falls_away_from_the_sun_over_height_by_tangent(
    trace, smooth, elevation_deg, azimuth_deg
):
    towards = np.array([math.cos(math.radians(azimuth_deg)), math.sin(math.radians(azimuth_deg)), 0.0])
    rod = board(Pose(position_m=(0.0, 0.0, 0.1), rotation_wxyz=upright_rotation(towards)))
    width_m, height_m, _ = np.ptp(caster_model(rod).mesh.vertices, axis=0)
    sky = clear(elevation_deg, azimuth_deg)
    bare, shaded = trace(lit(sky=sky)), trace(lit(sky=sky, casters=(rod,)))
    shadow = shaded.radiance[..., 1] < 0.5 * bare.radiance[..., 1]
    away_m = -places_m(shadow) @ towards[:2]
    aside_m = places_m(shadow) @ [-towards[1], towards[0]]
    slope = math.tan(math.radians(elevation_deg))
    assert (away_m.max() + away_m.min()) / 2 == pytest.approx(0.1 / slope, abs=0.006)
    assert np.ptp(away_m) == pytest.approx(height_m / slope, abs=0.012)
    assert np.ptp(aside_m) == pytest.approx(width_m, abs=0.012)


def test_a_caster_darkens_and_is_in_no_image_ids_or_depth(trace):
    """It stands right before the camera, and would hide all; also where a lens asks for a second trace."""
    sky, hanging = clear(50), board(Pose(position_m=(0.0, 0.0, 0.5)), size_m=0.6)
    for seen_by in (camera(), camera(aperture_m=0.01)):
        bare = trace(lit(sky=sky, seen_by=seen_by))
        shaded = trace(lit(sky=sky, seen_by=seen_by, casters=(hanging,)))
        assert np.array_equal(bare.ids, shaded.ids)
        assert np.array_equal(bare.depth_z_m, shaded.depth_z_m)
        assert shaded.radiance.mean() < 0.8 * bare.radiance.mean()
        assert shaded.radiance.mean() > 0.02 * bare.radiance.mean()


def test_a_spot_lights_the_disc_of_its_cone(trace):
    spot = lamp(type=LightType.SPOT, cone_rad=math.radians(20), cone_blend=0.0)
    light = trace(lit(spot)).radiance[..., 1]
    radius_m = math.tan(math.radians(10))
    distance_m = np.hypot(*places_m(np.ones_like(light, dtype=bool)).T).reshape(light.shape)
    assert (light[distance_m < radius_m - 0.01] > 0.05).all()
    assert (light[distance_m > radius_m + 0.01] < 0.005).all()


@pytest.mark.parametrize("shape", AreaShape)
def test_an_area_lamp_casts_penumbras_of_its_own_shape(trace, session, shape):
    """Blender has its outline: both sizes, and which of them is the longer."""
    area = lamp(type=LightType.AREA, shape=shape, size_m=0.4, aspect=4.0)
    with built(session, lit(area)):
        data = bpy.data.lights["lamp[0]"]
        assert data.shape == shape.name
        assert data.size == pytest.approx(0.4)
        if shape in (AreaShape.RECTANGLE, AreaShape.ELLIPSE):
            assert data.size_y == pytest.approx(0.1)


def test_a_long_lamp_blurs_the_edges_across_its_length_only(trace):
    """The shadow of a small board under a tube along X: soft to left and right, sharp above and below."""
    tube = lamp(
        type=LightType.AREA, shape=AreaShape.RECTANGLE, size_m=0.6, aspect=50.0,
        pose=Pose(position_m=(0.0, 0.0, 1.0), rotation_wxyz=upright_rotation((0.0, 0.0, 1.0))),
    )  # fmt: skip
    square = board(Pose(position_m=(0.0, 0.0, 0.1)), size_m=0.2)
    bare, shaded = trace(lit(tube)), trace(lit(tube, casters=(square,)))
    ratio = shaded.radiance[..., 1] / bare.radiance[..., 1]
    across, along = ratio[55:65].mean(axis=0), ratio[:, 75:85].mean(axis=1)
    soft_px, sharp_px = (int(((line > 0.2) & (line < 0.8)).sum()) for line in (across, along))
    assert soft_px >= 3 * max(sharp_px, 1)


@pytest.mark.parametrize("sky", [OVERCAST, clear(45)], ids=["overcast", "clear"])
def test_a_sky_of_strength_1_lights_a_table_like_an_average_map(trace, sky):
    seen = replace(scene_of(seen_by=TINY).views[0], cycles_seed=3)
    scene = replace(lit(sky=sky), views=(seen,))
    assert irradiance(trace(scene).radiance) == pytest.approx(AVERAGE_IRRADIANCE, rel=0.08)


def test_the_light_of_an_overcast_sky_is_grey_and_without_direction(trace):
    radiance = trace(lit(sky=OVERCAST)).radiance.mean(axis=(0, 1))
    assert radiance / radiance.mean() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("elevation_deg", [10, 35, 80])
@pytest.mark.parametrize("dust", [0.0, 5.0])
def test_the_lamp_of_a_sun_is_as_bright_and_as_warm_as_the_disc_of_the_sky(session, elevation_deg, dust):
    sky = clear(elevation_deg, dust=dust, sun_size_rad=0.05)
    means = []
    for by_disc in (False, True):
        scene = lit(sky=sky, seen_by=camera(width_px=60, height_px=45, cx_px=30.0, cy_px=22.5))
        with built(session, scene):
            if by_disc:
                bpy.data.objects.remove(bpy.data.objects["sun of the sky"])
                node = next(n for n in bpy.context.scene.world.node_tree.nodes if n.type == "TEX_SKY")
                node.sun_disc, node.sun_size = True, sky.atmosphere.sun_size_rad
            means.append(session.trace(scene.views[0]).radiance.mean(axis=(0, 1)))
    assert means[0] == pytest.approx(means[1], rel=0.06)


def test_the_lamp_of_a_sun_shines_from_where_the_sun_is(session):
    sky = clear(20, 130)
    with built(session, lit(sky=sky)):
        matrix = np.array(bpy.data.objects["sun of the sky"].matrix_world)
    assert matrix[:3, 2] == pytest.approx(sun_direction(sky.atmosphere), abs=1e-6)


def test_the_brightest_part_of_a_clear_sky_is_around_its_sun(trace):
    """Mirrored by a camera that looks up: the sky itself, of which the lamp is no part."""
    up = camera(
        width_px=40, height_px=40, fx_px=12.0, fy_px=12.0, cx_px=20.0, cy_px=20.0,
        pose=Pose(position_m=(0.0, 0.0, 1.0)),
    )  # fmt: skip
    light = trace(lit(sky=clear(40, 60), seen_by=up)).radiance[..., 1]
    row, column = np.unravel_index(light.argmax(), light.shape)
    right, down = (column + 0.5 - 20) / 12, (row + 0.5 - 20) / 12
    # The camera's frame is the world's: x right is +X, y down is +Y, and it looks along +Z.
    assert math.degrees(math.atan2(down, right)) == pytest.approx(60, abs=12)


def test_a_map_after_skies_gives_the_bytes_that_it_gave_before_and_nothing_piles_up(trace):
    map_scene = scene_of()
    before = trace(map_scene)
    tree = bpy.context.scene.world.node_tree
    nodes, blocks = len(tree.nodes), len(bpy.data.lights) + len(bpy.data.meshes) + len(bpy.data.materials)
    for _ in range(3):
        trace(lit(sky=clear(30), casters=(board(Pose(position_m=(0.0, 0.0, 0.3))),)))
        trace(lit(sky=OVERCAST))
    after = trace(map_scene)
    assert np.array_equal(before.radiance, after.radiance)
    assert len(tree.nodes) == nodes
    assert len(bpy.data.lights) + len(bpy.data.meshes) + len(bpy.data.materials) == blocks
