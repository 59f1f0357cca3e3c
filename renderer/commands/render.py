"""`gapless render`: a labelled dataset from a recipe."""

import time
from collections import defaultdict
from collections.abc import Sequence

from renderer.catalog.library import Library, open_library
from renderer.catalog.sources import categories
from renderer.commands.compose import run_jobs
from renderer.commands.derived import write_derived
from renderer.commands.job import RECIPE, ResolvedJob
from renderer.commands.mesh_report import print_skipped
from renderer.commands.progress import track
from renderer.commands.table import listing
from renderer.dataset.identity import dataset_identity
from renderer.dataset.lock import locked
from renderer.dataset.store import Store, open_store
from renderer.dataset.tally import Tally
from renderer.randomize.scenes import check_constraints
from renderer.recipe.schema import Recipe

HELP = """\
usage: gapless render [KEY=VALUE ...] [-m] [--cfg job] [--config-dir DIR]

Render labelled frames. Run the same command again to finish an interrupted one, or with more frames.

  recipe=dice|cards      which recipe; --config-dir DIR adds your own (DIR/recipe/NAME.yaml)
  recipe=tabletop objects.path=my_meshes
                         a folder of your own meshes; gapless recipe check reports each file
  frames=8 seed=0        how many, and the seed of every draw
  out=outputs/NAME       where to write: images/ annotations.json draws.jsonl recipe.yaml preview.png frames/
  first_frame=5          start at this frame: any frame can be rendered alone
  execution.workers=4    worker processes; by default what cores, memory and GPUs allow
  execution=local|ray|slurm
                         this machine, a Ray cluster, or a SLURM job array
  store=files|webdataset a file for each image, or WebDataset's tar files of shard_frames=256
  camera.width_px=640 camera.height_px=480 camera.pixel_aspect=1.0
  sensor=phone|varied    exposure alone, or blur, noise, mosaic, tone and JPEG too
  labels.maps='[instances,semantic,depth,normals]'
                         images of labels beside each image; labels.box=amodal exports boxes of whole objects
  views=1 shots=1        cameras of a scene, photometric variants of a view; each shot is a frame
  engine.samples=8 engine.device=auto|cpu|gpu
  dry_run=true           scenes, statistics, a page of histograms and an estimate of the cost, without Blender
  any factor             a value, or a distribution: [uniform, 0, 35], [choice, [a, b], [3, 1]];
                         gapless recipe factors recipe=dice lists them all

  -m, --multirun         one job for each combination of comma-separated values, each in a sub-folder of out
  --cfg job              show the composed recipe and stop

examples:
  gapless render recipe=dice frames=8 seed=0 out=outputs/dice
  gapless render recipe=cards frames=100 out=outputs/cards objects.card.count='[integer, 1, 3]'
  gapless render recipe=dice frames=1 first_frame=5 out=outputs/frame5
  gapless render -m recipe=dice seed=0,1 camera.tilt_deg=0,30 frames=8 out=outputs/sweep
"""


def run(arguments: Sequence[str]) -> int:
    """Run `gapless render` with its arguments; returns the exit status."""
    if {"-h", "--help"} & set(arguments):
        print(HELP)
        return 0
    return run_jobs(arguments, schema=RECIPE, config_name="render", check=_check, work=_work)


def _check(job: ResolvedJob[Recipe]) -> None:
    """Check what a job needs besides its recipe: devices, the user's files and the folder to write to.

    Raises:
        GaplessError: something is not there or cannot be used.
    """
    check_devices(job.settings)
    library = open_library(job.settings)
    check_constraints(job.settings, library)
    open_store(job.settings.out, dataset_identity(job.settings, library))


def check_devices(recipe: Recipe) -> None:
    """Look for the devices a recipe insists on; what is left to `auto` is not looked for.

    Raises:
        DeviceError: one is not there.
    """
    if recipe.engine.device == "gpu" and not recipe.dry_run:
        from renderer.blender.device import check_gpu

        check_gpu()
    if recipe.labels.device != "auto" and not recipe.dry_run:
        from renderer.labels import label_device

        label_device(recipe.labels.device)


def _work(job: ResolvedJob[Recipe]) -> int:
    library = open_library(job.settings)
    print_skipped(library)
    if job.settings.dry_run:
        from renderer.commands.dry_run import dry_run

        return dry_run(job.settings, library)
    return _render(job, library)


def _render(job: ResolvedJob[Recipe], library: Library) -> int:
    recipe = job.settings
    store = open_store(recipe.out, dataset_identity(recipe, library))
    with locked(store.root):
        return _render_into(store, job, library)


def _render_into(store: Store, job: ResolvedJob[Recipe], library: Library) -> int:
    recipe = job.settings
    store.sweep()
    wanted = range(recipe.first_frame, recipe.first_frame + recipe.frames)
    missing = [frame for frame in wanted if not store.has(frame)]
    if len(missing) < len(wanted):
        print(f"{len(wanted) - len(missing)} of {len(wanted)} frames are there already")
    start = time.perf_counter()
    seconds = _render_missing(recipe, library, store, missing)
    elapsed = time.perf_counter() - start
    names = categories(recipe, library)
    store.pack_all()
    tally = write_derived(store, job, library)
    print(
        f"{recipe.name}: {tally.frames} frames in {store.root}, {len(missing)} rendered now, "
        f"{tally.rejected.total()} rejected"
    )
    _print_counts(recipe, tally, names)
    if missing:
        split = ", ".join(f"{stage} {duration / len(missing):.2f}" for stage, duration in seconds.items())
        each = elapsed / len(missing)
        print(f"  seconds per frame: {each:.2f}; spent by each worker on a frame: {split}")
    print(f"  look at {store.root / 'preview.png'}")
    more = 2 * recipe.frames
    labels = "annotations.json is COCO, for training"
    if recipe.store != "files":
        labels = f"gapless export {store.root} --to coco writes COCO, for training"
    print(f"  next: the same command with frames={more} adds frames; {labels}")
    return 0


def _render_missing(
    recipe: Recipe, library: Library, store: Store, missing: Sequence[int]
) -> dict[str, float]:
    """Render frames under a progress bar; returns the seconds by stage."""
    seconds: dict[str, float] = defaultdict(float)
    if not missing:
        return seconds
    from renderer.execution.engines import render_frames
    from renderer.execution.work import Done, Job

    rendered = render_frames(Job(recipe=recipe, library=library, store=store), missing)
    pack_if_full = store.packer(missing)
    for event in track(rendered, f"render {recipe.name}", total=len(missing)):
        if isinstance(event, Done):
            pack_if_full(event.frame)
            for stage, duration in event.seconds.items():
                seconds[stage] += duration
    return seconds


def _print_counts(recipe: Recipe, tally: Tally, names: Sequence[str]) -> None:
    listed = listing([f"{name} {tally.annotated[name]}" for name in names])
    limits = recipe.labels
    least = f"{limits.min_pixels} px" + (
        f" or a visibility of {limits.min_visibility:g}" if limits.min_visibility else ""
    )
    print(f"  instances: {listed}; {tally.hidden()} below {least} are flagged, not annotated")
    ignored = tally.ignored.total()
    if ignored:
        print(
            f"  {ignored} dice with a face margin below {limits.min_face_margin:g}, or less than "
            f"{limits.min_face_visibility:g} of the upper face in sight, are marked to be ignored"
        )
