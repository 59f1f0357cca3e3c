"""A world of rigid bodies in MuJoCo, and how it moves on.

Inside, the median body has size 1 and gravity is 1, whatever the bodies' size in metres: contacts are as
stiff for a grain as for a crate. The unit of time is the square root of that size over gravity.

Bodies are held apart by GAP_M, so that faces which touch do not coincide. A box with round edges is exact:
its core, with contacts that begin at the radius of its edges.
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import mujoco
import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial import ConvexHull

from renderer.catalog.solids import Solid
from renderer.rotation import quaternion_product, rotation_matrix, vector3
from renderer.scene import Pose

Poses = Float[np.ndarray, "n 7"]  # x, y, z in metres, and the rotation as w, x, y, z

GRAVITY_M_S2 = 9.81
GAP_M = 2e-5  # between what touches: where faces coincide, which one a ray meets is chance
STEP = 0.03  # in units of time; half the time constant of contacts, the least that MuJoCo holds stable
SMALLEST_STEP = 0.2  # of STEP: for what is smaller than 1/25 of the median, steps get no shorter
STIFFNESS = (
    0.99,
    0.99,
    0.001,
    0.5,
    2.0,
)  # `solimp`: bodies sink by 4e-5 of their size under their own weight
DAMPING_RATIO = 0.8  # of contacts: a die bounces a little
SLIDING, SPINNING = 0.4, 0.01  # coefficients of friction: plastic on wood; torsional over the size
ROLLING = 0.04  # lever of the rolling friction over the size: a ball on cloth
FRICTION_TO_NORMAL = 10.0  # `impratio`
NOSLIP_ITERATIONS = 30  # without them, and with MuJoCo's own tolerance of 1e-6, piles creep
NOSLIP_TOLERANCE = 1e-10
LARGEST_MASS_RATIO = 30.0  # to the median, both ways: beyond it, what is heavy sinks into what is light
CARRIES_ALL, CARRIES_WALLS = 1, 2  # bits of what collides

_LOG = logging.getLogger(__name__)
_GEOMS = {
    "plane": mujoco.mjtGeom.mjGEOM_PLANE,
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "ellipsoid": mujoco.mjtGeom.mjGEOM_ELLIPSOID,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "hull": mujoco.mjtGeom.mjGEOM_MESH,
}
mujoco.set_mju_user_warning(_LOG.info)  # otherwise it writes a file where it is started


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Body:
    """What falls: convex pieces in its own frame, metres."""

    solids: tuple[Solid, ...]

    @property
    def corners_m(self) -> Float[np.ndarray, "8 3"]:
        """The corners of a box that holds all pieces."""
        points = np.concatenate([solid_corners_m(solid) for solid in self.solids])
        return _box_corners(points.min(axis=0), points.max(axis=0))

    @property
    def size_m(self) -> float:
        """Its largest extent along an axis of its own."""
        return float(np.ptp(self.corners_m, axis=0).max())

    @property
    def is_round(self) -> bool:
        """Whether it may roll."""
        return any(solid.shape != "box" for solid in self.solids)


def solid_corners_m(solid: Solid) -> Float[np.ndarray, "8 3"]:
    """The corners of the box around a piece, in its owner's frame."""
    half = np.array(solid.half_size_m)
    turned = _box_corners(-half, half) @ rotation_matrix(solid.pose.rotation_wxyz).T
    corners: Float[np.ndarray, "8 3"] = turned + solid.pose.position_m
    return corners


def _box_corners(low: Any, high: Any) -> Float[np.ndarray, "8 3"]:
    return np.array(
        [(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
    )


def placed_solid(solid: Solid, pose: Pose) -> Solid:
    """A piece of an object with a pose, in the world."""
    position_m = rotation_matrix(pose.rotation_wxyz) @ solid.pose.position_m + pose.position_m
    rotation = quaternion_product(pose.rotation_wxyz, solid.pose.rotation_wxyz)
    return replace(solid, pose=Pose(position_m=vector3(position_m), rotation_wxyz=rotation))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """Bodies in motion; `corners_m` and `sizes_m` are theirs, in order.

    Attributes:
        unit_m: length of the unit inside.
    """

    model: Any
    data: Any
    unit_m: float
    corners_m: Float[np.ndarray, "n 8 3"]
    sizes_m: Float[np.ndarray, " n"]

    @property
    def unit_s(self) -> float:
        """Duration of the unit of time inside."""
        return math.sqrt(self.unit_m / GRAVITY_M_S2)

    def poses(self) -> Poses:
        """Where the bodies are."""
        poses: Poses = self.data.qpos.reshape(-1, 7).copy()
        poses[:, :3] *= self.unit_m
        return poses

    def advance(self, seconds: float) -> None:
        """Let time go by, in whole steps, at least one."""
        steps = max(1, round(seconds / self.unit_s / self.model.opt.timestep))
        mujoco.mj_step(self.model, self.data, nstep=steps)

    def brake(self, rate: float) -> None:
        """Slow down all motion from now on; `rate` is the inverse of the time that it takes, in units."""
        inertia = np.column_stack(
            [np.repeat(self.model.body_mass[1:, None], 3, axis=1), self.model.body_inertia[1:]]
        )
        self.model.dof_damping[:] = rate * inertia.reshape(-1)

    def moved_m(self, before: Poses, after: Poses) -> Float[np.ndarray, " n"]:
        """How far the point of each body that moved most has moved, or a little more."""
        shift = placed_corners_m(self.corners_m, after) - placed_corners_m(self.corners_m, before)
        moved: Float[np.ndarray, " n"] = np.linalg.norm(shift, axis=2).max(axis=1)
        moved[np.isnan(moved)] = math.inf
        return moved

    def put(self, poses: Poses) -> None:
        """Let the bodies go at poses, without motion."""
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[:] = np.column_stack([poses[:, :3] / self.unit_m, poses[:, 3:]]).reshape(-1)

    def penetration(self) -> Float[np.ndarray, " n"]:
        """How deep each body is in another or the ground, over the size of the smaller of both."""
        data = self.data
        mujoco.mj_fwdPosition(self.model, data)
        depths = np.zeros(len(self.sizes_m))
        contacts = data.contact
        sizes_m = np.concatenate([[math.inf], self.sizes_m])  # body 0 is what stands still
        pairs = self.model.geom_bodyid[contacts.geom].reshape(-1, 2)
        overlap_m = (contacts.includemargin - contacts.dist) * self.unit_m - GAP_M
        share = np.maximum(overlap_m, 0) / sizes_m[pairs].min(axis=1)
        for side in range(2):
            is_body = pairs[:, side] > 0
            np.maximum.at(depths, pairs[is_body, side] - 1, share[is_body])
        return depths


def placed_corners_m(corners_m: Float[np.ndarray, "n 8 3"], poses: Poses) -> Float[np.ndarray, "n 8 3"]:
    """The corners of the box around each body, in the world."""
    rotations = np.array([rotation_matrix(rotation) for rotation in poses[:, 3:]]).reshape(-1, 3, 3)
    corners: Float[np.ndarray, "n 8 3"] = np.einsum("nij,nkj->nki", rotations, corners_m)
    corners += poses[:, None, :3]
    return corners


def build_world(
    bodies: Sequence[Body],
    poses: Poses,
    fixed: Sequence[Solid],
    walls: Sequence[Solid] = (),
    kept: Bool[np.ndarray, " n"] | None = None,
) -> World:
    """Bodies at rest at their poses, among what stands still.

    Args:
        walls: what stands still and stops only some bodies: those `kept`.
    """
    sizes_m = np.array([body.size_m for body in bodies])
    builder = _Builder(spec=mujoco.MjSpec(), unit_m=float(np.median(sizes_m)))
    option = builder.spec.option
    option.gravity = [0, 0, -1]
    option.timestep = STEP * max(math.sqrt(sizes_m.min() / builder.unit_m), SMALLEST_STEP)
    option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    option.impratio = FRICTION_TO_NORMAL
    option.noslip_iterations = NOSLIP_ITERATIONS
    option.noslip_tolerance = NOSLIP_TOLERANCE
    option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    option.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
    world = builder.spec.worldbody
    for solid in fixed:
        builder.add(world, solid, contype=CARRIES_ALL)
    for solid in walls:
        builder.add(world, solid, contype=CARRIES_WALLS, conaffinity=0)
    volumes_m3 = [np.array([_volume_m3(solid) for solid in body.solids]) for body in bodies]
    masses = _masses(np.array([sum(volumes.tolist()) for volumes in volumes_m3]))
    for number, body in enumerate(bodies):
        shares = masses[number] * (volumes_m3[number] / volumes_m3[number].sum())
        is_kept = kept is not None and bool(kept[number])
        builder.add_body(body, poses[number], shares, CARRIES_ALL | (CARRIES_WALLS * is_kept))
    model = builder.spec.compile()
    return World(
        model=model,
        data=mujoco.MjData(model),
        unit_m=builder.unit_m,
        corners_m=np.array([body.corners_m for body in bodies]),
        sizes_m=sizes_m,
    )


def _masses(volumes_m3: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Of equal density; the median is 1."""
    masses: Float[np.ndarray, " n"] = volumes_m3 / np.median(volumes_m3)
    clipped: Float[np.ndarray, " n"] = np.clip(masses, 1 / LARGEST_MASS_RATIO, LARGEST_MASS_RATIO)
    return clipped


def _volume_m3(solid: Solid) -> float:
    if solid.vertices_m is not None:
        return float(ConvexHull(solid.vertices_m).volume)
    box = 8 * math.prod(solid.half_size_m)
    return box * {"box": 1.0, "ellipsoid": math.pi / 6, "cylinder": math.pi / 4}[solid.shape]


@dataclass(slots=True, kw_only=True)
class _Builder:
    """Adds to a model what is given in metres."""

    spec: Any
    unit_m: float
    meshes: int = 0

    def add_body(
        self, body: Body, pose: Float[np.ndarray, "7"], masses: Float[np.ndarray, " s"], conaffinity: int
    ) -> None:
        """A body that moves, of the masses of its pieces."""
        moving = self.spec.worldbody.add_body(pos=pose[:3] / self.unit_m, quat=pose[3:])
        moving.add_freejoint()
        size = body.size_m / self.unit_m
        for solid, mass in zip(body.solids, masses.tolist(), strict=True):
            self.add(
                moving,
                solid,
                contype=CARRIES_ALL,
                conaffinity=conaffinity,
                mass=mass,
                friction=[SLIDING, SPINNING * size, ROLLING * size],
                condim=6 if body.is_round else 3,
            )

    def add(self, owner: Any, solid: Solid, **settings: Any) -> None:
        """One piece; the weight of a box with round edges is that of the whole, not of its core."""
        rounding = solid.rounding_m / self.unit_m
        half = np.array(solid.half_size_m) / self.unit_m
        if solid.shape == "plane":
            half = np.ones(3)  # it has no end; the numbers say how it would be drawn
        place = {
            "pos": np.array(solid.pose.position_m) / self.unit_m,
            "quat": solid.pose.rotation_wxyz,
        }
        if solid.shape == "cylinder":
            half = half[[0, 2, 2]]  # radius and half height
        if rounding > 0:
            weight = {"mass": settings.pop("mass", 0.0), "contype": 0, "conaffinity": 0}
            owner.add_geom(type=_GEOMS["box"], size=half, **place, **weight)
            settings["mass"] = 0.0
        if solid.shape == "hull":
            place["meshname"] = self._add_mesh(solid)
        owner.add_geom(
            type=_GEOMS[solid.shape],
            size=half - rounding,
            margin=rounding + GAP_M / 2 / self.unit_m,
            solref=[2 * self.spec.option.timestep, DAMPING_RATIO],
            solimp=STIFFNESS,
            **place,
            **settings,
        )

    def _add_mesh(self, solid: Solid) -> str:
        assert solid.vertices_m is not None
        name = f"hull {self.meshes}"
        self.meshes += 1
        vertices = solid.vertices_m / self.unit_m
        self.spec.add_mesh(
            name=name, uservert=vertices.reshape(-1), inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_CONVEX
        )
        return name
