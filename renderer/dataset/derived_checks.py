"""Whether what was derived from the records is what they give: annotations, draws, manifest and card."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from renderer.dataset import identity
from renderer.dataset.card import with_card
from renderer.dataset.coco import coco_parts
from renderer.dataset.file_store import Stored
from renderer.dataset.manifest import (
    ANNOTATIONS,
    CARD,
    DRAWS,
    MANIFEST,
    RECIPE,
    description_of,
    identity_of,
    manifest_of,
    read_manifest,
)
from renderer.dataset.record import Record, draws_line
from renderer.dataset.shards import ShardStore
from renderer.dataset.tally import Tally
from renderer.dataset.verification import Dataset
from renderer.files import json_bytes
from renderer.labels.certificate import Fault

LONGEST_HEADER = 2**24  # bytes of the line of annotations.json that lists the categories


def check_derived(dataset: Dataset) -> Iterator[Fault]:
    """Compare what was derived from the records, all of which can be read, with what they give now."""
    checks = {ANNOTATIONS: _annotations_fault, DRAWS: _draws_fault, RECIPE: _recipe_fault}
    if isinstance(dataset.store, ShardStore):
        del checks[ANNOTATIONS]
    damaged: set[str] = set()
    for name, check in checks.items():
        for fault in _tried(name, partial(check, dataset)):
            damaged.add(name)
            yield fault
    yield from _tried(MANIFEST, partial(_manifest_faults, dataset, damaged))


def _tried(name: str, check: Callable[[], Iterable[Fault]]) -> Iterator[Fault]:
    """What a check finds, or what keeps it from reading the file of that name."""
    kind = name.partition(".")[0]
    try:
        yield from check()
    except FileNotFoundError as error:
        yield Fault(check=kind, reason=f"{Path(error.filename or name).name} is missing")
    except OSError as error:
        yield Fault(check=kind, reason=f"{name} cannot be read: {error.strerror}")
    except (ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError):
        yield Fault(check=kind, reason=f"{name} is not what gapless wrote: it cannot be read")


def all_records(dataset: Dataset) -> Iterator[Record]:
    """The records of all frames, by frame, whatever became of their images."""
    return (stored.record for stored in _all_stored(dataset))


def _all_stored(dataset: Dataset) -> Iterator[Stored]:
    for frame in dataset.frames:
        content = dataset.store.record_bytes(frame)
        yield Stored(content, json.loads(content))


class _Records(NamedTuple):
    """What `coco_parts` reads from."""

    dataset: Dataset

    def records(self) -> Iterator[Record]:
        """The records of all frames, by frame."""
        return all_records(self.dataset)


def _annotations_fault(dataset: Dataset) -> list[Fault]:
    path = dataset.root / ANNOTATIONS
    listed = listed_categories(path)
    keypoints = {category["name"]: category.get("keypoints", ()) for category in listed}
    box = box_of_annotations(dataset.root)
    parts = coco_parts(_Records(dataset), list(keypoints), box=box, keypoints=keypoints)
    return _difference(path, parts)


def listed_categories(path: Path) -> list[Mapping[str, Any]]:
    """The categories that annotations.json lists, in its first line.

    Raises:
        ValueError: the file does not begin as ours do.
    """
    with path.open("rb") as file:
        header, images, _ = file.readline(LONGEST_HEADER).partition(b',"images":[')
    if not images:
        raise ValueError("no list of images follows the categories")
    categories: list[Mapping[str, Any]] = json.loads(header + b"}")["categories"]
    return categories


def box_of_annotations(root: Path) -> str:
    """Which box a dataset's annotations have, by its recipe.yaml."""
    box: str = yaml.safe_load((root / RECIPE).read_bytes())["labels"]["box"]
    return box


def _draws_fault(dataset: Dataset) -> list[Fault]:
    return _difference(dataset.root / DRAWS, map(draws_line, all_records(dataset)))


def _recipe_fault(dataset: Dataset) -> list[Fault]:
    box_of_annotations(dataset.root)
    return []


def _manifest_faults(dataset: Dataset, damaged: AbstractSet[str]) -> Iterator[Fault]:
    """Compare manifest and card with what they would be if they were written now, all files read again.

    Args:
        damaged: files whose faults are told already.
    """
    written, tally = read_manifest(dataset.root), Tally()
    for stored in _all_stored(dataset):
        tally.add(stored)
    given = manifest_of(dataset.store, description_of(written), tally, known_shards=())
    yield from _shard_faults(written["shards"], given["shards"])
    given["shards"] = written["shards"]
    given["files"] |= {name: written["files"][name] for name in damaged & set(written["files"])}
    card, expected = with_card(given, identity_of(dataset.store))
    listed = {name: entry for name, entry in written["files"].items() if name != CARD}
    difference = identity.first_difference({**written, "files": listed}, given)
    if difference is not None:
        yield Fault(check="manifest", reason=f"{MANIFEST} is not what the dataset gives: {difference}")
    elif (dataset.root / CARD).read_bytes() != card:
        yield Fault(check="card", reason=f"{CARD} is not what {MANIFEST} gives")
    elif (dataset.root / MANIFEST).read_bytes() != json_bytes(expected) + b"\n":
        yield Fault(check="manifest", reason=f"{MANIFEST} is not what the dataset gives: {CARD} is another")


def _shard_faults(
    written: Iterable[Mapping[str, Any]], there: Iterable[Mapping[str, Any]]
) -> Iterator[Fault]:
    by_name = {shard["name"]: shard for shard in there}
    for shard in written:
        found = by_name.pop(shard["name"], None)
        if found is None:
            yield Fault(check="manifest", reason=f"{shard['name']} is missing")
        elif found["frames"] != shard["frames"]:
            reason = f"{shard['name']} has {found['frames']} frames, {MANIFEST} says {shard['frames']}"
            yield Fault(check="manifest", reason=reason)
        elif found != shard:
            reason = f"{shard['name']} has other content than {MANIFEST} says: its sha256 differs"
            yield Fault(check="shards", reason=reason)
    yield from (Fault(check="manifest", reason=f"{name} is not in {MANIFEST}") for name in by_name)


def _difference(path: Path, parts: Iterable[bytes]) -> list[Fault]:
    difference = first_difference(path, parts)
    return [] if difference is None else [Fault(check=path.stem, reason=f"{path.name} {difference}")]


def first_difference(path: Path, parts: Iterable[bytes]) -> str | None:
    """Where a file is not the expected parts one after the other, in words; None where it is."""
    with path.open("rb") as file:
        for part in parts:
            if file.read(len(part)) != part:
                return f"is not what the records give: it differs at {_described(part)}"
        return "is not what the records give: it goes on behind its end" if file.read(1) else None


def _described(part: bytes) -> str:
    """What a part of annotations.json or draws.jsonl is of."""
    try:
        item = json.loads(part.lstrip(b",\n"))
    except ValueError:
        return f"'{part[:40].decode(errors='replace').strip()}'"
    names = (
        ("image_id", "annotation {id} of frame {image_id}"),
        ("file_name", "image {file_name}"),
        ("frame", "frame {frame}"),
    )
    if isinstance(item, dict):
        for key, text in names:
            if key in item:
                return text.format_map(item)
    return "the list of categories"
