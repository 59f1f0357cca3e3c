"""Rest that was found before: in memory, and on disk by the hash of all that it follows from."""

import hashlib
import json
import logging
import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from jaxtyping import Float

from renderer.catalog.meshes.cache import cache_folder
from renderer.catalog.solids import Solid
from renderer.errors import StoreError
from renderer.files import write_json
from renderer.settle import physics, world
from renderer.settle.physics import Place, come_to_rest
from renderer.settle.world import Body, Poses

Rest = tuple[Float[np.ndarray, "7"] | None, ...]

_KEPT_SCENES = 64
_LOG = logging.getLogger(__name__)
_recent: OrderedDict[str, Rest] = OrderedDict()


def kept_rest(bodies: Sequence[Body], poses: Poses, place: Place) -> Rest:
    """What `come_to_rest` finds, now or before."""
    key = rest_key(bodies, poses, place)
    if key not in _recent:
        path = cache_folder() / "settled" / f"{key}.json"
        rest = _load(path, key, len(bodies))
        if rest is None:
            rest = tuple(come_to_rest(bodies, poses, place))
            _save(path, key, rest)
        _recent[key] = rest
        while len(_recent) > _KEPT_SCENES:
            _recent.popitem(last=False)
    _recent.move_to_end(key)
    return _recent[key]


def rest_key(bodies: Sequence[Body], poses: Poses, place: Place) -> str:
    """Sha256 of what falls, of where it falls, and of all constants and versions that decide how."""
    digest = hashlib.sha256(json.dumps([mujoco.__version__, _constants()], sort_keys=True).encode())
    container = None if place.container is None else place.container.half_size_m
    _add(digest, np.array([len(bodies), len(place.fixed), *(container or (math.nan, math.nan))]))
    _add(digest, poses)
    for body in bodies:
        _add_solids(digest, body.solids)
    _add_solids(digest, place.fixed)
    return digest.hexdigest()


def _constants() -> dict[str, Any]:
    """All numbers of the modules that bring things to rest."""
    return {
        f"{module.__name__}.{name}": value
        for module in (physics, world)
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, int | float | tuple)
    }


def _add_solids(digest: Any, solids: Iterable[Solid]) -> None:
    for solid in solids:
        pose = (*solid.pose.position_m, *solid.pose.rotation_wxyz)
        vertices = np.zeros((0, 3)) if solid.vertices_m is None else solid.vertices_m
        digest.update(f"\n{solid.shape} {len(vertices)}\n".encode())
        _add(digest, np.array([*solid.half_size_m, solid.rounding_m, *pose]))
        _add(digest, vertices)
    digest.update(b"\nend\n")


def _add(digest: Any, numbers: Float[np.ndarray, "..."]) -> None:
    digest.update(np.asarray(numbers, dtype="<f8").tobytes())


def _load(path: Path, key: str, bodies: int) -> Rest | None:
    """What a file of the cache has; None where there is none that can be used."""
    try:
        content = json.loads(path.read_bytes())
        if content["key"] != key or len(content["poses"]) != bodies:
            return None
        rest = tuple(None if pose is None else np.array(pose, dtype=float) for pose in content["poses"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    is_sound = all(pose is None or (pose.shape == (7,) and np.isfinite(pose).all()) for pose in rest)
    return rest if is_sound else None


def _save(path: Path, key: str, rest: Rest) -> None:
    """Keep poses; numbers in JSON come back to the last bit. A cache that cannot be written is none."""
    poses = [None if pose is None else pose.tolist() for pose in rest]
    try:
        write_json(path, {"key": key, "poses": poses})
    except StoreError as error:
        _LOG.info("the poses of a scene at rest are not kept: %s", error)
