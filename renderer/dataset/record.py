"""The record of a frame: what was drawn, what is visible, and the image it belongs to."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool
from pycocotools import mask as coco_mask

from renderer.catalog.dice import face_margin
from renderer.labels import InstanceLabels
from renderer.recipe.schema import Labels
from renderer.scene import Scene, SceneObject, Shot, View

Record = Mapping[str, Any]


def image_name(frame: int) -> str:
    """Path of a frame's image inside the dataset."""
    return f"images/{frame:06d}.png"


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
    source: FrameSource, image_png: bytes, exposure_ev: float, instances: Sequence[Mapping[str, Any]]
) -> Record:
    """The record of a frame that passed certification.

    Args:
        exposure_ev: that the image got, over what the meter suggests; the draws have the one that was drawn.
    """
    camera = source.view.camera
    return {
        "frame": source.frame,
        "status": "ok",
        "image": {
            "file": image_name(source.frame),
            "width_px": camera.width_px,
            "height_px": camera.height_px,
            "bytes": len(image_png),
            "sha256": hashlib.sha256(image_png).hexdigest(),
            "exposure_ev": exposure_ev,
        },
        "camera": asdict(camera),
        "instances": list(instances),
        "draws": source.draws(),
    }


def rejected_record(source: FrameSource, reason: str) -> Record:
    """The record of a frame that failed certification: permanent, without an image."""
    return {"frame": source.frame, "status": "rejected", "reason": reason, "draws": source.draws()}


def instance_entries(
    items: Sequence[SceneObject], labels: InstanceLabels, limits: Labels
) -> list[dict[str, Any]]:
    """One entry for each labelled object of one image.

    `ignored` is true of a die whose `face_margin` is below `min_face_margin`; `annotated` is false of what is
    ignored or has less than `min_pixels`. An object of the user's meshes has the name of its file as `mesh`.

    Args:
        items: the n labelled objects at rest, in the order of the labels.
        labels: labels of a batch of one image.
    """
    segmentations = labels.segmentations()[0]
    boxes = labels.boxes_xyxy[0].tolist()
    areas = labels.areas_px[0].tolist()
    margins = [_margin(item) for item in items]
    ignored = [margin is not None and margin < limits.min_face_margin for margin in margins]
    return [
        {
            "name": item.name,
            "category": item.category,
            "bbox_xyxy": box,
            "area_px": area,
            "segmentation": segmentation,
            "annotated": area >= limits.min_pixels and not is_ignored,
            "ignored": is_ignored,
        }
        | ({"mesh": item.parameters["file"]} if item.source == "mesh" else {})
        | ({} if margin is None else {"face_margin": margin})
        for item, segmentation, box, area, margin, is_ignored in zip(
            items, segmentations, boxes, areas, margins, ignored, strict=True
        )
    ]


def _margin(item: SceneObject) -> float | None:
    """How clearly the upper face of a die points up; None of what has no faces."""
    if item.source != "die":
        return None
    return face_margin(item.pose.rotation_wxyz, item.parameters["chirality"])


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
