"""Drawing cameras and shots."""

import math
from dataclasses import fields
from typing import Any

import numpy as np

from renderer.randomize.draws import DrawRecorder, recorder
from renderer.randomize.streams import FrameAddress, StreamKey, stream
from renderer.recipe import schema
from renderer.recipe.keys import Factor, Level
from renderer.recipe.schema import Recipe
from renderer.rotation import quaternion_about, quaternion_product, rotation_matrix
from renderer.scene import Camera, Pose, Quaternion, SensorValues, Shot, View

# An OpenCV camera (x right, y down, z forward) that looks straight down: half a turn about x.
_LOOKING_DOWN: Quaternion = (0.0, 1.0, 0.0, 0.0)


def draw_view(recipe: Recipe, scene: int, view: int, half_size_m: tuple[float, float]) -> View:
    """Draw one view of a scene, with all its shots."""
    draws = recorder(recipe, FrameAddress(scene=scene, view=view))
    camera = _draw_camera(draws, recipe.camera, half_size_m)
    cycles_seed = _seed(draws, Level.VIEW, "engine.cycles_seed", 2**31)
    shots = tuple(_draw_shot(recipe, scene, view, shot) for shot in range(recipe.shots))
    return View(camera=camera, cycles_seed=cycles_seed, shots=shots, draws=draws.record)


def _draw_shot(recipe: Recipe, scene: int, view: int, shot: int) -> Shot:
    draws = recorder(recipe, FrameAddress(scene=scene, view=view, shot=shot))
    values = {short: draws.draw(factor) for short, factor in active_factors(recipe.sensor).items()}
    noise_seed = _seed(draws, Level.SHOT, "sensor.noise_seed", 2**63)
    return Shot(sensor=SensorValues(**values), noise_seed=noise_seed, draws=draws.record)


def active_factors(part: Any) -> dict[str, Factor]:
    """The factors of a group by their short names, without those that are off or need one that is off."""
    there = {f.name: getattr(part, f.name) for f in fields(part)}
    return {
        name: factor
        for name, factor in there.items()
        if isinstance(factor, Factor) and (not factor.spec.needs or there[factor.spec.needs] is not None)
    }


def _seed(draws: DrawRecorder, level: Level, name: str, end: int) -> int:
    index = draws.address.at(level)
    rng = stream(StreamKey(seed=draws.seed, level=level, index=index, name=name))
    return int(rng.integers(end))


def _draw_camera(draws: DrawRecorder, camera: schema.Camera, half_size_m: tuple[float, float]) -> Camera:
    focal_length_mm = draws.draw(camera.focal_length_mm)
    field_width_m = draws.draw(camera.field_width_m)
    target = (
        draws.draw(camera.target_x_fraction) * half_size_m[0],
        draws.draw(camera.target_y_fraction) * half_size_m[1],
        0.0,
    )
    rotation = camera_rotation(
        azimuth_deg=draws.draw(camera.azimuth_deg),
        tilt_deg=draws.draw(camera.tilt_deg),
        roll_deg=draws.draw(camera.roll_deg),
    )
    distance_m = field_width_m * focal_length_mm / camera.sensor_width_mm
    position = np.array(target) - distance_m * rotation_matrix(rotation)[:, 2]
    fx_px = focal_length_mm / camera.sensor_width_mm * camera.width_px
    return Camera(
        width_px=camera.width_px,
        height_px=camera.height_px,
        fx_px=fx_px,
        fy_px=fx_px * camera.pixel_aspect,
        cx_px=camera.width_px / 2,
        cy_px=camera.height_px / 2,
        pose=Pose(
            position_m=(float(position[0]), float(position[1]), float(position[2])),
            rotation_wxyz=rotation,
        ),
    )


def camera_rotation(*, azimuth_deg: float, tilt_deg: float, roll_deg: float) -> Quaternion:
    """World from camera: looking down, tilted towards +Y, turned about +Z, rolled about its axis."""
    tilted = quaternion_product(quaternion_about((1, 0, 0), math.radians(tilt_deg)), _LOOKING_DOWN)
    turned = quaternion_product(quaternion_about((0, 0, 1), math.radians(azimuth_deg)), tilted)
    return quaternion_product(turned, quaternion_about((0, 0, 1), math.radians(roll_deg)))
