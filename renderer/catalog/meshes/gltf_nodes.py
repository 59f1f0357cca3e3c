"""The nodes of a glTF document: counted before anything is read, then walked."""

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
    """The triangles of the scene as if all groups were expanded; each node is looked at once.

    Raises:
        BrokenMeshError: groups contain themselves, or have too many nodes when they are expanded.
    """
    counts: dict[int, tuple[int, int]] = {}
    roots = _roots(document)
    for root in roots:
        _count_below(document, root, counts)
    if sum(counts[root][0] for root in roots) > LARGEST_NODE_COUNT:
        raise BrokenMeshError(f"has nested groups of more than {LARGEST_NODE_COUNT} nodes")
    return sum(counts[root][1] for root in roots)


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


def _count_below(document: Document, root: int, counts: dict[int, tuple[int, int]]) -> None:
    """Nodes and triangles of `root` and of all below it; `counts` has those that are known."""
    stack, entered = [root], set[int]()
    while stack:
        index = stack[-1]
        children = document.item("nodes", index).get("children", [])
        if index in counts:
            stack.pop()
        elif index in entered:
            own = document.item("nodes", index).get("mesh")
            triangles = 0 if own is None else _triangle_count(document, own)
            below = [counts[child] for child in children]
            counts[index] = (1 + sum(n for n, _ in below), triangles + sum(t for _, t in below))
            stack.pop()
        else:
            entered.add(index)
            unknown = [child for child in children if child not in counts]
            if any(child in entered for child in unknown):
                raise BrokenMeshError("has a group that contains itself")
            stack += unknown


def _triangle_count(document: Document, mesh: int) -> int:
    """The triangles of a mesh, by what its accessors announce."""
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
