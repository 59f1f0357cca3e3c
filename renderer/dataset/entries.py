"""What a record says of each labelled object: what is seen of it, what it is as a whole, and where it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool, Int32

from renderer.catalog.dice import face_margin
from renderer.catalog.library import Library
from renderer.catalog.sources import symmetries_of
from renderer.dataset.record import encode_mask
from renderer.labels import InstanceLabels
from renderer.labels.cast import Whole
from renderer.labels.poses import keypoint_entries, seen_box, seen_pose
from renderer.recipe.schema import Labels
from renderer.scene import Camera, SceneObject

DECIMALS_OF_METRES, DECIMALS_OF_PIXELS, DECIMALS_OF_TURNS = 9, 6, 12


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
    boxes, areas = shown.labels.boxes_xyxy[0].tolist(), shown.labels.areas_px[0].tolist()
    codes = shown.labels.segmentations()[0]
    seen = [
        {"bbox_xyxy": box, "area_px": area_px, "segmentation": code}
        for box, area_px, code in zip(boxes, areas, codes, strict=True)
    ]
    return [
        _entry(shown, instance, visible, library, limits)
        for instance, visible in zip(instances, seen, strict=True)
    ]


def _entry(
    shown: Shown, instance: Instance, visible: dict[str, Any], library: Library, limits: Labels
) -> dict[str, Any]:
    x0, y0, x1, y1 = visible["bbox_xyxy"]
    seen = _Crop(origin_px=(x0, y0), mask=shown.ids[y0:y1, x0:x1] == instance.number)
    whole, face = _whole_part(instance.whole, seen, shown.camera), _face_part(instance, seen)
    known = _known_part(instance, library) | _place_part(instance, shown.camera, library)
    return known | visible | whole | face | _flags(visible["area_px"], whole["visibility"], face, limits)


def _flags(area_px: int, visibility: float, face: Mapping[str, float], limits: Labels) -> dict[str, bool]:
    is_ignored = bool(face) and (
        face["face_margin"] < limits.min_face_margin or face["face_visibility"] < limits.min_face_visibility
    )
    is_enough = area_px >= limits.min_pixels and visibility >= limits.min_visibility
    return {"annotated": is_enough and not is_ignored, "ignored": is_ignored}


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


def _whole_part(whole: Whole, seen: _Crop, camera: Camera) -> dict[str, Any]:
    """The object as a whole: what rays find of it alone, and what is seen of it."""
    amodal = _union(_Crop(origin_px=whole.origin_px, mask=whole.mask.cpu().numpy()), seen)
    area_px = int(amodal.mask.sum())
    inside_px = int(amodal.within((0, 0, camera.width_px, camera.height_px)).sum())
    return {
        "amodal": {
            "bbox_xyxy": list(amodal.box_xyxy),
            "area_px": area_px,
            "origin_px": list(amodal.origin_px),
            "segmentation": encode_mask(amodal.mask),
        },
        "visibility": int(seen.mask.sum()) / area_px if area_px else 0.0,
        "truncation": (area_px - inside_px) / area_px if area_px else 1.0,
    }


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
