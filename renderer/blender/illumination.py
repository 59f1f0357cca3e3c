"""The lights of a scene in Blender as a view has them, each apart where its shots differ."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np

from renderer.blender.lights import SUN_OF_SKY, add_light, set_sky
from renderer.blender.passes import Channels, guides_of
from renderer.buffers import LightGroups
from renderer.catalog.library import Library
from renderer.illumination import balancing_gains, illuminated, keeps_lights_apart, shot_gains
from renderer.scene import ENVIRONMENT, Scene, Vector3, View

ALONE = ""  # the light of what shines by itself, which no shot changes


@dataclass(slots=True, kw_only=True)
class Illumination:
    """The lights that are in Blender: as the scene says, multiplied by `_gains`.

    Attributes:
        is_apart: whether the next trace keeps the light of each of them apart.
    """

    is_apart: bool = field(default=False, init=False)
    _built: tuple[Scene, Library] | None = field(default=None, init=False)
    _gains: Mapping[str, Vector3] = field(default_factory=dict, init=False)
    _groups: tuple[str, ...] = field(default=(), init=False)

    def build(self, scene: Scene, library: Library) -> None:
        """Add the lights and the sky of a scene."""
        self._built = scene, library
        self._set({})

    def clear(self) -> None:
        """Forget a scene that is taken out of Blender."""
        self._built, self._gains = None, {}

    def prepare(self, view: View) -> None:
        """Make the lights those of a view: of its one shot, or balanced for several.

        One shot alone is traced with its own lights: so its samples go where its light comes from.
        """
        self.is_apart = keeps_lights_apart(view)
        if self.is_apart:
            scene, _ = self._scene_and_library()
            self._shine(balancing_gains(scene))
            self._groups = (ENVIRONMENT, ALONE, *(light.name for light in scene.lights))
        else:
            self._shine(shot_gains(view.shots[0]) if len(view.shots) == 1 else {})
            self._groups = ()
        self._assign_groups()

    def _shine(self, gains: Mapping[str, Vector3]) -> None:
        """Exchange the lights that are there, if these are not they."""
        if gains == self._gains:
            return
        bpy.data.batch_remove([item for item in bpy.data.objects if item.type == "LIGHT"])
        bpy.data.batch_remove(list(bpy.data.lights))
        self._set(gains)

    def _set(self, gains: Mapping[str, Vector3]) -> None:
        scene, library = self._scene_and_library()
        shining = illuminated(scene, gains)
        for light in shining.lights:
            add_light(light)
        set_sky(shining.sky, library)
        self._gains = gains

    def _scene_and_library(self) -> tuple[Scene, Library]:
        assert self._built is not None, "build comes first"
        return self._built

    def _assign_groups(self) -> None:
        """Give each light a group, and one to all objects, for those that shine."""
        layer: Any = bpy.context.view_layer
        while len(layer.lightgroups):
            bpy.ops.scene.view_layer_remove_lightgroup()
        if not self._groups:
            return
        for number in range(len(self._groups)):
            layer.lightgroups.add(name=_group(number))
        bpy.context.scene.world.lightgroup = _group(0)
        for item in bpy.data.objects:
            item.lightgroup = _group(self._number_of(item))

    def _number_of(self, item: Any) -> int:
        if item.type != "LIGHT":
            return self._groups.index(ALONE)
        return self._groups.index(ENVIRONMENT if item.name == SUN_OF_SKY else item.name)

    def read(self, channels: Channels, *, guides: bool) -> LightGroups:
        """The groups of a trace that kept lights apart, each as the scene says it shines.

        Args:
            guides: whether the trace has what a denoiser goes by.
        """
        lights, images = [], []
        for number, light in enumerate(self._groups):
            image = channels.colors(f"Combined_{_group(number)}", "RGB")
            if light == ALONE and not image.any():
                continue
            lights.append(light)
            images.append(image / np.float32(self._gains.get(light, (1.0,))[0]))
        return LightGroups(
            lights=tuple(lights),
            radiance=np.stack(images),
            guides=guides_of(channels) if guides else None,
        )


def _group(number: int) -> str:
    return f"light{number}"
