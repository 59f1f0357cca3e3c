"""From a file to a model, in the object's frame."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

import numpy as np

from renderer.catalog.meshes.examine import file_frame, keeps_look, read_readable
from renderer.catalog.meshes.facts import are_unchanged
from renderer.catalog.meshes.fault import BrokenMeshError
from renderer.catalog.meshes.frames import about_origin
from renderer.catalog.meshes.shelf import MeshFile, Shelf
from renderer.catalog.meshes.source import Source
from renderer.catalog.model import Model
from renderer.errors import CatalogError

LARGEST_CACHE_BYTES = 256 * 2**20


@dataclass(slots=True, kw_only=True)
class Recent:
    """The models that were read last, as many as fit; one that is too large alone is not kept."""

    largest_bytes: int
    models: OrderedDict[Hashable, tuple[Model, int]] = field(default_factory=OrderedDict)

    def get(self, key: Hashable) -> Model | None:
        """A model that is kept."""
        if key not in self.models:
            return None
        self.models.move_to_end(key)
        return self.models[key][0]

    def add(self, key: Hashable, model: Model) -> None:
        """Keep a model, and drop those that have not been asked for the longest."""
        size = bytes_of(model)
        if size > self.largest_bytes:
            return
        self.models[key] = (model, size)
        while sum(size for _, size in self.models.values()) > self.largest_bytes:
            self.models.popitem(last=False)


_recent = Recent(largest_bytes=LARGEST_CACHE_BYTES)


def read_model(mesh: MeshFile, shelf: Shelf) -> Model:
    """The mesh and the look that a file has, in the object's frame at its own size.

    Raises:
        CatalogError: the file has changed since it was examined, or is gone.
    """
    if not are_unchanged(mesh.stamps, shelf.root):
        changed = "is gone" if not mesh.path.exists() else "has changed since it was examined"
        raise CatalogError(f"{shelf.key} cannot use '{mesh.name}': it {changed}; start again")
    settings = shelf.settings
    key = (
        str(mesh.path), str(mesh.readable), tuple(mesh.stamps.items()),
        settings.unit, settings.up, settings.origin, keeps_look(settings),
    )  # fmt: skip
    model = _recent.get(key)
    if model is None:
        model = _read(mesh, shelf)
        _recent.add(key, model)
    return model


def bytes_of(value: Any) -> int:
    """The bytes of all arrays in a model, or in a part of one."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, tuple):
        return sum(bytes_of(item) for item in value)
    return sum(bytes_of(getattr(value, f.name)) for f in fields(value)) if is_dataclass(value) else 0


def _read(mesh: MeshFile, shelf: Shelf) -> Model:
    source = Source(
        path=mesh.readable,
        root=shelf.root if mesh.readable == mesh.path else mesh.readable.parent,
        keeps_look=keeps_look(shelf.settings),
        examines=False,
        max_triangles=shelf.settings.max_triangles,
    )
    frame = file_frame(mesh.path, mesh.readable, shelf.settings)
    try:
        model = read_readable(source, frame)
    except (BrokenMeshError, OSError) as error:
        raise CatalogError(f"{shelf.key} cannot use '{mesh.name}': it {error}") from None
    return replace(model, mesh=about_origin(model.mesh, frame))
