"""The schema of a recipe: every key with its default, unit, range and help, once.

YAML files hold choices; what they leave out comes from here. A default is written in factor syntax.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from renderer.recipe.distributions import Distribution
from renderer.recipe.imaging import Camera, Sensor
from renderer.recipe.keys import Factor, Kind, factor, group, named_map, number, relations, setting

RANKS = (
    "ace", "two", "three", "four", "five", "six", "seven",
    "eight", "nine", "ten", "jack", "queen", "king",
)  # fmt: skip
SUITS = ("spades", "hearts", "diamonds", "clubs")
PATTERNS = ("plain", "noise", "cells", "waves", "checker", "bricks", "marble", "image")
DECKS = ("classic", "heritage", "jumbo", "four_colour", "vintage", "minimal", "casino", "continental")
SHAPES = ("box", "sphere", "cylinder", "cone", "torus", "book")
LIGHT_TYPES = ("area", "point", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """Colour, texture and gloss of a surface or an object."""

    pattern: Factor = factor("plain", Kind.NAME, options=PATTERNS, help="how the two colours are laid out")
    color: Factor = factor(["hsv", [0, 1], [0, 0.8], [0.1, 0.9]], Kind.COLOR, help="first colour")
    color_2: Factor = factor(["hsv", [0, 1], [0, 0.8], [0.1, 0.9]], Kind.COLOR, help="second colour")
    pattern_size_m: Factor = number(
        ["log_uniform", 0.005, 0.1], unit="m", low=1e-4, high=10, help="size of the pattern's features"
    )
    image: Factor = number(
        ["uniform", 0, 1], low=0, high=1, help="which image, as a fraction of the sorted list"
    )
    pattern_seed: Factor = factor(
        ["integer", 0, 999999], Kind.INTEGER, low=0, high=10**9,
        help="which variant of a pattern or built-in image",
    )  # fmt: skip
    bump_m: Factor = number(0.0, unit="m", low=0, high=0.05, help="height of the pattern's relief")
    roughness: Factor = number(["uniform", 0.2, 0.9], low=0, high=1, help="microfacet roughness")
    metallic: Factor = number(0.0, low=0, high=1, help="0 is a dielectric, 1 a metal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where an object lies within the layout area, before it is settled."""

    x_fraction: Factor = number(
        ["uniform", -1, 1], low=-1, high=1, until="until it is free of others of its kind",
        help="place across the layout area, -1 left to 1 right",
    )  # fmt: skip
    y_fraction: Factor = number(
        ["uniform", -1, 1], low=-1, high=1, until="until it is free of others of its kind",
        help="place along the layout area, -1 near to 1 far",
    )  # fmt: skip
    rotation: Factor = factor(
        ["rotation_about", [0, 0, 1], 0, 360], Kind.ROTATION, help="turn relative to lying flat"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dice(Placed):
    """Six-sided dice; the category is the face that points up."""

    source: str = setting("die", str, options=("die",), help="dice built in code")
    count: Factor = factor(
        ["integer", 1, 25], Kind.INTEGER, low=0, high=200, shared=True, help="number of dice"
    )
    face: Factor = factor(
        ["choice", [1, 2, 3, 4, 5, 6]], Kind.INTEGER, low=1, high=6, help="the face that points up"
    )
    chirality: Factor = factor(
        ["choice", ["right", "left"]], Kind.NAME, options=("right", "left"), help="order of faces 1, 2, 3"
    )
    edge_m: Factor = number(["uniform", 0.008, 0.025], unit="m", low=0.002, high=0.2, help="edge length")
    corner_fraction: Factor = number(
        ["uniform", 0.05, 0.2], low=0.02, high=0.3, help="corner radius over edge length"
    )
    pip_fraction: Factor = number(
        ["uniform", 0.075, 0.105], low=0.03, high=0.12, help="pip radius over edge length"
    )
    one_scale: Factor = number(
        ["choice", {1.0: 3, 1.4: 1}], low=0.5, high=2, help="size of the single pip relative to others"
    )
    pip_style: Factor = factor(
        ["choice", ["drilled", "printed"]], Kind.NAME, options=("drilled", "printed"), help="pip style"
    )
    color: Factor = factor(["hsv", [0, 1], [0, 1], [0.02, 1]], Kind.COLOR, help="body colour")
    color_2: Factor = factor(
        ["hsv", [0, 1], [0, 1], [0.02, 1]], Kind.COLOR, until="until the pips stand out",
        help="colour of the swirl",
    )  # fmt: skip
    swirl: Factor = number(["choice", {0.0: 3, 0.5: 1, 1.0: 1}], low=0, high=1, help="strength of the swirl")
    pip_color: Factor = factor(
        ["choice", {"#f4f2ea": 5, "#0c0c0c": 4, "#c02020": 1}], Kind.COLOR, until="until the pips stand out",
        help="pip colour",
    )  # fmt: skip
    pip_contrast: float = setting(
        2.5, float, low=1, high=20, help="least WCAG contrast ratio between pips and body"
    )
    roughness: Factor = number(["uniform", 0.02, 0.5], low=0, high=1, help="microfacet roughness")
    transmission: Factor = number(
        ["choice", {0.0: 3, 0.5: 1, 0.9: 1}], low=0, high=1, help="0 is opaque, 1 clear as glass"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cards(Placed):
    """Playing cards of about 63 x 88 mm; the category is the rank."""

    source: str = setting("playing_card", str, options=("playing_card",), help="cards drawn in code")
    categories: list[str] = setting(
        list(RANKS), list, options=RANKS, help="labelled ranks; all other cards are distractors"
    )
    count: Factor = factor(
        ["integer", 1, 8], Kind.INTEGER, low=0, high=60, shared=True, help="number of cards"
    )
    rank: Factor = factor(["choice", list(RANKS)], Kind.NAME, options=RANKS, help="rank")
    suit: Factor = factor(["choice", list(SUITS)], Kind.NAME, options=SUITS, help="suit")
    face_up: Factor = factor(
        ["choice", {True: 9, False: 1}], Kind.FLAG, options=(True, False), help="face or back up"
    )
    deck: Factor = factor(["choice", list(DECKS)], Kind.NAME, options=DECKS, shared=True, help="deck style")
    tint: Factor = factor(
        ["hsv", [0.05, 0.16], [0, 0.12], [0.88, 1]], Kind.COLOR, shared=True, help="tint of the stock"
    )
    scale: Factor = number(
        ["uniform", 0.95, 1.05], low=0.1, high=10, shared=True, help="size over that of 63 x 88 mm"
    )
    thickness_m: Factor = number(
        ["uniform", 0.00026, 0.00034], unit="m", low=1e-4, high=2e-3, shared=True, help="thickness"
    )
    bend_m: Factor = number(
        ["truncated_normal", 0, 0.001, -0.003, 0.003], unit="m", low=-0.02, high=0.02,
        help="sagitta of the bend; above 0 the edges lift",
    )  # fmt: skip
    bend_axis_deg: Factor = number(
        ["choice", {0: 2, 90: 1, 20: 1, 160: 1}], unit="deg", low=0, high=180, help="axis of the bend"
    )
    roughness: Factor = number(
        ["uniform", 0.15, 0.6], low=0, high=1, shared=True, help="microfacet roughness"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Primitives(Placed):
    """Plain shapes that are never labelled: distractors and occluders."""

    source: str = setting("primitive", str, options=("primitive",), help="shapes built in code")
    count: Factor = factor(
        ["integer", 0, 4], Kind.INTEGER, low=0, high=100, shared=True, help="number of distractors"
    )
    stack: bool = setting(False, bool, help="true: dropped on top of others; false: pushed aside")
    shape: Factor = factor(["choice", list(SHAPES)], Kind.NAME, options=SHAPES, help="shape")
    size_m: Factor = number(["log_uniform", 0.01, 0.05], unit="m", low=1e-3, high=1, help="largest extent")
    flatness: Factor = number(
        ["uniform", 0.3, 1],
        low=0.02,
        high=1,
        help="factor on the shape's height",
    )
    appearance: Appearance = group()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tray:
    """A tray around the layout area."""

    presence: Factor = factor(
        ["choice", {True: 1, False: 2}], Kind.FLAG, options=(True, False), help="whether there is a tray"
    )
    wall_height_m: Factor = number(
        ["uniform", 0.015, 0.05], unit="m", low=0.001, high=0.5, help="height of the walls"
    )
    wall_thickness_m: Factor = number(
        ["uniform", 0.002, 0.012], unit="m", low=5e-4, high=0.1, help="thickness of the walls"
    )
    appearance: Appearance = group()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """What objects lie on: a table or floor, perhaps with a tray."""

    image_folder: str | None = setting(
        None, str, optional=True, help="folder of images for pattern 'image'; null takes built-in ones"
    )
    appearance: Appearance = group()
    tray: Tray = group()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The rectangle in which objects are placed, centred on the origin."""

    half_width_m: Factor = number(
        ["uniform", 0.08, 0.2], unit="m", low=0.01, high=10, help="half of its width"
    )
    half_depth_m: Factor = number(
        ["uniform", 0.08, 0.2], unit="m", low=0.01, high=10, help="half of its depth"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Which objects become annotations."""

    min_pixels: int = setting(16, int, unit="px", low=1, help="fewer visible pixels: flagged, not annotated")
    device: str = setting("auto", str, options=("auto", "cpu", "cuda", "mps"), help="where torch labels")


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Blender's Cycles."""

    samples: int = setting(8, int, low=1, high=65536, help="camera samples a pixel")
    max_bounces: int = setting(4, int, low=0, high=128, help="longest light path")
    denoise: bool = setting(True, bool, help="denoise with OpenImageDenoise")
    device: str = setting("auto", str, options=("auto", "cpu", "gpu"), help="where Cycles traces")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Where `when` holds, the factor is drawn from `draw` and not as its own key says."""

    factor: str
    when: str
    draw: Distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """Factors with a common cause: the scores of two correlate by the product of their loadings."""

    factors: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A distribution over scenes and all that is needed to render from it."""

    name: str = setting("unnamed", str, help="name of the recipe")
    frames: int = setting(8, int, low=1, high=10**9, help="number of frames")
    first_frame: int = setting(0, int, low=0, high=10**9, help="index of the first frame")
    seed: int = setting(0, int, low=0, high=2**63 - 1, help="seed of every draw")
    out: str = setting("outputs/unnamed", str, help="folder to write to")
    workers: int = setting(1, int, low=1, high=1024, help="number of worker processes")
    dry_run: bool = setting(False, bool, help="sample scenes and statistics, never start Blender")
    views: int = setting(1, int, low=1, high=10000, help="views of a scene")
    shots: int = setting(1, int, low=1, high=10000, help="shots of a view")
    objects: Mapping[str, Dice | Cards | Primitives] = named_map("objects")
    layout: Layout = group()
    surface: Surface = group()
    lighting: Lighting = group()
    camera: Camera = group()
    sensor: Sensor = group()
    labels: Labels = group()
    engine: Engine = group()
    conditions: Mapping[str, Condition] = relations()
    correlations: Mapping[str, Correlation] = relations()
    constraints: Mapping[str, str] = relations()


OBJECT_SOURCES: Mapping[str, type] = {"die": Dice, "playing_card": Cards, "primitive": Primitives}
# Not part of a dataset's identity: they say how much, where and by whom, not what.
RUN_KEYS = frozenset({"name", "frames", "first_frame", "out", "workers", "dry_run"})
FOLDER_KEYS = frozenset({"lighting.environment.folder", "surface.image_folder"})
DEVICE_KEYS = frozenset({"engine.device", "labels.device"})
