"""From the scene's lights and sky to Blender's."""

from pathlib import Path
from typing import Any

import bpy
from mathutils import Matrix, Quaternion

from renderer.blender.runtime import start_blender
from renderer.catalog.library import BUILT_IN, Library
from renderer.rotation import transform
from renderer.scene import Light, LightType, Sky

MOST_SKIES_LOADED = 16  # past this the one not used for longest is let go
# Height of the map that directs samples to the sky's bright parts. Blender's automatic choice takes
# 0.55 s a frame here, this one 0.02 s.
SAMPLING_MAP_PX = 512
SUN_ANGLE_RAD = 0.0093  # angular diameter of the sun seen from the earth


def add_light(light: Light) -> None:
    """Add one light; it shines along its local -Z."""
    added = start_blender().types.Light(light.type.name, light.name)
    added.set_energy(light.energy_w)
    added.set_color(list(light.color))
    added.set_local2world_mat(Matrix(transform(light.pose)))
    data = added.blender_obj.data
    if light.type is LightType.AREA:
        data.shape, data.size = "DISK", light.size_m
    elif light.type is LightType.SUN:
        data.angle = SUN_ANGLE_RAD
    else:
        added.set_radius(light.size_m / 2)


def set_sky(sky: Sky, library: Library) -> None:
    """Light the world with an environment map."""
    world = bpy.context.scene.world
    world.use_nodes = True
    world.cycles.sampling_method, world.cycles.sample_map_resolution = "MANUAL", SAMPLING_MAP_PX
    for node in list(world.node_tree.nodes):
        if node.type not in ("BACKGROUND", "OUTPUT_WORLD"):
            world.node_tree.nodes.remove(node)
    path = library.files.get(sky.image) or _built_in_sky(sky.image)
    start_blender().world.set_world_background_hdr_img(
        str(path), strength=sky.strength, rotation_euler=Quaternion(sky.rotation_wxyz).to_euler()
    )
    _let_go_of_old_skies(str(path))


def _built_in_sky(name: str) -> Path:
    folder = Path(bpy.utils.system_resource("DATAFILES")) / "studiolights" / "world"
    return folder / name.removeprefix(BUILT_IN)


_sky_order: list[str] = []  # paths of loaded skies, the latest used last


def _let_go_of_old_skies(path: str) -> None:
    if path in _sky_order:
        _sky_order.remove(path)
    _sky_order.append(path)
    while len(_sky_order) > MOST_SKIES_LOADED:
        oldest = _sky_order.pop(0)
        image: Any = next((i for i in bpy.data.images if i.filepath == oldest), None)
        if image is not None:
            bpy.data.images.remove(image)
