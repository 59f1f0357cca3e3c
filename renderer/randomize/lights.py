"""Drawing the lights and the sky of a scene."""

import math

from renderer.catalog.library import Library
from renderer.randomize.draws import DrawRecorder
from renderer.recipe.lighting import Lamps, Lighting
from renderer.rotation import rotation_from_z
from renderer.scene import Light, LightType, Pose, Sky


def draw_sky(draws: DrawRecorder, lighting: Lighting, library: Library) -> Sky:
    """Draw the environment map."""
    environment = lighting.environment
    return Sky(
        image=library.sky_name(draws.draw(environment.image)),
        rotation_wxyz=tuple(draws.draw(environment.rotation)),
        strength=draws.draw(environment.strength),
    )


def draw_lights(draws: DrawRecorder, lighting: Lighting) -> tuple[Light, ...]:
    """Draw the lights of every kind; they are aimed at the origin."""
    return tuple(
        _draw_light(draws, name, lamps, slot)
        for name, lamps in lighting.lights.items()
        for slot in range(draws.draw(lamps.count))
    )


def _draw_light(draws: DrawRecorder, name: str, lamps: Lamps, slot: int) -> Light:
    light_type = LightType(draws.draw(lamps.type, slot))
    direction = draws.draw(lamps.direction, slot)
    distance_m = draws.draw(lamps.distance_m, slot)
    energy_w = draws.draw(lamps.energy_w, slot)
    if light_type is LightType.SUN:
        energy_w = sun_irradiance(energy_w, distance_m)
    x, y, z = (distance_m * v for v in direction)
    return Light(
        name=f"{name}[{slot}]",
        type=light_type,
        pose=Pose(position_m=(x, y, z), rotation_wxyz=rotation_from_z(direction)),
        energy_w=energy_w,
        color=tuple(draws.draw(lamps.color, slot)),
        size_m=draws.draw(lamps.size_m, slot),
    )


def sun_irradiance(energy_w: float, distance_m: float) -> float:
    """Strength in W/m2 of a sun that lights the origin like a point light of `energy_w`.

    Blender's point light of P watts has the radiant intensity P / (4 pi) W/sr, and the strength of a sun
    is its irradiance (both measured in Cycles 4.2 on a white diffuse surface).
    """
    return energy_w / (4 * math.pi * distance_m**2)
