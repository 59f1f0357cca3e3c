"""Cameras, shapes and poses, and where the shapes' edges and rays are: by OpenCV and SciPy, not by ours."""

from dataclasses import replace

import cv2
import numpy as np
from blender.conftest import camera
from blender.objects import RED
from matplotlib.path import Path
from scipy.spatial.transform import Rotation

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
HALF_PX = 0.5  # a pixel belongs to what its centre shows
FACES = [(0, 1, 3, 2), (4, 5, 7, 6), (0, 1, 5, 4), (2, 3, 7, 6), (0, 2, 6, 4), (1, 3, 7, 5)]
FINE = 16  # places per pixel
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


def in_image(box_xyxy: np.ndarray) -> np.ndarray:
    """What a box has in the image."""
    return np.clip(box_xyxy, 0, (160, 120, 160, 120))


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
