"""Exports of a dataset to several formats in one pass over its records, by several processes.

Frames are cut into contiguous parts of whole scenes. One process renders a part for all formats, reading
each record once; when all parts are there they are joined in order. So memory is that of a part, whatever
the number of frames, and time is linear in it. A format is built in `OUT/.FORMAT.part` and renamed into
place at the end: an export is whole or absent.
"""

import itertools
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch

from renderer.dataset.exports.format import Choices, Format, Target
from renderer.dataset.exports.placing import Building
from renderer.dataset.record import Record
from renderer.dataset.source import Source, open_source
from renderer.errors import InfrastructureError, StoreError
from renderer.files import check_writable

PART_FRAMES = 256  # of a part, more where one scene has more
WAITING_PARTS = 2  # of each process, so that none is ever idle


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was exported, by split; frames that failed certification are in none.

    Attributes:
        frames: all that were read.
        annotations: without what is to be ignored.
    """

    frames: int
    images: Mapping[str, int]
    annotations: Mapping[str, int]

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            frames=self.frames + other.frames,
            images=Counter(self.images) + Counter(other.images),
            annotations=Counter(self.annotations) + Counter(other.annotations),
        )


NOTHING = Counts(frames=0, images={}, annotations={})


def export(
    source: Source, formats: Sequence[Format], out: Path, choices: Choices, processes: int = 1
) -> Iterator[Counts]:
    """Export to `out`/FORMAT; yields what each part held, and is done when it ends.

    An export of the same format that is there is replaced, unless something else has its name.

    Args:
        processes: 1 exports in this process.

    Raises:
        StoreError: `out` cannot be written or holds something else, the disk is full, or the dataset has
            lost a record or an image.
        DataError: a format cannot hold what the dataset has.
        InfrastructureError: a process was killed.
    """
    check_writable(out)
    buildings = [Building(out=out, name=one.name) for one in formats]
    for building in buildings:
        building.check()
    with ExitStack() as stack, _os_errors_in_words(out):
        for building in buildings:
            stack.enter_context(building.begun())
        targets = [Target(folder=one.folder, source=source, choices=choices) for one in buildings]
        bounds = _cut(source.frames(), source.scene_frames)
        total = NOTHING
        for counts in _rendered(targets, formats, bounds, processes):
            total += counts
            yield counts
        for one, target in zip(formats, targets, strict=True):
            one.merge(target, len(bounds))
        for building in buildings:
            building.finish(_marker(building.name, choices, total, target.splits()))
        os.sync()  # so that nothing is renamed into place which a loss of power could still take away
        for building in buildings:
            building.put_in_place()


def _marker(name: str, choices: Choices, total: Counts, splits: Sequence[str]) -> dict[str, object]:
    """What an export says of itself, for whoever replaces or verifies it."""
    return {
        "format": name,
        "box": choices.box,
        "polygons": choices.polygons,
        "val_share": choices.split.val_share,
        "split_seed": choices.split.seed,
        "images": {split: total.images.get(split, 0) for split in splits},
        "annotations": {split: total.annotations.get(split, 0) for split in splits},
    }


def _cut(frames: Sequence[int], scene_frames: int) -> list[Sequence[int]]:
    """Contiguous parts of about `PART_FRAMES` frames, of whole scenes."""
    starts = [0]
    for place, (last, frame) in enumerate(itertools.pairwise(frames), start=1):
        is_new_scene = last // scene_frames != frame // scene_frames
        if is_new_scene and place - starts[-1] >= PART_FRAMES - scene_frames + 1:
            starts.append(place)
    ends = [*starts[1:], len(frames)]
    return [frames[start:end] for start, end in zip(starts, ends, strict=True)]


def _rendered(
    targets: Sequence[Target], formats: Sequence[Format], parts: Sequence[Sequence[int]], processes: int
) -> Iterator[Counts]:
    """The parts of all formats, as they are written."""
    processes = min(processes, len(parts))
    if processes <= 1:
        for number, frames in enumerate(parts):
            yield _render_part(targets, formats, number, frames)
        return
    task = _Elsewhere(
        root=targets[0].source.root,
        folders=[one.folder for one in targets],
        choices=targets[0].choices,
        formats=formats,
    )
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_start_process) as pool:
        try:
            yield from _bounded(pool, task, parts, WAITING_PARTS * processes)
        except BrokenProcessPool as error:
            raise InfrastructureError(
                "a process of the export was killed, perhaps for want of memory; run the same command again,"
                " with fewer --processes"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _bounded(
    pool: ProcessPoolExecutor,
    task: Callable[[int, Sequence[int]], Counts],
    parts: Sequence[Sequence[int]],
    most: int,
) -> Iterator[Counts]:
    """Results of all parts, with no more than so many handed over at a time."""
    left = iter(enumerate(parts))
    running = {pool.submit(task, *item) for item in itertools.islice(left, most)}
    while running:
        done, running = wait(running, return_when=FIRST_COMPLETED)
        running |= {pool.submit(task, *item) for item in itertools.islice(left, len(done))}
        for future in done:
            yield future.result()


def _start_process() -> None:
    """Leave an interruption to the process that waits for this one, and one core to each."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Elsewhere:
    """Renders parts in another process, which opens the dataset once."""

    root: Path
    folders: Sequence[Path]
    choices: Choices
    formats: Sequence[Format]

    def __call__(self, number: int, frames: Sequence[int]) -> Counts:
        source = _opened(self.root)
        targets = [Target(folder=folder, source=source, choices=self.choices) for folder in self.folders]
        return _render_part(targets, self.formats, number, frames)


_opened = lru_cache(maxsize=1)(open_source)


def _render_part(
    targets: Sequence[Target], formats: Sequence[Format], number: int, frames: Sequence[int]
) -> Counts:
    """Write a part of every format, reading each record once."""
    source, split = targets[0].source, targets[0].choices.split
    images: Counter[str] = Counter()
    annotations: Counter[str] = Counter()
    with _os_errors_in_words(targets[0].folder.parent), ExitStack() as stack:
        parts = [
            stack.enter_context(closing(one.part(target, number)))
            for one, target in zip(formats, targets, strict=True)
        ]
        for record in _good_records(source, frames):
            name = split.of(record["frame"] // source.scene_frames)
            for part in parts:
                part.add(record, name)
            images[name] += 1
            annotations[name] += sum(instance["annotated"] for instance in record["instances"])
    return Counts(frames=len(frames), images=images, annotations=annotations)


def _good_records(source: Source, frames: Sequence[int]) -> Iterator[Record]:
    """The records of the frames that did not fail certification."""
    return (record for record in source.records(frames) if record["status"] == "ok")


@contextmanager
def _os_errors_in_words(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename2 or error.filename or out
        raise StoreError(
            f"cannot write {where} ({error.strerror or error}); free some space or choose another --out"
        ) from error
