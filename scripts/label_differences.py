"""A labelled object as its record has it against Embree's truth: what scripts/check_labels.py counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from oracle import AROUND, EXACTLY, Oracle, Seen, Shifts, off_edges_px, places

from renderer.dataset.record import decode_mask
from renderer.execution.frame import LabelledView
from renderer.labels.cast import Cast

MOST_PX, MOST_OF_PERIMETER = 2, 0.01  # that differ, the larger of both
MOST_BOX_PX = 1
MOST_SHARE = 0.01  # of visibility and truncation
MOST_DEPTH = 0.001  # of the depth


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A labelled object against the truth; None where there is nothing to compare.

    Attributes:
        off_edges_px: pixels that differ and have no edge close to their centre; so with `whole_off_edges_px`.
        cast_different_px: of the visible mask, of our own ray caster.
        box_px: by how much a side of the visible box is off, at most; so with `whole_box_px`.
        depth: largest difference over the true depth, where both show the object.
        depth_off_edges: the same, to the nearest depth close to the pixel's centre.
    """

    set: str
    frame: int
    name: str
    category: str
    visible_px: int
    perimeter_px: int
    different_px: int
    off_edges_px: int
    cast_different_px: int
    iou: float | None
    box_px: int | None
    depth: float | None
    depth_off_edges: float | None
    whole_px: int
    whole_perimeter_px: int
    whole_different_px: int
    whole_off_edges_px: int
    whole_box_px: int | None
    visibility: float | None
    visibility_off: float
    truncation_off: float

    @property
    def faults(self) -> list[str]:
        """What is beyond its limit."""
        beyond = {
            "mask": self.different_px > _most_px(self.perimeter_px),
            "box": (self.box_px or 0) > MOST_BOX_PX,
            "depth": (self.depth or 0) > MOST_DEPTH,
            "whole mask": self.whole_different_px > _most_px(self.whole_perimeter_px),
            "whole box": (self.whole_box_px or 0) > MOST_BOX_PX,
            "visibility": self.visibility_off > MOST_SHARE,
            "truncation": self.truncation_off > MOST_SHARE,
        }
        return [name for name, is_beyond in beyond.items() if is_beyond]

    @property
    def on_edges(self) -> bool:
        """Whether all that differs lies on edges."""
        off_edges = self.off_edges_px + self.whole_off_edges_px
        return off_edges == 0 and (self.depth_off_edges or 0) <= MOST_DEPTH


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """What is said of a frame, and what is true."""

    set: str
    index: int
    labelled: LabelledView
    cast: Cast
    oracle: Oracle
    truth: Seen


def compare(frame: Frame, entry: Mapping[str, Any]) -> Compared:
    """An instance of the record against the truth."""
    number, amodal = entry["id"], entry["amodal"]
    said, true = decode_mask(entry["segmentation"]), frame.truth.ids == number
    whole = frame.oracle.whole(number)
    said_whole = _in_window(amodal, true.shape)
    depths = _depth_differences(frame, said & true, EXACTLY)
    height, width = true.shape

    def shows_whole(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        return frame.oracle.whole_at(number, u - width, v - height)

    return Compared(
        set=frame.set,
        frame=frame.index,
        name=entry["name"],
        category=entry["category"],
        visible_px=int(true.sum()),
        perimeter_px=perimeter_px(true),
        different_px=int((said != true).sum()),
        off_edges_px=off_edges_px(lambda u, v: frame.oracle.image_at(u, v).ids == number, said != true),
        cast_different_px=int(((frame.cast.ids.numpy() == number) != true).sum()),
        iou=_iou(said, true),
        box_px=_box_difference_px(entry["bbox_xyxy"], true, (0, 0)),
        depth=float(depths.max()) if len(depths) else None,
        depth_off_edges=float(_off_edges(frame, said & true, depths).max()) if len(depths) else None,
        whole_px=int(whole.sum()),
        whole_perimeter_px=perimeter_px(whole),
        whole_different_px=int((said_whole != whole).sum()),
        whole_off_edges_px=off_edges_px(shows_whole, said_whole != whole),
        whole_box_px=_box_difference_px(amodal["bbox_xyxy"], whole, (width, height)),
        visibility=_share(true, whole),
        visibility_off=abs(entry["visibility"] - (_share(true, whole) or 0.0)),
        truncation_off=abs(entry["truncation"] - _truncation(whole, true.shape)),
    )


def perimeter_px(mask: Bool[np.ndarray, "h w"]) -> int:
    """Pixels of a mask beside one that is none of its own, the border of the image aside."""
    padded = np.pad(mask, 1, mode="edge")
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return int((mask & ~inner).sum())


def _most_px(perimeter: int) -> float:
    return max(MOST_PX, MOST_OF_PERIMETER * perimeter)


def _in_window(amodal: Mapping[str, Any], shape_hw: tuple[int, int]) -> Bool[np.ndarray, "3*h 3*w"]:
    """A record's whole mask in the image and one image further on each side."""
    height, width = shape_hw
    window = np.zeros((3 * height, 3 * width), dtype=bool)
    mask = decode_mask(amodal["segmentation"])
    left, top = amodal["origin_px"][0] + width, amodal["origin_px"][1] + height
    window[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    return window


def _iou(a: Bool[np.ndarray, "h w"], b: Bool[np.ndarray, "h w"]) -> float | None:
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else None


def _box_difference_px(
    said_xyxy: list[int], true: Bool[np.ndarray, "h w"], first_px: tuple[int, int]
) -> int | None:
    """By how much a side of a box is off at most; None where it or the mask is empty.

    Args:
        first_px: column and row of the image's first pixel in the mask.
    """
    rows, columns = np.nonzero(true)
    if not len(rows) or said_xyxy[0] == said_xyxy[2]:
        return None
    box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]) - (*first_px, *first_px)
    return int(np.abs(box - said_xyxy).max())


def _share(visible: Bool[np.ndarray, "h w"], whole: Bool[np.ndarray, "3*h 3*w"]) -> float | None:
    return int(visible.sum()) / int(whole.sum()) if whole.any() else None


def _truncation(whole: Bool[np.ndarray, "3*h 3*w"], shape_hw: tuple[int, int]) -> float:
    """The share of a whole mask outside the image; 1 where the object is nowhere."""
    height, width = shape_hw
    inside = whole[height : 2 * height, width : 2 * width]
    return 1 - int(inside.sum()) / int(whole.sum()) if whole.any() else 1.0


def _depth_differences(
    frame: Frame, mask: Bool[np.ndarray, "h w"], shifts: Shifts
) -> Float[np.ndarray, " n"]:
    """Of each pixel of a mask, over the true depth: to the nearest one at some of the shifts."""
    true = np.stack([frame.oracle.image_at(u, v).depth_z_m[0] for u, v in places(mask, shifts)])
    found: np.ndarray = np.abs(frame.labelled.buffers.depth_z_m[mask] / true - 1).min(axis=0)
    return found


def _off_edges(
    frame: Frame, mask: Bool[np.ndarray, "h w"], differences: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    """The differences, those beyond the limit to the nearest depth around the pixel's centre."""
    beyond = differences > MOST_DEPTH
    if not beyond.any():
        return differences
    of_beyond = mask.copy()
    of_beyond[mask] = beyond
    return np.concatenate([differences[~beyond], _depth_differences(frame, of_beyond, AROUND)])
