"""Objects to rest: by geometry, and what falls by physics among those.

Geometry pushes apart what must not overlap and drops what may. There an object keeps its rotation and comes
down vertically to the first thing it touches.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float

from renderer.catalog.library import Library
from renderer.catalog.places import confines_m
from renderer.catalog.sources import Support, radius_m, support_of
from renderer.rotation import vector3
from renderer.scene import Contact, Pose, Scene, SceneObject, Vector3, View
from renderer.settle.falling import fallen
from renderer.settle.world import GAP_M

CELL_M = 0.001  # of the height map
SPIRAL_STEP_M = 0.003
SPIRAL_TURNS = 400  # golden-angle steps: reaches about 6 cm
GOLDEN_ANGLE_RAD = math.pi * (3 - math.sqrt(5))


def settle(scene: Scene, library: Library) -> Scene:
    """The scene at rest: every object on the ground or on others, none inside another.

    Objects go in order. One that avoids contact takes the free place nearest to where it was drawn;
    where there is none within reach it is left out of the scene. What falls does so when these lie, and
    follows them in the scene; what does not come to rest where it may is left out too. What is held or
    floats stays, and comes last.

    Args:
        library: the meshes that objects were drawn from.

    Raises:
        CatalogError: a mesh that falls cannot be used for that.
    """
    lying = _by_geometry(scene, library)
    return _with_lying(scene, [*lying, *fallen(scene, lying, library)])


def settle_without_physics(scene: Scene, library: Library) -> Scene:
    """The scene as `settle` leaves it, but for what falls: that stays where it begins to."""
    return _with_lying(scene, [*_by_geometry(scene, library), *_those_that(scene, Contact.FALL)])


def falls(scene: Scene) -> bool:
    """Whether anything in a scene falls, so that settling it takes physics."""
    return bool(_those_that(scene, Contact.FALL))


def _by_geometry(scene: Scene, library: Library) -> list[SceneObject]:
    """What avoids contact or stacks, settled."""
    lying = _those_that(scene, Contact.AVOID, Contact.STACK)
    apart = _push_apart([(item, radius_m(item, library)) for item in lying], confines_m(scene.ground))
    return _drop([(item, support_of(item, library)) for item in apart])


def _with_lying(scene: Scene, lying: Sequence[SceneObject]) -> Scene:
    """The scene with the objects that lie as given, and those that are held or float."""
    objects = (*lying, *_those_that(scene, Contact.HELD), *_those_that(scene, Contact.FLOAT))
    return replace(scene, objects=objects, views=_following(scene, objects))


def _those_that(scene: Scene, *contacts: Contact) -> list[SceneObject]:
    return [item for item in scene.objects if item.contact in contacts]


def _following(scene: Scene, settled: tuple[SceneObject, ...]) -> tuple[View, ...]:
    """The views, with cameras that look at an object moved as it was; one that was left out moves none."""
    before = {item.name: item.pose.position_m for item in scene.objects}
    after = {item.name: item.pose.position_m for item in settled}
    return tuple(
        view if view.follows is None else _shifted(view, before[view.follows], after.get(view.follows))
        for view in scene.views
    )


def _shifted(view: View, before: Vector3, after: Vector3 | None) -> View:
    shift = np.subtract(after or before, before)
    camera = replace(view.camera, pose=_shifted_pose(view.camera.pose, shift))
    foreground = tuple(replace(one, pose=_shifted_pose(one.pose, shift)) for one in view.foreground)
    return replace(view, camera=camera, foreground=foreground)


def _shifted_pose(pose: Pose, shift_m: Float[np.ndarray, "3"]) -> Pose:
    return replace(pose, position_m=vector3(np.array(pose.position_m) + shift_m))


def _push_apart(
    objects: Sequence[tuple[SceneObject, float]], half_size_m: tuple[float, float] | None
) -> list[SceneObject]:
    """The objects, given with their radii, at places where those that avoid contact do not overlap."""
    taken: list[tuple[float, float, float]] = []
    settled = []
    for item, radius in objects:
        if item.contact is Contact.STACK:
            settled.append(item)
            continue
        x, y, _ = item.pose.position_m
        for place in _spiral(x, y, radius, half_size_m):
            if all(math.dist(place, (ox, oy)) >= radius + other for ox, oy, other in taken):
                taken.append((*place, radius))
                settled.append(_moved(item, (*place, 0.0)))
                break
    return settled


def _spiral(
    x: float, y: float, radius: float, half_size_m: tuple[float, float] | None
) -> Iterator[tuple[float, float]]:
    for step in range(SPIRAL_TURNS):
        reach, angle = SPIRAL_STEP_M * math.sqrt(step), step * GOLDEN_ANGLE_RAD
        place = (x + reach * math.cos(angle), y + reach * math.sin(angle))
        if half_size_m is None or all(
            abs(p) <= half - radius for p, half in zip(place, half_size_m, strict=True)
        ):
            yield place


def _moved(item: SceneObject, position_m: tuple[float, float, float]) -> SceneObject:
    return replace(item, pose=Pose(position_m=position_m, rotation_wxyz=item.pose.rotation_wxyz))


@dataclass(slots=True, kw_only=True)
class HeightMap:
    """Height of the topmost thing over a square of the ground, in cells of CELL_M.

    Attributes:
        stacked_m: of the topmost thing that stacks. Things that avoid contact come down to these only: they
            already lie apart from each other, by less than a cell where they touch.
    """

    half_m: float
    height_m: Float[np.ndarray, "n n"]
    stacked_m: Float[np.ndarray, "n n"]


def _drop(objects: Sequence[tuple[SceneObject, Support]]) -> list[SceneObject]:
    if not any(item.contact is Contact.STACK for item, _ in objects):
        return [_grounded(item, support) for item, support in objects]
    reach = max(_outermost_m(item, support) for item, support in objects)
    cells = 2 * math.ceil((reach + 2 * CELL_M) / CELL_M)
    ground_m = np.zeros((cells, cells))
    heights = HeightMap(half_m=cells * CELL_M / 2, height_m=ground_m, stacked_m=ground_m.copy())
    return [_drop_one(item, support, heights) for item, support in objects]


def _grounded(item: SceneObject, support: Support) -> SceneObject:
    """On the ground: there is nothing else to lie on where nothing stacks."""
    x, y, _ = item.pose.position_m
    return _moved(item, (x, y, GAP_M - float(support.lower_m(support.outline_m).min())))


def _outermost_m(item: SceneObject, support: Support) -> float:
    return float(np.abs(support.outline_m + item.pose.position_m[:2]).max())


def _drop_one(item: SceneObject, support: Support, heights: HeightMap) -> SceneObject:
    """Lower one object onto what lies there, and raise the map to its upper side."""
    x, y, _ = item.pose.position_m
    rows, columns, points = _footprint(support, x, y, heights.half_m)
    lower = support.lower_m(points)
    stacks = item.contact is Contact.STACK
    below = (heights.height_m if stacks else heights.stacked_m)[rows, columns]
    z = float((below - lower).max()) + GAP_M
    for layer in (heights.height_m, heights.stacked_m) if stacks else (heights.height_m,):
        layer[rows, columns] = np.maximum(layer[rows, columns], z + lower + support.height_m)
    return _moved(item, (x, y, z))


def _footprint(support: Support, x: float, y: float, half_m: float) -> tuple[Any, Any, Any]:
    """Rows and columns of the cells under an object, and their centres relative to its origin."""
    corners = (support.outline_m + (x + half_m, y + half_m)) / CELL_M - 0.5
    low = np.floor(corners.min(axis=0)).astype(int)
    size = np.ceil(corners.max(axis=0)).astype(int) - low + 1
    mask = np.zeros((size[1], size[0]), dtype=np.uint8)
    cv2.fillConvexPoly(mask, np.round(corners - low).astype(np.int32), 1)
    rows, columns = np.nonzero(mask)
    rows, columns = rows + low[1], columns + low[0]
    centres = (np.stack([columns, rows], axis=1) + 0.5) * CELL_M - half_m
    return rows, columns, centres - (x, y)
