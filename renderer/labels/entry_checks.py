"""Whether what a record says of its instances agrees with itself: everything is found anew from the masks."""

from collections.abc import Iterator, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from renderer.labels.decoding import Runs, read_runs

ENTRY_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "name": str, "id": int, "category": str, "bbox_xyxy": list, "area_px": int, "segmentation": Mapping,
    "amodal": Mapping, "visibility": Real, "truncation": Real, "pose": Mapping, "distance_m": Real,
    "box_3d": Mapping, "symmetries": list, "keypoints": Mapping, "annotated": bool, "ignored": bool,
}  # fmt: skip
AMODAL_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "bbox_xyxy": list, "area_px": int, "origin_px": list, "segmentation": Mapping,
}  # fmt: skip
SHARE_TOLERANCE = 1e-6  # of visibility and truncation, which are quotients of whole numbers


def entry_fault(entry: Mapping[str, Any], size_hw: tuple[int, int]) -> str | None:
    """The first thing that is wrong with an instance's entry, or None."""
    return next(_entry_faults(entry, size_hw), None)


def _entry_faults(entry: Mapping[str, Any], size_hw: tuple[int, int]) -> Iterator[str]:
    missing = form_fault(entry, ENTRY_KEYS) or form_fault(entry["amodal"], AMODAL_KEYS)
    if missing is not None:
        yield missing
        return
    origin_px = entry["amodal"]["origin_px"]
    if len(origin_px) != 2 or not all(type(value) is int for value in origin_px):
        yield f"has the amodal.origin_px {origin_px!r:.60}, expected [column, row]"
        return
    try:
        mask, whole = read_runs(entry["segmentation"]), read_runs(entry["amodal"]["segmentation"])
    except (KeyError, ValueError) as error:
        yield f"has a mask that cannot be read: {error}"
        return
    yield from _mask_faults(entry, mask, size_hw)
    yield from _whole_faults(entry["amodal"], whole)
    yield from _share_faults(entry, mask, whole, size_hw)


def form_fault(item: Mapping[str, Any], keys: Mapping[str, type | tuple[type, ...]]) -> str | None:
    """The first key that is missing or of the wrong type, in words."""
    for key, kinds in keys.items():
        if key not in item:
            return f"has no {key}"
        value = item[key]
        if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
            return f"has the {key} {value!r:.60}, which is of the wrong type"
    return None


def _mask_faults(entry: Mapping[str, Any], mask: Runs, size_hw: tuple[int, int]) -> Iterator[str]:
    if mask.size_hw != size_hw:
        yield f"has a mask of {list(mask.size_hw)} pixels, expected {list(size_hw)} (height, width)"
    if mask.area_px != entry["area_px"]:
        yield f"has area_px {entry['area_px']}, but its mask has {mask.area_px} pixels"
    if mask.box_xyxy() != list(entry["bbox_xyxy"]):
        yield f"has bbox_xyxy {entry['bbox_xyxy']}, but the box of its mask is {mask.box_xyxy()}"


def _whole_faults(amodal: Mapping[str, Any], whole: Runs) -> Iterator[str]:
    if whole.area_px != amodal["area_px"]:
        yield f"has amodal.area_px {amodal['area_px']}, but its whole mask has {whole.area_px} pixels"
    box = _moved(whole.box_xyxy(), amodal["origin_px"]) if whole.area_px else [0, 0, 0, 0]
    if box != list(amodal["bbox_xyxy"]) and whole.area_px:
        yield f"has amodal.bbox_xyxy {amodal['bbox_xyxy']}, but the box of its whole mask is {box}"


def _moved(box_xyxy: Sequence[int], origin_px: Sequence[int]) -> list[int]:
    return [value + origin_px[i % 2] for i, value in enumerate(box_xyxy)]


def _share_faults(
    entry: Mapping[str, Any], mask: Runs, whole: Runs, size_hw: tuple[int, int]
) -> Iterator[str]:
    origin_px = entry["amodal"]["origin_px"]
    outside = mask.area_px - _shared_pixels(mask, whole, origin_px)
    if outside:
        yield f"is seen at {outside} pixels that are not of the whole object"
    inside = _inside_image(whole, origin_px, size_hw)
    area_px = max(whole.area_px, 1)
    found = {"visibility": mask.area_px / area_px, "truncation": 1 - inside / area_px}
    for key, share in found.items():
        if not abs(share - entry[key]) <= SHARE_TOLERANCE:  # NaN is no share either
            yield f"has {key} {entry[key]}, but its masks give {share:.6g}"


def _shared_pixels(mask: Runs, whole: Runs, origin_px: Sequence[int]) -> int:
    """Pixels of the mask that are of the whole object."""
    column, row = np.divmod(mask.pixels(), max(mask.size_hw[0], 1))
    column, row = column - origin_px[0], row - origin_px[1]
    height, width = whole.size_hw
    near = (0 <= column) & (column < width) & (0 <= row) & (row < height)
    return int(whole.has(column[near] * height + row[near]).sum())


def _inside_image(whole: Runs, origin_px: Sequence[int], size_hw: tuple[int, int]) -> int:
    column, row = np.divmod(whole.pixels(), max(whole.size_hw[0], 1))
    column, row = column + origin_px[0], row + origin_px[1]
    inside = (0 <= column) & (column < size_hw[1]) & (0 <= row) & (row < size_hw[0])
    return int(inside.sum())


def overlap_fault(entries: Sequence[Mapping[str, Any]]) -> str | None:
    """Which two instances of an image share pixels, or None; the entries passed `entry_fault`."""
    masks = [read_runs(entry["segmentation"]) for entry in entries]
    if not masks:
        return None
    starts = np.concatenate([mask.starts for mask in masks])
    ends = np.concatenate([mask.ends for mask in masks])
    owner = np.repeat(np.arange(len(masks)), [mask.starts.size for mask in masks])
    order = np.argsort(starts, kind="stable")
    shared = np.flatnonzero(starts[order][1:] < ends[order][:-1])
    if not shared.size:
        return None
    first, second = owner[order][shared[0]], owner[order][shared[0] + 1]
    return f"{entries[first]['name']} and {entries[second]['name']} share pixels"
