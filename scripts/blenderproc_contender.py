#!/usr/bin/env python
"""BlenderProc, used as its documentation shows, on the scenes that `benchmark_render.py` wrote.

    scripts/blenderproc_contender.py SCENES.json --out FOLDER --first 0 --count 4 --settings equal

One process: meshes, lights and outputs are set up once and moved from scene to scene, as in BlenderProc's own
example `bop_challenge`; each scene ends with `write_coco_annotations`, as in its example `coco_annotations`,
but with PNG images. The last line printed is a JSON list: the seconds of each scene, from its first edit to
its labels on disk.

`--settings defaults` leaves all that `bproc.init()` sets: 1024 samples, noise threshold 0.01, its denoiser
"INTEL" (OpenImageDenoise, in the compositor), 3 bounces. `equal` has the samples and bounces of the scenes'
recipe, no noise threshold, the same denoiser, and the view transform Standard, with which radiance can be
compared. `small-map` is as `equal`, with a line for which BlenderProc has no function: the map by which
Blender samples a sky has an automatic size that costs more than half a second a frame on two cores.

BlenderProc 2.8.0 does not know the bpy wheel: its import and the steps of its `init` are those of
`renderer/blender/runtime.py` and of `initialize` below. Nothing else of it is changed.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from renderer.blender.runtime import silence, start_blender

bproc = start_blender()

import bpy  # noqa: E402 - BlenderProc has to come first
from mathutils import Matrix, Quaternion  # noqa: E402

from renderer.blender.lights import SAMPLING_MAP_PX  # noqa: E402
from renderer.blender.scratch import scratch_folder  # noqa: E402

OPENCV_AXES = ["X", "-Y", "-Z"]
PARTS = ("Base Color", "Roughness", "Metallic", "IOR")
Plain = Mapping[str, Any]


def initialize() -> None:
    """What `bproc.init()` does, but for its language en_US, which the wheel lacks and fails at."""
    bproc.clean_up(clean_up_camera=True)
    bpy.context.scene.render.engine = "CYCLES"
    bproc.renderer.set_render_devices()
    sys.modules["blenderproc.python.utility.Initializer"]._Initializer.set_default_parameters()


def make_equal(told: Plain) -> None:
    """The samples, bounces and denoiser of the scenes' recipe."""
    bounces = told["bounces"]
    bproc.renderer.set_max_amount_of_samples(told["samples"])
    bproc.renderer.set_noise_threshold(0)
    if not told["denoise"]:
        bproc.renderer.set_denoiser(None)
    bproc.renderer.set_light_bounces(
        diffuse_bounces=bounces,
        glossy_bounces=bounces,
        ao_bounces_render=0,
        max_bounces=bounces,
        transmission_bounces=2 * bounces,
        transparent_max_bounces=64,
        volume_bounces=0,
    )
    bproc.renderer.set_output_format(view_transform="Standard")


class Stage:
    """Everything that stays from scene to scene."""

    def __init__(self, mesh: str, scene: Plain, scratch: Path) -> None:
        """Load and make what a scene has; all scenes have as many objects and lights."""
        self.scratch = str(scratch)
        count = len(scene["objects"])
        self.objects = [bproc.loader.load_obj(mesh, forward_axis="Y", up_axis="Z")[0] for _ in range(count)]
        self.ground = bproc.object.create_primitive("PLANE")
        for number, item in enumerate([*self.objects, self.ground]):
            item.set_cp("category_id", int(item is not self.ground))
            item.clear_materials()
            item.add_material(bproc.material.create(f"material {number}"))
        self.lights = [bproc.types.Light() for _ in scene["lights"]]
        bproc.renderer.enable_segmentation_output(
            map_by=["category_id", "instance", "name"], output_dir=self.scratch
        )

    def set_up(self, scene: Plain, sky: Path) -> None:
        """Move everything to where a scene has it."""
        bproc.utility.reset_keyframes()
        for item, plain in zip(self.objects, scene["objects"], strict=True):
            item.set_name(plain["name"])
            item.set_local2world_mat(Matrix(plain["world_from_mesh"]))
            set_material(item, plain)
        self.ground.set_scale([scene["ground"]["half_m"]] * 3)
        self.ground.set_location([0, 0, scene["ground"]["height_m"]])
        set_material(self.ground, scene["ground"])
        for light, plain in zip(self.lights, scene["lights"], strict=True):
            set_light(light, plain)
        rotation = Quaternion(scene["sky"]["rotation_wxyz"]).to_euler()
        bproc.world.set_world_background_hdr_img(str(sky), scene["sky"]["strength"], rotation)
        set_camera(scene["camera"])

    def render(self, out: Path) -> None:
        """Render and write the image and its annotations."""
        data = bproc.renderer.render(output_dir=self.scratch)
        bproc.writer.write_coco_annotations(
            str(out),
            instance_segmaps=data["instance_segmaps"],
            instance_attribute_maps=data["instance_attribute_maps"],
            colors=data["colors"],
            color_file_format="PNG",
        )


def set_material(item: Any, plain: Plain) -> None:
    """Set the Principled shader of an object."""
    values = ([*plain["color"], 1.0], plain["roughness"], plain["metallic"], plain["refraction_index"])
    for part, value in zip(PARTS, values, strict=True):
        item.get_materials()[0].set_principled_shader_value(part, value)


def set_light(light: Any, plain: Plain) -> None:
    """Set a light; its API has no size of area lights, nor an angle of suns."""
    light.set_type(plain["type"])
    light.set_energy(plain["energy"])
    light.set_color(plain["color"])
    light.set_local2world_mat(Matrix(plain["world_from_light"]))
    data = light.blender_obj.data
    if plain["type"] == "AREA":
        data.shape, data.size = "DISK", plain["size_m"]
    elif plain["type"] == "SUN":
        data.angle = plain["angle_rad"]
    else:
        light.set_radius(plain["size_m"] / 2)


def set_camera(plain: Plain) -> None:
    """Set size, intrinsics and pose; BlenderProc has the centre of the first pixel at (0, 0)."""
    K = np.array(plain["K"])
    K[:2, 2] -= 0.5
    bproc.camera.set_intrinsics_from_K_matrix(K, *plain["size_wh"])
    world_from_camera = np.array(plain["world_from_camera"])
    bproc.camera.add_camera_pose(
        bproc.math.change_source_coordinate_frame_of_transformation_matrix(world_from_camera, OPENCV_AXES)
    )


def render_scenes(told: Plain, scenes: Sequence[Plain], out: Path, settings: str) -> list[float]:
    """Render scenes one after the other; returns the seconds of each."""
    skies = Path(bpy.utils.system_resource("DATAFILES")) / "studiolights" / "world"
    seconds = []
    initialize()
    if settings != "defaults":
        make_equal(told)
    if settings == "small-map":
        world = bpy.context.scene.world
        world.cycles.sampling_method, world.cycles.sample_map_resolution = "MANUAL", SAMPLING_MAP_PX
    with scratch_folder() as scratch:
        stage = Stage(told["mesh"], scenes[0], scratch)
        for scene in scenes:
            begin = time.perf_counter()
            stage.set_up(scene, skies / scene["sky"]["map"])
            stage.render(out)
            seconds.append(time.perf_counter() - begin)
    return seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Render and print the seconds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scenes", type=Path, metavar="SCENES.json")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--first", type=int, default=0, help="number of the first scene")
    parser.add_argument("--count", type=int, default=1, help="of scenes")
    parser.add_argument("--settings", choices=["defaults", "equal", "small-map"], default="equal")
    options = parser.parse_args(arguments)
    told = json.loads(options.scenes.read_text(encoding="utf-8"))
    scenes = told["scenes"][options.first : options.first + options.count]
    with silence():
        seconds = render_scenes(told, scenes, options.out, options.settings)
    print(json.dumps(seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
