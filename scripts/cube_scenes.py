"""The scenes of `benchmark_render.py`: bevelled cubes on a plane, as keys of gapless and as plain data."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from jaxtyping import Float

from renderer.catalog.library import BUILT_IN, Library, open_library
from renderer.catalog.model import Material
from renderer.catalog.sources import build_model
from renderer.catalog.surfaces import ground_models
from renderer.commands.compose import run_jobs
from renderer.commands.job import RECIPE, ResolvedJob
from renderer.randomize.scenes import sample_scene
from renderer.recipe.schema import Recipe
from renderer.rotation import transform
from renderer.scene import Camera, Light, Scene, SceneObject
from renderer.settle import settle

BEVEL, BEVEL_STEPS = 0.12, 4  # radius of the bevel over half an edge; strips of a quarter of it
LAMPS = 3
SUN_ANGLE_RAD = 0.0093  # as `renderer.blender.lights` has it
Keys = Sequence[str]


def write_cube(folder: Path) -> Path:
    """Write the mesh of all objects, a bevelled cube with edges of 1 m, as FOLDER/cube.obj."""
    angles = np.linspace(0, math.pi / 4, BEVEL_STEPS + 1)
    bevel = 1 - BEVEL + BEVEL * np.tan(angles)
    ticks = np.concatenate([-bevel[::-1], bevel])  # over half an edge; the wide middle strip is flat
    points: list[np.ndarray] = []
    quads: list[np.ndarray] = []
    for axis, side in ((axis, side) for axis in range(3) for side in (-1.0, 1.0)):
        first = len(ticks) ** 2 * len(points)
        face = np.stack(np.meshgrid(ticks, ticks, [side], indexing="ij"), axis=-1).reshape(-1, 3)
        points.append(np.roll(face, axis, axis=1))
        grid = first + np.arange(len(ticks) ** 2).reshape(len(ticks), len(ticks))
        around = np.stack([grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]], axis=-1)
        quads.append(around.reshape(-1, 4)[:, :: int(side)])
    cube = np.concatenate(points)
    core = np.clip(cube, BEVEL - 1, 1 - BEVEL)
    outwards = (cube - core) / np.linalg.norm(cube - core, axis=1, keepdims=True)
    faces = trimesh.geometry.triangulate_quads(np.concatenate(quads))
    mesh = trimesh.Trimesh((core + BEVEL * outwards) / 2, faces, process=False)
    mesh.merge_vertices()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "cube.obj"
    mesh.export(path)
    return path


def cube_keys(mesh: Path, size_wh: tuple[int, int], objects: int, samples: int) -> list[str]:
    """The recipe, as keys of `gapless render`: scenes have as many objects and lamps, and plain materials."""
    return [
        "recipe=tabletop", "objects=[meshes]", f"objects.path={mesh.parent}",
        f"objects.mesh.count={objects}", "objects.mesh.size_m=[uniform,0.02,0.045]",
        "objects.mesh.look=replace",
        "objects.mesh.appearance.material=generic", "objects.mesh.appearance.pattern=plain",
        *(f"objects.mesh.appearance.{wear}=0" for wear in ("stains", "scratches", "dust", "fingerprints")),
        "layout.half_width_m=0.2", "layout.half_depth_m=0.16", "layout.object_free=false",
        "surface.appearance.pattern=plain", "surface.appearance.bump_m=0", "surface.tray.presence=false",
        f"lighting.lights.lamp.count={LAMPS}",
        "camera.field_width_m=[uniform,0.4,0.5]",
        "camera.target_x_fraction=0", "camera.target_y_fraction=0",
        f"camera.width_px={size_wh[0]}", f"camera.height_px={size_wh[1]}", f"engine.samples={samples}",
        "engine.denoise_quality=high", "engine.denoise_guides=prefiltered",  # as BlenderProc denoises
    ]  # fmt: skip


def with_recipe(keys: Keys, work: Callable[[Recipe, Library], None]) -> None:
    """Call `work` with the recipe that keys of `gapless render` say, and its library."""

    def unpacked(job: ResolvedJob[Recipe]) -> int:
        work(job.settings, open_library(job.settings))
        return 0

    run_jobs([*keys], schema=RECIPE, config_name="render", check=lambda job: None, work=unpacked)


def write_scenes(keys: Keys, mesh: Path, path: Path) -> None:
    """Write the scenes of a recipe's frames, one a frame, as plain data for other renderers.

    Raises:
        SystemExit: an object found no place; BlenderProc is to move the same ones from scene to scene.
    """

    def write(recipe: Recipe, library: Library) -> None:
        frames = range(recipe.first_frame, recipe.first_frame + recipe.frames)
        scenes = [plain_scene(settle(sample_scene(recipe, library, n), library), library) for n in frames]
        if len({len(scene["objects"]) for scene in scenes}) > 1:
            raise SystemExit("there is no room for so many objects in each scene: take fewer")
        engine = recipe.engine
        told = {
            "mesh": str(mesh),
            "bounces": engine.max_bounces,
            "samples": engine.samples,
            "denoise": engine.denoise,
        }
        path.write_text(json.dumps({**told, "scenes": scenes}), encoding="utf-8")

    with_recipe(keys, write)


def plain_scene(scene: Scene, library: Library) -> dict[str, Any]:
    """A scene of cubes, all placed in the world; matrices are 4 by 4, row by row."""
    (ground,) = ground_models(scene.ground, library).values()
    return {
        "objects": [_plain_object(item, library) for item in scene.objects],
        "ground": {
            "half_m": float(ground.mesh.vertices[:, 0].max()),
            "height_m": float(ground.mesh.vertices[:, 2].max()),
            **_plain_material(ground.materials[0]),
        },
        "lights": [_plain_light(light) for light in scene.lights],
        "sky": {
            "map": scene.sky.image.removeprefix(BUILT_IN),
            "strength": scene.sky.strength,
            "rotation_wxyz": list(scene.sky.rotation_wxyz),
        },
        "camera": _plain_camera(scene.views[0].camera),
    }


def _plain_object(item: SceneObject, library: Library) -> dict[str, Any]:
    model = build_model(item, library)
    edge_m = float(np.ptp(model.mesh.vertices[:, 0]))
    scaled = transform(item.pose) @ np.diag([edge_m, edge_m, edge_m, 1.0])
    return {
        "name": item.name,
        "world_from_mesh": scaled.tolist(),
        **_plain_material(model.materials[0]),
    }


def _plain_material(material: Material) -> dict[str, Any]:
    return {
        "color": list(material.color),
        "roughness": material.roughness,
        "metallic": material.metallic,
        "refraction_index": material.refraction_index,
    }


def _plain_light(light: Light) -> dict[str, Any]:
    return {
        "type": light.type.name,
        "world_from_light": transform(light.pose).tolist(),
        "energy": light.energy_w,
        "color": list(light.color),
        "size_m": light.size_m,
        "angle_rad": SUN_ANGLE_RAD,
    }


def _plain_camera(camera: Camera) -> dict[str, Any]:
    """OpenCV's frame; the centre of the first pixel is at (0.5, 0.5)."""
    K: Float[np.ndarray, "3 3"] = np.array(
        [[camera.fx_px, 0, camera.cx_px], [0, camera.fy_px, camera.cy_px], [0, 0, 1]], dtype=float
    )
    return {
        "size_wh": [camera.width_px, camera.height_px],
        "K": K.tolist(),
        "world_from_camera": transform(camera.pose).tolist(),
    }
