#!/usr/bin/env python
"""One scene under twelve cameras and under twelve sensors, on two contact sheets.

    scripts/draw_variants.py recipe=dice first_frame=3 objects.die.count=9 out=outputs/variants \
        surface.appearance.pattern=checker surface.appearance.pattern_size_m=0.03

Takes the keys of `gapless render`; writes OUT/cameras.png and OUT/sensors.png.
"""

import copy
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from renderer.blender.session import BlenderSession, open_session
from renderer.catalog.library import Library, open_library
from renderer.catalog.sources import categories
from renderer.commands.compose import run_jobs
from renderer.commands.job import RECIPE, ResolvedJob
from renderer.commands.progress import track
from renderer.commands.render import write_picture
from renderer.dataset.record import FrameSource
from renderer.execution.frame import Traced, finish_frame, label_view
from renderer.inspect.contact_sheet import LabelledImage, contact_sheet
from renderer.labels import label_device
from renderer.labels.cast import cast_view
from renderer.randomize.scenes import sample_scene
from renderer.recipe.schema import Recipe
from renderer.recipe.validation import parse_recipe
from renderer.settle import settle

CELL_PX = 400
Variants = Mapping[str, Mapping[str, Any]]
STILL = {"camera.tilt_deg": 25, "camera.azimuth_deg": 20, "camera.roll_deg": 0}
MIDDLE = {"camera.target_x_fraction": 0, "camera.target_y_fraction": 0, "camera.field_width_m": 0.35}
BROWN = {"camera.distortion.model": "brown_conrady"}
CAMERAS: Variants = {
    "as declared": {},
    "field of view 80 degrees, field 0.35 m": {"camera.fov_deg": 80},
    "calibrated: K with the middle aside": {"camera.K": [700, 700, 220, 200]},
    "a shell of 0.5 m, from the side": {"camera.distance_m": 0.5, "camera.direction": [0.8, -0.4, 0.45]},
    "0.25 m above": {"camera.height_m": 0.25},
    "near an object": {"camera.look_at": "die", "camera.field_width_m": 0.09},
    "rolled by 45 degrees": {"camera.roll_deg": 45},
    "depth of field, 50 mm f/2": {"camera.f_stop": 2, "camera.focal_length_mm": 50, "camera.tilt_deg": 60},
    "motion: a pan of 1 degree": {"camera.motion_deg": 1, "camera.motion_angle_deg": 30},
    "Brown-Conrady, k1 -0.15": {**BROWN, "camera.fov_deg": 70, "camera.distortion.k1": -0.15},
    "Brown-Conrady, k1 +0.4": {**BROWN, "camera.fov_deg": 60, "camera.distortion.k1": 0.4},
    "fisheye of 190 degrees": {
        "camera.distortion.model": "fisheye", "camera.K": [190, 190, 320, 240], "camera.distance_m": 0.12,
    },
}  # fmt: skip
SENSORS: Variants = {
    "all off": {},
    "exposure +1.5 EV": {"sensor.exposure_ev": 1.5},
    "chromatic aberration 3 px": {"sensor.chromatic_aberration_px": 3},
    "defocus 3 px": {"sensor.defocus_px": 3},
    "motion blur 12 px": {"sensor.motion_blur_px": 12, "sensor.motion_blur_angle_deg": 30},
    "vignetting 0.7": {"sensor.vignetting": 0.7},
    "white balance: red 1.25, blue 0.8": {"sensor.white_balance_red": 1.25, "sensor.white_balance_blue": 0.8},
    "ISO 6400, Bayer mosaic": {"sensor.iso": 6400, "sensor.mosaic": "rggb"},
    "gain +1 EV after the raw image": {"sensor.gain_ev": 1},
    "filmic, contrast 0.6": {"sensor.tone_curve": "filmic", "sensor.contrast": 0.6},
    "sharpening 3": {"sensor.sharpening": 3},
    "rescaled by 0.3, JPEG quality 15": {"sensor.rescale": 0.3, "sensor.jpeg_quality": 15},
}


def draw(job: ResolvedJob[Recipe]) -> int:
    """Render both sheets."""
    library = open_library(job.settings)
    names = categories(job.settings, library)
    base = yaml.safe_load(job.yaml)
    out = Path(job.settings.out).expanduser()
    with open_session(job.settings.engine, library) as session:
        for name, variants in (("cameras", CAMERAS), ("sensors", SENSORS)):
            frames = track(shots_of(base, variants, library, session), name, total=len(variants))
            write_picture(out / f"{name}.png", contact_sheet(frames, names, cell_px=CELL_PX))
            print(f"{out / name}.png")
    return 0


def shots_of(
    base: Mapping[str, Any],
    variants: Mapping[str, Mapping[str, Any]],
    library: Library,
    session: BlenderSession,
) -> Iterator[LabelledImage]:
    """The first frame of each variant of a recipe."""
    for caption, values in variants.items():
        recipe = parse_recipe(with_keys(base, {**STILL, **MIDDLE, **values}))
        scene = settle(sample_scene(recipe, library, recipe.first_frame), library)
        view = scene.views[0]
        session.build(scene)
        try:
            buffers = session.trace(view)
        finally:
            session.clear()
        source = FrameSource(frame=0, scene=scene, view=view, shot=view.shots[0])
        device = label_device("cpu")
        traced = Traced(scene=scene, view=view, buffers=buffers)
        cast = cast_view(scene, view, library, device)
        frame = finish_frame(source, label_view(recipe, library, traced, cast, device), device)
        assert frame.image is not None, "a variant was rejected"
        yield LabelledImage(image=frame.image, caption=caption, instances=frame.record["instances"])


def with_keys(base: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with some dotted keys changed."""
    config = copy.deepcopy(dict(base))
    for key, value in values.items():
        *groups, last = key.split(".")
        node = config
        for group in groups:
            node = node[group]
        node[last] = value
    return config


def main(arguments: Sequence[str]) -> int:
    """Run with the arguments of a command line; returns the exit status."""
    return run_jobs(arguments, schema=RECIPE, config_name="render", check=lambda job: None, work=draw)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
