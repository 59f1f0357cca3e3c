"""Keypoints that a recipe declares for meshes."""

import math
from collections.abc import Mapping

from renderer.errors import CatalogError
from renderer.scene import Vector3

EXAMPLE = "handle 0.04 0 0.03, rim 0 0 0.09"


def declared_keypoints(where: str, text: str | None) -> Mapping[str, Vector3]:
    """What a recipe says: names, each with x y z in the object's frame, m at the mesh's own size.

    Raises:
        CatalogError: it says something else, or names one twice.
    """
    keypoints: dict[str, Vector3] = {}
    for part in (text or "").split(","):
        match part.split():
            case [name, *numbers] if (place := _place(numbers)) is not None:
                if name in keypoints:
                    raise CatalogError(f"{where} must not name '{name}' twice, got '{text}'")
                keypoints[name] = place
            case [] if not text:
                pass
            case _:
                raise CatalogError(
                    f"{where} must be names with x y z in m, such as '{EXAMPLE}', got '{text}'"
                )
    return keypoints


def _place(words: list[str]) -> Vector3 | None:
    try:
        x, y, z = (float(word) for word in words)
    except ValueError:
        return None
    return (x, y, z) if all(map(math.isfinite, (x, y, z))) else None
