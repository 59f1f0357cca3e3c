"""The schema of light: environment maps and skies, lamps, and what casts shadows from outside the view."""

from collections.abc import Mapping
from dataclasses import dataclass

from renderer.recipe.keys import Factor, Kind, Level, factor, group, named_map, number, setting

LIGHT_TYPES = ("area", "point", "sun", "spot")
AREA_SHAPES = ("disk", "rectangle", "square", "ellipse")
SKY_KINDS = ("map", "sky", "overcast")
CASTER_SHAPES = ("bars", "blinds", "foliage", "person", "hand", "board")
THE_SUN = "sun"  # what a caster blocks that blocks the sun of the sky


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamps:
    """Lights of one kind, aimed at the middle of the layout area or beside it."""

    count: Factor = factor(
        ["integer", 0, 4], Kind.INTEGER, low=0, high=20, shared=True, help="number of lights"
    )
    type: Factor = factor(
        ["choice", ["area", "point", "sun"]], Kind.NAME, options=LIGHT_TYPES, help="light type"
    )
    direction: Factor = factor(["direction_cap", 75], Kind.DIRECTION, help="where from; +Z is overhead")
    distance_m: Factor = number(["log_uniform", 0.5, 3], unit="m", low=0.05, high=100, help="distance")
    energy_w: Factor = number(
        ["log_uniform", 2, 60], unit="W", low=1e-3, high=1e6,
        help="radiant power; a sun gets the irradiance that a point light of this power gives there",
    )  # fmt: skip
    color: Factor = factor(["blackbody", 2500, 9000], Kind.COLOR, help="colour of the light")
    size_m: Factor = number(
        ["log_uniform", 0.02, 1], unit="m", low=1e-3, high=20, help="diameter, or the longer side"
    )
    shape: Factor = factor("disk", Kind.NAME, options=AREA_SHAPES, help="of an area light")
    aspect: Factor = number(
        1.0, low=1, high=50, help="longer side over the shorter, of a rectangle or an ellipse"
    )
    turn_deg: Factor = number(
        0.0, unit="deg", low=-360, high=360, help="turn of an area light about its axis; at 0 it is level"
    )
    cone_deg: Factor = number(
        45.0, unit="deg", low=1, high=180, help="full angle of a spot's cone, beyond which there is no light"
    )
    cone_blend: Factor = number(0.2, low=0, high=1, help="share of a spot's cone over which its edge fades")
    aim_x_fraction: Factor = number(
        0.0, low=-10, high=10, help="where it is aimed: over half of the layout's width from its middle"
    )
    aim_y_fraction: Factor = number(
        0.0, low=-10, high=10, help="where it is aimed: over half of the layout's depth from its middle"
    )
    gain_ev: Factor | None = number(
        None, unit="EV", low=-10, high=10, level=Level.SHOT, optional=True,
        help="how much brighter it is in a shot than energy_w says; shots share a trace",
    )  # fmt: skip
    lit: Factor | None = factor(
        None, Kind.FLAG, options=(True, False), level=Level.SHOT, optional=True,
        help="whether it shines in a shot; null: in all",
    )  # fmt: skip
    tint: Factor | None = factor(
        None, Kind.COLOR, level=Level.SHOT, optional=True, help="what its colour is multiplied by in a shot"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Light from everywhere, and what reflections show: an environment map, a clear sky or an overcast one.

    At strength 1 a map has its own radiance, and the built-in maps give a level surface 3.0 W/m2 on average
    (0.5 for the night to 7.1 for the city). So do, at strength 1, the overcast sky, and a clear one when its
    sun is 45 degrees high; a lower sun gives less.
    """

    kind: Factor = factor(
        "map", Kind.NAME, options=SKY_KINDS, help="an environment map, a clear sky with a sun, or clouds only"
    )
    folder: str | None = setting(
        None, str, optional=True, help="folder of .exr or .hdr maps; null takes the 8 in the Blender wheel"
    )
    image: Factor = number(
        ["uniform", 0, 1], low=0, high=1, help="which map, as a fraction of the sorted list"
    )
    rotation: Factor = factor(["rotation_about", [0, 0, 1], 0, 360], Kind.ROTATION, help="turn of the map")
    strength: Factor = number(
        ["log_uniform", 0.3, 2], low=0, high=1000,
        help="factor on its radiance; skies of strength 1 are as bright as an average map",
    )  # fmt: skip
    gain_ev: Factor | None = number(
        None, unit="EV", low=-10, high=10, level=Level.SHOT, optional=True,
        help="how much brighter it is in a shot than strength says; shots share a trace",
    )  # fmt: skip
    tint: Factor | None = factor(
        None, Kind.COLOR, level=Level.SHOT, optional=True, help="what its colour is multiplied by in a shot"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearSky:
    """A clear sky, for environment.kind sky: Nishita's model, computed by Cycles."""

    sun: Factor = factor(
        True, Kind.FLAG, options=(True, False), help="whether the sun shines; if not, the sky alone does"
    )
    sun_elevation_deg: Factor = number(
        ["uniform", 10, 70], unit="deg", low=0, high=90, help="height of the sun above the horizon"
    )
    sun_azimuth_deg: Factor = number(
        ["uniform", 0, 360], unit="deg", low=-360, high=360, help="where the sun is: from +X towards +Y"
    )
    sun_size_deg: Factor = number(
        0.545, unit="deg", low=0.1, high=20,
        help="angular diameter of the sun; a larger one has softer shadows and the same light",
    )  # fmt: skip
    air: Factor = number(1.0, low=0, high=10, help="density of air molecules: more is bluer; 1 is clear")
    dust: Factor = number(1.0, low=0, high=10, help="density of dust and droplets: more is hazier")
    ozone: Factor = number(1.0, low=0, high=10, help="density of ozone: more is bluer at a low sun")
    altitude_m: Factor = number(0.0, unit="m", low=0, high=60000, help="height above the sea")


@dataclass(frozen=True, slots=True, kw_only=True)
class Casters:
    """Things outside the view of which only the shadows are seen, turned towards where light comes from."""

    count: Factor = factor(
        ["integer", 0, 1], Kind.INTEGER, low=0, high=20, shared=True, help="number of them"
    )
    blocks: str | None = setting(
        None, str, optional=True,
        help="what they stand before: a name in lighting.lights, or sun (of the sky); null: see direction",
    )  # fmt: skip
    shape: Factor = factor(
        ["choice", list(CASTER_SHAPES)], Kind.NAME, options=CASTER_SHAPES,
        help="window bars, blinds, leaves on a twig, head and shoulders, a hand, a plain board",
    )  # fmt: skip
    shape_seed: Factor = factor(
        ["integer", 0, 999999], Kind.INTEGER, low=0, high=999999, help="varies leaves and slats"
    )
    direction: Factor = factor(
        ["direction_cap", 60], Kind.DIRECTION, help="where they are; +Z is overhead; only if blocks is null"
    )
    distance_m: Factor = number(
        ["log_uniform", 0.3, 1.5], unit="m", low=0.02, high=100,
        help="from the middle of the layout; 0.7 of the way to the light at most",
    )  # fmt: skip
    size_m: Factor = number(["log_uniform", 0.2, 0.8], unit="m", low=0.005, high=100, help="longer side")
    turn_deg: Factor = number(
        ["uniform", -20, 20], unit="deg", low=-360, high=360, help="turn about the direction; at 0 upright"
    )
    offset_x_fraction: Factor = number(
        ["uniform", -0.4, 0.4], low=-10, high=10, help="beside the line to the light, over size_m"
    )
    offset_y_fraction: Factor = number(
        ["uniform", -0.4, 0.4], low=-10, high=10, help="above the line to the light, over size_m"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lighting:
    """All light in a scene."""

    rig: Factor | None = factor(
        None, Kind.NAME, optional=True,
        help="a name for conditions to go by, so that lamps and sky fit together: see lighting=anywhere",
    )  # fmt: skip
    environment: Environment = group()
    sky: ClearSky = group()
    lights: Mapping[str, Lamps] = named_map("lights")
    casters: Mapping[str, Casters] = named_map("casters")


def changes_in_shots(lighting: Lighting) -> bool:
    """Whether a shot may change how its lights shine."""
    lamps = [getattr(each, name) for each in lighting.lights.values() for name in ("gain_ev", "lit", "tint")]
    sky = lighting.environment
    return any(factor is not None for factor in (*lamps, sky.gain_ev, sky.tint))
