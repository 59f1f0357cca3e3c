"""Labels, depth and image through a lens, an open aperture and in motion, against closed forms."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from blender.conftest import camera, scene_of
from blender.objects import box

from renderer.buffers import Buffers
from renderer.labels.cast import at_centres, cast_view
from renderer.lens.distortion import distort, undistort
from renderer.scene import Camera, Lens, Motion

LENSES = {
    "barrel": Lens(model="brown_conrady", coefficients=(-0.3, 0.12, 0.001, -0.002, -0.02)),
    "pincushion": Lens(model="brown_conrady", coefficients=(0.4, 0.1, 0.0, 0.0, 0.0)),
    "fisheye": Lens(model="fisheye", coefficients=(-0.02, 0.003, -0.001, 0.0)),
}
CAMERAS = {name: camera(lens=lens, fx_px=120.0, fy_px=126.0, cx_px=75.0) for name, lens in LENSES.items()}
CAMERAS["fisheye of 190 degrees"] = replace(CAMERAS["fisheye"], fx_px=60.0, fy_px=60.0)
# Of a box of 1.2 m: its long, far edge in the world, which lies on its upper side.
BOX = box(0.0, -0.1, 1.2)
EDGE_HALF_M, EDGE_Y_M, EDGE_Z_M = 0.6, 0.35, 0.001
# Half a pixel, since a pixel belongs to what its centre shows, and a quarter, since ids are twice as dense.
LARGEST_ERROR_PX = 0.76


def edge_in_the_image(seen_by: Camera) -> np.ndarray:
    """Pixels along the edge, for the camera 1 m above the origin that looks straight down."""
    x = np.linspace(-EDGE_HALF_M, EDGE_HALF_M, 400)
    points = np.stack([x, np.full_like(x, -EDGE_Y_M), np.full_like(x, 1 - EDGE_Z_M)], axis=-1)
    return distort(seen_by.lens, points) * (seen_by.fx_px, seen_by.fy_px) + (seen_by.cx_px, seen_by.cy_px)


def edge_of_mask(mask: np.ndarray) -> np.ndarray:
    """The middle of the upper side of the first pixel in each column of a mask, but for its ends."""
    columns = np.nonzero(mask.any(axis=0))[0][3:-3]
    return np.stack([columns + 0.5, mask[:, columns].argmax(axis=0)], axis=-1)


@pytest.mark.parametrize("name", CAMERAS)
def test_a_straight_edge_is_labelled_along_its_curve(trace, library, name):
    seen_by = CAMERAS[name]
    truth, scene = edge_in_the_image(seen_by), scene_of(BOX, seen_by=seen_by)
    sampled = trace(scene)
    centred = at_centres(sampled, cast_view(scene, scene.views[0], library, torch.device("cpu")))
    for buffers, most_px in ((sampled, LARGEST_ERROR_PX), (centred, 0.51)):
        found = edge_of_mask(buffers.ids == 1)
        expected = np.interp(found[:, 0], truth[:, 0], truth[:, 1])
        assert len(found) > 20
        assert np.abs(found[:, 1] - expected).max() < most_px
        assert abs(np.mean(found[:, 1] - expected)) < 0.2


@pytest.mark.parametrize("name", ["barrel", "pincushion", "fisheye"])
def test_the_edge_of_a_mask_is_straight_again_once_the_lens_is_undone(trace, name):
    seen_by = CAMERAS[name]
    found = edge_of_mask(trace(scene_of(BOX, seen_by=seen_by)).ids == 1)
    points = (found - (seen_by.cx_px, seen_by.cy_px)) / (seen_by.fx_px, seen_by.fy_px)
    rays = undistort(seen_by.lens, points)
    heights_px = seen_by.fy_px * rays[:, 1] / rays[:, 2]
    bent_px = seen_by.fy_px * points[:, 1]
    assert np.ptp(bent_px) >= 3  # else the lens bends too little for a test
    assert np.abs(heights_px - heights_px.mean()).max() < 1.3 * LARGEST_ERROR_PX
    assert heights_px.mean() == pytest.approx(-seen_by.fy_px * EDGE_Y_M / (1 - EDGE_Z_M), abs=0.3)


@pytest.mark.parametrize("name", CAMERAS)
def test_the_image_agrees_with_the_mask(trace, name):
    buffers = trace(scene_of(BOX, seen_by=CAMERAS[name]))
    redness = buffers.radiance[..., 0] / buffers.radiance.sum(axis=-1)
    mask = buffers.ids == 1
    assert np.mean((redness > 0.5) == mask) > 0.985


@pytest.mark.parametrize("name", CAMERAS)
def test_depth_through_a_lens_is_along_the_axis(trace, name):
    depth_z_m = trace(scene_of(seen_by=CAMERAS[name])).depth_z_m[20:100, 30:130]
    # A quarter of a pixel at 60 degrees from the axis of the widest, where depth changes most.
    assert np.allclose(depth_z_m, 1.0, atol=0.25 / 60 * math.hypot(1, 1) * math.tan(math.radians(62)))


def profile(buffers: Buffers) -> np.ndarray:
    """How red each column is, over the middle rows, where the box's left and right edges are vertical."""
    rows = buffers.radiance[50:70]
    red: np.ndarray = (rows[..., 0] - rows[..., 2]).mean(axis=0)
    return red


def spread_px(buffers: Buffers, sharp: Buffers) -> float:
    """Standard deviation of the blur of the left edge of the box, in pixels, beyond that of the sharp one."""

    def variance(of: Buffers) -> float:
        steps = np.diff(profile(of))[5:75]
        places = np.arange(len(steps))
        mean = np.average(places, weights=steps)
        return float(np.average((places - mean) ** 2, weights=steps))

    return math.sqrt(variance(buffers) - variance(sharp))


@pytest.fixture
def fine(session):
    """Trace with enough samples to see a blur's shape."""
    import bpy
    from blender.conftest import built

    def traced(**changes):
        bpy.context.scene.cycles.samples = 256
        scene = scene_of(box(0, 0, 0.25), seen_by=camera(**changes))
        try:
            with built(session, scene):
                return session.trace(scene.views[0])
        finally:
            bpy.context.scene.cycles.samples = 1

    return traced


def test_blur_beside_the_focus_is_the_circle_of_confusion(fine):
    """A disk of diameter c blurs an edge with standard deviation c / 4."""
    sharp = fine(aperture_m=0.05, focus_m=1.0)
    blurred = fine(aperture_m=0.05, focus_m=0.5)
    circle_px = 0.05 * abs(1 / 0.5 - 1 / 1.0) * 200
    assert spread_px(blurred, sharp) == pytest.approx(circle_px / 4, rel=0.08)


def test_a_pan_smears_along_its_direction_by_its_angle(fine):
    still = fine()
    panned = fine(motion=Motion(translation_m=(0, 0, 0), rotation_rad=(0, 0.06, 0)))
    assert spread_px(panned, still) == pytest.approx(200 * 0.06 / math.sqrt(12), rel=0.08)
    nodded = fine(motion=Motion(translation_m=(0, 0, 0), rotation_rad=(0.06, 0, 0)))
    assert np.abs(profile(nodded) - profile(still)).max() < 0.15 * profile(still).max()


def test_a_moving_camera_smears_by_its_way_over_the_distance(fine):
    moved = fine(motion=Motion(translation_m=(0.06, 0, 0), rotation_rad=(0, 0, 0)))
    assert spread_px(moved, fine()) == pytest.approx(200 * 0.06 / math.sqrt(12), rel=0.08)


@pytest.mark.parametrize(
    "changes",
    [
        {"aperture_m": 0.1, "focus_m": 0.3},
        {"motion": Motion(translation_m=(0.1, 0.0, 0.0), rotation_rad=(0.0, 0.1, 0.0))},
    ],
    ids=["out of focus", "moving"],
)
def test_labels_are_those_of_a_sharp_camera_that_stands_still(trace, changes):
    sharp = trace(scene_of(box(0.05, 0.03)))
    blurred = trace(scene_of(box(0.05, 0.03), seen_by=camera(**changes)))
    assert np.array_equal(blurred.ids, sharp.ids)
    assert np.array_equal(blurred.depth_z_m, sharp.depth_z_m)
    assert not np.allclose(blurred.radiance, sharp.radiance, atol=0.05)


def test_what_a_view_set_is_gone_with_the_next(trace):
    plain = scene_of(box(0.05, 0.03))
    before = trace(plain)
    moving = Motion(translation_m=(0.1, 0.0, 0.0), rotation_rad=(0.0, 0.0, 0.0))
    for seen_by in (CAMERAS["fisheye"], camera(aperture_m=0.1, focus_m=0.3), camera(motion=moving)):
        trace(scene_of(box(0.05, 0.03), seen_by=seen_by))
    after = trace(plain)
    assert np.array_equal(before.radiance, after.radiance)
    assert np.array_equal(before.ids, after.ids)
