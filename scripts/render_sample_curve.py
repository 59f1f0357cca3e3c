"""The same rendered scenes at several numbers of samples, raw and denoised, to measure AP against them.

    python scripts/render_sample_curve.py --frames 300 --out outputs/curve recipe=dice sensor=varied

One sequence of samples is traced for each view and read after 2, 4, 8 ... of them, so that a point of few
samples is what a trace of so few gives, and all points together cost no more than the last one. Denoised are
copies, by OpenImageDenoise with albedo and normals of the same samples. Writes OUT/samples_8 and
OUT/samples_8_denoised (and so on) as datasets for `scripts/compare_renders.py`, and OUT/seconds.json: the
seconds of one thread that each point takes to trace and to denoise. Run it again to go on.
"""

import argparse
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from renderer.catalog.library import open_library
from renderer.commands.compose import run_jobs
from renderer.commands.derived import write_derived
from renderer.commands.job import RECIPE, ResolvedJob
from renderer.commands.progress import track
from renderer.dataset.identity import dataset_identity
from renderer.dataset.store import Store, open_store
from renderer.files import write_json
from renderer.recipe.schema import Recipe

UNIT = 4  # frames that a process is given at once


def main(arguments: Sequence[str]) -> int:
    """Run with the arguments of a command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", required=True, help="folder of the datasets")
    parser.add_argument("--frames", type=int, default=300, help="of each dataset (default: 300)")
    parser.add_argument("--samples", type=int, nargs="+", default=[2, 4, 8, 16, 64], help="ascending")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread (default: 2)")
    parser.add_argument("recipe", nargs="*", default=["recipe=dice"], help="KEY=VALUE of gapless render")
    given = parser.parse_args(arguments)
    keys = [*given.recipe, f"frames={given.frames}", f"out={given.out}", "engine.denoise=false"]

    def work(job: ResolvedJob[Recipe]) -> int:
        curve = Curve(recipe=job.settings, samples=tuple(given.samples), out=Path(given.out))
        seconds = render(curve, given.workers)
        for name, store in curve.stores().items():
            write_derived(store, replace(job, settings=replace(job.settings, name=name)), curve.library())
        report(seconds, curve.out)
        return 0

    return run_jobs(keys, schema=RECIPE, config_name="render", check=lambda job: None, work=work)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What is rendered.

    Attributes:
        samples: at which a trace is read, ascending.
    """

    recipe: Recipe
    samples: tuple[int, ...]
    out: Path

    def library(self) -> Any:
        """The catalog of the recipe."""
        return open_library(self.recipe)

    def stores(self) -> dict[str, Store]:
        """A dataset for each number of samples, raw and denoised; no other command goes on with them."""
        identity = dataset_identity(self.recipe, self.library())
        names = [f"samples_{n}{suffix}" for n in self.samples for suffix in ("", "_denoised")]
        return {name: open_store(str(self.out / name), {**identity, "curve": name}) for name in names}


def render(curve: Curve, workers: int) -> dict[str, list[float]]:
    """Render what is missing; returns seconds by point, of what was rendered now or before."""
    stores = curve.stores().values()
    missing = [n for n in range(curve.recipe.frames) if not all(store.has(n) for store in stores)]
    units = [missing[i : i + UNIT] for i in range(0, len(missing), UNIT)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        futures = [pool.submit(render_unit, curve, unit) for unit in units]
        done = (frame for future in as_completed(futures) for frame in future.result())
        for number, seconds in track(done, "render", total=len(missing)):
            path = curve.out / "seconds" / f"{number:06d}.json"
            known = json.loads(path.read_bytes()) if path.exists() else {}
            write_json(path, {**known, **seconds})
    found: dict[str, list[float]] = {}
    for path in sorted((curve.out / "seconds").glob("*.json")):
        for name, value in json.loads(path.read_bytes()).items():
            found.setdefault(name, []).append(value)
    return found


def render_unit(curve: Curve, frames: Sequence[int]) -> list[tuple[int, dict[str, float]]]:
    """Render and commit frames in a process of their own."""
    import torch  # noqa: PLC0415 - in the worker alone

    torch.set_num_threads(1)
    return [(number, render_frame(curve, number)) for number in frames]


def render_frame(curve: Curve, number: int) -> dict[str, float]:
    """Trace a view once, and commit the frame of each point; returns seconds by what took them."""
    from renderer.dataset.record import FrameSource  # noqa: PLC0415 - see above
    from renderer.execution.frame import Traced, finish_frame, label_view  # noqa: PLC0415
    from renderer.labels import label_device  # noqa: PLC0415
    from renderer.labels.cast import cast_view  # noqa: PLC0415
    from renderer.randomize.scenes import sample_scene  # noqa: PLC0415
    from renderer.settle import settle  # noqa: PLC0415

    library, recipe, device = curve.library(), curve.recipe, label_device("cpu")
    scene = settle(sample_scene(recipe, library, number), library)
    view, seconds = scene.views[0], dict[str, float]()
    stores, labelled = curve.stores(), None
    for name, buffers, duration in traced(curve, library, scene):
        seconds[name] = duration
        if labelled is None:
            cast = cast_view(scene, view, library, device)
            labelled = label_view(
                recipe, library, Traced(scene=scene, view=view, buffers=buffers), cast, device
            )
        source = FrameSource(frame=number, scene=scene, view=view, shot=view.shots[0])
        shown = replace(labelled, buffers=replace(labelled.buffers, radiance=buffers.radiance))
        frame = finish_frame(source, shown, device)
        stores[name].commit(frame.record, frame.image_png, frame.maps)
    return seconds


_open: list[Any] = []


def traced(curve: Curve, library: Any, scene: Any) -> Iterator[tuple[str, Any, float]]:
    """Name, buffers and seconds of each point of a view."""
    import bpy  # noqa: PLC0415 - starts Blender
    import pyoidn  # noqa: PLC0415

    from renderer.blender.session import open_session  # noqa: PLC0415 - starts Blender

    if not _open:
        context = open_session(curve.recipe.engine, library, 1)
        _open.extend([context, context.__enter__()])
    session, cycles = _open[1], bpy.context.scene.cycles
    bpy.context.view_layer.cycles.denoising_store_passes = True
    session.build(scene)
    kept = curve.out / "sums" / f"{scene.index:06d}.npz"
    sums, before, spent = read_sums(kept)
    try:
        for n in (n for n in curve.samples if n > before):
            cycles.samples, cycles.sample_offset = n - before, before
            start = time.perf_counter()
            buffers, guides = trace_with_guides(session, scene.views[0])
            spent += time.perf_counter() - start
            planes = np.stack([buffers.radiance, *guides])
            sums = planes * (n - before) if sums is None else sums + planes * (n - before)
            before = n
            mean = sums / np.float32(n)
            yield f"samples_{n}", replace(buffers, radiance=mean[0].copy()), spent
            start = time.perf_counter()
            clean = pyoidn.denoise(*mean, hdr=True, quality="balanced")
            yield (
                f"samples_{n}_denoised",
                replace(buffers, radiance=clean),
                spent + time.perf_counter() - start,
            )
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, sums=sums, before=before, spent=spent)
    finally:
        cycles.samples, cycles.sample_offset = 1, 0
        session.clear()


def read_sums(path: Path) -> tuple[Any, int, float]:
    """Sums over the samples traced before, how many, and the seconds they took: points may be added later."""
    if not path.exists():
        return None, 0, 0.0
    there = np.load(path)
    return there["sums"], int(there["before"]), float(there["spent"])


def trace_with_guides(session: Any, view: Any) -> tuple[Any, list[np.ndarray]]:
    """Buffers of a view, and the albedo and normals that Cycles keeps for a denoiser."""
    import OpenEXR  # noqa: PLC0415

    import renderer.blender.session as module  # noqa: PLC0415

    guides: list[np.ndarray] = []
    read = module.read_buffers

    def reading(path: Path) -> Any:
        channels = OpenEXR.File(str(path), separate_channels=True).channels()
        for name, parts in (("Denoising Albedo", "RGB"), ("Denoising Normal", "XYZ")):
            guides.append(np.stack([channels[f"ViewLayer.{name}.{p}"].pixels for p in parts], axis=-1))
        return read(path)

    module.read_buffers = reading
    try:
        return session.trace(view), guides[:2]
    finally:
        module.read_buffers = read


def report(seconds: dict[str, list[float]], out: Path) -> None:
    """Write and print the medians."""
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    write_json(out / "seconds.json", medians)
    for name, value in medians.items():
        print(f"{name}: {value:.2f} s a frame of one thread")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
