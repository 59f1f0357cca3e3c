"""The same scenes at several numbers of samples, raw and denoised, to measure AP against the time they take.

    python scripts/render_sample_curve.py --frames 300 --out outputs/curve recipe=dice sensor=varied

A view is traced once, in parts that are added up and read after 2, 4, 8 ... samples: with as much noise as a
trace of so few has, though not the same, and all points together cost no more than the last. Denoised are
copies, as shots are. Writes OUT/samples_8 and OUT/samples_8_denoised (and so on), datasets for
`scripts/compare_renders.py`, and OUT/seconds.json: the seconds of one thread in which each is traced and
denoised, medians. The same command goes on where it was interrupted, also with more points than before.
"""

import argparse
import json
import multiprocessing
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from renderer.buffers import Buffers, Guides, LightGroups
from renderer.catalog.library import Library, open_library
from renderer.commands.compose import run_jobs
from renderer.commands.derived import write_derived
from renderer.commands.job import RECIPE, ResolvedJob
from renderer.commands.progress import track
from renderer.dataset.identity import dataset_identity
from renderer.dataset.store import Store, open_store
from renderer.files import write_json
from renderer.recipe.schema import Recipe
from renderer.scene import Scene, View

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
        render(curve, given.workers)
        for name, store in curve.stores.items():
            write_derived(store, replace(job, settings=replace(job.settings, name=name)), curve.library)
        report(curve)
        return 0

    return run_jobs(keys, schema=RECIPE, config_name="render", check=lambda job: None, work=work)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """What is rendered.

    Attributes:
        samples: at which a trace is read, ascending.
    """

    recipe: Recipe
    samples: tuple[int, ...]
    out: Path

    @cached_property
    def library(self) -> Library:
        """The catalog of the recipe."""
        return open_library(self.recipe)

    @cached_property
    def stores(self) -> Mapping[str, Store]:
        """A dataset for each number of samples, raw and denoised; no other command goes on with them."""
        identity = dataset_identity(self.recipe, self.library)
        names = [f"samples_{n}{suffix}" for n in self.samples for suffix in ("", "_denoised")]
        return {name: open_store(str(self.out / name), {**identity, "curve": name}) for name in names}


def render(curve: Curve, workers: int) -> None:
    """Render what is missing, in processes of one thread."""
    missing = [
        n for n in range(curve.recipe.frames) if not all(store.has(n) for store in curve.stores.values())
    ]
    plain = replace(curve)  # without what it has opened
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        units = (missing[i : i + UNIT] for i in range(0, len(missing), UNIT))
        futures = [pool.submit(render_unit, plain, unit) for unit in units]
        done = (frame for future in as_completed(futures) for frame in future.result())
        for number, seconds in track(done, "render", total=len(missing)):
            path = curve.out / "seconds" / f"{number:06d}.json"
            known = json.loads(path.read_bytes()) if path.exists() else {}
            write_json(path, {**known, **seconds})


def render_unit(curve: Curve, frames: Sequence[int]) -> list[tuple[int, dict[str, float]]]:
    """Render and commit frames; returns their numbers, and seconds by point."""
    import torch  # noqa: PLC0415 - in the worker alone

    from renderer.randomize.scenes import sample_scene  # noqa: PLC0415 - see above
    from renderer.settle import settle  # noqa: PLC0415

    torch.set_num_threads(1)
    scenes = (settle(sample_scene(curve.recipe, curve.library, n), curve.library) for n in frames)
    return [(n, render_frame(curve, n, scene)) for n, scene in zip(frames, scenes, strict=True)]


def render_frame(curve: Curve, number: int, scene: Scene) -> dict[str, float]:
    """Trace a view once, and commit the frame of each point; returns seconds by point."""
    from renderer.dataset.record import FrameSource  # noqa: PLC0415 - imports torch
    from renderer.denoising import Denoiser  # noqa: PLC0415
    from renderer.execution.frame import Traced, finish_frame, label_view  # noqa: PLC0415
    from renderer.labels import label_device  # noqa: PLC0415
    from renderer.labels.cast import cast_view  # noqa: PLC0415

    library, recipe, device = curve.library, curve.recipe, label_device("cpu")
    denoiser = Denoiser(quality=recipe.engine.denoise_quality, threads=1)
    view, labelled = scene.views[0], None
    source = FrameSource(frame=number, scene=scene, view=view, shot=view.shots[0])
    seconds = {}
    for n, buffers, traced_s in points(curve, scene):
        if labelled is None:
            cast = cast_view(scene, view, library, device)
            traced = Traced(scene=scene, view=view, buffers=buffers)
            labelled = label_view(recipe, library, traced, cast, device)
        for name, groups in (
            (f"samples_{n}", without_guides(buffers)),
            (f"samples_{n}_denoised", buffers.light_groups),
        ):
            start = time.perf_counter()
            seen = replace(labelled, buffers=replace(labelled.buffers, light_groups=groups))
            frame = finish_frame(source, seen, device, denoiser)
            seconds[name] = traced_s + time.perf_counter() - start
            curve.stores[name].commit(frame.record, frame.image_png, frame.maps)
    return seconds


def without_guides(buffers: Buffers) -> LightGroups:
    """What is not denoised."""
    assert buffers.light_groups is not None, "points are made of groups"
    return replace(buffers.light_groups, guides=None)


def one_group(radiance: np.ndarray, guides: Guides) -> LightGroups:
    """All light in one group, to be denoised as shots are."""
    return LightGroups(lights=("",), radiance=radiance[None], guides=guides)


def points(curve: Curve, scene: Scene) -> Iterator[tuple[int, Buffers, float]]:
    """Samples, buffers and seconds of tracing of each point of a view, with guides for a denoiser.

    Sums are kept: a later command with more points goes on from them.
    """
    session = opened_session(curve)
    kept = curve.out / "sums" / f"{scene.index:06d}.npz"
    sums, before, spent = read_sums(kept)
    session.build(scene)
    try:
        # Ids are those of the first sample, at the centres of pixels: a later part has them of other places.
        seen = session.trace_part(scene.views[0], 1, 0)[0] if before else None
        for n in (n for n in curve.samples if n > before):
            start = time.perf_counter()
            buffers, guides = session.trace_part(scene.views[0], n - before, before)
            spent += time.perf_counter() - start
            sums = sums + (n - before) * np.stack([buffers.radiance, guides.albedo, guides.normals])
            radiance, albedo, normals = (sums / n).astype(np.float32)
            groups = one_group(radiance, Guides(albedo=albedo, normals=normals))
            before = n
            seen = replace(seen or buffers, radiance=radiance, light_groups=groups)
            yield n, seen, spent
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, sums=sums, before=before, spent=spent)
    finally:
        session.clear()


def read_sums(path: Path) -> tuple[Any, int, float]:
    """Sums over the samples that were traced before, how many, and the seconds they took."""
    if not path.exists():
        return 0.0, 0, 0.0
    there = np.load(path)
    return there["sums"], int(there["before"]), float(there["spent"])


_sessions: list[Any] = []


def opened_session(curve: Curve) -> Any:
    """The Blender of this process, which also gives what a denoiser goes by."""
    if _sessions:
        return _sessions[0]
    from contextlib import ExitStack  # noqa: PLC0415

    import bpy  # noqa: PLC0415 - starts Blender

    from renderer.blender.engine import settings  # noqa: PLC0415
    from renderer.blender.passes import buffers_of, guides_of  # noqa: PLC0415
    from renderer.blender.session import BlenderSession, open_session  # noqa: PLC0415

    class PartialSession(BlenderSession):
        """Traces a part of a view's sequence of samples."""

        def trace_part(self, view: View, samples: int, offset: int) -> tuple[Buffers, Guides]:
            """Buffers and guides of so many samples after others."""
            bpy.context.scene.cycles.sample_offset = offset
            with settings(denoise=False, samples=samples, guides=True):
                buffers = self.trace(view)
            bpy.context.scene.cycles.sample_offset = 0
            assert buffers.light_groups is not None
            assert buffers.light_groups.guides is not None
            return buffers, buffers.light_groups.guides

        def _render_image(self, camera: Any, cycles_seed: int) -> Buffers:
            channels = self._render(camera, cycles_seed)
            buffers = buffers_of(channels)
            return replace(buffers, light_groups=one_group(buffers.radiance, guides_of(channels)))

    stack = ExitStack()
    plain = stack.enter_context(open_session(curve.recipe.engine, curve.library, 1))
    session = PartialSession(
        library=plain.library, engine=plain.engine, device=plain.device, exr_path=plain.exr_path, threads=1
    )
    _sessions.extend([session, stack])
    return session


def report(curve: Curve) -> None:
    """Write and print the medians."""
    found: dict[str, list[float]] = defaultdict(list)
    for path in sorted((curve.out / "seconds").glob("*.json")):
        for name, value in json.loads(path.read_bytes()).items():
            found[name].append(value)
    medians = {name: statistics.median(values) for name, values in found.items()}
    write_json(curve.out / "seconds.json", medians)
    for name, value in medians.items():
        print(f"{name}: {value:.2f} s a frame of one thread")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
