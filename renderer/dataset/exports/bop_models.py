"""What BOP knows of the models of objects: their numbers, sizes and symmetries, in millimetres.

A model is a mesh file of the user's, or a category of what else can be labelled. BOP's models have one size;
where a recipe draws sizes, `models_info.json` has the largest, and `smallest_scale` says what the smallest is
of it. The diameter is that of the box, which BOP's, between the two farthest vertices, is never above.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from jaxtyping import Float

from renderer.dataset.exports.objects import Instance
from renderer.dataset.source import Source
from renderer.errors import DataError
from renderer.rotation import quaternion_about, rotation_matrix

MESHES = "meshes.json"
MM = 1000.0
DECIMALS_OF_MM = 5
SAME_SIZE = 1e-6  # what is nearer to 1 is rounding
MOST_SYMMETRIES = 120  # an icosahedron has 60; axes that fit no solid would have no end

Symmetries = frozenset[tuple[tuple[float, ...], int]]
Model = tuple[str, str]  # kind and file of a mesh; '' and the category of what else there is


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Extent:
    """The box around a model, along the axes of its frame, ordered by its diagonal."""

    diagonal_mm: float
    low_mm: tuple[float, ...]
    high_mm: tuple[float, ...]

    @classmethod
    def between(cls, low_m: Sequence[float], high_m: Sequence[float]) -> Self:
        """Of the lowest and the highest corner."""
        low, high = (tuple(round(MM * v, DECIMALS_OF_MM) + 0.0 for v in corner) for corner in (low_m, high_m))
        return cls(diagonal_mm=round(math.dist(low, high), DECIMALS_OF_MM), low_mm=low, high_mm=high)

    @property
    def size_mm(self) -> list[float]:
        """Along x, y and z."""
        return [
            round(high - low, DECIMALS_OF_MM) for low, high in zip(self.low_mm, self.high_mm, strict=True)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What is known of a model after some frames; it does not depend on their order.

    Attributes:
        symmetries: that all of its objects have.
    """

    smallest: Extent
    largest: Extent
    symmetries: Symmetries

    def joined(self, other: Self) -> Self:
        """What is known after the frames of both."""
        return type(self)(
            smallest=min(self.smallest, other.smallest),
            largest=max(self.largest, other.largest),
            symmetries=self.symmetries & other.symmetries,
        )

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "smallest": [self.smallest.low_mm, self.smallest.high_mm],
            "largest": [self.largest.low_mm, self.largest.high_mm],
            "symmetries": sorted(self.symmetries),
        }

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> Self:
        """What `plain` gave."""
        smallest, largest = (
            Extent.between(*[[v / MM for v in corner] for corner in plain[name]])
            for name in ("smallest", "largest")
        )
        symmetries = frozenset((tuple(axis), turns) for axis, turns in plain["symmetries"])
        return cls(smallest=smallest, largest=largest, symmetries=symmetries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """The numbers of all models of a dataset, from 1: the user's meshes, then the categories.

    Attributes:
        own: what is known of the meshes as they are in their files.
    """

    numbers: Mapping[Model, int]
    categories: Mapping[Model, str]
    own: Mapping[Model, Sight] = field(default_factory=dict)

    def number_of(self, instance: Instance) -> int:
        """The `obj_id` of an object.

        Raises:
            DataError: `meshes.json` does not have its mesh.
        """
        model = model_of(instance)
        if model not in self.numbers:
            raise DataError(
                f"bop needs {MESHES} of the dataset, which does not have '{model[1]}'; "
                "the command that rendered the dataset writes it anew"
            )
        return self.numbers[model]


def model_of(instance: Instance) -> Model:
    """The model of an object."""
    kind = instance["name"].partition("[")[0]
    return (kind, instance["mesh"]) if "mesh" in instance else ("", instance["category"])


def models_of(source: Source) -> Models:
    """Number the models of a dataset."""
    path = source.root / MESHES
    kinds = json.loads(path.read_bytes()) if path.is_file() else {}
    meshes = {
        (kind, mesh["file"]): mesh
        for kind, shelf in sorted(kinds.items())
        for mesh in shelf["meshes"]
        if mesh["category"] is not None
    }
    categories = {model: mesh["category"] for model, mesh in meshes.items()}
    categories |= {("", category): category for category in source.categories}
    return Models(
        numbers={model: number for number, model in enumerate(categories, start=1)},
        categories=categories,
        own={model: _sight_of_mesh(mesh) for model, mesh in meshes.items()},
    )


def sight_of(instance: Instance) -> Sight:
    """What an object says of its model."""
    extent = Extent.between(*object_box(instance))
    return Sight(smallest=extent, largest=extent, symmetries=_symmetries(instance["symmetries"]))


def object_box(instance: Instance) -> Float[np.ndarray, "2 3"]:
    """The lowest and the highest corner of an object's box in its own frame, metres."""
    corners = np.array(instance["box_3d"]["corners_m"])[[0, 7]]
    R = rotation_matrix(instance["pose"]["rotation_wxyz"])
    own: Float[np.ndarray, "2 3"] = (corners - np.array(instance["pose"]["position_m"])) @ R
    return own


def _sight_of_mesh(mesh: Mapping[str, Any]) -> Sight:
    extent = Extent.between(mesh["low_m"], mesh["high_m"])
    return Sight(smallest=extent, largest=extent, symmetries=_symmetries(mesh["symmetries"]))


def _symmetries(plain: Iterable[Mapping[str, Any]]) -> Symmetries:
    return frozenset((tuple(float(v) for v in item["axis"]), int(item["turns"])) for item in plain)


def model_info(sight: Sight) -> dict[str, Any]:
    """The entry of `models_info.json`."""
    extent = sight.largest
    info: dict[str, Any] = {"diameter": extent.diagonal_mm}
    for axis, low, size in zip("xyz", extent.low_mm, extent.size_mm, strict=True):
        info |= {f"min_{axis}": low, f"size_{axis}": size}
    scale = sight.smallest.diagonal_mm / extent.diagonal_mm if extent.diagonal_mm > 0 else 1.0
    if scale < 1 - SAME_SIZE:
        info["smallest_scale"] = round(scale, 6)
    discrete = [_matrix(R) for R in _turns(sorted(s for s in sight.symmetries if s[1] > 0))]
    continuous = [{"axis": list(axis), "offset": [0, 0, 0]} for axis, n in sorted(sight.symmetries) if n == 0]
    if discrete:
        info["symmetries_discrete"] = discrete
    if continuous:
        info["symmetries_continuous"] = continuous
    return info


def _turns(symmetries: Sequence[tuple[tuple[float, ...], int]]) -> list[Float[np.ndarray, "3 3"]]:
    """All rotations but none at all that follow from some: BOP's readers put none of them together."""
    single = [
        rotation_matrix(quaternion_about(axis, 2 * math.pi * k / turns))
        for axis, turns in symmetries
        for k in range(1, turns)
    ]
    group = [np.eye(3)]
    for R in group:  # it grows meanwhile
        for turn in single:
            product = turn @ R
            if not any(np.allclose(product, known, atol=1e-6) for known in group):
                group.append(product)
        if len(group) > MOST_SYMMETRIES:
            return single
    return group[1:]


def _matrix(R: Float[np.ndarray, "3 3"]) -> list[float]:
    matrix = np.eye(4)
    matrix[:3, :3] = R
    return [round(float(v), 9) + 0.0 for v in matrix.ravel()]
