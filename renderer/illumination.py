"""Light as a shot has it: what it makes of the lights of its scene, and how light groups are balanced.

Light adds up: what a lamp of twice the power gives is twice what it gave. So one trace that keeps the light
of each lamp apart has the image for any powers and colours of them, as a weighted sum (`docs/throughput.md`).
"""

import math
from collections.abc import Mapping
from dataclasses import replace

from renderer.scene import ENVIRONMENT, Light, LightType, Scene, Shot, Sky, Vector3, View

LEAST_SHARE = 1 / 8  # of the brightest light's irradiance, that every light of a trace is raised to
MOST_RAISED_EV = 64  # a light that is fainter still gives nothing, whatever a shot makes of it
# Luminance that a level surface gets of a sky of strength 1, in W/m2: the mean of the 8 built-in maps,
# integrated over their upper halves.
AVERAGE_IRRADIANCE = 3.0
UNCHANGED = (1.0, 1.0, 1.0)


def shot_gains(shot: Shot) -> Mapping[str, Vector3]:
    """The gains of a shot's lights by their names; empty where it leaves all of them as they are."""
    return {found.light: found.gain for found in shot.light_gains}


def keeps_lights_apart(view: View) -> bool:
    """Whether a view is traced with a light group for each light: where several shots change them."""
    return len(view.shots) > 1 and any(shot.light_gains for shot in view.shots)


def illuminated(scene: Scene, gains: Mapping[str, Vector3]) -> Scene:
    """A scene whose lights are multiplied; those that are not named stay as they are."""
    lights = tuple(_brightened(light, gains.get(light.name, UNCHANGED)) for light in scene.lights)
    return replace(scene, lights=lights, sky=_tinted(scene.sky, gains.get(ENVIRONMENT, UNCHANGED)))


def _brightened(light: Light, gain: Vector3) -> Light:
    if gain == UNCHANGED:
        return light
    color = [channel * by for channel, by in zip(light.color, gain, strict=True)]
    most = max(color)
    red, green, blue = (channel / most for channel in color) if most > 0 else UNCHANGED
    return replace(light, energy_w=light.energy_w * most, color=(red, green, blue))


def _tinted(sky: Sky, gain: Vector3) -> Sky:
    most = max(gain)
    red, green, blue = (channel / most for channel in gain) if most > 0 else UNCHANGED
    return replace(sky, strength=sky.strength * most, tint=(red, green, blue))


def balancing_gains(scene: Scene) -> Mapping[str, Vector3]:
    """What raises weak lights of a trace, so that shots may make them strong without making them noisy.

    Cycles gives lights samples by what they contribute. Powers of two: to divide by them rounds nothing.
    """
    found = {light.name: irradiance(light) for light in scene.lights}
    found[ENVIRONMENT] = AVERAGE_IRRADIANCE * scene.sky.strength
    least = LEAST_SHARE * max(found.values())
    return {name: (_raised(value, least),) * 3 for name, value in found.items()}


def _raised(value: float, least: float) -> float:
    if not 0 < value < least:
        return 1.0
    return 2.0 ** min(math.ceil(math.log2(least) - math.log2(value)), MOST_RAISED_EV)


def irradiance(light: Light) -> float:
    """About what a surface in the middle of the layout that faces the light gets, W/m2.

    A point light or spot of P watts has the intensity P / (4 pi) in Blender, an area light P / pi along its
    axis; a sun's energy is its irradiance.
    """
    energy_w = light.energy_w * sum(light.color) / 3
    if light.type is LightType.SUN:
        return energy_w
    square_m2 = max(math.hypot(*light.pose.position_m) ** 2, 1e-6)
    return energy_w / ((math.pi if light.type is LightType.AREA else 4 * math.pi) * square_m2)
