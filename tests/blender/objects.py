"""Scene objects for renders, with every parameter spelled out."""

from typing import Any

from renderer.catalog.dice import turn_face_up
from renderer.scene import Contact, Pose, SceneObject

PLAIN = {
    "appearance.material": "generic",
    "appearance.pattern": "plain",
    "appearance.color": [0.5, 0.5, 0.5],
    "appearance.color_2": [0.5, 0.5, 0.5],
    "appearance.pattern_size_m": 0.01,
    "appearance.image": 0.0,
    "appearance.image_scale": 1.0,
    "appearance.image_turn_deg": 0.0,
    "appearance.image_shift": 0.0,
    "appearance.pattern_seed": 0,
    "appearance.roughness": 1.0,
    "appearance.metallic": 0.0,
    "appearance.bump_m": 0.0,
    "appearance.stains": 0.0,
    "appearance.scratches": 0.0,
    "appearance.dust": 0.0,
    "appearance.fingerprints": 0.0,
}
RED = PLAIN | {"appearance.color": [0.8, 0.1, 0.1]}


def box(x_m: float, y_m: float, size_m: float = 0.1) -> SceneObject:
    """A flat box of size_m by three quarters of it, 1 mm high, that is never labelled."""
    parameters = {"shape": "box", "size_m": size_m, "flatness": 0.001 / size_m, **RED}
    return SceneObject(
        kind="box",
        slot=0,
        source="primitive",
        category=None,
        contact=Contact.STACK,
        pose=Pose(position_m=(x_m, y_m, 0.0)),
        parameters=parameters,
    )


def die(face: int, chirality: str = "right", **changes: Any) -> SceneObject:
    """A white die of 20 mm with black pips, at the origin, `face` up."""
    parameters = {
        "edge_m": 0.02,
        "corner_fraction": 0.12,
        "pip_fraction": 0.09,
        "one_scale": 1.0,
        "pip_style": "printed",
        "chirality": chirality,
        "color": [0.8, 0.8, 0.8],
        "color_2": [0.8, 0.8, 0.8],
        "swirl": 0.0,
        "pip_color": [0.005, 0.005, 0.005],
        "roughness": 0.6,
        "transmission": 0.0,
    } | changes
    rotation = turn_face_up(face, chirality, (1.0, 0.0, 0.0, 0.0))
    return SceneObject(
        kind="die",
        slot=0,
        source="die",
        category=str(face),
        contact=Contact.AVOID,
        pose=Pose(position_m=(0.0, 0.0, 0.01), rotation_wxyz=rotation),
        parameters=parameters,
    )
