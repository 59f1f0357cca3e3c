"""What a record says of each labelled object: what is seen of it, what it is as a whole, and where it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from jaxtyping import Bool, Int32

from renderer.catalog.dice import face_margin
from renderer.catalog.library import Library
from renderer.catalog.sources import symmetries_of
from renderer.labels import InstanceLabels, encode_masks, visibility
from renderer.labels.cast import Whole
from renderer.labels.poses import keypoint_entries, seen_box, seen_pose
from renderer.recipe.schema import Labels
from renderer.scene import Camera, SceneObject

DECIMALS_OF_METRES, DECIMALS_OF_PIXELS, DECIMALS_OF_TURNS = 9, 6, 12


class Limits(Protocol):
    """What a recipe says of the labels that are annotated; `renderer.recipe.schema.Labels` does."""

    @property
    def min_pixels(self) -> int: ...
    @property
    def min_visibility(self) -> float: ...
    @property
    def min_face_margin(self) -> float: ...
    @property
    def min_face_visibility(self) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Instance:
    """A labelled object of a view, and what rays found of it.

    Attributes:
        number: in the id buffer.
        hidden: of each keypoint that it declares, whether something stands before it.
    """

    number: int
    item: SceneObject
    whole: Whole
    hidden: Sequence[bool] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """What a view shows.

    Attributes:
        labels: of a batch of one image, of the instances in their order.
    """

    camera: Camera
    ids: Int32[np.ndarray, "h w"]
    labels: InstanceLabels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Crop:
    """A mask in a box of pixels, which may reach beyond the image."""

    origin_px: tuple[int, int]
    mask: Bool[np.ndarray, "mh mw"]

    @property
    def box_xyxy(self) -> tuple[int, int, int, int]:
        (x, y), (height, width) = self.origin_px, self.mask.shape
        return x, y, x + width, y + height

    def within(self, box_xyxy: tuple[int, int, int, int]) -> Bool[np.ndarray, "bh bw"]:
        """The mask in another box; nothing where it does not reach."""
        x0, y0, x1, y1 = box_xyxy
        mine = self.box_xyxy
        placed = np.zeros((y1 - y0, x1 - x0), dtype=bool)
        left, right = max(x0, mine[0]), min(x1, mine[2])
        top, bottom = max(y0, mine[1]), min(y1, mine[3])
        if left < right and top < bottom:
            shared = self.mask[top - mine[1] : bottom - mine[1], left - mine[0] : right - mine[0]]
            placed[top - y0 : bottom - y0, left - x0 : right - x0] = shared
        return placed


def instance_entries(
    shown: Shown, instances: Sequence[Instance], library: Library, limits: Labels
) -> list[dict[str, Any]]:
    """One entry for each labelled object of a view.

    `ignored` is true of a die whose `face_margin` is below `min_face_margin` or whose `face_visibility` is
    below `min_face_visibility`; `annotated` is false of what is ignored, has less than `min_pixels`, or of
    which less than `min_visibility` is seen. An object of the user's meshes has its file's name as `mesh`.
    """
    visible = _visible_parts(shown.labels)
    seen = [
        _seen_crop(shown.ids, instance.number, part["bbox_xyxy"])
        for instance, part in zip(instances, visible, strict=True)
    ]
    crops = [
        _union(_Crop(origin_px=instance.whole.origin_px, mask=instance.whole.mask.cpu().numpy()), crop)
        for instance, crop in zip(instances, seen, strict=True)
    ]
    wholes = _whole_parts(crops, shown)
    return [
        _entry(instance, shown.camera, library, limits, part | whole | _face_part(instance, crop))
        for instance, part, whole, crop in zip(instances, visible, wholes, seen, strict=True)
    ]


def _entry(
    instance: Instance, camera: Camera, library: Library, limits: Labels, masks: dict[str, Any]
) -> dict[str, Any]:
    """An entry of what its masks say."""
    known = _known_part(instance, library) | _place_part(instance, camera, library)
    return known | masks | flags_of(masks, limits)


def flags_of(entry: Mapping[str, Any], limits: Limits) -> dict[str, bool]:
    """Whether an instance is annotated, and whether it is ignored: a die whose upper face cannot be told."""
    is_ignored = (
        entry.get("face_margin", 1.0) < limits.min_face_margin
        or entry.get("face_visibility", 1.0) < limits.min_face_visibility
    )
    is_enough = entry["area_px"] >= limits.min_pixels and entry["visibility"] >= limits.min_visibility
    return {"ignored": is_ignored, "annotated": is_enough and not is_ignored}


def _visible_parts(labels: InstanceLabels) -> list[dict[str, Any]]:
    boxes, areas = labels.boxes_xyxy[0].tolist(), labels.areas_px[0].tolist()
    return [
        {"bbox_xyxy": box, "area_px": area_px, "segmentation": code}
        for box, area_px, code in zip(boxes, areas, labels.segmentations()[0], strict=True)
    ]


def _seen_crop(ids: Int32[np.ndarray, "h w"], number: int, box_xyxy: Sequence[int]) -> _Crop:
    x0, y0, x1, y1 = box_xyxy
    return _Crop(origin_px=(x0, y0), mask=ids[y0:y1, x0:x1] == number)


def _known_part(instance: Instance, library: Library) -> dict[str, Any]:
    """What is known of an object without looking at it."""
    item = instance.item
    known = {
        "name": item.name,
        "id": instance.number,
        "category": item.category,
        "symmetries": [asdict(symmetry) for symmetry in symmetries_of(item, library)],
    }
    return known | ({"mesh": item.parameters["file"]} if item.source == "mesh" else {})


def _whole_parts(crops: Sequence[_Crop], shown: Shown) -> list[dict[str, Any]]:
    """The objects as wholes: what rays find of them alone, and what is seen of them."""
    codes = encode_masks([torch.from_numpy(crop.mask) for crop in crops])
    areas = [int(crop.mask.sum()) for crop in crops]
    shares = visibility(shown.labels.areas_px[0].cpu(), torch.tensor(areas, dtype=torch.int64)).tolist()
    return [
        {
            "amodal": {
                "bbox_xyxy": list(crop.box_xyxy),
                "area_px": area_px,
                "origin_px": list(crop.origin_px),
                "segmentation": code,
            },
            "visibility": share,
            "truncation": _truncation(crop, area_px, shown.camera),
        }
        for crop, code, area_px, share in zip(crops, codes, areas, shares, strict=True)
    ]


def _truncation(crop: _Crop, area_px: int, camera: Camera) -> float:
    if not area_px:
        return 1.0
    inside_px = int(crop.within((0, 0, camera.width_px, camera.height_px)).sum())
    return (area_px - inside_px) / area_px


def _union(one: _Crop, other: _Crop) -> _Crop:
    if not other.mask.size or not one.mask.size:
        return one if one.mask.size else other
    boxes = one.box_xyxy, other.box_xyxy
    low = [min(box[axis] for box in boxes) for axis in (0, 1)]
    high = [max(box[axis] for box in boxes) for axis in (2, 3)]
    hull = (low[0], low[1], high[0], high[1])
    return _Crop(origin_px=(low[0], low[1]), mask=one.within(hull) | other.within(hull))


def _face_part(instance: Instance, seen: _Crop) -> dict[str, float]:
    """Of a die, how clearly its upper face points up, and how much of that can be seen; else nothing."""
    item, whole = instance.item, instance.whole
    if item.source != "die" or whole.face is None:
        return {}
    face = whole.face.cpu().numpy()
    visible = face & seen.within(_Crop(origin_px=whole.origin_px, mask=face).box_xyxy)
    return {
        "face_margin": face_margin(item.pose.rotation_wxyz, item.parameters["chirality"]),
        "face_visibility": int(visible.sum()) / int(face.sum()) if face.any() else 0.0,
    }


def _place_part(instance: Instance, camera: Camera, library: Library) -> dict[str, Any]:
    """Where the object is, seen from the camera."""
    item = instance.item
    box, pose = seen_box(item, camera, library), seen_pose(camera, item.pose)
    keypoints = keypoint_entries(item, camera, library, instance.hidden)
    return {
        "pose": {
            "rotation_wxyz": _rounded(pose.rotation_wxyz, DECIMALS_OF_TURNS),
            "position_m": _rounded(pose.position_m, DECIMALS_OF_METRES),
        },
        "distance_m": round(box.distance_m, DECIMALS_OF_METRES),
        "box_3d": {
            "corners_m": [_rounded(corner, DECIMALS_OF_METRES) for corner in box.corners_m.tolist()],
            "corners_px": [
                _rounded(pixel, DECIMALS_OF_PIXELS) if np.isfinite(pixel).all() else None
                for pixel in box.corners_px.tolist()
            ],
        },
        "keypoints": {
            name: [*_rounded(pixel, DECIMALS_OF_PIXELS), state] for name, (*pixel, state) in keypoints.items()
        },
    }


def _rounded(values: Iterable[float], decimals: int) -> list[float]:
    """Short enough for many records, and the same on processors that round the last bits otherwise."""
    return [round(value, decimals) + 0.0 for value in values]  # + 0.0: no -0.0
