#!/usr/bin/env python
"""The families of materials at three degrees of roughness, and kinds of wear, on two contact sheets.

    scripts/draw_materials.py recipe=dice engine.samples=32 seed=3 out=outputs/materials

Takes the keys of `gapless render`, of which `seed` chooses the variants of the materials; writes
OUT/materials.png and OUT/wear.png.
"""

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import trimesh

from renderer.blender.lights import set_sky
from renderer.blender.meshes import add_model
from renderer.blender.session import BlenderSession, open_session
from renderer.catalog.dice import DieShape, die_mesh
from renderer.catalog.library import open_library
from renderer.catalog.model import Family, Image, Material, Model, Pattern, TriangleMesh, Wear, flat_shaded
from renderer.commands.compose import run_jobs
from renderer.commands.derived import write_picture
from renderer.commands.job import RECIPE, ResolvedJob
from renderer.commands.progress import track
from renderer.inspect.contact_sheet import LabelledImage, contact_sheet
from renderer.recipe.schema import Recipe
from renderer.rotation import quaternion_about, quaternion_from_matrix
from renderer.scene import Camera, Pose, SensorValues, Shot, Sky, Vector3, View
from renderer.sensor import develop

CELL_WH = (320, 224)
ROUGHNESS = (0.1, 0.45, 0.85)
WEAR = (0.0, 0.5, 1.0)
HALF_M = 0.03  # of the objects' size
BLUE, RED, GREEN = (0.02, 0.1, 0.4), (0.5, 0.025, 0.02), (0.03, 0.22, 0.09)
CREAM, WHITE = (0.7, 0.6, 0.4), (0.8, 0.8, 0.8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A family, and colours and a size in which it is shown on objects of 6 cm."""

    family: str
    color: Vector3
    color_2: Vector3
    size_m: float
    variant: int = 0


SAMPLES = (
    Sample(family="wood", color=CREAM, color_2=RED, size_m=0.006),
    Sample(family="stone", color=CREAM, color_2=RED, size_m=0.015, variant=0),
    Sample(family="stone", color=CREAM, color_2=RED, size_m=0.02, variant=1),
    Sample(family="stone", color=CREAM, color_2=RED, size_m=0.02, variant=2),
    Sample(family="fabric", color=BLUE, color_2=CREAM, size_m=0.016),
    Sample(family="brushed_metal", color=CREAM, color_2=RED, size_m=0.02, variant=0),
    Sample(family="brushed_metal", color=CREAM, color_2=RED, size_m=0.02, variant=2),
    Sample(family="cast_metal", color=CREAM, color_2=RED, size_m=0.02),
    Sample(family="flake_paint", color=BLUE, color_2=CREAM, size_m=0.03),
    Sample(family="plastic", color=RED, color_2=CREAM, size_m=0.02),
    Sample(family="translucent", color=GREEN, color_2=CREAM, size_m=0.03),
    Sample(family="glass", color=GREEN, color_2=RED, size_m=0.03),
    Sample(family="paper", color=WHITE, color_2=RED, size_m=0.02, variant=1),
    Sample(family="rubber", color=RED, color_2=CREAM, size_m=0.02),
)
WORN = ("plastic", "brushed_metal", "wood")
KINDS_OF_WEAR = ("stains", "scratches", "dust", "fingerprints")


def draw(job: ResolvedJob[Recipe]) -> int:
    """Render both sheets."""
    recipe = job.settings
    out = Path(recipe.out).expanduser()
    with open_session(recipe.engine, open_library(recipe)) as session:
        for name, rows in (("materials", family_rows(recipe.seed)), ("wear", wear_rows(recipe.seed))):
            shown = [*rows]
            frames = track(pictures(session, shown), name, total=len(shown))
            sheet = contact_sheet(frames, (), columns=3, cell_px=CELL_WH[0])
            write_picture(out / f"{name}.png", sheet)
            print(f"{out / name}.png")
    return 0


def family_rows(seed: int) -> Iterator[tuple[str, Material]]:
    """Each sample at each roughness."""
    for sample in SAMPLES:
        for roughness in ROUGHNESS:
            yield f"{sample.family}, roughness {roughness}", material_of(sample, roughness, seed)


def wear_rows(seed: int) -> Iterator[tuple[str, Material]]:
    """Each kind of wear, over some families, in three amounts."""
    worn = [next(s for s in SAMPLES if s.family == name) for name in WORN]
    for kind in KINDS_OF_WEAR:
        for sample in worn:
            for amount in WEAR:
                wear = Wear(seed=seed, **{kind: amount})
                yield f"{sample.family}, {kind} {amount}", replace(material_of(sample, 0.3, seed), wear=wear)


def material_of(sample: Sample, roughness: float, seed: int) -> Material:
    """The material of a sample; samples of one family differ by the seed."""
    family = Family(
        kind=sample.family, color_2=sample.color_2, size_m=sample.size_m, seed=seed + sample.variant
    )
    return Material(color=sample.color, roughness=roughness, family=family)


def pictures(session: BlenderSession, shown: Sequence[tuple[str, Material]]) -> Iterator[LabelledImage]:
    """A sphere, a die, a bevelled cube and a cup of each material on a chequered floor."""
    solids = placed_solids()
    for caption, material in shown:
        for number, (mesh, pose) in enumerate(solids):
            add_model(f"solid.{number}", Model(mesh=mesh, materials=(material, PIPS)), pose, number + 1)
        add_model("floor", FLOOR, Pose(position_m=(0.0, 0.0, -HALF_M)), 0)
        set_sky(SKY, session.library)
        try:
            yield LabelledImage(image=photograph(session), caption=caption, instances=())
        finally:
            session.clear()


def photograph(session: BlenderSession) -> Image:
    """Trace the scene that was built and develop it."""
    radiance = torch.from_numpy(session.trace(VIEW).radiance).permute(2, 0, 1)[None]
    return np.ascontiguousarray(develop(radiance, [SensorValues()], [0])[0].permute(1, 2, 0).numpy())


def placed_solids() -> list[tuple[TriangleMesh, Pose]]:
    """The shapes that show a material, side by side."""
    die = die_mesh(
        DieShape(edge_m=0.044, corner=0.12, pip_radius=0.09, one_scale=1.4, depth=0.45, mirrored=False)
    )
    cup = trimesh.creation.revolve(CUP_PROFILE_M, sections=64)
    return [
        (smooth_solid(trimesh.creation.icosphere(subdivisions=5, radius=HALF_M)), placed(-0.072, 0.012, 0)),
        (smooth_solid(bevelled_cube(0.027, 0.004)), placed(0.0, 0.02, 32, -0.003)),
        (smooth_solid(cup), placed(0.072, 0.012, 0)),
        (die, placed(-0.002, -0.058, 15, -0.008)),
    ]


def placed(x_m: float, y_m: float, turn_deg: float, z_m: float = 0.0) -> Pose:
    """Beside the middle, turned about the vertical."""
    return Pose(position_m=(x_m, y_m, z_m), rotation_wxyz=quaternion_about((0, 0, 1), math.radians(turn_deg)))


def bevelled_cube(half_m: float, bevel_m: float) -> trimesh.Trimesh:
    """A cube whose edges are rounded: the points of a fine cube, drawn in to within the bevel."""
    cube = trimesh.creation.box((2 * half_m,) * 3)
    for _ in range(5):
        cube = cube.subdivide()
    inner = np.clip(cube.vertices, -(half_m - bevel_m), half_m - bevel_m)
    outwards = cube.vertices - inner
    cube.vertices = inner + outwards * (bevel_m / np.linalg.norm(outwards, axis=1, keepdims=True))
    return cube


def smooth_solid(solid: trimesh.Trimesh) -> TriangleMesh:
    """The catalog's mesh of a solid, shaded smoothly."""
    mesh = flat_shaded(solid.vertices, solid.faces)
    return replace(mesh, smooth=np.ones(len(mesh.triangles), dtype=bool))


# Radius and height of a cup's wall, from the middle of its floor outside to that inside.
CUP_PROFILE_M = np.array(
    [
        (0.0, -0.03), (0.02, -0.03), (0.0225, -0.028), (0.026, -0.01), (0.0265, 0.01), (0.0265, 0.0285),
        (0.0255, 0.03), (0.0245, 0.0285), (0.0245, 0.01), (0.024, -0.01), (0.02, -0.0245), (0.0, -0.026),
    ]
)  # fmt: skip
PIPS = Material(color=(0.01, 0.01, 0.01), roughness=0.4)
FLOOR = Model(
    mesh=flat_shaded([(-2, -2, 0), (2, -2, 0), (2, 2, 0), (-2, 2, 0)], [(0, 1, 2), (0, 2, 3)]),
    materials=(
        Material(
            color=(0.3, 0.3, 0.3),
            roughness=0.8,
            pattern=Pattern(kind="checker", color_2=(0.5, 0.5, 0.5), size_m=0.02),
        ),
    ),
)
SKY = Sky(image="built-in:interior.exr", rotation_wxyz=(1.0, 0.0, 0.0, 0.0), strength=1.0)
EYE_M = np.array([0.0, -0.3, 0.2])


def looking(eye_m: Any, at_m: Any) -> Pose:
    """A camera's pose."""
    forward = (at_m - eye_m) / np.linalg.norm(at_m - eye_m)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward], axis=1)
    x, y, z = eye_m.tolist()
    return Pose(position_m=(x, y, z), rotation_wxyz=quaternion_from_matrix(rotation))


CAMERA = Camera(
    width_px=CELL_WH[0],
    height_px=CELL_WH[1],
    fx_px=1.72 * CELL_WH[0],
    fy_px=1.72 * CELL_WH[0],
    cx_px=CELL_WH[0] / 2,
    cy_px=CELL_WH[1] / 2,
    pose=looking(EYE_M, np.array([0.0, -0.014, -0.006])),
)
VIEW = View(
    camera=CAMERA,
    cycles_seed=1,
    shots=(Shot(sensor=SensorValues(), noise_seed=0, draws={}),),
    draws={},
)


def main(arguments: Sequence[str]) -> int:
    """Run with the arguments of a command line; returns the exit status."""
    return run_jobs(arguments, schema=RECIPE, config_name="render", check=lambda job: None, work=draw)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
