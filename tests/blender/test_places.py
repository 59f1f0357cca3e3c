"""Renders of places: edges where geometry has them, photographs as they are, nothing hidden by walls."""

import math
from dataclasses import replace

import numpy as np
import pytest
from blender.conftest import built, camera, scene_of
from blender.objects import PLAIN, box, die
from blender.test_geometry import project
from PIL import Image

from renderer.blender.session import open_session
from renderer.catalog.library import open_library
from renderer.randomize.cameras import camera_rotation
from renderer.recipe.validation import parse_recipe, recipe_defaults
from renderer.rotation import rotation_from_z
from renderer.scene import Camera, Ground, Lens, Light, LightType, Pose, Scene

HALF = (0.2, 0.2)
TABLE = PLAIN | {
    "width_m": 0.9, "depth_m": 0.7, "x_fraction": 1.0, "y_fraction": 0.0, "height_m": 0.6,
    "thickness_m": 0.02, "shape": "rectangle", "corner_radius_m": 0.0, "edge_radius_m": 1e-4, "legs": "four",
    "leg_width_m": 0.05,
}  # fmt: skip
ROOM = PLAIN | {
    "wall_distance_m": 0.1, "side_distance_m": 0.5, "size_m": 2.0, "height_m": 2.5, "skirting_m": 0.08
}  # fmt: skip


def placed(scene: Scene, place: str, tray=None, **parts) -> Scene:
    ground = Ground(half_size_m=HALF, parameters=PLAIN, tray=tray, place=place, parts=parts)
    return replace(scene, ground=ground)


def from_behind(distance_m: float = 1.0, tilt_deg: float = 50.0) -> Camera:
    """A camera on the far side, looking at the origin."""
    tilt = np.radians(tilt_deg)
    return camera(
        pose=Pose(
            position_m=(0.0, float(distance_m * np.sin(tilt)), float(distance_m * np.cos(tilt))),
            rotation_wxyz=camera_rotation(azimuth_deg=180, tilt_deg=tilt_deg, roll_deg=0),
        )
    )


def test_the_edge_of_a_table_is_where_it_projects_to(trace):
    scene = placed(scene_of(), "table", table=TABLE, beneath=PLAIN)
    depth = trace(scene).depth_z_m
    edge_m = HALF[0] + 0.03
    ((column, row),) = project(camera(), np.array([[edge_m, 0.0, 0.0]]))
    centres = np.arange(160) + 0.5
    seen = depth[int(row)]
    assert seen[centres < column - 0.5] == pytest.approx(1.0, abs=1e-5)
    assert seen[centres > column + 0.5] == pytest.approx(1.6, abs=1e-5)


def test_a_camera_behind_a_wall_sees_the_objects_and_the_floor_beyond(trace):
    scene = scene_of(box(0.0, 0.0), seen_by=from_behind())
    walled, free = trace(placed(scene, "floor", room=ROOM)), trace(placed(scene, "floor"))
    assert (walled.ids == 1).sum() > 50
    assert np.array_equal(walled.ids, free.ids)
    assert np.allclose(walled.depth_z_m, free.depth_z_m)


def test_a_wall_before_the_camera_is_seen_and_takes_no_light_from_the_floor(trace):
    seen_by = camera(
        pose=Pose(
            position_m=(0.0, -0.6, 0.4), rotation_wxyz=camera_rotation(azimuth_deg=0, tilt_deg=60, roll_deg=0)
        )
    )
    scene = scene_of(seen_by=seen_by)
    walled, free = trace(placed(scene, "floor", room=ROOM)), trace(placed(scene, "floor"))
    on_wall = walled.depth_z_m < free.depth_z_m - 1e-4
    assert on_wall[:20].all()
    assert not on_wall[-40:].any()
    assert walled.radiance[-40:].mean() == pytest.approx(free.radiance[-40:].mean(), rel=0.05)
    assert walled.radiance[on_wall].mean() > 0.02


def test_a_shelf_is_cut_away_for_a_camera_above_it(trace):
    shelf = PLAIN | {
        "width_m": 0.8, "depth_m": 0.5, "x_fraction": 0.0, "y_fraction": 0.0, "opening_m": 0.3,
        "thickness_m": 0.02, "height_m": 0.8,
    }  # fmt: skip
    buffers = trace(placed(scene_of(die(1)), "shelf", shelf=shelf, beneath=PLAIN))
    free = trace(scene_of(die(1)))
    assert np.array_equal(buffers.ids, free.ids)
    assert buffers.radiance[buffers.ids == 1].mean() > 0.005


def test_what_lies_in_a_bin_is_seen_and_lit(trace):
    tray = PLAIN | {"wall_height_m": 0.16, "wall_thickness_m": 0.004, "wall_slope_deg": 10.0, "rounded": True}
    inside, free = (
        trace(placed(scene_of(die(1)), "table", tray, table=TABLE, beneath=PLAIN)),
        trace(scene_of(die(1))),
    )
    assert np.array_equal(inside.ids, free.ids)
    lit, open_lit = (b.radiance[b.ids == 1].mean() for b in (inside, free))
    assert lit > 0.15 * open_lit


QUADRANTS = {(0, 0): (200, 0, 0), (0, 1): (0, 200, 0), (1, 0): (0, 0, 200), (1, 1): (200, 200, 0)}


@pytest.fixture(scope="module")
def photo_session(tmp_path_factory):
    """A session with a photograph of four colours between two margins that a 4:3 image cuts off."""
    folder = tmp_path_factory.mktemp("photos")
    image = Image.new("RGB", (1000, 300), (200, 0, 200))
    for (row, column), color in QUADRANTS.items():
        image.paste(color, (300 + 200 * column, 150 * row, 500 + 200 * column, 150 + 150 * row))
    image.save(folder / "a.png")
    config = recipe_defaults()
    config["objects"] = {"die": {"source": "die"}}
    config["engine"] |= {"samples": 1, "denoise": False, "device": "cpu"}
    config["surface"] |= {"place": "photo", "photo_folder": str(folder)}
    recipe = parse_recipe(config)
    with open_session(recipe.engine, open_library(recipe)) as opened:
        yield opened


TILTED = camera(
    pose=Pose(
        position_m=(0.3, -0.7, 0.6), rotation_wxyz=camera_rotation(azimuth_deg=20, tilt_deg=50, roll_deg=70)
    )
)


@pytest.mark.parametrize(
    "seen_by",
    [
        camera(),
        TILTED,
        replace(TILTED, lens=Lens(model="brown_conrady", coefficients=(-0.2, 0.0, 0.0, 0.0, 0.0))),
    ],
    ids=["straight down", "tilted", "through a lens"],
)
def test_a_photograph_shows_its_quadrants_where_they_are_and_fills_the_image(photo_session, seen_by):
    scene = placed(scene_of(seen_by=seen_by), "photo", photo={"photo": 0.0})
    with built(photo_session, scene):
        radiance = photo_session.trace(scene.views[0]).radiance
    for (row, column), color in QUADRANTS.items():
        part = radiance[60 * row + 3 : 60 * row + 57, 80 * column + 3 : 80 * column + 77]
        strong = np.array(color) > 0
        assert (part[..., strong].min(axis=-1) > 5 * part[..., ~strong].max(axis=-1)).mean() > 0.97


def test_an_object_casts_a_shadow_on_a_photograph(photo_session):
    """A sun from +x at 45 degrees: the shadow of a die of 20 mm reaches 20 mm beyond it, to -x."""
    direction = (math.sqrt(0.5), 0.0, math.sqrt(0.5))
    pose = Pose(rotation_wxyz=rotation_from_z(direction))
    sun = Light(name="sun", type=LightType.SUN, pose=pose, energy_w=5.0, color=(1.0, 1.0, 1.0), size_m=0.1)
    images = []
    for items in ((die(1),), ()):
        scene = replace(placed(scene_of(*items), "photo", photo={"photo": 0.0}), lights=(sun,))
        with built(photo_session, scene):
            images.append(photo_session.trace(scene.views[0]).radiance)
    shadow, lit = slice(75, 77), slice(60, 70)
    assert images[0][59:61, shadow].mean() < 0.6 * images[1][59:61, shadow].mean()
    assert images[0][59:61, lit].mean() == pytest.approx(images[1][59:61, lit].mean(), rel=0.1)
