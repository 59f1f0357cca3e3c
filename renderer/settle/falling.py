"""The objects of a scene that fall, among those that lie."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from renderer.catalog.collision import solids_of
from renderer.catalog.dice import keep_face_up
from renderer.catalog.library import Library
from renderer.catalog.places import lean_m
from renderer.catalog.solids import Solid
from renderer.catalog.surfaces import ground_solids
from renderer.scene import Contact, Ground, Pose, Scene, SceneObject
from renderer.settle.kept import kept_rest
from renderer.settle.physics import Container, Place
from renderer.settle.world import Body, placed_solid


def fallen(scene: Scene, lying: Sequence[SceneObject], library: Library) -> list[SceneObject]:
    """What falls in a scene, at rest; without what left its place or did not come to rest.

    A die shows the face that was drawn: that it came to lie on another is undone by turning it in itself.

    Args:
        lying: what is at rest already, and stays there.

    Raises:
        CatalogError: a mesh cannot be read, or takes too long to be taken apart.
    """
    items = [item for item in scene.objects if item.contact is Contact.FALL]
    if not items:
        return []
    bodies = [Body(solids=solids_of(item, library)) for item in items]
    poses = np.array([(*item.pose.position_m, *item.pose.rotation_wxyz) for item in items])
    around = [placed_solid(solid, item.pose) for item in lying for solid in solids_of(item, library)]
    rest = kept_rest(bodies, poses, _place(scene.ground, around))
    return [_laid(item, pose) for item, pose in zip(items, rest, strict=True) if pose is not None]


def _place(ground: Ground, around: Sequence[Solid]) -> Place:
    return Place(fixed=(*ground_solids(ground), *around), container=_container(ground))


def _container(ground: Ground) -> Container | None:
    """The tray, unless things may lie around it; where its walls lean out, there is more room."""
    if ground.tray is None or ground.tray.get("spill", False):
        return None
    half_x_m, half_y_m = ground.half_size_m
    out_m = lean_m(ground.tray)
    return Container(half_size_m=(half_x_m + out_m, half_y_m + out_m))


def _laid(item: SceneObject, pose: Float[np.ndarray, "7"]) -> SceneObject:
    x, y, z, *rotation = pose.tolist()
    turned = (rotation[0], rotation[1], rotation[2], rotation[3])
    if item.source == "die":
        turned = keep_face_up(item.parameters["face"], item.parameters["chirality"], turned)
    return replace(item, pose=Pose(position_m=(x, y, z), rotation_wxyz=turned))
