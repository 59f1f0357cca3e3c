"""`gapless render`: a labelled dataset from a recipe."""

import sys
from collections.abc import Sequence
from contextlib import closing

from renderer.catalog.library import Library, open_library
from renderer.catalog.sources import categories
from renderer.commands.compose import run_jobs
from renderer.commands.derived import write_derived
from renderer.commands.interruption import Interrupted, interruptible
from renderer.commands.job import RECIPE, ResolvedJob
from renderer.commands.mesh_report import print_skipped
from renderer.commands.packing import packing
from renderer.commands.profile_table import print_profile
from renderer.commands.progress import Detail, track, track_if_many
from renderer.commands.run_report import reporting
from renderer.commands.table import listing
from renderer.dataset.identity import dataset_identity
from renderer.dataset.lock import locked
from renderer.dataset.store import RUN, Store, open_store
from renderer.dataset.tally import Tally
from renderer.errors import InfrastructureError
from renderer.execution.account import Account
from renderer.execution.profile import Profile, in_order
from renderer.execution.work import Done, Event, Job, Lost, Retried
from renderer.randomize.scenes import check_constraints
from renderer.recipe.schema import Recipe

MOST_NAMED = 10  # of lost frames
HELP = """\
usage: gapless render [KEY=VALUE ...] [-m] [--cfg job] [--config-dir DIR]

Render labelled frames. Run the same command again to finish an interrupted one, or with more frames.

  recipe=dice|cards      which recipe; --config-dir DIR adds your own (DIR/recipe/NAME.yaml)
  recipe=tabletop objects.path=my_meshes
                         a folder of your own meshes; gapless recipe check reports each file
  frames=8 seed=0        how many, and the seed of every draw
  out=outputs/NAME       where to write: images/ annotations.json draws.jsonl recipe.yaml preview.png frames/;
                         run.json says how the run went
  first_frame=5          start at this frame: any frame can be rendered alone
  execution.workers=4    worker processes; by default what cores, memory and GPUs allow. One that
                         crashes, hangs or eats memory is replaced, and its frame tried once more
  execution=local|ray|slurm
                         this machine, a Ray cluster, or a SLURM job array
  store=files|webdataset a file for each image, or WebDataset's tar files of shard_frames=256
  camera.width_px=640 camera.height_px=480 camera.pixel_aspect=1.0
  sensor=phone|varied    exposure alone, or blur, noise, mosaic, tone and JPEG too
  labels.maps='[instances,semantic,depth,normals]'
                         images of labels beside each image; labels.box=amodal exports boxes of whole objects
  views=1 shots=1        cameras of a scene, photometric variants of a view; each shot is a frame
  engine.samples=4 engine.device=auto|cpu|gpu
  profile=true           print at the end where each millisecond of a frame went: docs/throughput.md
  dry_run=true           scenes, statistics, a page of histograms and an estimate of the cost, without Blender
  any factor             a value, or a distribution: [uniform, 0, 35], [choice, [a, b], [3, 1]];
                         gapless recipe factors recipe=dice lists them all

  -m, --multirun         one job for each combination of comma-separated values, each in a sub-folder of out
  --cfg job              show the composed recipe and stop

examples:
  gapless render recipe=dice frames=8 seed=0 out=outputs/dice
  gapless render recipe=cards frames=100 out=outputs/cards objects.card.count='[integer, 1, 3]'
  gapless render recipe=dice frames=1 first_frame=5 out=outputs/frame5
  gapless render recipe=dice frames=20 profile=true out=outputs/profile
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
    if recipe.engine.denoise and recipe.engine.denoiser == "optix" and not recipe.dry_run:
        from renderer.blender.device import check_optix

        check_optix()
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
        store.sweep()
        wanted = _wanted(recipe)
        looked_at = track_if_many(wanted, "look at what is there", len(wanted))
        missing = [frame for frame in looked_at if not store.has(frame)]
        profile = Profile() if recipe.profile else None
        account = Account(wanted=len(wanted), there=len(wanted) - len(missing), profile=profile)
        if account.there:
            print(f"{account.there} of {account.wanted} frames are there already", flush=True)
        with interruptible(), reporting(account, store.root / RUN):
            _render_missing(Job(recipe=recipe, library=library, store=store), missing, account)
            store.sweep()  # a worker that was killed in a commit left its file half written
            store.pack_all()
            tally = write_derived(store, job, library)
        _print_summary(recipe, library, store, account, tally)
    _check_lost(account)
    return 0


def _wanted(recipe: Recipe) -> range:
    return range(recipe.first_frame, recipe.first_frame + recipe.frames)


def _render_missing(job: Job, missing: Sequence[int], account: Account) -> None:
    """Render frames under a progress bar, and count what becomes of them."""
    if not missing:
        return
    from renderer.execution.engines import render_frames

    detail: Detail[Event] = Detail(counts=lambda event: isinstance(event, Done | Lost), note=account.note)
    events = render_frames(job, missing)
    try:
        with packing(job.store, missing) as pack_if_full, closing(events):  # which ends the workers
            for event in track(events, f"render {job.recipe.name}", total=len(missing), detail=detail):
                account.add(event)
                if isinstance(event, Done):
                    pack_if_full(event.frame)
                if isinstance(event, Retried | Lost):
                    _print_failure(event)
    except Interrupted:
        wanted = _wanted(job.recipe)
        account.recount(sum(frame in wanted for frame in job.store.frames()))
        raise


def _print_failure(event: Retried | Lost) -> None:
    fate = "is tried again" if isinstance(event, Retried) else "is left to the next run"
    print(f"frame {event.frame} failed and {fate}: {event.reason}", file=sys.stderr, flush=True)


def _check_lost(account: Account) -> None:
    """Say which frames were lost, if any.

    Raises:
        InfrastructureError: some were.
    """
    if not account.lost:
        return
    frames = sorted(lost.frame for lost in account.lost)
    named = ", ".join(map(str, frames[:MOST_NAMED]))
    others = f" and {len(frames) - MOST_NAMED} more" if len(frames) > MOST_NAMED else ""
    word = "frame" if len(frames) == 1 else "frames"
    raise InfrastructureError(
        f"{word} {named}{others} failed twice, the last time because {account.lost[-1].reason}; "
        f"run the same command again to render {'it' if len(frames) == 1 else 'them'}"
    )


def _print_summary(recipe: Recipe, library: Library, store: Store, account: Account, tally: Tally) -> None:
    _print_counts(recipe, store, categories(recipe, library), account, tally)
    if account.rendered:
        means = account.means()
        split = ", ".join(f"{stage} {means[stage]:.2f}" for stage in in_order(means))
        workers = account.workers
        print(
            f"  {account.frames_per_s:.3g} frames/s by {workers} worker{'s' if workers != 1 else ''}; "
            f"seconds that the two threads of a worker spent on a frame: {split}"
        )
    if account.profile is not None:
        print_profile(account.profile)
    print(f"  look at {store.root / 'preview.png'}")
    if not account.lost:
        labels = "annotations.json is COCO, for training"
        if recipe.store != "files":
            labels = f"gapless export {store.root} --to coco writes COCO, for training"
        print(f"  next: the same command with frames={2 * recipe.frames} adds frames; {labels}")


def _print_counts(recipe: Recipe, store: Store, names: Sequence[str], account: Account, tally: Tally) -> None:
    lost = f", {len(account.lost)} lost" if account.lost else ""
    print(
        f"{recipe.name}: {tally.frames} frames in {store.root}, {account.rendered} rendered now, "
        f"{tally.rejected.total()} rejected{lost}"
    )
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
