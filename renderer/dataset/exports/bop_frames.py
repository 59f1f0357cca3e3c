"""What BOP says of an image: its camera, the poses of its objects, their boxes, masks and depth.

All objects of the frame are there, whether annotated, ignored or not seen at all: BOP tells them apart by
`visib_fract` alone. The numbers are those of bop_toolkit's `calc_gt_info.py`: a box is [x, y, width, height]
with width the last column less the first one, and [-1, -1, -1, -1] where nothing is seen.
"""

import io
from typing import Any

import numpy as np
import OpenEXR
from jaxtyping import Bool, Float32, UInt16

from renderer.dataset.exports.bop_models import DECIMALS_OF_MM, MM, Models, object_box
from renderer.dataset.exports.objects import Instance
from renderer.dataset.record import Record, decode_mask
from renderer.rotation import rotation_matrix

DEPTH_SCALES_MM = (0.1, 1.0, 10.0)  # the first is that of most BOP datasets
DEEPEST = 2**16 - 1
NOWHERE = [-1, -1, -1, -1]


def camera_entry(record: Record, depth_scale_mm: float) -> dict[str, Any]:
    """Of `scene_camera.json`."""
    camera = record["camera"]
    (fx, _, cx), (_, fy, cy), _ = camera["K"]
    R_world = rotation_matrix(camera["pose"]["rotation_wxyz"])
    return {
        # BOP's first pixel has its centre at (0, 0), a record's at (0.5, 0.5)
        "cam_K": [fx, 0.0, cx - 0.5, 0.0, fy, cy - 0.5, 0.0, 0.0, 1.0],
        "cam_R_w2c": _numbers(R_world.T, decimals=12),
        "cam_t_w2c": _numbers(-R_world.T @ np.array(camera["pose"]["position_m"]) * MM),
        "depth_scale": depth_scale_mm,
    }


def whole_camera(record: Record) -> dict[str, Any]:
    """Of `camera.json`."""
    fx, _, cx, _, fy, cy = camera_entry(record, DEPTH_SCALES_MM[0])["cam_K"][:6]
    size = {"width": record["image"]["width_px"], "height": record["image"]["height_px"]}
    return size | {"fx": fx, "fy": fy, "cx": cx, "cy": cy, "depth_scale": DEPTH_SCALES_MM[0]}


def pose_entry(instance: Instance, models: Models) -> dict[str, Any]:
    """Of `scene_gt.json`; `model_min` and `model_size`, which BOP does not have, are the object's own box."""
    low, high = object_box(instance) * MM
    return {
        "obj_id": models.number_of(instance),
        "cam_R_m2c": _numbers(rotation_matrix(instance["pose"]["rotation_wxyz"]), decimals=12),
        "cam_t_m2c": _numbers(np.array(instance["pose"]["position_m"]) * MM),
        "model_min": _numbers(low),
        "model_size": _numbers(high - low),
    }


def _numbers(values: np.ndarray, decimals: int = DECIMALS_OF_MM) -> list[float]:
    return [round(float(v), decimals) + 0.0 for v in values.ravel()]


def info_entry(
    instance: Instance, whole: Bool[np.ndarray, "h w"], depth: UInt16[np.ndarray, "h w"] | None
) -> dict[str, Any]:
    """Of `scene_gt_info.json`.

    Args:
        whole: the part of the whole object inside the image.
        depth: None is a frame without: all that a ray meets has one then.
    """
    all_px, seen_px = instance["amodal"]["area_px"], instance["area_px"]
    return {
        "px_count_all": all_px,
        "px_count_valid": int(np.count_nonzero(whole if depth is None else depth[whole])),
        "px_count_visib": seen_px,
        "visib_fract": seen_px / all_px if all_px else 0.0,
        "bbox_obj": bop_box(instance["amodal"]["bbox_xyxy"]) if seen_px else NOWHERE,
        "bbox_visib": bop_box(instance["bbox_xyxy"]) if seen_px else NOWHERE,
    }


def bop_box(box_xyxy: list[int]) -> list[int]:
    """[x, y, width, height] as bop_toolkit counts, one less than pixels, of a half-open box."""
    x0, y0, x1, y1 = box_xyxy
    return [x0, y0, x1 - 1 - x0, y1 - 1 - y0]


def visible_mask(instance: Instance) -> Bool[np.ndarray, "h w"]:
    """What is seen of an object."""
    return decode_mask(instance["segmentation"])


def whole_mask(record: Record, instance: Instance) -> Bool[np.ndarray, "h w"]:
    """The part of the whole object inside the image, also where something stands before it."""
    width, height = record["image"]["width_px"], record["image"]["height_px"]
    mask = np.zeros((height, width), dtype=bool)
    crop, (left, top) = decode_mask(instance["amodal"]["segmentation"]), instance["amodal"]["origin_px"]
    rows = slice(max(top, 0), min(top + crop.shape[0], height))
    columns = slice(max(left, 0), min(left + crop.shape[1], width))
    if rows.start < rows.stop and columns.start < columns.stop:
        mask[rows, columns] = crop[
            rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
        ]
    return mask


def read_depth_z(exr: bytes) -> Float32[np.ndarray, "h w"]:
    """Depth along the axis, metres, of a frame's map; infinite in the sky."""
    channels = OpenEXR.File(io.BytesIO(exr), separate_channels=True).channels()
    return np.asarray(channels["depth_z_m"].pixels)


def depth_scale(record: Record) -> float:
    """Millimetres of a step of the depth image: the finest in which all objects that are seen fit."""
    farthest_mm = MM * max(
        (corner[2] for i in record["instances"] if i["area_px"] for corner in i["box_3d"]["corners_m"]),
        default=0.0,
    )
    return next((s for s in DEPTH_SCALES_MM if farthest_mm <= s * DEEPEST), DEPTH_SCALES_MM[-1])


def bop_depth(depth_z_m: Float32[np.ndarray, "h w"], scale_mm: float) -> UInt16[np.ndarray, "h w"]:
    """Depth in steps; 0 is what is too far, or the sky."""
    steps = np.round(depth_z_m.astype(np.float64) * (MM / scale_mm))
    return np.where((steps > 0) & (steps <= DEEPEST), steps, 0).astype(np.uint16)
