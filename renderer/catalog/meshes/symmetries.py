"""Symmetries that a recipe declares, or that a BOP folder brings."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from renderer.catalog.meshes.frames import Frame
from renderer.errors import CatalogError
from renderer.scene import Vector3

_DECLARED = re.compile(r"([xyz])([0-9]{0,4})")
_AXES: Mapping[str, Vector3] = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}
MOST_TURNS = 24  # of a symmetry in a BOP folder
OFF_AXIS = 0.01  # of the object's reach: what is nearer goes through the origin
OFF_ANGLE_RAD = 1e-3  # BOP's matrices are rounded


@dataclass(frozen=True, slots=True, kw_only=True)
class Symmetry:
    """Turns about an axis through the object's origin that change nothing that can be seen.

    Attributes:
        turns: how many of them make a whole turn; 0 is any turn at all.
    """

    axis: Vector3
    turns: int


def declared_symmetries(where: str, text: str | None) -> tuple[Symmetry, ...]:
    """What a recipe says: 'z' is any turn about z, 'z4' quarter turns; several stand apart by spaces.

    Raises:
        CatalogError: it says neither.
    """
    symmetries = []
    for word in (text or "").split():
        match = _DECLARED.fullmatch(word)
        if match is None or match[2] in ("0", "1"):
            raise CatalogError(
                f"{where} must be an axis: z for any turn about it, z4 for quarter turns, got '{text}'"
            )
        symmetries.append(Symmetry(axis=_AXES[match[1]], turns=int(match[2] or 0)))
    return tuple(symmetries)


def bop_symmetries(
    info: Mapping[str, Any], frame: Frame, origin: Float[np.ndarray, "3"], reach_m: float
) -> tuple[tuple[Symmetry, ...], tuple[str, ...]]:
    """The symmetries of a model in `models_info.json`, and notes on those that are not taken.

    Args:
        info: the model's entry.
        origin: the object's origin, turned and in metres, about that of the file.
    """
    symmetries: list[Symmetry] = []
    notes: list[str] = []
    for item in info.get("symmetries_continuous", []):
        axis = frame.object_from_file @ np.array(item["axis"], dtype=np.float64)
        offset = (
            frame.object_from_file @ np.array(item.get("offset", (0, 0, 0)), dtype=np.float64) * frame.metres
        )
        axis /= np.linalg.norm(axis)
        if np.linalg.norm(np.cross(axis, origin - offset)) > OFF_AXIS * reach_m:
            notes.append("has a symmetry about an axis beside its origin, which is left out")
        else:
            symmetries.append(Symmetry(axis=_plain(axis), turns=0))
    symmetries += _turns(info.get("symmetries_discrete", []), frame, origin, reach_m, notes)
    return tuple(symmetries), tuple(dict.fromkeys(notes))


def _turns(
    matrices: Sequence[Any], frame: Frame, origin: Float[np.ndarray, "3"], reach_m: float, notes: list[str]
) -> list[Symmetry]:
    """Turns about axes, for each axis the finest of which all others consist."""
    orders: dict[Vector3, int] = {}
    for values in matrices:
        file_from_file = np.array(values, dtype=np.float64).reshape(4, 4)
        turn = frame.object_from_file @ file_from_file[:3, :3] @ frame.object_from_file.T
        shift = frame.object_from_file @ file_from_file[:3, 3] * frame.metres
        axis, order = _axis_and_order(turn)
        if order == 0 or np.linalg.norm(turn @ origin + shift - origin) > OFF_AXIS * reach_m:
            notes.append("has a symmetry that is no turn about an axis through its origin, which is left out")
        elif order > 1:
            known = next(
                (a for a in orders if np.allclose(np.abs(np.dot(a, axis)), 1, atol=1e-4)), _plain(axis)
            )
            orders[known] = math.lcm(orders.get(known, 1), order)
    return [Symmetry(axis=axis, turns=order) for axis, order in orders.items() if order <= MOST_TURNS]


def _axis_and_order(turn: Float[np.ndarray, "3 3"]) -> tuple[Float[np.ndarray, "3"], int]:
    """The axis of a rotation, and how many of it make whole turns; 0 where it is none such."""
    if not np.allclose(turn @ turn.T, np.eye(3), atol=OFF_ANGLE_RAD) or np.linalg.det(turn) < 0:
        return np.zeros(3), 0
    angle_rad = math.acos(min(max((np.trace(turn) - 1) / 2, -1.0), 1.0))
    _, vectors = np.linalg.eigh(turn + turn.T)  # the axis is its eigenvector of the largest value, 2
    axis = vectors[:, 2] * (1 if vectors[np.argmax(np.abs(vectors[:, 2])), 2] > 0 else -1)
    for order in range(1, MOST_TURNS + 1):
        if abs(math.remainder(order * angle_rad, 2 * math.pi)) < OFF_ANGLE_RAD * order:
            return axis, order
    return axis, 0


def _plain(axis: Float[np.ndarray, "3"]) -> Vector3:
    x, y, z = (round(float(value), 9) + 0.0 for value in axis)
    return x, y, z
