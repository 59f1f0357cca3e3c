"""Stores of datasets: which kind an identity asks for, and whether a folder is free or holds that dataset."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from renderer.dataset.file_store import IDENTITY, Store
from renderer.dataset.identity import STORE, first_difference
from renderer.dataset.lock import LOCK
from renderer.dataset.shards import ShardStore
from renderer.errors import StoreError
from renderer.files import PART, check_writable

__all__ = [
    "ARRAY",
    "DRY_RUN",
    "IDENTITY",
    "RUN",
    "Store",
    "open_store",
    "store_of",
]

ARRAY = ".slurm"  # a folder in `out` with what a job array is told and tells, gone when all is done
DRY_RUN = "dry_run"  # a folder in `out` that is no part of the dataset
RUN = "run.json"  # how the last run went: no part of it either


def open_store(out: str, identity: dict[str, Any]) -> Store:
    """The store at `out`, new or continued, of the kind that the identity says; writes nothing.

    Raises:
        StoreError: `out` holds something else, another dataset, or cannot be written.
    """
    root = Path(out).expanduser()
    check_writable(root)
    if root.is_dir() and not _is_unused(root):
        _check_identity(root, identity)
    return store_of(root, identity)


def store_of(root: Path, identity: dict[str, Any]) -> Store:
    """The store of a folder and the identity of what is, or will be, in it; looks at neither.

    Raises:
        KeyError, TypeError: the identity is none of ours.
    """
    kind = identity.get(STORE)
    if kind is None:
        return Store(root=root, identity=identity)
    return ShardStore(root=root, identity=identity, shard_frames=kind["shard_frames"])


def _is_unused(root: Path) -> bool:
    """Whether a folder is empty, or holds only what a dry run or a killed first commit left."""
    names = (path.name for path in root.iterdir())
    return all(
        name in (ARRAY, DRY_RUN, LOCK, RUN) or (name.startswith(".") and name.endswith(PART))
        for name in names
    )


def _check_identity(root: Path, identity: Mapping[str, Any]) -> None:
    try:
        there = json.loads((root / IDENTITY).read_bytes())
        stored = there.get(STORE)
    except (OSError, ValueError, AttributeError):
        raise StoreError(
            f"out must be a new folder or a dataset's, but '{root}' holds other files; choose another out"
        ) from None
    here = json.loads(json.dumps(identity))
    if stored != here.get(STORE):
        raise StoreError(
            f"out '{root}' holds a dataset of {_kind_text(stored)}, not of {_kind_text(here.get(STORE))}; "
            f"add {_kind_keys(stored)}, or choose another out"
        )
    difference = first_difference(there, here)
    if difference is not None:
        raise StoreError(
            f"out '{root}' holds another dataset: {difference}; choose another out, or delete that one"
        )


def _kind_text(kind: Mapping[str, Any] | None) -> str:
    if kind is None:
        return "files of their own"
    return f"tar files with {kind.get('shard_frames')} frames each"


def _kind_keys(kind: Mapping[str, Any] | None) -> str:
    if kind is None:
        return "store=files"
    return f"store=webdataset shard_frames={kind.get('shard_frames')}"
