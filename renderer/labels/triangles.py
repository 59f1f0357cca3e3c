"""The triangles of a scene as a camera sees them, without Blender."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from renderer.catalog.cutaway import hides_layout
from renderer.catalog.dice import face_normals, face_up
from renderer.catalog.library import Library
from renderer.catalog.model import TriangleMesh
from renderer.catalog.places import parts_of
from renderer.catalog.sources import mesh_of
from renderer.labels.cutouts import Cutout, cutouts_of
from renderer.rotation import transform, vector3
from renderer.scene import Camera, Ground, Pose, Scene, SceneObject, View

WIDEST_COSINE = 0.1  # of half the angle that a triangle is seen under: a wider one is always looked at


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Body:
    """What has one id.

    Attributes:
        number: 0 is the place, i + 1 is object i of the scene.
        corners_m: of its triangles, in the camera's frame.
        is_labelled: whether it has a category.
        upper_face: of a die, which triangles belong to its upper face.
        cutouts: what lets rays through.
    """

    number: int
    corners_m: Float[np.ndarray, "t 3 3"]
    is_labelled: bool = False
    upper_face: Bool[np.ndarray, " t"] | None = None
    cutouts: Sequence[Cutout] = ()


def bodies_of(scene: Scene, view: View, library: Library) -> list[Body]:
    """The place, and then all objects of a scene, in a view."""
    camera_from_world = np.linalg.inv(transform(view.camera.pose))
    placed = {placement.name: placement for placement in view.foreground}
    bodies = [_place(scene.ground, view.camera, camera_from_world)]
    for number, item in enumerate(scene.objects, start=1):
        mesh = mesh_of(item, library)
        placement = placed.get(item.name)
        pose, scale = (item.pose, 1.0) if placement is None else (placement.pose, placement.scale)
        body = Body(
            number=number,
            corners_m=_corners(mesh, camera_from_world, pose, scale),
            is_labelled=item.category is not None,
            upper_face=_upper_face(item, mesh),
            cutouts=cutouts_of(item, mesh, library),
        )
        bodies.append(body)
    return bodies


def _place(ground: Ground, camera: Camera, camera_from_world: Float[np.ndarray, "4 4"]) -> Body:
    """All parts of the place that this camera is shown."""
    seen = [_corners(mesh, camera_from_world, Pose(), 1.0) for mesh in _shown(ground, camera)]
    return Body(number=0, corners_m=np.concatenate(seen) if seen else np.zeros((0, 3, 3)))


def _shown(ground: Ground, camera: Camera) -> Iterator[TriangleMesh]:
    for part in parts_of(ground).values():
        low, high = vector3(part.mesh.vertices.min(axis=0)), vector3(part.mesh.vertices.max(axis=0))
        if not (part.is_shell and hides_layout(low, high, camera.pose.position_m, ground.half_size_m)):
            yield part.mesh


def _corners(
    mesh: TriangleMesh, camera_from_world: Float[np.ndarray, "4 4"], pose: Pose, scale: float
) -> Float[np.ndarray, "t 3 3"]:
    camera_from_object = camera_from_world @ transform(pose)
    vertices = mesh.vertices * scale @ camera_from_object[:3, :3].T + camera_from_object[:3, 3]
    corners: Float[np.ndarray, "t 3 3"] = _by_axis(vertices, mesh.triangles).transpose(2, 1, 0)
    return corners


def _by_axis(
    vertices: Float[np.ndarray, "v 3"], triangles: Int[np.ndarray, "t 3"]
) -> Float[np.ndarray, "3 3 t"]:
    """Coordinates of the corners of triangles, axis by axis and corner by corner: quick to compute with."""
    return np.take(np.ascontiguousarray(vertices.T), triangles.T, axis=1)


def _upper_face(item: SceneObject, mesh: TriangleMesh) -> Bool[np.ndarray, " t"] | None:
    """Which triangles of a die lie in its upper face; a rounded edge belongs by halves to its two faces."""
    if item.source != "die":
        return None
    normals = face_normals(item.parameters["chirality"])
    up = face_up(item.pose.rotation_wxyz, item.parameters["chirality"])
    a, b, c = np.moveaxis(_by_axis(mesh.vertices, mesh.triangles), 1, 0)
    is_upper: Bool[np.ndarray, " t"] = np.argmax(normals @ ((a + b + c) / 3), axis=0) == up - 1
    return is_upper


def hidden_points(
    bodies: Sequence[Body], points_m: Float[np.ndarray, "n 3"], reach_m: Float[np.ndarray, " n"]
) -> Bool[np.ndarray, " n"]:
    """Whether something stands between the camera and points in its frame; cutouts count as opaque.

    Args:
        reach_m: what is nearer than this to a point, along the ray, does not hide it: the surface it lies on.
    """
    hidden = np.zeros(len(points_m), dtype=bool)
    if not len(points_m):
        return hidden
    distance = np.array([np.linalg.norm(point) for point in points_m])
    near_rays = _near_rays(bodies, points_m / distance[:, None])
    for number, (point, reach) in enumerate(zip(points_m, reach_m, strict=True)):
        share = _shares(near_rays[number], point)
        hidden[number] = bool(((share > 0) & (share < 1 - reach / distance[number])).any())
    return hidden


def _near_rays(
    bodies: Sequence[Body], directions: Float[np.ndarray, "n 3"]
) -> list[Float[np.ndarray, "t 3 3"]]:
    """For each ray, the triangles of all bodies that it may pass, in their order."""
    found: list[list[Float[np.ndarray, "t 3 3"]]] = [[np.zeros((0, 3, 3))] for _ in directions]
    for body in bodies:
        middle, cosine = _caps(body.corners_m.transpose(2, 1, 0))
        rays = np.flatnonzero(_may_pass(middle, cosine, directions))
        passed = directions[rays] @ middle >= cosine
        for number, triangles in zip(rays, passed, strict=True):
            found[number].append(body.corners_m[triangles])
    return [np.ascontiguousarray(np.concatenate(of_ray)) for of_ray in found]


def _caps(corners: Float[np.ndarray, "3 3 t"]) -> tuple[Float[np.ndarray, "3 t"], Float[np.ndarray, " t"]]:
    """Directions to the middles of triangles, and the cosine of the angle within which their corners lie.

    Args:
        corners: axis by axis, and corner by corner.
    """
    x, y, z = corners
    directions = corners / np.sqrt(x * x + y * y + z * z)
    middle = directions[:, 0] + directions[:, 1] + directions[:, 2]
    middle /= np.maximum(np.sqrt((middle * middle).sum(axis=0)), 1e-12)
    cosine = (directions * middle[:, None]).sum(axis=0).min(axis=0)
    return middle, np.where(cosine > WIDEST_COSINE, cosine - 1e-9, -2.0)


def _may_pass(
    middle: Float[np.ndarray, "3 t"], cosine: Float[np.ndarray, " t"], directions: Float[np.ndarray, "n 3"]
) -> Bool[np.ndarray, " n"]:
    """Which rays may pass any of these caps: those within an angle that holds them all."""
    axis = middle.sum(axis=1)
    length = np.linalg.norm(axis)
    if not len(cosine) or length == 0 or cosine.min() < 0:
        return np.full(len(directions), len(cosine) > 0)
    axis /= length
    angle = np.arccos(np.clip((axis @ middle).min(), -1, 1)) + np.arccos(min(cosine.min(), 1.0)) + 1e-6
    may_pass: Bool[np.ndarray, " n"] = directions @ axis >= np.cos(min(angle, np.pi))
    return may_pass


def _shares(corners: Float[np.ndarray, "t 3 3"], point: Float[np.ndarray, "3"]) -> Float[np.ndarray, " n"]:
    """How far along the way to a point the triangles that it passes are met."""
    a, b, c = (corners[:, i] for i in range(3))
    sides = np.stack([np.cross(b, c) @ point, np.cross(c, a) @ point, np.cross(a, b) @ point])
    passed = (sides >= 0).all(axis=0) | (sides <= 0).all(axis=0)
    normal = np.cross(b - a, c - a)[passed]
    slope = normal @ point
    shares: Float[np.ndarray, " n"] = (normal * a[passed]).sum(axis=1) / np.where(slope == 0, np.nan, slope)
    return shares
