"""From the scene's camera (OpenCV) to Blender's (x right, y up, z backward)."""

import bpy
import numpy as np

from renderer.blender.runtime import start_blender
from renderer.rotation import transform
from renderer.scene import Camera

CAMERA_FROM_BLENDER_CAMERA = np.diag([1.0, -1.0, -1.0, 1.0])
NEAR_M, FAR_M = 0.001, 1000.0


def set_camera(camera: Camera) -> None:
    """Point Blender's camera; BlenderProc puts the centre of the first pixel at (0, 0), not (0.5, 0.5)."""
    intrinsics = np.array(
        [
            [camera.fx_px, 0.0, camera.cx_px - 0.5],
            [0.0, camera.fy_px, camera.cy_px - 0.5],
            [0.0, 0.0, 1.0],
        ]
    )
    api = start_blender().camera
    api.set_intrinsics_from_K_matrix(
        intrinsics, camera.width_px, camera.height_px, clip_start=NEAR_M, clip_end=FAR_M
    )
    world_from_camera = transform(camera.pose)
    _forget_pose()
    api.add_camera_pose(world_from_camera @ CAMERA_FROM_BLENDER_CAMERA, frame=0)
    bpy.context.scene.frame_set(0)


def _forget_pose() -> None:
    """Clear the last pose: Blender would take the Euler angles nearest to it, whose last bits are others."""
    start_blender().utility.reset_keyframes()
    bpy.context.scene.camera.rotation_euler = (0.0, 0.0, 0.0)
