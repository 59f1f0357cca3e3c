"""`gapless preview`: a quick low-sample contact sheet of a recipe."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from renderer.catalog.library import Library, open_library
from renderer.catalog.sources import categories
from renderer.commands.compose import run_jobs
from renderer.commands.derived import write_picture
from renderer.commands.job import RECIPE, ResolvedJob
from renderer.commands.mesh_report import print_skipped
from renderer.commands.progress import track
from renderer.commands.render import check_devices
from renderer.errors import RecipeError
from renderer.files import check_writable
from renderer.inspect.contact_sheet import LabelledImage, contact_sheet
from renderer.randomize.scenes import check_constraints
from renderer.recipe.imaging import Crop, RigCamera, image_size_hw
from renderer.recipe.schema import Recipe

LONGEST_SIDE_PX = 320
MOST_SAMPLES = 4
HELP = """\
usage: gapless preview [KEY=VALUE ...] [--config-dir DIR]

Render a few small frames with few samples and write one picture of them, with labels: out/preview.png.
The same scenes as those of `gapless render` with the same recipe and seed.

examples:
  gapless preview recipe=dice
  gapless preview recipe=cards frames=6 seed=3 out=outputs/look surface.appearance.pattern=image
"""


def run(arguments: Sequence[str]) -> int:
    """Run `gapless preview` with its arguments; returns the exit status."""
    if {"-h", "--help"} & set(arguments):
        print(HELP)
        return 0
    return run_jobs(arguments, schema=RECIPE, config_name="preview", check=_check, work=_work)


def _check(job: ResolvedJob[Recipe]) -> None:
    check_devices(job.settings)
    check_constraints(job.settings, open_library(job.settings))
    check_writable(Path(job.settings.out).expanduser())


def _work(job: ResolvedJob[Recipe]) -> int:
    recipe = quick(job.settings)
    library = open_library(recipe)
    print_skipped(library)
    frames = list(_render(recipe, library))
    if not frames:
        raise RecipeError("every frame was rejected: no light reaches the camera; look at the lighting")
    path = Path(recipe.out).expanduser() / "preview.png"
    write_picture(
        path, contact_sheet(frames, categories(recipe, library), cell_px=image_size_hw(recipe.camera)[1])
    )
    print(f"{recipe.name}: {len(frames)} frames on {path}")
    print("  next: gapless render with the same keys, and out=outputs/NAME")
    return 0


def quick(recipe: Recipe) -> Recipe:
    """The recipe with few samples and small images of the same shape, and without maps."""
    camera, engine = recipe.camera, recipe.engine
    scale = min(1.0, LONGEST_SIDE_PX / max(camera.width_px, camera.height_px))
    smaller = replace(
        camera,
        width_px=max(16, round(camera.width_px * scale)),
        height_px=max(16, round(camera.height_px * scale)),
        K=[scale * v for v in camera.K] if camera.K is not None else None,
        rig={name: _smaller(fixed, scale) for name, fixed in camera.rig.items()},
        crop=_smaller_crop(camera.crop, scale),
    )
    faster = replace(engine, samples=min(engine.samples, MOST_SAMPLES))
    return replace(recipe, camera=smaller, engine=faster, labels=replace(recipe.labels, maps=[]))


def _smaller(fixed: RigCamera, scale: float) -> RigCamera:
    return replace(fixed, K=[scale * v for v in fixed.K]) if fixed.K is not None else fixed


def _smaller_crop(crop: Crop, scale: float) -> Crop:
    width_px, height_px = (
        side and max(8, math.floor(side * scale)) for side in (crop.width_px, crop.height_px)
    )
    return replace(crop, width_px=width_px, height_px=height_px)


def _render(recipe: Recipe, library: Library) -> Iterator[LabelledImage]:
    from renderer.blender.session import open_session  # starts Blender: not before the input is checked
    from renderer.execution.shard import render_shard

    frames = range(recipe.first_frame, recipe.first_frame + recipe.frames)
    with open_session(recipe.engine, library) as session:
        rendered = render_shard(recipe, library, session, frames)
        for frame in track(rendered, f"preview {recipe.name}", total=len(frames)):
            if frame.image is not None:
                yield LabelledImage(
                    image=frame.image,
                    caption=f"frame {frame.record['frame']}",
                    instances=frame.record["instances"],
                )
