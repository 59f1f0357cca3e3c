"""From the scene's camera (OpenCV) to Blender's (x right, y up, z backward)."""

from typing import Any

import bpy
import numpy as np
from jaxtyping import Float

from renderer.blender.runtime import start_blender
from renderer.lens.source import EQUIDISTANT
from renderer.rotation import rotation_from_vector, rotation_matrix, transform
from renderer.scene import FAR_M, NEAR_M, Camera, Motion

CAMERA_FROM_BLENDER_CAMERA = np.diag([1.0, -1.0, -1.0, 1.0])


def set_camera(camera: Camera) -> None:
    """Point Blender's camera, set its focus, and let it move where the camera does.

    BlenderProc puts the centre of the first pixel at (0, 0), not (0.5, 0.5).
    """
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
    _set_projection(camera)
    _set_focus(camera)
    _forget_pose()
    world_from_camera = transform(camera.pose)
    scene = bpy.context.scene
    scene.render.use_motion_blur = camera.motion is not None
    if camera.motion is None:
        api.add_camera_pose(world_from_camera @ CAMERA_FROM_BLENDER_CAMERA, frame=0)
        scene.frame_set(0)
        return
    # The shutter is open from frame 0 to frame 2; the camera is at its pose in the middle.
    scene.render.motion_blur_shutter, scene.render.motion_blur_position = 2.0, "CENTER"
    for frame, share in enumerate((-0.5, 0.0, 0.5)):
        moved = world_from_camera @ _moved(camera.motion, share)
        api.add_camera_pose(moved @ CAMERA_FROM_BLENDER_CAMERA, frame=frame)
    for curve in scene.camera.animation_data.action.fcurves:
        for key in curve.keyframe_points:
            key.interpolation = "LINEAR"
    scene.frame_set(1)


def _set_projection(camera: Camera) -> None:
    """A plane; for the source of a fisheye, the equidistant circle that touches the sides of its image."""
    data: Any = bpy.context.scene.camera.data
    data.type = "PERSP" if camera.lens is None else "PANO"
    if camera.lens is not None:
        assert camera.lens == EQUIDISTANT, "other lenses are warped from this one"
        data.panorama_type, data.fisheye_fov = "FISHEYE_EQUIDISTANT", camera.width_px / camera.fx_px


def _moved(motion: Motion, share: float) -> Float[np.ndarray, "4 4"]:
    """Where the camera is after a share of its motion, seen from the middle of it."""
    camera_from_moved = np.eye(4)
    camera_from_moved[:3, :3] = rotation_matrix(
        rotation_from_vector([share * v for v in motion.rotation_rad])
    )
    camera_from_moved[:3, 3] = share * np.array(motion.translation_m)
    return camera_from_moved


def _set_focus(camera: Camera) -> None:
    """Blender's aperture is its focal length over the f-stop, whatever that focal length stands for."""
    data: Any = bpy.context.scene.camera.data
    data.dof.use_dof = camera.aperture_m > 0
    if camera.aperture_m > 0:
        data.dof.focus_distance = camera.focus_m
        data.dof.aperture_fstop = data.lens / 1000 / camera.aperture_m
        data.dof.aperture_blades = 0


def _forget_pose() -> None:
    """Clear the last pose: Blender would take the Euler angles nearest to it, whose last bits are others."""
    start_blender().utility.reset_keyframes()
    bpy.context.scene.camera.rotation_euler = (0.0, 0.0, 0.0)
