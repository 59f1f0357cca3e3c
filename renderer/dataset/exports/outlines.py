"""Outlines of the instances of a frame: exact along the edges of pixels, holes cut in by bridges."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64

from renderer.dataset.record import Record
from renderer.labels.decoding import read_runs
from renderer.labels.polygons import coco_polygons, outline_instances

Points = Float64[np.ndarray, "_ 2"]


def outlines(record: Record, instances: Sequence[Mapping[str, Any]]) -> list[list[list[float]]]:
    """COCO's polygons [x0, y0, x1, y1, ...] of instances of a frame, one for each piece of what is seen.

    A pixel shows one instance: where masks overlap, the last one has it.
    """
    if not instances:
        return []
    height, width = record["image"]["height_px"], record["image"]["width_px"]
    ids = np.zeros(height * width, dtype=np.int32)
    for number, instance in enumerate(instances, start=1):
        ids[read_runs(instance["segmentation"]).pixels()] = number
    columns = torch.from_numpy(ids.reshape(width, height).T.copy())
    (traced,) = outline_instances(columns[None], torch.arange(1, len(instances) + 1)[None])
    return [coco_polygons(pieces) for pieces in traced]


def joined_path(pieces: Sequence[Sequence[float]]) -> Points:
    """One closed path through all pieces, for formats that know one polygon for an instance.

    Each piece is joined by a bridge of no width between the nearest corners, the nearest piece first. Filled,
    by the rule of even and odd or by winding, the path shows the same pixels, but for a line along a bridge
    where what fills draws the border too.
    """
    rings = [np.array(piece, dtype=np.float64).reshape(-1, 2) for piece in pieces]
    corners, owners = np.concatenate(rings), np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    path = rings[0]
    if len(rings) == 1:
        return path
    distances, landings = np.full(len(corners), np.inf), np.zeros_like(corners)
    _approach(corners, path, distances, landings)
    distances[owners == 0] = np.inf
    for _ in rings[1:]:
        nearest = int(distances.argmin())
        ring = np.roll(rings[owners[nearest]], -_place(rings[owners[nearest]], corners[nearest]), axis=0)
        landing = landings[nearest]
        behind = _place(path, landing) + 1
        path = np.concatenate([path[:behind], ring, ring[:1], landing[None], path[behind:]])
        is_joined = np.isinf(distances) | (owners == owners[nearest])
        _approach(corners, ring, distances, landings)
        distances[is_joined] = np.inf
    return path


def _approach(corners: Points, ring: Points, distances: Float64[np.ndarray, " _"], landings: Points) -> None:
    """Note for each corner which one of a ring is nearest, where it is nearer than what was noted."""
    for corner in ring:
        far = np.abs(corners - corner).sum(axis=1)
        is_nearer = far < distances
        distances[is_nearer] = far[is_nearer]
        landings[is_nearer] = corner


def _place(path: Points, corner: Float64[np.ndarray, "2"]) -> int:
    return int((path == corner).all(axis=1).argmax())
