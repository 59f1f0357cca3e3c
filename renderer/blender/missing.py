"""Images that a scene is made with and Blender does not have: Cycles shows magenta, without a word."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy

from renderer.blender.nodes import nested_nodes

SKY = "the sky"
_IMAGE_NODES = frozenset({"TEX_IMAGE", "TEX_ENVIRONMENT"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingImages:
    """Looks for them, in one scene after another.

    Attributes:
        loaded: files, with the times of their last change, that Blender could load: it lets go of the pixels
            after each trace, and to load a sky again only to see that it can be takes 50 ms.
    """

    loaded: set[tuple[str, int]] = field(default_factory=set)

    def users(self) -> tuple[str, ...]:
        """Names of the objects, and of the sky, that show an image which is not there, in order."""
        known: dict[str, bool] = {}  # by material: objects share them
        scene = bpy.context.scene
        names = {
            item.name
            for item in scene.objects
            for slot in item.material_slots
            if slot.material is not None and self._lacks_image(slot.material, known)
        }
        if scene.world is not None and self._lacks_image(scene.world, known):
            names.add(SKY)
        return tuple(sorted(names))

    def _lacks_image(self, shaded: Any, known: dict[str, bool]) -> bool:
        """Whether a material or a world shows an image that is missing."""
        key = repr(shaded)
        if key not in known:
            known[key] = any(not self._is_there(node.image) for node in _image_nodes(shaded.node_tree))
        return known[key]

    def _is_there(self, image: Any) -> bool:
        if image is None or image.has_data:
            return image is not None
        if image.source != "FILE" or image.packed_file is not None:
            return image.source != "GENERATED" and 0 not in image.size  # asking for the size loads an image
        try:
            path = bpy.path.abspath(image.filepath, library=image.library)
            file = path, Path(path).stat().st_mtime_ns
        except OSError:
            return False
        if file not in self.loaded and 0 not in image.size:
            self.loaded.add(file)
        return file in self.loaded


def _image_nodes(tree: Any) -> Iterator[Any]:
    """Image textures whose colour or opacity goes anywhere."""
    for node in nested_nodes(tree) if tree else ():
        if node.type in _IMAGE_NODES and any(output.is_linked for output in node.outputs):
            yield node
