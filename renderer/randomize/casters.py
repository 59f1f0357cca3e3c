"""Drawing what casts shadows from outside the view."""

import math
from collections.abc import Sequence

import numpy as np

from renderer.catalog.daylight import sun_direction
from renderer.randomize.draws import DrawRecorder
from renderer.recipe.lighting import THE_SUN, Casters, Lighting
from renderer.rotation import rotation_matrix, upright_rotation
from renderer.scene import Caster, CasterShape, Light, LightType, Pose, Sky

NEARER_THAN_LIGHT = 0.7  # of the way to the light that a caster blocks, at most


def draw_casters(
    draws: DrawRecorder, lighting: Lighting, lights: Sequence[Light], sky: Sky
) -> tuple[Caster, ...]:
    """Draw the casters of every kind; there are none where what they block is not there."""
    casters = []
    for name, kind in lighting.casters.items():
        count = draws.draw(kind.count)
        blocked = None if kind.blocks is None else _blocked(kind.blocks, lighting, lights, sky)
        if blocked == []:
            continue
        for slot in range(count):
            way = None if blocked is None else blocked[slot % len(blocked)]
            casters.append(_draw_caster(draws, name, kind, slot, way))
    return tuple(casters)


def _blocked(
    blocks: str, lighting: Lighting, lights: Sequence[Light], sky: Sky
) -> list[tuple[Sequence[float], float]]:
    """Direction and distance of each light of a name; of the sky's sun, infinitely far."""
    if blocks in lighting.lights:
        return [_way_to(light) for light in lights if light.name.partition("[")[0] == blocks]
    assert blocks == THE_SUN, "what is blocked was checked with the recipe"
    if sky.atmosphere is None or not sky.atmosphere.sun_shows:
        return []
    return [(sun_direction(sky.atmosphere), math.inf)]


def _way_to(light: Light) -> tuple[Sequence[float], float]:
    distance_m = math.hypot(*light.pose.position_m)
    direction = [v / distance_m for v in light.pose.position_m]
    return direction, math.inf if light.type is LightType.SUN else distance_m


def _draw_caster(
    draws: DrawRecorder, name: str, kind: Casters, slot: int, way: tuple[Sequence[float], float] | None
) -> Caster:
    direction, light_m = (draws.draw(kind.direction, slot), math.inf) if way is None else way
    distance_m = min(draws.draw(kind.distance_m, slot), NEARER_THAN_LIGHT * light_m)
    size_m = draws.draw(kind.size_m, slot)
    fractions = [draws.draw(f, slot) for f in (kind.offset_x_fraction, kind.offset_y_fraction)]
    aside = size_m * rotation_matrix(upright_rotation(direction))[:, :2] @ fractions
    x, y, z = (float(v) for v in distance_m * np.array(direction) + aside)
    turn_rad = math.radians(draws.draw(kind.turn_deg, slot))
    return Caster(
        name=f"{name}[{slot}]",
        shape=CasterShape(draws.draw(kind.shape, slot)),
        pose=Pose(position_m=(x, y, z), rotation_wxyz=upright_rotation(direction, turn_rad)),
        size_m=size_m,
        shape_seed=draws.draw(kind.shape_seed, slot),
    )
