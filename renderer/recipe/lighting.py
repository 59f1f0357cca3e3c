"""The schema of light: environment maps and lamps."""

from collections.abc import Mapping
from dataclasses import dataclass

from renderer.recipe.keys import Factor, Kind, factor, group, named_map, number, setting

LIGHT_TYPES = ("area", "point", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamps:
    """Lights of one kind, aimed at the middle of the layout area."""

    count: Factor = factor(
        ["integer", 0, 4], Kind.INTEGER, low=0, high=20, shared=True, help="number of lights"
    )
    type: Factor = factor(["choice", list(LIGHT_TYPES)], Kind.NAME, options=LIGHT_TYPES, help="light type")
    direction: Factor = factor(["direction_cap", 75], Kind.DIRECTION, help="where from; +Z is overhead")
    distance_m: Factor = number(["log_uniform", 0.5, 3], unit="m", low=0.05, high=100, help="distance")
    energy_w: Factor = number(
        ["log_uniform", 2, 60], unit="W", low=1e-3, high=1e6,
        help="radiant power; a sun gets the irradiance that a point light of this power gives there",
    )  # fmt: skip
    color: Factor = factor(["blackbody", 2500, 9000], Kind.COLOR, help="colour of the light")
    size_m: Factor = number(["log_uniform", 0.02, 1], unit="m", low=1e-3, high=20, help="diameter")


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The environment map: light from everywhere, and what reflections show."""

    folder: str | None = setting(
        None, str, optional=True, help="folder of .exr or .hdr maps; null takes the 8 in the Blender wheel"
    )
    image: Factor = number(
        ["uniform", 0, 1], low=0, high=1, help="which map, as a fraction of the sorted list"
    )
    rotation: Factor = factor(["rotation_about", [0, 0, 1], 0, 360], Kind.ROTATION, help="turn of the map")
    strength: Factor = number(["log_uniform", 0.3, 2], low=0, high=1000, help="factor on its radiance")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lighting:
    """All light in a scene."""

    environment: Environment = group()
    lights: Mapping[str, Lamps] = named_map("lights")
