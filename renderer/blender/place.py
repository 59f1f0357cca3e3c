"""The place of a scene in Blender: put there once, cut away for each camera that it would stand before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from renderer.blender.materials import build_material
from renderer.blender.meshes import add_model
from renderer.catalog.cutaway import hides_layout
from renderer.catalog.model import Model
from renderer.rotation import vector3
from renderer.scene import Camera, Ground, Pose, Vector3

_Shell = tuple[Any, Vector3, Vector3]  # Blender's object, the lower and upper corner of the box around it


@dataclass(slots=True, kw_only=True)
class Place:
    """What objects lie on and what stands around it."""

    _half_size_m: tuple[float, float] = field(default=(0.0, 0.0), init=False)
    _shells: list[_Shell] = field(default_factory=list, init=False)

    def build(self, ground: Ground, models: Mapping[str, Model]) -> None:
        """Add the place of these parts to Blender's scene; its id is 0, that of the background."""
        self._half_size_m = ground.half_size_m
        self._shells.clear()
        built: dict[int, Any] = {}  # by identity: parts share their looks
        for name, model in models.items():
            for number, material in enumerate(model.materials):
                if id(material) not in built:
                    built[id(material)] = build_material(f"{name}.{number}", material)
            materials = [built[id(material)] for material in model.materials]
            added = add_model(name, model, Pose(), 0, materials)
            if model.is_shell:
                vertices = model.mesh.vertices
                self._shells.append((added, vector3(vertices.min(axis=0)), vector3(vertices.max(axis=0))))

    def cut_away(self, camera: Camera) -> None:
        """Show a camera no wall or board that would hide the layout area from it."""
        eye_m = camera.pose.position_m
        for item, low_m, high_m in self._shells:
            item.visible_camera = not hides_layout(low_m, high_m, eye_m, self._half_size_m)
