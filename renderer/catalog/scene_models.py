"""All that a scene is made of, built before Blender gets it: what takes long is done beside a trace."""

from collections.abc import Mapping
from dataclasses import dataclass

from renderer.catalog.library import Library
from renderer.catalog.model import Model
from renderer.catalog.sources import build_model, look_key, shape_key
from renderer.catalog.surfaces import ground_models
from renderer.scene import Scene, SceneObject

Kinship = tuple[str, str]  # of objects: what their meshes follow from, and what their materials do


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SceneModels:
    """The models of a scene.

    Attributes:
        ground: the parts of the place, in world coordinates, by name.
        objects: by what they follow from; equal objects have one.
        kinships: of each object, by its name.
    """

    ground: Mapping[str, Model]
    objects: Mapping[Kinship, Model]
    kinships: Mapping[str, Kinship]

    def of(self, item: SceneObject) -> Model:
        """The model of an object of the scene."""
        return self.objects[self.kinships[item.name]]


def scene_models(scene: Scene, library: Library) -> SceneModels:
    """Make, draw or read all meshes and images of a scene; needs no Blender."""
    kinships = {item.name: (shape_key(item, library), look_key(item, library)) for item in scene.objects}
    of_each = {kinships[item.name]: item for item in scene.objects}
    return SceneModels(
        ground=ground_models(scene.ground, library),
        objects={kinship: build_model(item, library) for kinship, item in of_each.items()},
        kinships=kinships,
    )
