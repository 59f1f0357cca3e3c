"""The schema of a recipe: every key with its default, unit, range and help, once.

YAML files hold choices; what they leave out comes from here. A default is written in factor syntax.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from renderer.recipe.distributions import Distribution
from renderer.recipe.imaging import Camera, Sensor
from renderer.recipe.keys import Factor, Kind, factor, group, named_map, number, relations, setting
from renderer.recipe.objects import Appearance, ObjectKind

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
    pbr_folder: str | None = setting(
        None, str, optional=True, help="folder of PBR image sets, for material 'pbr'"
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
    object_free: Factor = factor(
        False, Kind.FLAG, options=(True, False), help="whether a scene has no objects to label"
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
    objects: Mapping[str, ObjectKind] = named_map("objects", {"path": None})  # a path for all meshes
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


# Not part of a dataset's identity: they say how much, where and by whom, not what.
RUN_KEYS = frozenset({"name", "frames", "first_frame", "out", "workers", "dry_run"})
FOLDER_KEYS = frozenset({"lighting.environment.folder", "surface.image_folder", "surface.pbr_folder"})
DEVICE_KEYS = frozenset({"engine.device", "labels.device"})
