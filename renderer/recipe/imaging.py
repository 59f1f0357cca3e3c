"""The schema of what takes the picture: the camera and the sensor."""

from collections.abc import Mapping
from dataclasses import dataclass

from renderer.recipe.keys import Factor, Kind, Level, factor, group, named_map, number, setting

LENS_MODELS = ("none", "brown_conrady", "fisheye")
MOSAICS = ("rggb", "bggr", "grbg", "gbrg")
DEMOSAICS = ("bilinear", "malvar")
TONE_CURVES = ("soft", "hard", "filmic")
JPEG_TABLES = ("standard", "huawei", "mozjpeg")
UNFOLDED = "until the lens does not fold the image"
SUBSAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")


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
class Crop:
    """What a shot shows of a larger trace; sizes of null show all of it."""

    width_px: int | None = setting(
        None, int, unit="px", low=16, high=16384, optional=True, help="width of the image that is cut out"
    )
    height_px: int | None = setting(
        None, int, unit="px", low=16, high=16384, optional=True, help="height of the image that is cut out"
    )
    x_fraction: Factor = number(
        ["uniform", 0, 1], low=0, high=1, level=Level.SHOT, help="where: from the left to the right end"
    )
    y_fraction: Factor = number(
        ["uniform", 0, 1], low=0, high=1, level=Level.SHOT, help="where: from the top to the bottom end"
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
    crop: Crop = group()
    rig: Mapping[str, RigCamera] = named_map("rig")


def image_size_hw(camera: Camera) -> tuple[int, int]:
    """Height and width of an image, px: of what is cut out of a larger trace, if that is asked for."""
    crop = camera.crop
    return crop.height_px or camera.height_px, crop.width_px or camera.width_px


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """From linear radiance to an 8-bit image: each factor an operator, null leaves it out.

    The order is that of a camera: light through the lens, the raw image, its development, the file.
    """

    exposure_ev: Factor = number(
        ["truncated_normal", 0.3, 0.6, -1.5, 1.5], unit="EV", low=-10, high=10, level=Level.SHOT,
        help="exposure relative to what the meter suggests",
    )  # fmt: skip
    exposed_share: float | None = setting(
        0.8, float, low=0, high=1, optional=True,
        help="the exposure is moved until this share of pixels is neither white nor black; null leaves it",
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
