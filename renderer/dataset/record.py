"""The record of a frame: what was drawn, what is visible, and the image and maps it belongs to."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool
from pycocotools import mask as coco_mask

from renderer.files import json_bytes
from renderer.labels.certificate import Fault
from renderer.scene import Camera, Scene, Shot, View

Record = Mapping[str, Any]
IMAGES = "images"
IMAGE_SUFFIX = ".png"
MAP_SUFFIXES = {"instances": ".png", "semantic": ".png", "depth": ".exr", "normals": ".exr"}


def image_name(frame: int) -> str:
    """Path of a frame's image inside the dataset."""
    return f"{IMAGES}/{frame:06d}{IMAGE_SUFFIX}"


def map_name(name: str, frame: int) -> str:
    """Path of a frame's map inside the dataset."""
    return f"{name}/{frame:06d}{MAP_SUFFIXES[name]}"


def frame_of(name: str, suffix: str) -> int | None:
    """The number in the name of a frame's file, such as 5 in '000005.png'; None where it is none of ours."""
    stem = name.removesuffix(suffix)
    is_number = (stem != name or not suffix) and stem.isdecimal() and stem.isascii()
    return int(stem) if is_number and f"{int(stem):06d}" == stem else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSource:
    """Where a frame comes from: its number, and the scene, view and shot that it shows."""

    frame: int
    scene: Scene
    view: View
    shot: Shot

    def draws(self) -> dict[str, Any]:
        """All draws of the frame: the scene's, the view's and the shot's."""
        return {**self.scene.draws, **self.view.draws, **self.shot.draws}


def make_record(
    source: FrameSource,
    image_png: bytes,
    exposure_ev: float,
    instances: Sequence[Mapping[str, Any]],
    maps: Mapping[str, bytes],
) -> Record:
    """The record of a frame that passed certification.

    Args:
        exposure_ev: that the image got, over what the meter suggests; the draws have the one that was drawn.
        maps: the files of `renderer.dataset.maps`, by the name of the map.
    """
    camera = source.view.camera
    return {
        "frame": source.frame,
        "status": "ok",
        "image": {
            "file": image_name(source.frame),
            "width_px": camera.width_px,
            "height_px": camera.height_px,
            "exposure_ev": exposure_ev,
        }
        | content_entry(image_png),
        "maps": {
            name: {"file": map_name(name, source.frame)} | content_entry(content)
            for name, content in maps.items()
        },
        "camera": asdict(camera) | {"K": intrinsics(camera)},
        "instances": list(instances),
        "draws": source.draws(),
    }


def content_entry(content: bytes) -> dict[str, Any]:
    """What records and manifests say of the bytes of a file."""
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def intrinsics(camera: Camera) -> list[list[float]]:
    """The matrix K, for pixels whose first has its centre at (0.5, 0.5); of the lens without distortion."""
    return [[camera.fx_px, 0.0, camera.cx_px], [0.0, camera.fy_px, camera.cy_px], [0.0, 0.0, 1.0]]


def rejected_record(source: FrameSource, fault: Fault) -> Record:
    """The record of a frame that failed certification: permanent, without an image."""
    found = {"check": fault.check, "reason": fault.reason}
    return {"frame": source.frame, "status": "rejected", **found, "draws": source.draws()}


def draws_line(record: Record) -> bytes:
    """The line of a frame in draws.jsonl."""
    return json_bytes({"frame": record["frame"], "draws": record["draws"]}) + b"\n"


def encode_mask(mask: Bool[np.ndarray, "h w"]) -> dict[str, Any]:
    """COCO's compressed run-length code of a mask."""
    code = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    counts: Any = code["counts"]
    return {"size": list(mask.shape), "counts": counts.decode("ascii")}


def decode_mask(code: Mapping[str, Any]) -> Bool[np.ndarray, "h w"]:
    """The mask that `encode_mask` encoded."""
    mask: Bool[np.ndarray, "h w"] = coco_mask.decode(
        {"size": code["size"], "counts": code["counts"].encode("ascii")}
    ).astype(bool)
    return mask
