"""A scene as plain data: no factor left, all values drawn. It goes to JSON and back without loss."""

import enum
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any

Vector3 = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
Draws = Mapping[str, Any]
ENVIRONMENT = "environment"  # the sky among the lights, its sun included
NEAR_M, FAR_M = 0.001, 1000.0  # of a camera: what is nearer or farther is not rendered


class Contact(enum.Enum):
    """What an object does where it would overlap another."""

    AVOID = "avoid"  # it is pushed aside
    STACK = "stack"  # it comes to lie on top
    FALL = "fall"  # it falls from where it is, and comes to rest by physics
    HELD = "held"  # it stays where it is, and is in nobody's way
    FLOAT = "float"  # it stays where a view puts it, and is in nobody's way


class LightType(enum.Enum):
    """How a light shines."""

    AREA = "area"
    POINT = "point"
    SUN = "sun"
    SPOT = "spot"


class AreaShape(enum.Enum):
    """The outline of an area light."""

    DISK = "disk"
    RECTANGLE = "rectangle"
    SQUARE = "square"
    ELLIPSE = "ellipse"


class SkyKind(enum.Enum):
    """Where light from everywhere comes from."""

    MAP = "map"
    CLEAR = "sky"
    OVERCAST = "overcast"


class CasterShape(enum.Enum):
    """What casts a shadow from outside the view."""

    BARS = "bars"
    BLINDS = "blinds"
    FOLIAGE = "foliage"
    PERSON = "person"
    HAND = "hand"
    BOARD = "board"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """World from object: position in metres, rotation as a unit quaternion (w, x, y, z)."""

    position_m: Vector3 = (0.0, 0.0, 0.0)
    rotation_wxyz: Quaternion = (1.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneObject:
    """One object: `source` and `parameters` say what the catalog makes of it.

    Attributes:
        category: name of the category, or None for a distractor.
        parameters: the drawn values, by the factor's name within its kind.
    """

    kind: str
    slot: int
    source: str
    category: str | None
    contact: Contact
    pose: Pose
    parameters: Draws

    @property
    def name(self) -> str:
        """The entity's name, such as `die[3]`."""
        return f"{self.kind}[{self.slot}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """A light aimed along the local -Z of its pose; a sun's `energy_w` is its irradiance in W/m2.

    Attributes:
        size_m: diameter; of an area light along the local X.
        shape: of an area light.
        aspect: size along X over that along Y, of a rectangle or an ellipse.
        cone_rad: full angle of a spot's cone.
        cone_blend: share of the cone over which its edge fades.
    """

    name: str
    type: LightType
    pose: Pose
    energy_w: float
    color: Vector3
    size_m: float
    shape: AreaShape = AreaShape.DISK
    aspect: float = 1.0
    cone_rad: float = 0.785
    cone_blend: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Atmosphere:
    """What makes a clear sky; densities are relative to a clear day.

    Attributes:
        sun_shows: whether the sun shines too, or the sky alone.
        sun_azimuth_rad: from +X towards +Y.
        sun_size_rad: angular diameter.
    """

    sun_shows: bool
    sun_elevation_rad: float
    sun_azimuth_rad: float
    sun_size_rad: float
    air: float
    dust: float
    ozone: float
    altitude_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sky:
    """Light from everywhere.

    Attributes:
        image: name of the environment map in the catalog; empty where there is none.
        rotation_wxyz: of the map.
        strength: factor on its radiance; of skies on that which lights the ground like an average map.
        atmosphere: of a clear sky, else None.
        tint: what its light is multiplied by besides, linear RGB.
    """

    image: str
    rotation_wxyz: Quaternion
    strength: float
    kind: SkyKind = SkyKind.MAP
    atmosphere: Atmosphere | None = None
    tint: Vector3 = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caster:
    """A flat thing in the local XY plane of its pose, of which only the shadow is seen; local Y is up.

    Attributes:
        size_m: its longer side.
    """

    name: str
    shape: CasterShape
    pose: Pose
    size_m: float
    shape_seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The place and the tray; `parameters` as in SceneObject.

    Attributes:
        half_size_m: half width and half depth of the layout area, x and y.
        tray: the tray's parameters, or None.
        place: one of `renderer.recipe.places.PLACES`.
        parts: the parameters of what the place has, by the group's name in the recipe's surface.
    """

    half_size_m: tuple[float, float]
    parameters: Draws
    tray: Draws | None
    place: str = "plane"
    parts: Mapping[str, Draws] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """A lens that bends straight lines.

    Attributes:
        model: 'brown_conrady' with (k1, k2, p1, p2, k3) or 'fisheye' with (k1, k2, k3, k4), OpenCV's order.
    """

    model: str
    coefficients: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """How the camera moves while it exposes, in its own frame; its pose is that of the middle.

    Attributes:
        translation_m: from the beginning to the end.
        rotation_rad: axis times angle, from the beginning to the end.
    """

    translation_m: Vector3
    rotation_rad: Vector3


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera, OpenCV frame (x right, y down, z forward); pixel centres at (0.5, 0.5).

    Attributes:
        aperture_m: diameter of the entrance pupil; 0 is a pinhole.
        focus_m: distance along the optical axis that is sharp.
        lens: None keeps straight lines straight.
        motion: None stands still.
    """

    width_px: int
    height_px: int
    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float
    pose: Pose
    aperture_m: float = 0.0
    focus_m: float = 1.0
    lens: Lens | None = None
    motion: Motion | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorValues:
    """What the sensor and the development of a shot do; None leaves a step out. Units as in the recipe."""

    exposure_ev: float = 0.0
    exposed_share: float | None = None
    chromatic_aberration_px: float | None = None
    defocus_px: float | None = None
    motion_blur_px: float | None = None
    motion_blur_angle_deg: float | None = None
    vignetting: float | None = None
    white_balance_red: float | None = None
    white_balance_blue: float | None = None
    iso: float | None = None
    full_well_e: float | None = None
    read_noise_e: float | None = None
    gain_ev: float | None = None
    mosaic: str | None = None
    demosaic: str | None = None
    tone_curve: str = "soft"
    contrast: float | None = None
    sharpening: float | None = None
    sharpening_radius_px: float | None = None
    rescale: float | None = None
    jpeg_quality: float | None = None
    jpeg_tables: str | None = None
    jpeg_subsampling: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LightGain:
    """What the light of a lamp, or of the sky, is multiplied by.

    Attributes:
        light: the lamp's name, or ENVIRONMENT.
        gain: linear RGB.
    """

    light: str
    gain: Vector3


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of an image: column and row of its first pixel, and its size."""

    x_px: int
    y_px: int
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One photometric variant of a view.

    Attributes:
        noise_seed: of the sensor's noise, in [0, 2**63).
        light_gains: over what the scene says; lights that are not named shine as it says.
        window: of the view's image, that it shows; None shows all of it.
    """

    sensor: SensorValues
    noise_seed: int
    draws: Draws
    light_gains: tuple[LightGain, ...] = ()
    window: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a view puts an object that floats before its camera.

    Attributes:
        scale: on its size: what is too large for its place is made smaller.
    """

    name: str
    pose: Pose
    scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One camera in a scene; one trace of Cycles.

    Attributes:
        foreground: the places of all objects of the scene that float.
        follows: the object that the camera looks at: where settling moves it, the camera goes along.
    """

    camera: Camera
    cycles_seed: int
    shots: tuple[Shot, ...]
    draws: Draws
    follows: str | None = None
    foreground: tuple[Placement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything needed to rebuild one 3D scene."""

    index: int
    objects: tuple[SceneObject, ...]
    ground: Ground
    lights: tuple[Light, ...]
    sky: Sky
    views: tuple[View, ...]
    casters: tuple[Caster, ...] = ()
    draws: Draws = field(default_factory=dict)


def scene_to_json(scene: Scene) -> str:
    """One line of JSON, keys sorted."""
    return json.dumps(asdict(scene), sort_keys=True, default=lambda value: value.value)


def scene_from_json(text: str) -> Scene:
    """The scene that `scene_to_json` wrote."""
    scene: Scene = _restore(Scene, json.loads(text))
    return scene


def _restore(kind: Any, value: Any) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return None if value is None else _restore(arguments[0], value)
    if is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return kind(**{f.name: _restore(hints[f.name], value[f.name]) for f in fields(kind)})  # type: ignore[operator]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind(value)
    if origin is tuple:
        items = arguments[:1] * len(value) if arguments[-1] is Ellipsis else arguments
        return tuple(_restore(item, v) for item, v in zip(items, value, strict=True))
    return value
