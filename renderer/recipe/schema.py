"""The schema of a recipe: every key with its default, unit, range and help, once.

YAML files hold choices; what they leave out comes from here. A default is written in factor syntax.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from renderer.recipe.distributions import Distribution
from renderer.recipe.keys import Factor, Kind, Level, factor, group, named_map, number, relations, setting

RANKS = (
    "ace", "two", "three", "four", "five", "six", "seven",
    "eight", "nine", "ten", "jack", "queen", "king",
)  # fmt: skip
SUITS = ("spades", "hearts", "diamonds", "clubs")
PATTERNS = ("plain", "noise", "cells", "waves", "checker", "bricks", "marble", "image")
DECKS = ("classic", "heritage", "jumbo", "four_colour", "vintage", "minimal", "casino", "continental")
SHAPES = ("box", "sphere", "cylinder", "cone", "torus", "book")
LIGHT_TYPES = ("area", "point", "sun")
LENS_MODELS = ("none", "brown_conrady", "fisheye")
MOSAICS = ("rggb", "bggr", "grbg", "gbrg")
DEMOSAICS = ("bilinear", "malvar")
TONE_CURVES = ("soft", "hard", "filmic")
JPEG_TABLES = ("standard", "huawei", "mozjpeg")
UNFOLDED = "until the lens does not fold the image"
SUBSAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")


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
class Distortion:
    """What the lens does to straight lines; see `renderer.lens.distortion` for the formulas."""

    model: str = setting(
        "none", str, options=LENS_MODELS, help="brown_conrady has k1 k2 k3 p1 p2, fisheye k1 k2 k3 k4"
    )
    k1: Factor = number(
        0.0, low=-10, high=10, level=Level.VIEW, until=UNFOLDED, help="radial, of the second power"
    )
    k2: Factor = number(
        0.0, low=-10, high=10, level=Level.VIEW, until=UNFOLDED, help="radial, of the fourth power"
    )
    k3: Factor = number(
        0.0, low=-10, high=10, level=Level.VIEW, until=UNFOLDED, help="radial, of the sixth power"
    )
    k4: Factor = number(
        0.0, low=-10, high=10, level=Level.VIEW, until=UNFOLDED, help="radial, of the eighth power; fisheye"
    )
    p1: Factor = number(
        0.0, low=-1, high=1, level=Level.VIEW, until=UNFOLDED, help="tangential, down; brown_conrady"
    )
    p2: Factor = number(
        0.0, low=-1, high=1, level=Level.VIEW, until=UNFOLDED, help="tangential, right; brown_conrady"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RigCamera:
    """A camera of a rig: its pose is fixed in the world, and null takes the lens of `camera`."""

    position_m: list[float] = setting(
        [0.0, 0.0, 0.5], list, length=3, unit="m", low=-1000, high=1000, help="[x, y, z]"
    )
    target_m: list[float] = setting(
        [0.0, 0.0, 0.0], list, length=3, unit="m", low=-1000, high=1000, help="[x, y, z] that it looks at"
    )
    roll_deg: float = setting(
        0.0, float, unit="deg", low=-360, high=360, help="turn about the optical axis; 0 has +Z or +Y up"
    )
    focal_length_mm: float | None = setting(
        None, float, unit="mm", low=1, high=2000, optional=True, help="focal length"
    )
    K: list[float] | None = setting(
        None, list, unit="px", item=float, length=4, optional=True, help="[fx, fy, cx, cy] of a calibration"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """The camera: image size, intrinsics, pose, focus, motion and lens."""

    width_px: int = setting(640, int, unit="px", low=16, high=16384, help="image width")
    height_px: int = setting(480, int, unit="px", low=16, high=16384, help="image height")
    pixel_aspect: float = setting(
        1.0, float, low=0.1, high=10, help="width over height of a pixel in the scene"
    )
    sensor_width_mm: float = setting(36.0, float, unit="mm", low=1, high=200, help="width of the sensor")
    focal_length_mm: Factor = number(
        ["uniform", 24, 50], unit="mm", low=1, high=2000, level=Level.VIEW, help="focal length"
    )
    fov_deg: Factor | None = number(
        None, unit="deg", low=1, high=170, level=Level.VIEW, optional=True,
        help="horizontal field of view without distortion; takes the place of the focal length",
    )  # fmt: skip
    K: list[float] | None = setting(
        None, list, unit="px", item=float, length=4, optional=True,
        help="[fx, fy, cx, cy] of a calibration, the first pixel's centre at 0.5; instead of a focal length",
    )  # fmt: skip
    field_width_m: Factor = number(
        ["log_uniform", 0.2, 0.5], unit="m", low=0.005, high=100, level=Level.VIEW,
        help="width of the view at the target; sets the distance",
    )  # fmt: skip
    distance_m: Factor | None = number(
        None, unit="m", low=0.005, high=100, level=Level.VIEW, optional=True,
        help="distance from the target: a shell; takes the place of the field's width",
    )  # fmt: skip
    height_m: Factor | None = number(
        None, unit="m", low=0.005, high=100, level=Level.VIEW, optional=True,
        help="height above the target; takes the place of the field's width",
    )  # fmt: skip
    tilt_deg: Factor = number(
        ["uniform", 0, 35], unit="deg", low=0, high=85, level=Level.VIEW, help="angle from straight down"
    )
    azimuth_deg: Factor = number(
        ["uniform", 0, 360], unit="deg", low=-360, high=360, level=Level.VIEW, help="direction of the tilt"
    )
    direction: Factor | None = factor(
        None, Kind.DIRECTION, level=Level.VIEW, optional=True,
        help="from the target to the camera, such as [direction_cap, 60]; in place of tilt and azimuth",
    )  # fmt: skip
    roll_deg: Factor = number(
        ["truncated_normal", 0, 10, -30, 30], unit="deg", low=-180, high=180, level=Level.VIEW,
        help="turn about the optical axis",
    )  # fmt: skip
    look_at: str | None = setting(
        None, str, optional=True, help="kind of object to look at, such as die; null: a place in the layout"
    )
    target_object: Factor = number(
        ["uniform", 0, 1], low=0, high=1, level=Level.VIEW, help="which object of look_at, as a fraction"
    )
    target_x_fraction: Factor = number(
        ["uniform", -0.3, 0.3], low=-2, high=2, level=Level.VIEW,
        help="target across the layout area; with look_at counted from the object",
    )  # fmt: skip
    target_y_fraction: Factor = number(
        ["uniform", -0.3, 0.3], low=-2, high=2, level=Level.VIEW,
        help="target along the layout area; with look_at counted from the object",
    )  # fmt: skip
    target_height_m: Factor = number(
        0.0, unit="m", low=-1, high=100, level=Level.VIEW, help="height of the target above the ground"
    )
    f_stop: Factor | None = number(
        None, low=0.5, high=128, level=Level.VIEW, optional=True,
        help="focal length over aperture: depth of field; null is a pinhole, all in focus",
    )  # fmt: skip
    focus_fraction: Factor = number(
        1.0, low=0.01, high=100, level=Level.VIEW, needs="f_stop", help="distance in focus over the target's"
    )
    motion_deg: Factor | None = number(
        None, unit="deg", low=0, high=30, level=Level.VIEW, optional=True,
        help="angle that the camera pans by during the exposure: motion blur",
    )  # fmt: skip
    motion_m: Factor | None = number(
        None, unit="m", low=0, high=10, level=Level.VIEW, optional=True,
        help="distance that the camera moves by during the exposure, across its axis",
    )  # fmt: skip
    motion_angle_deg: Factor = number(
        ["uniform", 0, 360], unit="deg", low=-360, high=360, level=Level.VIEW,
        help="direction of the motion in the image, from right to down",
    )  # fmt: skip
    distortion: Distortion = group()
    rig: Mapping[str, RigCamera] = named_map("rig")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """From linear radiance to an 8-bit image: each factor an operator, null leaves it out.

    The order is that of a camera: light through the lens, the raw image, its development, the file.
    """

    exposure_ev: Factor = number(
        ["truncated_normal", 0.3, 0.6, -1.5, 1.5], unit="EV", low=-10, high=10, level=Level.SHOT,
        help="exposure relative to what the meter suggests",
    )  # fmt: skip
    chromatic_aberration_px: Factor | None = number(
        None, unit="px", low=-20, high=20, level=Level.SHOT, optional=True,
        help="red is pulled out and blue in by this much in the corners",
    )  # fmt: skip
    defocus_px: Factor | None = number(
        None, unit="px", low=0, high=50, level=Level.SHOT, optional=True, help="radius of the disk of blur"
    )
    motion_blur_px: Factor | None = number(
        None, unit="px", low=0, high=100, level=Level.SHOT, optional=True, help="length of the smear"
    )
    motion_blur_angle_deg: Factor = number(
        ["uniform", 0, 180], unit="deg", low=-360, high=360, level=Level.SHOT, needs="motion_blur_px",
        help="direction of the smear, from right to down",
    )  # fmt: skip
    vignetting: Factor | None = number(
        None, low=0, high=0.95, level=Level.SHOT, optional=True, help="share of light lost in the corners"
    )
    white_balance_red: Factor | None = number(
        None, low=0.2, high=5, level=Level.SHOT, optional=True,
        help="gain of red over green that the balance is wrong by",
    )  # fmt: skip
    white_balance_blue: Factor | None = number(
        None, low=0.2, high=5, level=Level.SHOT, optional=True,
        help="gain of blue over green that the balance is wrong by",
    )  # fmt: skip
    iso: Factor | None = number(
        None, low=10, high=409600, level=Level.SHOT, optional=True, help="sensitivity: Poisson-Gaussian noise"
    )
    full_well_e: Factor = number(
        6000.0, unit="e-", low=50, high=1e6, level=Level.SHOT, needs="iso",
        help="electrons of a saturated pixel at ISO 100",
    )  # fmt: skip
    read_noise_e: Factor = number(
        3.0, unit="e-", low=0, high=1000, level=Level.SHOT, needs="iso",
        help="standard deviation of the noise of reading a pixel",
    )  # fmt: skip
    gain_ev: Factor | None = number(
        None, unit="EV", low=-10, high=10, level=Level.SHOT, optional=True,
        help="amplification of the raw image, its noise and clipped highlights included",
    )  # fmt: skip
    mosaic: Factor | None = factor(
        None, Kind.NAME, options=MOSAICS, level=Level.SHOT, optional=True, help="colour filter of the pixels"
    )
    demosaic: Factor = factor(
        "malvar", Kind.NAME, options=DEMOSAICS, level=Level.SHOT, needs="mosaic",
        help="how colours are interpolated",
    )  # fmt: skip
    tone_curve: Factor = factor(
        "soft", Kind.NAME, options=TONE_CURVES, level=Level.SHOT,
        help="how light ends in white: bent, cut, or as on film, shadows too",
    )  # fmt: skip
    contrast: Factor | None = number(
        None,
        low=-1,
        high=1,
        level=Level.SHOT,
        optional=True,
        help="strength of the S-curve; below 0 it flattens",
    )
    sharpening: Factor | None = number(
        None, low=0, high=10, level=Level.SHOT, optional=True, help="strength of the unsharp mask on luma"
    )
    sharpening_radius_px: Factor = number(
        1.0, unit="px", low=0.1, high=20, level=Level.SHOT, needs="sharpening",
        help="standard deviation of its Gaussian",
    )  # fmt: skip
    rescale: Factor | None = number(
        None, low=0.05, high=1, level=Level.SHOT, optional=True,
        help="the image is made this much smaller, and as large again as it was: digital zoom",
    )  # fmt: skip
    jpeg_quality: Factor | None = number(
        None,
        low=1,
        high=100,
        level=Level.SHOT,
        optional=True,
        help="quality of the JPEG file, as libjpeg counts",
    )
    jpeg_tables: Factor = factor(
        "standard", Kind.NAME, options=JPEG_TABLES, level=Level.SHOT, needs="jpeg_quality",
        help="quantization tables that the quality scales; 50 leaves them as they are",
    )  # fmt: skip
    jpeg_subsampling: Factor = factor(
        "4:2:0", Kind.NAME, options=SUBSAMPLINGS, level=Level.SHOT, needs="jpeg_quality",
        help="resolution of the colour channels",
    )  # fmt: skip


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
