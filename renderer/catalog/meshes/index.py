"""The index: what is known of the files of a folder, kept between runs, so that only what changed is read."""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from renderer.catalog.meshes.cache import cache_folder
from renderer.catalog.meshes.examine import keeps_look
from renderer.catalog.meshes.facts import Examination, from_plain, to_plain
from renderer.errors import StoreError
from renderer.files import write_json
from renderer.recipe.objects import Meshes

VERSION = 1  # to be raised when the same file would be judged otherwise
_SETTINGS = ("unit", "up", "origin", "allow_flat", "max_triangles", "decimate_to")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Where the examinations of a folder are kept; a different setting has another index."""

    path: Path

    def load(self) -> dict[str, Examination]:
        """What is known, by name; nothing where there is no index that can be read."""
        try:
            plain = json.loads(self.path.read_bytes())
            return {name: from_plain(examination) for name, examination in plain.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            _LOG.info("the index %s cannot be read: the files are examined again", self.path)
            return {}

    def save(self, known: Mapping[str, Examination]) -> None:
        """Keep what is known, whole or not at all; a cache that cannot be written is none."""
        plain = {name: to_plain(examination) for name, examination in known.items() if examination.stamps}
        try:
            write_json(self.path, plain)
        except StoreError as error:
            _LOG.info("the index is not kept: %s", error)


def index_of(key: str, root: Path, settings: Meshes) -> Index:
    """The index of a folder under settings that what is known depends on."""
    relevant: dict[str, Any] = {name: getattr(settings, name) for name in _SETTINGS}
    relevant |= {"key": key, "root": str(root), "keeps_look": keeps_look(settings), "version": VERSION}
    digest = hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()
    return Index(path=cache_folder() / "meshes" / f"{digest[:32]}.json")
