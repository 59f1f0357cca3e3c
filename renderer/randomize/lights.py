"""Drawing the lights and the sky of a scene."""

import math
from collections.abc import Sequence

from renderer.catalog.library import Library
from renderer.randomize.draws import DrawRecorder
from renderer.recipe.lighting import ClearSky, Environment, Lamps, Lighting
from renderer.rotation import rotation_from_z, upright_rotation
from renderer.scene import (
    ENVIRONMENT,
    AreaShape,
    Atmosphere,
    Light,
    LightGain,
    LightType,
    Pose,
    Quaternion,
    Sky,
    SkyKind,
    Vector3,
)


def draw_sky(draws: DrawRecorder, lighting: Lighting, library: Library) -> Sky:
    """Draw the environment: a map, a clear sky or an overcast one."""
    environment = lighting.environment
    if lighting.rig is not None:
        draws.draw(lighting.rig)  # said once: conditions go by it
    kind = SkyKind(draws.draw(environment.kind))
    strength = draws.draw(environment.strength)
    if kind is SkyKind.MAP:
        return Sky(
            image=library.sky_name(draws.draw(environment.image)),
            rotation_wxyz=tuple(draws.draw(environment.rotation)),
            strength=strength,
        )
    atmosphere = _draw_atmosphere(draws, lighting.sky) if kind is SkyKind.CLEAR else None
    return Sky(
        image="", rotation_wxyz=(1.0, 0.0, 0.0, 0.0), strength=strength, kind=kind, atmosphere=atmosphere
    )


def _draw_atmosphere(draws: DrawRecorder, sky: ClearSky) -> Atmosphere:
    return Atmosphere(
        sun_shows=draws.draw(sky.sun),
        sun_elevation_rad=math.radians(draws.draw(sky.sun_elevation_deg)),
        sun_azimuth_rad=math.radians(draws.draw(sky.sun_azimuth_deg)),
        sun_size_rad=math.radians(draws.draw(sky.sun_size_deg)),
        air=draws.draw(sky.air),
        dust=draws.draw(sky.dust),
        ozone=draws.draw(sky.ozone),
        altitude_m=draws.draw(sky.altitude_m),
    )


def draw_lights(
    draws: DrawRecorder, lighting: Lighting, half_size_m: tuple[float, float]
) -> tuple[Light, ...]:
    """Draw the lights of every kind.

    Args:
        half_size_m: of the layout area, for where they are aimed.
    """
    return tuple(
        _draw_light(draws, name, lamps, slot, half_size_m)
        for name, lamps in lighting.lights.items()
        for slot in range(draws.draw(lamps.count))
    )


def _draw_light(
    draws: DrawRecorder, name: str, lamps: Lamps, slot: int, half_size_m: tuple[float, float]
) -> Light:
    light_type = LightType(draws.draw(lamps.type, slot))
    direction = draws.draw(lamps.direction, slot)
    distance_m = draws.draw(lamps.distance_m, slot)
    energy_w = draws.draw(lamps.energy_w, slot)
    shape = AreaShape(draws.draw(lamps.shape, slot))
    turn_rad = math.radians(draws.draw(lamps.turn_deg, slot))
    aim = [
        half * draws.draw(fraction, slot)
        for half, fraction in zip(half_size_m, (lamps.aim_x_fraction, lamps.aim_y_fraction), strict=True)
    ]
    if light_type is LightType.SUN:
        energy_w = sun_irradiance(energy_w, distance_m)
    x, y, z = (distance_m * v for v in direction)
    if any(aim) and light_type is not LightType.SUN:
        direction = _unit((x - aim[0], y - aim[1], z))
    return Light(
        name=f"{name}[{slot}]",
        type=light_type,
        pose=Pose(position_m=(x, y, z), rotation_wxyz=_turned(direction, shape, turn_rad)),
        energy_w=energy_w,
        color=tuple(draws.draw(lamps.color, slot)),
        size_m=draws.draw(lamps.size_m, slot),
        shape=shape,
        aspect=draws.draw(lamps.aspect, slot),
        cone_rad=math.radians(draws.draw(lamps.cone_deg, slot)),
        cone_blend=draws.draw(lamps.cone_blend, slot),
    )


def _turned(direction: Sequence[float], shape: AreaShape, turn_rad: float) -> Quaternion:
    if shape is AreaShape.DISK:
        return rotation_from_z(direction)
    return upright_rotation(direction, turn_rad)


def _unit(vector: Sequence[float]) -> Vector3:
    x, y, z = (v / math.hypot(*vector) for v in vector)
    return (x, y, z)


def draw_light_gains(
    draws: DrawRecorder, lighting: Lighting, lights: Sequence[Light]
) -> tuple[LightGain, ...]:
    """Draw what a shot makes of the lights of its scene; none where the recipe leaves them as they are."""
    gains = [_draw_gain(draws, lighting.environment, ENVIRONMENT, None)]
    for name, lamps in lighting.lights.items():
        count = sum(light.name.startswith(f"{name}[") for light in lights)
        gains += [_draw_gain(draws, lamps, f"{name}[{slot}]", slot) for slot in range(count)]
    return tuple(gain for gain in gains if gain is not None)


def _draw_gain(
    draws: DrawRecorder, group: Lamps | Environment, light: str, slot: int | None
) -> LightGain | None:
    is_lit = getattr(group, "lit", None)
    if group.gain_ev is None and group.tint is None and is_lit is None:
        return None
    gain = 1.0 if group.gain_ev is None else 2.0 ** draws.draw(group.gain_ev, slot)
    tint = (1.0, 1.0, 1.0) if group.tint is None else draws.draw(group.tint, slot)
    if is_lit is not None and not draws.draw(is_lit, slot):
        gain = 0.0
    red, green, blue = (gain * channel for channel in tint)
    return LightGain(light=light, gain=(red, green, blue))


def sun_irradiance(energy_w: float, distance_m: float) -> float:
    """Strength in W/m2 of a sun that lights the origin like a point light of `energy_w`.

    Blender's point light of P watts has the radiant intensity P / (4 pi) W/sr, and the strength of a sun
    is its irradiance (both measured in Cycles 4.2 on a white diffuse surface).
    """
    return energy_w / (4 * math.pi * distance_m**2)
