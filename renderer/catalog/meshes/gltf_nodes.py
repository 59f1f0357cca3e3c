"""The nodes of a glTF document: looked at before anything is read, then walked."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from renderer.catalog.meshes.fault import BrokenMeshError
from renderer.catalog.meshes.gltf_document import Document, floats, natural
from renderer.rotation import rotation_matrix

LARGEST_NODE_COUNT = 100_000
TRIANGLES, STRIP, FAN = 4, 5, 6  # modes of a primitive


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Instance:
    """A mesh at a place of the scene; `mesh` is its index."""

    mesh: int
    scene_from_mesh: Float[np.ndarray, "4 4"]


def triangle_count(document: Document) -> int:
    """The triangles of all meshes of the scene, by what their accessors announce.

    Raises:
        BrokenMeshError: its nodes are no trees, or too many.
    """
    if len(document.items("nodes")) > LARGEST_NODE_COUNT:
        raise BrokenMeshError(f"has more than {LARGEST_NODE_COUNT} nodes")
    times = Counter(child for node in document.items("nodes") for child in node.get("children", []))
    times.update(_roots(document))
    if any(count > 1 for count in times.values()):  # section 3.5.2: strict trees
        raise BrokenMeshError("has a node in two groups, or in itself")
    return sum(_triangle_count(document, instance.mesh) for instance in instances(document))


def instances(document: Document) -> Iterator[Instance]:
    """All meshes of the scene, each where its node is, in the order of the file."""
    stack = [(node, np.eye(4)) for node in reversed(_roots(document))]
    while stack:
        index, scene_from_parent = stack.pop()
        node = document.item("nodes", index)
        scene_from_node = scene_from_parent @ _parent_from_node(node)
        if "mesh" in node:
            # a skinned mesh is not where its node is (section 3.7.3.3): it is read unbent
            is_bent = "skin" in node
            if is_bent:
                document.source.note("is skinned, and read unbent")
            yield Instance(mesh=node["mesh"], scene_from_mesh=np.eye(4) if is_bent else scene_from_node)
        stack += [(child, scene_from_node) for child in reversed(node.get("children", []))]


def _roots(document: Document) -> Sequence[int]:
    """The outermost nodes of the scene that is shown, of the first where none is said to be."""
    if document.items("scenes"):
        roots: Sequence[int] = document.item("scenes", document.json.get("scene", 0)).get("nodes", [])
        return roots
    children = {child for node in document.items("nodes") for child in node.get("children", [])}
    return [index for index in range(len(document.items("nodes"))) if index not in children]


def _triangle_count(document: Document, mesh: int) -> int:
    """The triangles of one mesh."""
    total = 0
    for primitive in document.item("meshes", mesh)["primitives"]:
        rows = primitive.get("indices", primitive["attributes"].get("POSITION"))
        count = 0 if rows is None else natural(document.item("accessors", rows)["count"])
        mode = primitive.get("mode", TRIANGLES)
        total += count // 3 if mode == TRIANGLES else max(count - 2, 0) if mode in (STRIP, FAN) else 0
    return total


def _parent_from_node(node: Mapping[str, Any]) -> Float[np.ndarray, "4 4"]:
    """A node's matrix, or its translation, rotation (x, y, z, w) and scale (section 3.5.3)."""
    if "matrix" in node:
        return floats(node["matrix"], 16).reshape(4, 4).T
    x, y, z, w = floats(node.get("rotation", (0, 0, 0, 1)), 4)
    length = float(np.sqrt(x * x + y * y + z * z + w * w)) or 1.0
    parent_from_node = np.eye(4)
    rotation = rotation_matrix((w / length, x / length, y / length, z / length))
    parent_from_node[:3, :3] = rotation * floats(node.get("scale", (1, 1, 1)), 3)
    parent_from_node[:3, 3] = floats(node.get("translation", (0, 0, 0)), 3)
    return parent_from_node
