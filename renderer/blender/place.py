"""The place of a scene in Blender: put there once, cut away for each camera that it would stand before."""

from dataclasses import dataclass, field
from typing import Any

from renderer.blender.meshes import add_model
from renderer.catalog.cutaway import hides_layout
from renderer.catalog.library import Library
from renderer.catalog.surfaces import ground_models
from renderer.scene import Camera, Ground, Pose, Vector3

_Shell = tuple[Any, Vector3, Vector3]  # Blender's object, the lower and upper corner of the box around it


@dataclass(slots=True, kw_only=True)
class Place:
    """What objects lie on and what stands around it."""

    _half_size_m: tuple[float, float] = (0.0, 0.0)
    _shells: list[_Shell] = field(default_factory=list, init=False)

    def build(self, ground: Ground, library: Library) -> None:
        """Add the place to Blender's scene; its id is 0, that of the background."""
        self._half_size_m = ground.half_size_m
        self._shells.clear()
        for name, model in ground_models(ground, library).items():
            added = add_model(name, model, Pose(), 0)
            if model.is_shell:
                vertices = model.mesh.vertices
                self._shells.append((added, _point(vertices.min(axis=0)), _point(vertices.max(axis=0))))

    def cut_away(self, camera: Camera) -> None:
        """Show a camera no wall or board that would hide the layout area from it."""
        eye_m = camera.pose.position_m
        for item, low_m, high_m in self._shells:
            item.visible_camera = not hides_layout(low_m, high_m, eye_m, self._half_size_m)


def _point(values: Any) -> Vector3:
    x, y, z = (float(v) for v in values)
    return (x, y, z)
