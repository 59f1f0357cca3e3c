"""What a million frames on a hundred workers ask of the process that gives them out, and of the disk.

First measures, on this machine and without Blender, what each frame costs that process: the supervisor, the
messages to and from a worker, the bookkeeping of the store, and afterwards the derived files and the export.
Then simulates the run, frame by frame, with a process that serves one worker at a time at the measured cost.

    python scripts/simulate_scale.py                     2,000 records; about three minutes on 2 cores
    python scripts/simulate_scale.py --records 20000     steadier
"""

import argparse
import heapq
import itertools
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from renderer.catalog.library import Library, open_library
from renderer.catalog.sources import categories, category_keypoints
from renderer.commands.compose import compose_recipe
from renderer.commands.derived import write_derived
from renderer.commands.job import ResolvedJob
from renderer.dataset.exports.format import Choices
from renderer.dataset.exports.registry import formats_named
from renderer.dataset.exports.runner import PART_FRAMES, export
from renderer.dataset.identity import dataset_identity
from renderer.dataset.record import encode_mask
from renderer.dataset.source import open_source
from renderer.dataset.store import open_store
from renderer.execution.frame import encode_png
from renderer.execution.supervisor import supervise
from renderer.execution.work import Done, Job, Outcome, Report
from renderer.randomize.scenes import sample_scene
from renderer.recipe.schema import Recipe

FRAME_S = 5.7  # mean of a frame of 640 x 480 with 8 samples on one core
SPREAD = 0.5  # of the logarithm of a frame's seconds
START_S = 20.0  # a fresh worker
IMAGE_BYTES = 420_000  # of a PNG of 640 x 480 with the phone's noise
INSTANCES = 12
TARGET_SHARE = 0.01  # of their time that workers may lose by waiting for the process that gives out frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Seconds of one core for each frame.

    Attributes:
        pack: in a thread of its own, which may take turns with what workers wait for.
    """

    supervise: float
    message: float
    look_missing: float
    look_done: float
    pack: float
    derived: float
    export: float
    merge: float
    record_bytes: int

    @property
    def serving(self) -> float:
        """What the process that gives out frames does for each while workers render."""
        return self.supervise + self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A simulated run, in seconds."""

    length: float
    busy: float
    idle: float
    retried: int


def main() -> None:
    """Measure, simulate and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=2000, help="records to measure with")
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=100)
    parser.add_argument("--failures", type=float, default=1e-4, help="share of frames that kill their worker")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gapless-scale-") as folder:
        costs = measure(Path(folder), given.records)
    print_costs(costs)
    given_out = {"store=files": costs.serving, "store=webdataset, as if in turn": costs.serving + costs.pack}
    for store, cost_s in given_out.items():
        run = simulate(given.frames, given.workers, given.failures, cost_s)
        print_run(run, store, given.frames, given.workers)
    print_after(costs, given.frames)


def measure(folder: Path, count: int) -> Costs:
    """What a frame costs, over so many records."""
    recipe = compose_recipe(["recipe=dice", "frames=1"])
    library = open_library(recipe)
    store = open_store(str(folder / "files"), dataset_identity(recipe, library))
    look_missing = _seconds_each(count, lambda: [store.has(frame) for frame in range(count)])
    for record, png in made_records(recipe, library, count):
        store.commit(record, png)
    look_done = _seconds_each(count, lambda: [store.has(frame) for frame in range(count)])
    job = ResolvedJob(settings=recipe, yaml="name: dice\n")
    derived = _seconds_each(count, lambda: write_derived(store, job, library))
    export, merge = _measure_export(folder, count)
    return Costs(
        supervise=_measure_supervisor(Job(recipe=recipe, library=library, store=store), count),
        message=_measure_messages(count),
        look_missing=look_missing,
        look_done=look_done,
        pack=_measure_packing(folder, library, count),
        derived=derived,
        export=export,
        merge=merge,
        record_bytes=_mean_bytes(store.root / "frames"),
    )


def made_records(recipe: Recipe, library: Library, count: int) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Records of the size of real ones, with draws as they are; every image is the same small one."""
    png = encode_png(np.full((8, 8, 3), 128, dtype=np.uint8))
    keypoints = category_keypoints(recipe, library)
    names = itertools.cycle(categories(recipe, library))
    instances = [
        _instance(number, name, keypoints.get(name, ()))
        for number, name in zip(range(INSTANCES), names, strict=False)
    ]
    draws = sample_scene(recipe, library, 0).draws
    for frame in range(count):
        image = {
            "file": f"images/{frame:06d}.png", "width_px": 640, "height_px": 480, "bytes": len(png),
            "sha256": "0" * 64,
        }  # fmt: skip
        yield {
            "frame": frame, "status": "ok", "image": image, "maps": {}, "instances": instances,
            "draws": draws, "certification": {},
        }, png  # fmt: skip


def _instance(number: int, category: str, keypoints: Sequence[str]) -> dict[str, Any]:
    mask = np.zeros((480, 640), dtype=np.uint8)
    cv2.ellipse(mask, (60 + 45 * number, 240), (40, 30), 15.0 * number, 0, 360, 1, -1)
    rows, columns = np.nonzero(mask)
    box = [int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1]
    return {
        "id": number + 1, "name": f"die[{number}]", "category": category, "bbox_xyxy": box,
        "area_px": int(mask.sum()),
        "segmentation": encode_mask(mask.astype(bool)), "annotated": True, "ignored": False,
        "amodal": {"bbox_xyxy": box}, "visibility": 1.0, "truncation": 0.0,
        "keypoints": {name: [60.5, 240.5, 2] for name in keypoints},
    }  # fmt: skip


def _seconds_each(count: int, work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return (time.process_time() - start) / count


@dataclass(slots=True)
class _AtOnce:
    """A crew that has rendered a unit as soon as it is given it."""

    size: int = 100
    unit_frames: int = 16
    _units: list[Sequence[int]] = field(default_factory=list)

    def start(self, frames: Sequence[int]) -> None:
        self._units.append(frames)

    def wait(self, timeout_s: float) -> list[Outcome]:
        units, self._units = self._units, []
        return [Outcome(frames=unit, report=_report(unit)) for unit in units]

    def close(self) -> None:
        self._units.clear()


def _report(unit: Sequence[int]) -> Report:
    seconds = dict.fromkeys(("sample", "settle", "build", "trace", "cast", "label", "write"), 0.5)
    return Report(done=[Done(frame=n, status="ok", seconds=seconds) for n in unit], resident_bytes=10**9)


def _measure_supervisor(job: Job, count: int) -> float:
    return _seconds_each(count, lambda: list(supervise(job, range(count), _AtOnce())))


def _echo(connection: Any) -> None:
    while (unit := connection.recv()) is not None:
        connection.send(_report(unit))


def _measure_messages(count: int) -> float:
    """A unit sent to another process, and its report received."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_echo, args=(theirs,))
    process.start()

    def talk() -> None:
        for frame in range(count):
            ours.send([frame])
            ours.recv()

    each = _seconds_each(count, talk)
    ours.send(None)
    process.join()
    return each


def _measure_packing(folder: Path, library: Library, count: int) -> float:
    recipe = compose_recipe(["recipe=dice", "frames=1", "store=webdataset"])
    store = open_store(str(folder / "shards"), dataset_identity(recipe, library))
    for record, png in made_records(recipe, library, count):
        store.commit(record, png)
    return _seconds_each(count, store.pack_all)


def _measure_export(folder: Path, count: int) -> tuple[float, float]:
    """The parts of an export to COCO, and what joins them."""
    formats = formats_named(["coco"])
    parts = export(open_source(folder / "files"), formats, folder / "exported", Choices())
    start = time.process_time()
    total = -(-count // PART_FRAMES)
    for _ in itertools.islice(parts, total):
        pass
    rendered = time.process_time()
    for _ in parts:
        pass
    return (rendered - start) / count, (time.process_time() - rendered) / count


def _mean_bytes(folder: Path) -> int:
    sizes = [path.stat().st_size for path in folder.iterdir()]
    return sum(sizes) // len(sizes)


def simulate(frames: int, workers: int, failures: float, cost_s: float) -> Run:
    """A run in which one process serves all workers, one after the other.

    Args:
        failures: share of frames that end their worker; they are rendered again, by a fresh one.
        cost_s: of each answer to a worker.
    """
    rng = np.random.default_rng(0)
    mean = np.log(FRAME_S) - SPREAD**2 / 2
    durations = rng.lognormal(mean, SPREAD, frames)
    fails = rng.random(frames) < failures
    due = [(START_S, worker) for worker in range(workers)]
    heapq.heapify(due)
    free_at = rendering = 0.0
    given = retried = answers = 0
    end = 0.0
    again: list[float] = []
    while due:
        asked, worker = heapq.heappop(due)
        free_at = max(asked, free_at) + cost_s
        answers += 1
        end = free_at
        if again:
            seconds = again.pop()
        elif given < frames:
            seconds = float(durations[given])
            if fails[given]:
                again.append(seconds)
                retried += 1
                seconds += START_S
            given += 1
        else:
            continue
        rendering += seconds
        heapq.heappush(due, (free_at + seconds, worker))
    return Run(length=end, busy=answers * cost_s, idle=workers * (end - START_S) - rendering, retried=retried)


def print_costs(costs: Costs) -> None:
    """What was measured."""
    rows = {
        "supervisor": costs.supervise,
        "message to a worker and back": costs.message,
        "packing into a tar file": costs.pack,
        "a look at a missing frame": costs.look_missing,
        "a look at a done frame": costs.look_done,
        "derived files": costs.derived,
        "export to COCO": costs.export,
        "merge of its parts": costs.merge,
    }
    print("measured, for each frame, in microseconds of one core:")
    for name, seconds in rows.items():
        print(f"  {name:<30} {seconds * 1e6:8.0f}")
    print(f"  a record has {costs.record_bytes} bytes")


def print_run(run: Run, store: str, frames: int, workers: int) -> None:
    """How a run went."""
    share, idle = run.busy / run.length, run.idle / (workers * run.length)
    print(f"\n{store}: {frames} frames of {FRAME_S} s on {workers} workers: {run.length / 3600:.2f} h")
    verdict = "" if idle < TARGET_SHARE else f", which is NOT below {TARGET_SHARE:.0%}"
    print(f"  workers wait {idle:.3%} of the time for it{verdict}; it is busy {share:.3%} of the time")
    print(f"  {run.retried} frames rendered twice")


def print_after(costs: Costs, frames: int) -> None:
    """What is on the disk, and what reading it takes."""
    size_gb = frames * (IMAGE_BYTES + costs.record_bytes) / 1e9
    print(f"\n{size_gb:.0f} GB in {2 * frames:.3g} files, or in {-(-frames // 256)} tar files")
    print(f"  resume: {frames * costs.look_done / 60:.1f} min to look at all, if all are done")
    print(f"  derived files: {frames * costs.derived / 60:.1f} min in one process")
    print(f"  packing: {frames * costs.pack / 60:.1f} min of one core, beside the rendering")
    print(f"  COCO: {frames * costs.export / 60:.1f} min of one core for the parts, side by side, then")
    print(f"        {frames * costs.merge / 60:.1f} min for the merge")


if __name__ == "__main__":
    main()
