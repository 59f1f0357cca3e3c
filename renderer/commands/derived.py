"""What follows from the records of a dataset, written in one pass over them when its frames are done."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import cv2
import numpy as np

from renderer.catalog.library import Library
from renderer.catalog.sources import categories, category_keypoints
from renderer.commands.job import ResolvedJob
from renderer.commands.progress import track_if_many
from renderer.dataset.card import with_card
from renderer.dataset.coco import write_coco
from renderer.dataset.manifest import (
    ANNOTATIONS,
    CARD,
    DRAWS,
    MANIFEST,
    MESHES,
    PREVIEW,
    RECIPE,
    Description,
    identity_of,
    known_shards_of,
    manifest_of,
)
from renderer.dataset.meshes import write_meshes
from renderer.dataset.record import Record, draws_line, image_name
from renderer.dataset.store import Store
from renderer.dataset.tally import Tally
from renderer.files import atomic_file, write_bytes, write_json
from renderer.inspect.contact_sheet import LabelledImage, contact_sheet
from renderer.recipe.schema import Recipe

SHEET_FRAMES = 16


def write_derived(store: Store, job: ResolvedJob[Recipe], library: Library) -> Tally:
    """Write all that follows from the records, the manifest last; returns their counts.

    Annotations are written where images have paths that they can name: in a store of files.
    """
    recipe, names = job.settings, categories(job.settings, library)
    keypoints = category_keypoints(recipe, library)
    with atomic_file(store.root / DRAWS) as draws:
        reading = _Reading(store=store, draws=draws)
        if recipe.store == "files":
            path = store.root / ANNOTATIONS
            write_coco(reading, names, path, box=recipe.labels.box, keypoints=keypoints)
        else:
            reading.to_the_end()
    write_bytes(store.root / RECIPE, job.yaml.encode())
    if library.shelves:
        write_meshes(library.shelves, store.root / MESHES)
    if reading.first:
        sheet = contact_sheet([_sheet_frame(store, record) for record in reading.first], names)
        write_picture(store.root / PREVIEW, sheet)
    described = Description(
        name=recipe.name,
        command=command_of(job),
        categories={name: keypoints.get(name, ()) for name in names},
    )
    _write_manifest(store, described, reading.tally)
    return reading.tally


def command_of(job: ResolvedJob[Recipe]) -> str:
    """What renders a job's frames again, for a shell; not where to, by whom and on what."""
    return shlex.join(["gapless", "render", *job.overrides])


def _write_manifest(store: Store, described: Description, tally: Tally) -> None:
    """Write the card, and last the manifest."""
    known = known_shards_of(store.root)
    content, manifest = with_card(manifest_of(store, described, tally, known), identity_of(store))
    write_bytes(store.root / CARD, content)
    write_json(store.root / MANIFEST, manifest)


@dataclass(slots=True, kw_only=True)
class _Reading:
    """The one pass over the records: whoever goes through `records` writes the draws and counts by the way.

    Attributes:
        first: records of the first frames that have an image.
    """

    store: Store
    draws: IO[bytes]
    tally: Tally = field(default_factory=Tally)
    first: list[Record] = field(default_factory=list)

    def records(self) -> Iterator[Record]:
        """The records of all frames that are done, by frame."""
        frames = self.store.frames()
        for frame in track_if_many(frames, "annotations, draws, counts", len(frames)):
            stored = self.store.find(frame)
            if stored is None:
                continue
            record = stored.record
            self.tally.add(stored)
            self.draws.write(draws_line(record))
            if record["status"] == "ok" and len(self.first) < SHEET_FRAMES:
                self.first.append(record)
            yield record

    def to_the_end(self) -> None:
        """Go through all records."""
        for _ in self.records():
            pass


def _sheet_frame(store: Store, record: Record) -> LabelledImage:
    content = np.frombuffer(store.read(image_name(record["frame"])), dtype=np.uint8)
    pixels = cv2.imdecode(content, cv2.IMREAD_COLOR)
    assert pixels is not None, "a committed image cannot be read"
    return LabelledImage(
        image=cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB).astype(np.uint8),
        caption=f"frame {record['frame']}",
        instances=record["instances"],
    )


def write_picture(path: Path, picture: np.ndarray) -> None:
    """Write an RGB picture as a PNG file."""
    from renderer.execution.frame import encode_png

    write_bytes(path, encode_png(picture))
