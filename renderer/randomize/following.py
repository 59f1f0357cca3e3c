"""Which arrangement a kind of objects follows, what its objects do there, and which factors that takes."""

from collections.abc import Mapping
from typing import Any

from renderer.catalog.sources import is_labelled
from renderer.recipe.objects import Cards, Foreground, Meshes, ObjectKind, Primitives
from renderer.scene import Contact

UNSTABLE = frozenset({"sphere", "cone"})  # shapes that nothing can be stacked on

_PLACE = ("center_x_fraction", "center_y_fraction")
_ROWS = (*_PLACE, "turn_deg", "spacing", "disorder")
_FAN = ("fan_style", "fan_opening_deg", "fan_overlap")
_HELD = ("turn_deg", "disorder", "held_height_m", "held_tilt_deg", "finger_width_m", "skin_color")
_FACTORS = {
    "scattered": (),
    "rows": _ROWS,
    "grid": _ROWS,
    "stacks": (*_ROWS, "stack_height"),
    "pile": (*_PLACE, "pile_radius_fraction"),
    "fan": (*_PLACE, "turn_deg", "disorder", *_FAN),
    "held": _HELD,
}


def followed(kind: ObjectKind, own: str | None, of_layout: str) -> str:
    """The arrangement of a kind; what is no sheet cannot be fanned, and goes in rows."""
    arrangement = own or (of_layout if is_labelled(kind) else "scattered")
    return "rows" if arrangement == "fan" and not is_sheet(kind) else arrangement


def is_sheet(kind: ObjectKind) -> bool:
    """Whether objects of a kind are sheets, which settle by geometry and never fall."""
    return isinstance(kind, Cards)


def layout_factors(kind: ObjectKind, arrangement: str) -> tuple[str, ...]:
    """The factors of the layout that an arrangement of a kind takes, by their short names."""
    factors: tuple[str, ...] = _FACTORS[arrangement]
    if arrangement == "pile" and not is_sheet(kind):
        factors += ("drop_height_m",)
    if arrangement == "held" and is_sheet(kind):
        factors += ("fan_opening_deg", "fan_overlap")
    has_gap = arrangement in ("scattered", "held") and contact_of(kind) is Contact.AVOID
    return (*factors, "gap_m") if has_gap else factors


def falls(kind: ObjectKind, arrangement: str, physics: bool) -> bool:
    """Whether objects of a kind come to rest by physics; stacked meshes do, for their tops are not flat."""
    is_rigid = not is_sheet(kind) and not isinstance(kind, Foreground) and arrangement != "held"
    needs_physics = arrangement == "pile" or (arrangement == "stacks" and isinstance(kind, Meshes))
    return is_rigid and (physics or needs_physics)


def tumbles(kind: ObjectKind, arrangement: str, physics: bool) -> bool:
    """Whether objects begin to fall as `tumble` turns them, and not as they are arranged."""
    return arrangement in ("scattered", "pile") and falls(kind, arrangement, physics)


def contact_of(kind: ObjectKind, arrangement: str = "scattered", physics: bool = False) -> Contact:
    """What objects of a kind do where they would overlap."""
    if isinstance(kind, Foreground):
        return Contact.FLOAT
    if arrangement == "held":
        return Contact.HELD
    if falls(kind, arrangement, physics):
        return Contact.FALL
    stacks = is_sheet(kind) or (isinstance(kind, Primitives | Meshes) and kind.stack)
    return Contact.STACK if stacks or arrangement == "stacks" else Contact.AVOID


def can_be_stacked(parameters: Mapping[str, Any]) -> bool:
    """Whether an object has an upper side that others can lie on."""
    return parameters.get("shape") not in UNSTABLE
