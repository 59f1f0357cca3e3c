"""Test vocabulary: rotations, drawn values of every kind of object, and scenes made of them by hand."""

import math
from typing import Any

from hypothesis import strategies as st

from renderer.catalog.dice import turn_face_up
from renderer.recipe.objects import DECKS, FOREGROUND_SHAPES, RANKS, SUITS
from renderer.rotation import quaternion_about
from renderer.scene import Contact, Ground, Pose, Scene, SceneObject, Sky

GREY = [0.2, 0.2, 0.2]
PLAIN = {
    "appearance.material": "generic",
    "appearance.pattern": "plain",
    "appearance.color": GREY,
    "appearance.color_2": GREY,
    "appearance.pattern_size_m": 0.01,
    "appearance.image": 0.0,
    "appearance.image_scale": 1.0,
    "appearance.image_turn_deg": 0.0,
    "appearance.image_shift": 0.0,
    "appearance.pattern_seed": 0,
    "appearance.bump_m": 0.0,
    "appearance.roughness": 0.5,
    "appearance.metallic": 0.0,
    "appearance.stains": 0.0,
    "appearance.scratches": 0.0,
    "appearance.dust": 0.0,
    "appearance.fingerprints": 0.0,
}
DIE = {
    "face": 1,
    "chirality": "right",
    "edge_m": 0.016,
    "corner_fraction": 0.12,
    "pip_fraction": 0.09,
    "one_scale": 1.0,
    "pip_style": "drilled",
    "color": [0.8, 0.0, 0.0],
    "color_2": GREY,
    "swirl": 0.0,
    "pip_color": [1.0, 1.0, 1.0],
    "roughness": 0.2,
    "transmission": 0.0,
}
CARD = {
    "rank": "ace",
    "suit": "spades",
    "face_up": True,
    "deck": "classic",
    "tint": [1.0, 1.0, 1.0],
    "scale": 1.0,
    "thickness_m": 0.0003,
    "bend_m": 0.0,
    "bend_axis_deg": 0.0,
    "roughness": 0.4,
}
PRIMITIVE = {"shape": "box", "size_m": 0.03, "flatness": 1.0} | PLAIN

chiralities = st.sampled_from(["right", "left"])
faces = st.integers(1, 6)
angles_rad = st.floats(-2 * math.pi, 2 * math.pi)
colors = st.lists(st.floats(0, 1), min_size=3, max_size=3)
_coordinates = st.floats(-1, 1)


@st.composite
def unit_vectors(draw: st.DrawFn, size: int = 3) -> tuple[float, ...]:
    vector = draw(st.tuples(*[_coordinates] * size).filter(lambda v: math.hypot(*v) > 0.01))
    return tuple(v / math.hypot(*vector) for v in vector)


def unit_quaternions() -> st.SearchStrategy[tuple[float, ...]]:
    return unit_vectors(4)


die_values = st.fixed_dictionaries(
    {
        "edge_m": st.floats(0.002, 0.2),
        "corner_fraction": st.floats(0.02, 0.3),
        "pip_fraction": st.floats(0.03, 0.12),
        "one_scale": st.floats(0.5, 2),
        "pip_style": st.sampled_from(["drilled", "printed"]),
        "chirality": chiralities,
        "face": faces,
    }
).map(lambda values: DIE | values)

card_values = st.fixed_dictionaries(
    {
        "rank": st.sampled_from(RANKS),
        "suit": st.sampled_from(SUITS),
        "deck": st.sampled_from(DECKS),
        "thickness_m": st.floats(1e-4, 2e-3),
        "bend_m": st.floats(-0.02, 0.02),
        "bend_axis_deg": st.floats(0, 180),
    }
).map(lambda values: CARD | values)

primitive_values = st.fixed_dictionaries(
    {
        "shape": st.sampled_from(FOREGROUND_SHAPES),
        "size_m": st.floats(1e-3, 1),
        "flatness": st.floats(0.02, 1),
    }
).map(lambda values: PRIMITIVE | values)


def die(x_m: float = 0.0, y_m: float = 0.0, *, yaw_rad: float = 0.0, slot: int = 0, **values: Any) -> Any:
    """A die of the scene, with its face up."""
    parameters = DIE | values
    yaw = quaternion_about((0, 0, 1), yaw_rad)
    return SceneObject(
        kind="die",
        slot=slot,
        source="die",
        category=str(parameters["face"]),
        contact=Contact.AVOID,
        pose=Pose(
            position_m=(x_m, y_m, 0.0),
            rotation_wxyz=turn_face_up(parameters["face"], parameters["chirality"], yaw),
        ),
        parameters=parameters,
    )


def card(x_m: float = 0.0, y_m: float = 0.0, *, yaw_rad: float = 0.0, slot: int = 0, **values: Any) -> Any:
    """A card of the scene."""
    parameters = CARD | values
    return SceneObject(
        kind="card",
        slot=slot,
        source="playing_card",
        category=parameters["rank"],
        contact=Contact.STACK,
        pose=Pose(position_m=(x_m, y_m, 0.0), rotation_wxyz=quaternion_about((0, 0, 1), yaw_rad)),
        parameters=parameters,
    )


def primitive(
    x_m: float = 0.0, y_m: float = 0.0, *, stack: bool = False, yaw_rad: float = 0.0, **values: Any
) -> Any:
    """A distractor of the scene."""
    return SceneObject(
        kind="clutter",
        slot=0,
        source="primitive",
        category=None,
        contact=Contact.STACK if stack else Contact.AVOID,
        pose=Pose(position_m=(x_m, y_m, 0.0), rotation_wxyz=quaternion_about((0, 0, 1), yaw_rad)),
        parameters=PRIMITIVE | values,
    )


def foreground(slot: int = 0, **values: Any) -> Any:
    """A shape of the scene that floats before the camera."""
    return SceneObject(
        kind="foreground",
        slot=slot,
        source="foreground",
        category=None,
        contact=Contact.FLOAT,
        pose=Pose(),
        parameters=PRIMITIVE | values,
    )


def scene_of(*objects: SceneObject, tray_half_m: tuple[float, float] | None = None) -> Scene:
    """A scene with nothing but these objects, on a table or in a tray."""
    tray = None if tray_half_m is None else {"wall_height_m": 0.03, "wall_thickness_m": 0.005} | PLAIN
    return Scene(
        index=0,
        objects=objects,
        ground=Ground(half_size_m=tray_half_m or (0.1, 0.1), parameters=PLAIN, tray=tray),
        lights=(),
        sky=Sky(image="built-in:city.exr", rotation_wxyz=(1.0, 0.0, 0.0, 0.0), strength=1.0),
        views=(),
    )
