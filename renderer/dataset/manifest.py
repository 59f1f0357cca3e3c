"""`manifest.json`: what a finished dataset consists of, with counts and checksums; it is written last.

It says nothing of when, where or by whom was rendered: equal frames give an equal manifest.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from renderer.dataset.archive import archive_sha256
from renderer.dataset.file_store import IDENTITY, Store
from renderer.dataset.shards import SHARDS, ShardStore, frames_in
from renderer.dataset.tally import Tally
from renderer.files import file_sha256, json_bytes

MANIFEST, CARD = "manifest.json", "README.md"
ANNOTATIONS, DRAWS, RECIPE = "annotations.json", "draws.jsonl", "recipe.yaml"
PREVIEW, MESHES = "preview.png", "meshes.json"
# What the card is made of, besides the records. Shards have no annotations: their images have no paths.
FILES = (IDENTITY, ANNOTATIONS, DRAWS, RECIPE, MESHES, PREVIEW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a dataset's records do not say of it.

    Attributes:
        name: of the recipe.
        command: what renders it, without where and by whom.
        categories: in the order of their numbers, with the names of the keypoints that all of one declare.
    """

    name: str
    command: str
    categories: Mapping[str, Sequence[str]]


def manifest_of(
    store: Store, description: Description, tally: Tally, known_shards: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The manifest of a dataset, whose other files are there; the card, made of it, is not in it yet.

    Args:
        tally: of all its frames.
        known_shards: tar files that are not read again if they still have as many frames and bytes.
    """
    identity = identity_of(store)
    return {
        "name": description.name,
        "command": description.command,
        "categories": [
            {"name": name, "keypoints": list(keypoints)} for name, keypoints in description.categories.items()
        ],
        "counts": tally.counts(list(description.categories)),
        "seed": identity["recipe"]["seed"],
        "versions": identity["versions"],
        "store": identity.get("store", {"kind": "files"}),
        "identity_sha256": _sha256(identity),
        "recipe_sha256": _sha256(identity["recipe"]),
        "records_sha256": tally.sha256(),
        "files": dict(_file_entries(store.root)),
        "shards": list(_shard_entries(store, known_shards)) if isinstance(store, ShardStore) else [],
    }


def identity_of(store: Store) -> dict[str, Any]:
    """The identity of a dataset as its dataset.json has it."""
    identity: dict[str, Any] = json.loads(json_bytes(store.identity))
    return identity


def description_of(manifest: Mapping[str, Any]) -> Description:
    """What a manifest was told by its writer."""
    categories = {category["name"]: category["keypoints"] for category in manifest["categories"]}
    return Description(name=manifest["name"], command=manifest["command"], categories=categories)


def read_manifest(root: Path) -> dict[str, Any]:
    """The manifest of a dataset.

    Raises:
        OSError: it is not there or cannot be read.
        ValueError: it is no JSON object.
    """
    manifest = json.loads((root / MANIFEST).read_bytes())
    if not isinstance(manifest, dict):
        raise ValueError("it is no JSON object")
    return manifest


def known_shards_of(root: Path) -> list[Mapping[str, Any]]:
    """What the manifest of an earlier run says of tar files; nothing where there is none."""
    try:
        shards = read_manifest(root)["shards"]
        return [shard for shard in shards if {"name", "frames", "bytes", "sha256"} <= set(shard)]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _sha256(content: Any) -> str:
    """Sha256 of the file that has this content, such as dataset.json."""
    return hashlib.sha256(json_bytes(content) + b"\n").hexdigest()


def _file_entries(root: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in sorted(FILES):
        path = root / name
        if path.is_file():
            yield name, {"bytes": path.stat().st_size, "sha256": file_sha256(path)}


def _shard_entries(store: ShardStore, known: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    by_content = {(shard["name"], shard["frames"], shard["bytes"]): shard["sha256"] for shard in known}
    for number in store.numbers():
        path = store.shard_path(number)
        content = f"{SHARDS}/{path.name}", len(frames_in(store.packed(number))), path.stat().st_size
        sha256 = by_content.get(content) or archive_sha256(path)
        yield dict(zip(("name", "frames", "bytes"), content, strict=True)) | {"sha256": sha256}
