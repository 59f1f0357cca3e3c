"""The mesh of a playing card: 63 x 88 mm at scale 1, rounded corners, real thickness, bent about an axis.

The frame: origin below the middle, +Z out of the upper side, +Y to the upper edge of the print.
"""

import functools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.spatial import Delaunay

from renderer.catalog.model import TriangleMesh
from renderer.catalog.outlines import rounded_rectangle
from renderer.rotation import vector3
from renderer.scene import Vector3

WIDTH_M, HEIGHT_M = 0.063, 0.088  # poker size
CORNER_M = 0.0035
UPPER, LOWER, EDGE = 0, 1, 2  # material slots
KEYPOINTS = ("upper_left", "upper_right", "lower_left", "lower_right", "middle")


@functools.cache
def card_outline() -> Float[np.ndarray, "n 2"]:
    """The rounded rectangle of a card of scale 1, counter-clockwise, metres."""
    sparse = rounded_rectangle((WIDTH_M / 2, HEIGHT_M / 2), CORNER_M, steps=6)
    following = np.roll(sparse, -1, axis=0)
    dense = []
    for start, end in zip(sparse, following, strict=True):
        steps = max(1, round(float(np.linalg.norm(end - start)) / 0.005))
        dense.append(start + (end - start) * (np.arange(steps) / steps)[:, None])
    return np.concatenate(dense)


@functools.cache
def _flat_sheet() -> tuple[Any, Any]:
    outline = card_outline()
    x = np.linspace(-WIDTH_M / 2, WIDTH_M / 2, 13)[1:-1]
    y = np.linspace(-HEIGHT_M / 2, HEIGHT_M / 2, 17)[1:-1]
    inner = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)
    inner = inner[np.linalg.norm(inner[:, None] - outline[None], axis=2).min(axis=1) > 0.002]
    points = np.concatenate([outline, inner])
    triangles = Delaunay(points).simplices
    a, b, c = (points[triangles[:, i]] for i in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    oriented = np.where(area[:, None] < 0, triangles[:, ::-1], triangles)
    return points, oriented[np.abs(area) > 1e-12]


def bend_height_m(
    points_xy: Float[np.ndarray, "n 2"], parameters: Mapping[str, Any]
) -> Float[np.ndarray, " n"]:
    """Height of the lower side above the card's lowest point: a parabola across the bend's axis.

    Args:
        points_xy: places on a card of scale 1, metres.
    """
    axis_rad = math.radians(parameters["bend_axis_deg"])
    across = points_xy @ np.array([-math.sin(axis_rad), math.cos(axis_rad)])
    half = 0.5 * (abs(WIDTH_M * math.sin(axis_rad)) + abs(HEIGHT_M * math.cos(axis_rad)))
    sagitta_m = parameters["bend_m"]
    raised: Float[np.ndarray, " n"] = sagitta_m * (across / half) ** 2 - min(sagitta_m, 0.0)
    return raised


def card_mesh(parameters: Mapping[str, Any]) -> TriangleMesh:
    """The bent card; `parameters` are the drawn values of `renderer.recipe.objects.Cards`."""
    points, sheet = _flat_sheet()
    lower = np.column_stack([points * parameters["scale"], bend_height_m(points, parameters)])
    upper = lower + (0, 0, parameters["thickness_m"])
    count, rim = len(points), np.arange(len(card_outline()))
    following = np.roll(rim, -1)
    walls = np.concatenate(
        [
            np.stack([rim + count, following + count, following], axis=1),
            np.stack([rim + count, following, rim], axis=1),
        ]
    )
    triangles = np.concatenate([sheet, sheet[:, ::-1] + count, walls])
    sizes = (len(sheet), len(sheet), len(walls))
    upper_uv = points / (WIDTH_M, HEIGHT_M) + 0.5
    lower_uv = upper_uv * (-1, 1) + (1, 0)  # seen from below, left and right swap
    corner_uv = np.concatenate([upper_uv, lower_uv])[triangles]
    return TriangleMesh(
        vertices=np.concatenate([upper, lower]),
        triangles=triangles.astype(np.int32),
        material_index=np.repeat([UPPER, LOWER, EDGE], sizes).astype(np.int32),
        smooth=np.repeat([True, True, False], sizes),
        uvs=corner_uv,
    )


def card_keypoints(parameters: Mapping[str, Any]) -> dict[str, Vector3]:
    """The middle and the corners of the printed side, in the card's frame.

    A corner is the middle of its arc; corners are named as they are seen with the print upright.
    """
    side = 1.0 if parameters["face_up"] else -1.0  # seen from below, left and right swap
    arc = CORNER_M * (1 - math.sqrt(0.5))
    corner = np.array([side * (WIDTH_M / 2 - arc), HEIGHT_M / 2 - arc])
    flat = corner * np.array([(-1, 1), (1, 1), (-1, -1), (1, -1), (0, 0)])
    height_m = bend_height_m(flat, parameters) + (parameters["thickness_m"] if parameters["face_up"] else 0.0)
    places = np.column_stack([parameters["scale"] * flat, height_m])
    return {name: vector3(place) for name, place in zip(KEYPOINTS, places, strict=True)}
