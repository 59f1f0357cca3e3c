"""Labels of each pixel as files: ids, categories, depth and normals."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import OpenEXR
from jaxtyping import Float32, UInt16

from renderer.buffers import Buffers
from renderer.lens.projection import axis_share
from renderer.scene import Camera, SceneObject

SKY_M = 1e8  # Cycles writes 1e10 where a ray meets nothing, and nothing beyond 1000 m is rendered


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pixels:
    """What is known of each pixel of a view.

    Attributes:
        category_ids: for each id of the buffer, 0 for what has no category.
    """

    camera: Camera
    buffers: Buffers
    category_ids: UInt16[np.ndarray, " n"]


def encode_maps(names: Sequence[str], pixels: Pixels) -> dict[str, bytes]:
    """The files of the maps that are asked for, by name."""
    return {name: _ENCODERS[name](pixels) for name in names}


def category_ids(objects: Sequence[SceneObject], categories: Sequence[str]) -> UInt16[np.ndarray, " n"]:
    """For each id of a scene's buffers the category's number in COCO, from 1; 0 for what has none."""
    numbers = {name: number for number, name in enumerate(categories, start=1)}
    return np.array([0, *(numbers.get(item.category or "", 0) for item in objects)], dtype=np.uint16)


def _instances(pixels: Pixels) -> bytes:
    return _png(pixels.buffers.ids.astype(np.uint16))


def _semantic(pixels: Pixels) -> bytes:
    return _png(pixels.category_ids[pixels.buffers.ids])


def _depth(pixels: Pixels) -> bytes:
    """Depth along the axis and range along the ray; both infinite where there is only sky."""
    depth_z_m = pixels.buffers.depth_z_m
    range_m = depth_z_m / axis_share(pixels.camera).astype(np.float32)
    is_sky = range_m > SKY_M
    return _exr(
        {
            "depth_z_m": np.where(is_sky, np.float32(np.inf), depth_z_m),
            "range_m": np.where(is_sky, np.float32(np.inf), range_m),
        }
    )


def _normals(pixels: Pixels) -> bytes:
    normals = pixels.buffers.normals
    assert normals is not None, "the session was not asked for normals"
    return _exr({name: np.ascontiguousarray(normals[..., axis]) for axis, name in enumerate("xyz")})


def _png(values: UInt16[np.ndarray, "h w"]) -> bytes:
    done, encoded = cv2.imencode(".png", values)
    assert done, "OpenCV cannot encode a PNG"
    return encoded.tobytes()


def _exr(channels: Mapping[str, Float32[np.ndarray, "h w"]]) -> bytes:
    header: dict[str, Any] = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    content = io.BytesIO()
    with OpenEXR.File(header, dict(channels)) as file:
        file.write(content)
    return content.getvalue()


_ENCODERS: Mapping[str, Callable[[Pixels], bytes]] = {
    "instances": _instances,
    "semantic": _semantic,
    "depth": _depth,
    "normals": _normals,
}
