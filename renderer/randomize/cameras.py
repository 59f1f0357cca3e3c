"""Drawing a camera: intrinsics, pose, focus, motion and lens."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from renderer.catalog.fractions import at_fraction
from renderer.errors import RecipeError
from renderer.lens.distortion import COEFFICIENTS
from renderer.lens.source import lens_fault
from renderer.randomize.draws import DrawRecorder
from renderer.recipe import imaging
from renderer.recipe.keys import Factor
from renderer.rotation import quaternion_about, quaternion_product, rotation_matrix
from renderer.scene import Camera, Lens, Motion, Pose, Quaternion, SceneObject, Vector3

# An OpenCV camera (x right, y down, z forward) that looks straight down: half a turn about x.
_LOOKING_DOWN: Quaternion = (0.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a camera is placed in: the number of its view, the layout area and its objects."""

    view: int
    half_size_m: tuple[float, float]
    objects: Sequence[SceneObject]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Aim:
    """A camera's pose, the distance of its target, and the object that it looks at, if any."""

    pose: Pose
    distance_m: float
    followed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aimed:
    """A camera, how far away its target is, and the name of the object that it looks at, if any."""

    camera: Camera
    distance_m: float
    followed: str | None


def draw_camera(draws: DrawRecorder, camera: imaging.Camera, around: Surroundings) -> Aimed:
    """Draw a camera and what it looks at.

    Raises:
        RecipeError: the lens cannot be rendered, whatever is drawn for it.
    """
    rig = list(camera.rig.values())
    fixed = rig[around.view] if rig else None
    plain = _with_intrinsics(draws, camera, fixed)
    aim = _fixed_aim(fixed) if fixed is not None else _draw_aim(draws, camera, plain, around)
    aimed = replace(plain, pose=aim.pose, motion=_draw_motion(draws, camera))
    aimed = _with_focus(draws, camera, aimed, aim.distance_m)
    seen = _with_lens(draws, camera, aimed)
    return Aimed(camera=seen, distance_m=aim.distance_m, followed=aim.followed)


def _with_intrinsics(draws: DrawRecorder, camera: imaging.Camera, fixed: imaging.RigCamera | None) -> Camera:
    """A camera at the origin: by its matrix where there is one, else by field of view or focal length."""
    width, height = camera.width_px, camera.height_px
    matrix = fixed.K if fixed is not None and fixed.K is not None else camera.K
    if fixed is not None and fixed.focal_length_mm is not None:
        fx = fixed.focal_length_mm / camera.sensor_width_mm * width
        matrix = None
    elif matrix is not None:
        fx = matrix[0]
    elif (fov_deg := _if_on(draws, camera.fov_deg)) is not None:
        fx = width / 2 / math.tan(math.radians(fov_deg) / 2)
    else:
        fx = draws.draw(camera.focal_length_mm) / camera.sensor_width_mm * width
    _, fy, cx, cy = matrix or (fx, fx * camera.pixel_aspect, width / 2, height / 2)
    return Camera(width_px=width, height_px=height, fx_px=fx, fy_px=fy, cx_px=cx, cy_px=cy, pose=Pose())


def _fixed_aim(fixed: imaging.RigCamera) -> _Aim:
    position, target = np.array(fixed.position_m), np.array(fixed.target_m)
    away = position - target
    distance_m = float(np.linalg.norm(away))
    azimuth_deg, tilt_deg = direction_angles_deg([float(v) for v in away / distance_m])
    rotation = camera_rotation(azimuth_deg=azimuth_deg, tilt_deg=tilt_deg, roll_deg=fixed.roll_deg)
    x, y, z = fixed.position_m
    return _Aim(pose=Pose(position_m=(x, y, z), rotation_wxyz=rotation), distance_m=distance_m)


def _draw_aim(draws: DrawRecorder, camera: imaging.Camera, plain: Camera, around: Surroundings) -> _Aim:
    target, followed = _draw_target(draws, camera, around)
    if (direction := _if_on(draws, camera.direction)) is not None:
        azimuth_deg, tilt_deg = direction_angles_deg(direction)
    else:
        azimuth_deg, tilt_deg = draws.draw(camera.azimuth_deg), draws.draw(camera.tilt_deg)
    rotation = camera_rotation(
        azimuth_deg=azimuth_deg, tilt_deg=tilt_deg, roll_deg=draws.draw(camera.roll_deg)
    )
    if (shell_m := _if_on(draws, camera.distance_m)) is not None:
        distance_m = shell_m
    elif (height_m := _if_on(draws, camera.height_m)) is not None:
        distance_m = height_m / math.cos(math.radians(tilt_deg))
    else:
        distance_m = draws.draw(camera.field_width_m) * plain.fx_px / plain.width_px
    x, y, z = np.array(target) - distance_m * rotation_matrix(rotation)[:, 2]
    pose = Pose(position_m=(float(x), float(y), float(z)), rotation_wxyz=rotation)
    return _Aim(pose=pose, distance_m=distance_m, followed=followed)


def _draw_target(
    draws: DrawRecorder, camera: imaging.Camera, around: Surroundings
) -> tuple[Vector3, str | None]:
    """The target, and the object that it is counted from, where the scene has one of the kind."""
    x = draws.draw(camera.target_x_fraction) * around.half_size_m[0]
    y = draws.draw(camera.target_y_fraction) * around.half_size_m[1]
    z = draws.draw(camera.target_height_m)
    objects = [item for item in around.objects if item.kind == camera.look_at]
    if not objects:
        return (x, y, z), None
    chosen = at_fraction(objects, draws.draw(camera.target_object))
    from_x, from_y, from_z = chosen.pose.position_m
    return (from_x + x, from_y + y, from_z + z), chosen.name


def _with_focus(draws: DrawRecorder, camera: imaging.Camera, sharp: Camera, distance_m: float) -> Camera:
    """The camera with its aperture, if any: intrinsics and the width of the sensor give its focal length."""
    f_stop = _if_on(draws, camera.f_stop)
    if f_stop is None:
        return sharp
    focal_length_m = sharp.fx_px / sharp.width_px * camera.sensor_width_mm / 1000
    return replace(
        sharp,
        aperture_m=focal_length_m / f_stop,
        focus_m=distance_m * draws.draw(camera.focus_fraction),
    )


def _draw_motion(draws: DrawRecorder, camera: imaging.Camera) -> Motion | None:
    pan_deg, moved_m = _if_on(draws, camera.motion_deg), _if_on(draws, camera.motion_m)
    if pan_deg is None and moved_m is None:
        return None
    angle_rad = math.radians(draws.draw(camera.motion_angle_deg))
    pan_rad, moved_m = math.radians(pan_deg or 0.0), moved_m or 0.0
    x, y = math.cos(angle_rad), math.sin(angle_rad)
    # The optical axis z is turned towards (x, y, 0) about z cross (x, y, 0).
    return Motion(
        translation_m=(x * moved_m, y * moved_m, 0.0), rotation_rad=(-y * pan_rad, x * pan_rad, 0.0)
    )


def _with_lens(draws: DrawRecorder, camera: imaging.Camera, straight: Camera) -> Camera:
    """The camera with a lens that can be rendered: coefficients are drawn again until one can."""
    distortion = camera.distortion
    if distortion.model == "none":
        return straight
    factors = [getattr(distortion, name) for name in COEFFICIENTS[distortion.model]]

    def bent(values: Sequence[float]) -> Camera:
        return replace(straight, lens=Lens(model=distortion.model, coefficients=tuple(values)))

    drawn = draws.draw_until(factors, None, lambda values: lens_fault(bent(list(values.values()))) is None)
    seen = bent([drawn[factor.name] for factor in factors])
    fault = lens_fault(seen)
    if fault is not None:
        raise RecipeError(
            f"camera.distortion must be a lens that can be rendered, but it {fault}, whatever is drawn: "
            "take smaller coefficients or a longer focal length"
        )
    return seen


def _if_on(draws: DrawRecorder, factor: Factor | None) -> Any:
    """The draw of an optional factor, None where it is off in the recipe or in this draw."""
    return None if factor is None else draws.draw(factor)


def direction_angles_deg(direction: Sequence[float]) -> tuple[float, float]:
    """Azimuth and tilt of the camera that looks from a direction towards the origin."""
    x, y, z = direction
    return math.degrees(math.atan2(x, -y)), math.degrees(math.atan2(math.hypot(x, y), z))


def camera_rotation(*, azimuth_deg: float, tilt_deg: float, roll_deg: float) -> Quaternion:
    """World from camera: looking down, tilted towards +Y, turned about +Z, rolled about its axis."""
    tilted = quaternion_product(quaternion_about((1, 0, 0), math.radians(tilt_deg)), _LOOKING_DOWN)
    turned = quaternion_product(quaternion_about((0, 0, 1), math.radians(azimuth_deg)), tilted)
    return quaternion_product(turned, quaternion_about((0, 0, 1), math.radians(roll_deg)))
