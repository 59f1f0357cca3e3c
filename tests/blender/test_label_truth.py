"""Spheres, boxes and planes at known poses against closed forms: where they end, how deep they lie."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from blender.conftest import camera, scene_of
from blender.objects import RED
from matplotlib.path import Path
from scipy.spatial.transform import Rotation

from renderer.labels.cast import cast_view
from renderer.labels.instances import boxes_of_masks
from renderer.randomize.cameras import camera_rotation
from renderer.scene import Camera, Contact, Lens, Pose, SceneObject

TILTED = Pose(
    position_m=(0.1, -0.5, 0.8),
    rotation_wxyz=camera_rotation(azimuth_deg=10, tilt_deg=30, roll_deg=20),
)
BARREL = Lens(model="brown_conrady", coefficients=(-0.3, 0.12, 0.001, -0.002, -0.02))
FISHEYE = Lens(model="fisheye", coefficients=(-0.02, 0.003, -0.001, 0.0))
CAMERAS = {
    "straight down": camera(),
    "off-centre, wide pixels": camera(cx_px=70.0, cy_px=66.5, fy_px=266.6666),
    "tilted": camera(pose=TILTED),
    "barrel": camera(lens=BARREL, fx_px=150.0, fy_px=157.0, cx_px=75.0),
    "fisheye, tilted": camera(lens=FISHEYE, fx_px=140.0, fy_px=140.0, pose=TILTED),
}
# A pixel belongs to what its centre shows. Ids under a lens are taken up to a quarter of a pixel off it.
HALF_PX, UNDER_A_LENS_PX = 0.5, 0.75
FACETS_PX = 0.02  # of a sphere of 5120 triangles and 20 px
INNER = 0.2  # of a sphere, over the square of its depth in the middle: beyond, depth changes without bound
STEEPEST = np.tan(np.arccos(np.sqrt(INNER)))  # depth over width there
POSES = {
    "upright": Pose(position_m=(0.03, -0.02, 0.05)),
    "turned": Pose(position_m=(-0.06, 0.04, 0.2), rotation_wxyz=(0.8, 0.36, 0.48, 0.0)),
    "at the side": Pose(position_m=(0.14, 0.1, 0.1), rotation_wxyz=(0.5, 0.1, -0.5, 0.7)),
}


def solid(shape: str, pose: Pose, size_m: float = 0.2, flatness: float = 1.0) -> SceneObject:
    """A labelled shape."""
    w, x, y, z = np.array(pose.rotation_wxyz) / np.linalg.norm(pose.rotation_wxyz)
    return SceneObject(
        kind="solid",
        slot=0,
        source="primitive",
        category="solid",
        contact=Contact.STACK,
        pose=replace(pose, rotation_wxyz=(float(w), float(x), float(y), float(z))),
        parameters={"shape": shape, "size_m": size_m, "flatness": flatness, **RED},
    )


def rotation(pose: Pose) -> Rotation:
    return Rotation.from_quat(pose.rotation_wxyz, scalar_first=True)


def in_camera(seen_by: Camera, points_world: np.ndarray) -> np.ndarray:
    return rotation(seen_by.pose).inv().apply(points_world - np.array(seen_by.pose.position_m))


def in_world(item: SceneObject, points: np.ndarray) -> np.ndarray:
    return rotation(item.pose).apply(points) + np.array(item.pose.position_m)


def project(seen_by: Camera, points: np.ndarray) -> np.ndarray:
    """Pixels of points in the camera's frame, by OpenCV."""
    K = np.array([[seen_by.fx_px, 0, seen_by.cx_px], [0, seen_by.fy_px, seen_by.cy_px], [0, 0, 1]])
    lens, still = seen_by.lens, np.zeros(3)
    coefficients = np.zeros(5) if lens is None else np.array(lens.coefficients)
    bend = cv2.fisheye.projectPoints if lens is not None and lens.model == "fisheye" else None
    if bend is not None:
        pixels, _ = bend(points[:, None], still, still, K, coefficients)
    else:
        pixels, _ = cv2.projectPoints(points[:, None], still, still, K, coefficients)
    return pixels[:, 0]


def seen(
    trace: Callable, library, item: SceneObject, seen_by: Camera
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The box of the visible pixels, that of the whole object, and the depth where it is visible, else 0."""
    scene = scene_of(item, seen_by=seen_by)
    buffers = trace(scene)
    mask = buffers.ids == 1
    visible = boxes_of_masks(torch.from_numpy(mask)).numpy()
    (whole,) = cast_view(scene, scene.views[0], library, torch.device("cpu")).wholes
    height, width = whole.mask.shape
    left, top = whole.origin_px
    return visible, np.array([left, top, left + width, top + height]), np.where(mask, buffers.depth_z_m, 0)


def in_image(box_xyxy: np.ndarray) -> np.ndarray:
    """What a box has in the image."""
    return np.clip(box_xyxy, 0, (160, 120, 160, 120))


def most_off_px(seen_by: Camera) -> float:
    return HALF_PX if seen_by.lens is None else UNDER_A_LENS_PX


def middle_of_sphere(item: SceneObject) -> np.ndarray:
    radius_m = item.parameters["size_m"] / 2
    return in_world(item, np.array([[0.0, 0.0, radius_m]]))[0]


def ends_of_sphere(seen_by: Camera, middle: np.ndarray, radius_m: float) -> np.ndarray:
    """Lowest and highest column and row of the cone of rays that touch a sphere."""
    distance = np.linalg.norm(middle)
    axis = middle / distance
    aside = np.cross(axis, [1.0, 0.0, 0.0])
    aside /= np.linalg.norm(aside)
    turn = np.linspace(0, 2 * np.pi, 3601)[:, None]
    sine = radius_m / distance
    rim = np.sqrt(1 - sine**2) * axis + sine * (np.cos(turn) * aside + np.sin(turn) * np.cross(axis, aside))
    pixels = project(seen_by, rim)
    return np.concatenate([pixels.min(axis=0), pixels.max(axis=0)])


@pytest.mark.parametrize("pose", POSES)
@pytest.mark.parametrize("name", CAMERAS)
def test_a_sphere_ends_where_rays_touch_it(trace, library, name, pose):
    seen_by, item = CAMERAS[name], solid("sphere", POSES[pose])
    middle = in_camera(seen_by, middle_of_sphere(item))
    truth = ends_of_sphere(seen_by, middle, 0.1)
    visible, whole, _ = seen(trace, library, item, seen_by)
    assert np.abs(visible - in_image(truth)).max() < most_off_px(seen_by) + FACETS_PX
    assert np.abs(whole - truth).max() < most_off_px(seen_by) + FACETS_PX


def test_without_a_lens_a_spheres_silhouette_is_the_closed_form_of_an_ellipse():
    """The planes through the camera that touch a sphere: tan(angle of its middle ± half its width)."""
    seen_by, middle = CAMERAS["off-centre, wide pixels"], np.array([0.2, -0.1, 0.8])
    ends = []
    for axis, focal_px, centre_px in ((0, seen_by.fx_px, seen_by.cx_px), (1, seen_by.fy_px, seen_by.cy_px)):
        angle, reach = np.arctan2(middle[axis], middle[2]), np.hypot(middle[axis], middle[2])
        half = np.arcsin(0.1 / reach)
        ends.append([focal_px * np.tan(angle + side * half) + centre_px for side in (-1, 1)])
    assert np.allclose(ends_of_sphere(seen_by, middle, 0.1), np.transpose(ends).ravel(), atol=1e-3)


@pytest.mark.parametrize("name", CAMERAS)
def test_a_sphere_is_as_deep_as_the_root_of_its_equation_says(trace, library, name):
    seen_by, item = CAMERAS[name], solid("sphere", POSES["turned"])
    middle = in_camera(seen_by, middle_of_sphere(item))
    depth_z_m = seen(trace, library, item, seen_by)[2]
    pixels = np.argwhere(depth_z_m > 0)[:, ::-1] + 0.5
    found = depth_z_m[depth_z_m > 0]
    rays = rays_through(seen_by, pixels)
    half_b, c = rays @ middle, middle @ middle - 0.1**2
    root = half_b**2 - (rays**2).sum(axis=1) * c
    inner = root > INNER * root.max()
    true = ((half_b - np.sqrt(np.maximum(root, 0))) / (rays**2).sum(axis=1) * rays[:, 2])[inner]
    most = 1e-3 if seen_by.lens is None else 1e-3 + 0.25 * np.sqrt(2) / seen_by.fx_px * STEEPEST
    assert inner.sum() > 500
    assert np.abs(found[inner] / true - 1).max() < most
    assert abs(np.mean(found[inner] / true - 1)) < (3e-4 if seen_by.lens is None else most / 4)


def rays_through(seen_by: Camera, pixels: np.ndarray) -> np.ndarray:
    """Directions in the camera's frame, with z = 1, by OpenCV."""
    K = np.array([[seen_by.fx_px, 0, seen_by.cx_px], [0, seen_by.fy_px, seen_by.cy_px], [0, 0, 1]])
    lens = seen_by.lens
    enough = (cv2.TERM_CRITERIA_MAX_ITER + cv2.TERM_CRITERIA_EPS, 300, 1e-13)
    if lens is not None and lens.model == "fisheye":
        coefficients = np.array(lens.coefficients)
        flat = cv2.fisheye.undistortPoints(pixels[:, None], K, coefficients, criteria=enough)
    else:
        coefficients = np.zeros(5) if lens is None else np.array(lens.coefficients)
        flat = cv2.undistortPointsIter(pixels[:, None], K, coefficients, None, None, enough)
    return np.column_stack([flat[:, 0], np.ones(len(pixels))])


FACES = [(0, 1, 3, 2), (4, 5, 7, 6), (0, 1, 5, 4), (2, 3, 7, 6), (0, 2, 6, 4), (1, 3, 7, 5)]
FINE = 16  # places per pixel


def box_corners(item: SceneObject) -> np.ndarray:
    """Corner number 4 i + 2 j + k lies at the low or high end of x, y and z."""
    size_m, flatness = item.parameters["size_m"], item.parameters["flatness"]
    ends = ((-0.5, 0.5), (-0.375, 0.375), (0.0, 1.0))
    unit = np.array([(x, y, z) for x in ends[0] for y in ends[1] for z in ends[2]])
    return in_world(item, unit * size_m * (1, 1, flatness))


def ends_on_lines(seen_by: Camera, corners: np.ndarray) -> np.ndarray:
    """How far a box reaches along the rows, and along the columns, through the centres of pixels.

    Between two of them the tip of a corner shows in no pixel.
    """
    outlines = []
    along = np.linspace(0, 1, 40)[:, None]
    for face in FACES:
        a, b = corners[list(face)], corners[list(np.roll(face, -1))]
        outline = np.concatenate([p + along * (q - p) for p, q in zip(a, b, strict=True)])
        outlines.append(Path(project(seen_by, outline)))
    low = np.floor(np.min([outline.vertices.min(axis=0) for outline in outlines], axis=0)).astype(int) - 1
    high = np.ceil(np.max([outline.vertices.max(axis=0) for outline in outlines], axis=0)).astype(int) + 1
    fine_u, fine_v = (np.arange(a, b, 1 / FINE) for a, b in zip(low, high, strict=True))
    centre_u, centre_v = (np.arange(a, b) + 0.5 for a, b in zip(low, high, strict=True))
    x = fine_u[_covered(outlines, fine_u, centre_v).any(axis=0)]
    y = fine_v[_covered(outlines, centre_u, fine_v).any(axis=1)]
    return np.array([x[0], y[0], x[-1], y[-1]])


def _covered(outlines: list[Path], u: np.ndarray, v: np.ndarray) -> np.ndarray:
    points = np.stack(np.meshgrid(u, v), axis=-1).reshape(-1, 2)
    inside = np.any([outline.contains_points(points) for outline in outlines], axis=0)
    return np.asarray(inside).reshape(len(v), len(u))


@pytest.mark.parametrize("pose", ["upright", "turned"])
@pytest.mark.parametrize("name", CAMERAS)
def test_a_box_ends_where_its_edges_are_projected(trace, library, name, pose):
    seen_by, item = CAMERAS[name], solid("box", POSES[pose], flatness=0.5)
    truth = ends_on_lines(seen_by, in_camera(seen_by, box_corners(item)))
    visible, whole, _ = seen(trace, library, item, seen_by)
    assert np.abs(visible - in_image(truth)).max() < most_off_px(seen_by) + 1 / FINE
    assert np.abs(whole - truth).max() < most_off_px(seen_by) + 1 / FINE


@pytest.mark.parametrize("name", CAMERAS)
def test_a_plane_is_as_deep_as_its_equation_says(trace, name):
    """Of a plane n . p = d in the camera's frame, a ray r of z = 1 meets d / (n . r)."""
    seen_by = CAMERAS[name]
    depth_z_m = trace(scene_of(seen_by=seen_by)).depth_z_m
    n = rotation(seen_by.pose).inv().apply([0.0, 0.0, 1.0])
    d = n @ in_camera(seen_by, np.zeros(3))
    pixels = np.argwhere(np.ones_like(depth_z_m))[:, ::-1] + 0.5
    true = (d / (rays_through(seen_by, pixels) @ n)).reshape(depth_z_m.shape)
    most = 1e-5
    if seen_by.lens is not None:  # a quarter of a pixel each way
        most += 0.3 * max(np.abs(np.diff(true, axis=axis) / true.min()).max() for axis in (0, 1)) * 2
    assert np.abs(depth_z_m / true - 1).max() < most
    assert abs(np.median(depth_z_m / true - 1)) < 1e-5 + most / 20
