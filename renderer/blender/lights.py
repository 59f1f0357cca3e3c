"""From the scene's lights, casters and sky to Blender's."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
from mathutils import Matrix, Quaternion

from renderer.blender.fields import Scalar, Vector, feed
from renderer.blender.meshes import add_model
from renderer.blender.nodes import multiplied
from renderer.blender.runtime import start_blender
from renderer.catalog.casters import caster_model
from renderer.catalog.daylight import sun_direction, sun_light
from renderer.catalog.library import BUILT_IN, Library
from renderer.illumination import AVERAGE_IRRADIANCE, UNCHANGED
from renderer.rotation import rotation_from_z, transform
from renderer.scene import AreaShape, Atmosphere, Caster, Light, LightType, Pose, Sky, SkyKind

SUN_OF_SKY = "sun of the sky"
MOST_SKIES_LOADED = 16  # past this the one not used for longest is let go
# Height of the map that directs samples to the sky's bright parts. Blender's automatic choice takes
# 0.55 s a frame here, this one 0.02 s.
SAMPLING_MAP_PX = 512
SUN_ANGLE_RAD = 0.0093  # angular diameter of the sun seen from the earth
CLEAR_IRRADIANCE = 97.6  # W/m2 under Cycles' clear sky, its sun 45 degrees high, measured on a white surface
OVERCAST_ZENITH = AVERAGE_IRRADIANCE * 9 / (7 * math.pi)  # its radiance: the CIE's sky gives 7 pi / 9 of it


def add_light(light: Light) -> None:
    """Add one light; it shines along its local -Z."""
    added = start_blender().types.Light(light.type.name, light.name)
    added.set_energy(light.energy_w)
    added.set_color(list(light.color))
    added.set_local2world_mat(Matrix(transform(light.pose)))
    data = added.blender_obj.data
    if light.type is LightType.AREA:
        data.shape, data.size = light.shape.name, light.size_m
        if light.shape in (AreaShape.RECTANGLE, AreaShape.ELLIPSE):
            data.size_y = light.size_m / light.aspect
    elif light.type is LightType.SUN:
        data.angle = SUN_ANGLE_RAD
    else:
        added.set_radius(light.size_m / 2)
    if light.type is LightType.SPOT:
        data.spot_size, data.spot_blend = light.cone_rad, light.cone_blend


def add_caster(caster: Caster) -> None:
    """Add what casts a shadow.

    It has no id, and no ray from the camera sees it, through glass neither. All others do: half of the light
    that a sample of a surface's own reflection finds would pass through what only shadow rays see.
    """
    item = add_model(caster.name, caster_model(caster), caster.pose, 0)
    item.visible_camera = item.visible_transmission = False


def set_sky(sky: Sky, library: Library) -> None:
    """Light the world with an environment map, or with a computed sky."""
    world = bpy.context.scene.world
    world.use_nodes = True
    world.cycles.sampling_method, world.cycles.sample_map_resolution = "MANUAL", SAMPLING_MAP_PX
    for node in list(world.node_tree.nodes):
        if node.type not in ("BACKGROUND", "OUTPUT_WORLD"):
            world.node_tree.nodes.remove(node)
    if sky.kind is SkyKind.MAP:
        _set_map(sky, library)
    else:
        _set_computed(world.node_tree, sky)
    if sky.tint != UNCHANGED:
        color = next(node for node in world.node_tree.nodes if node.type == "BACKGROUND").inputs["Color"]
        tinted = multiplied(world.node_tree, color.links[0].from_socket, sky.tint)
        world.node_tree.links.new(tinted, color)


def _set_map(sky: Sky, library: Library) -> None:
    path = library.files.get(sky.image) or _built_in_sky(sky.image)
    start_blender().world.set_world_background_hdr_img(
        str(path), strength=sky.strength, rotation_euler=Quaternion(sky.rotation_wxyz).to_euler()
    )
    _let_go_of_old_skies(str(path))


def _set_computed(tree: Any, sky: Sky) -> None:
    background = next(node for node in tree.nodes if node.type == "BACKGROUND")
    if sky.atmosphere is None:
        feed(tree, background.inputs["Color"], _overcast(tree))
        background.inputs["Strength"].default_value = sky.strength * OVERCAST_ZENITH
        return
    tree.links.new(_clear(tree, sky.atmosphere), background.inputs["Color"])
    background.inputs["Strength"].default_value = sky.strength * AVERAGE_IRRADIANCE / CLEAR_IRRADIANCE
    if sky.atmosphere.sun_shows:
        _add_sun(sky.atmosphere, [sky.strength * channel for channel in sky.tint])


def _add_sun(atmosphere: Atmosphere, strength: Sequence[float]) -> None:
    """The disc of a clear sky, as a lamp.

    At 8 samples a grey table has a noise of 1.7 % a pixel under a lamp 45 degrees high, and of 6.1 % under
    Cycles' own disc; at 20 degrees 5.4 and 6.7 %, at 5 degrees 14 and 9 %.
    """
    light = [part * channel for part, channel in zip(strength, sun_light(atmosphere), strict=True)]
    sun = start_blender().types.Light("SUN", SUN_OF_SKY)
    sun.set_energy(max(light))
    sun.set_color([channel / max(light) for channel in light] if max(light) > 0 else [1.0, 1.0, 1.0])
    sun.set_local2world_mat(Matrix(transform(Pose(rotation_wxyz=rotation_from_z(sun_direction(atmosphere))))))
    sun.blender_obj.data.angle = atmosphere.sun_size_rad


def _clear(tree: Any, atmosphere: Atmosphere) -> Any:
    """Cycles' sky without its sun, after Nishita et al., Display of the Earth (1993)."""
    node = tree.nodes.new("ShaderNodeTexSky")
    node.sky_type, node.sun_disc = "NISHITA", False
    node.sun_elevation = atmosphere.sun_elevation_rad
    node.sun_rotation = math.pi / 2 - atmosphere.sun_azimuth_rad  # Blender's is from +Y towards +X
    node.air_density, node.dust_density = atmosphere.air, atmosphere.dust
    node.ozone_density, node.altitude = atmosphere.ozone, atmosphere.altitude_m
    return node.outputs["Color"]


def _overcast(tree: Any) -> Scalar:
    """Radiance over that of the zenith: (1 + 2 sin elevation) / 3, the CIE's overcast sky (ISO 15469)."""
    towards = Vector(tree, tree.nodes.new("ShaderNodeTexCoord").outputs["Generated"])
    _, _, up = towards.unit().parts()
    return (up.larger(0.0) * 2.0 + 1.0) * (1 / 3)


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
