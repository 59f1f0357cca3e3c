"""COCO masks: polygons and run lengths as one compressed form."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from renderer.dataset.record import decode_mask, encode_mask
from renderer.errors import DataError
from train_eval.data.orientation import UPRIGHT, oriented_pixels

Rle = Mapping[str, Any]


def run_lengths(segmentation: Any, size_hw: tuple[int, int]) -> Rle:
    """Compressed run lengths, with `counts` as text, of a segmentation in any form COCO knows.

    Args:
        segmentation: polygons in pixels, or run lengths, compressed or not.

    Raises:
        DataError: the segmentation is malformed or made for an image of another size.
    """
    to_runs = _of_runs if isinstance(segmentation, Mapping) else _of_polygons
    rle = to_runs(segmentation, size_hw)
    return {"size": list(size_hw), "counts": bytes(rle["counts"]).decode("ascii")}


def mask_area(rle: Rle) -> int:
    """Number of pixels of a mask."""
    return int(coco_mask.area(dict(rle)))  # type: ignore[call-overload]


def oriented_mask(rle: Rle, orientation: int) -> Rle:
    """The mask in the picture as displayed, from the mask in the picture as stored."""
    if orientation == UPRIGHT:
        return rle
    return encode_mask(np.ascontiguousarray(oriented_pixels(decode_mask(rle), orientation)))


def _of_runs(segmentation: Mapping[str, Any], size_hw: tuple[int, int]) -> Rle:
    size, counts = segmentation.get("size"), segmentation.get("counts")
    if not isinstance(size, Sequence) or tuple(size) != size_hw:
        raise DataError(f"has a mask of size {size}, expected {list(size_hw)} (height, width)")
    total = size_hw[0] * size_hw[1]
    if isinstance(counts, list):
        _check_runs(counts, total)
        rle: Rle = coco_mask.frPyObjects({"size": list(size_hw), "counts": counts}, *size_hw)  # type: ignore[call-overload]
        return rle
    if not isinstance(counts, str | bytes):
        raise DataError(
            f"has a mask whose counts are {type(counts).__name__}, expected text or whole numbers"
        )
    text = counts if isinstance(counts, bytes) else counts.encode()
    _check_runs(_decompressed(text), total)
    return {"size": list(size_hw), "counts": text}


def _check_runs(counts: Sequence[Any], total: int) -> None:
    """Refuse what pycocotools would read beyond its memory for."""
    if not all(isinstance(n, int) and n >= 0 for n in counts) or sum(counts) != total:
        raise DataError(f"has a mask whose runs do not add up to its {total} pixels")


def _decompressed(text: bytes) -> list[int]:
    """The runs of COCO's compressed text: 5 bits a character from 48 on, differences to two runs before."""
    runs: list[int] = []
    value = shift = 0
    for character in text:
        code = character - 48
        value |= (code & 0x1F) << shift
        shift += 5
        if not 0 <= code < 64 or shift > 60:
            raise DataError("has a mask whose counts are no compressed run lengths")
        if code & 0x20:
            continue
        value -= (1 << shift) if code & 0x10 else 0
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    return runs


def _of_polygons(polygons: Any, size_hw: tuple[int, int]) -> Rle:
    flat: Any = [polygon for polygon in polygons if polygon != []] if isinstance(polygons, Sequence) else []
    if not flat or not all(_is_polygon(polygon) for polygon in flat):
        raise DataError("has a segmentation that is neither run lengths nor polygons of three points or more")
    parts: Any = coco_mask.frPyObjects(flat, *size_hw)
    return dict(coco_mask.merge(parts))


def _is_polygon(polygon: Any) -> bool:
    return (
        isinstance(polygon, Sequence)
        and not isinstance(polygon, str)
        and len(polygon) >= 6
        and len(polygon) % 2 == 0
        and all(isinstance(v, int | float) and np.isfinite(v) and abs(v) < 1e6 for v in polygon)
    )
