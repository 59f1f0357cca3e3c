"""The schema of what objects lie on, and of how they are laid out there."""

from dataclasses import dataclass

from renderer.recipe.keys import Factor, Kind, factor, group, number, setting
from renderer.recipe.objects import ARRANGEMENTS, Appearance


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
    spill: bool = setting(
        False,
        bool,
        help="what ends outside of it after falling: true keeps it, false leaves it out of the scene",
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
    """The rectangle in which objects are placed, centred on the origin, and how they are laid out in it."""

    half_width_m: Factor = number(
        ["uniform", 0.08, 0.2], unit="m", low=0.01, high=10, help="half of its width"
    )
    half_depth_m: Factor = number(
        ["uniform", 0.08, 0.2], unit="m", low=0.01, high=10, help="half of its depth"
    )
    density: Factor | None = number(
        None, low=0.001, high=1, optional=True,
        help="share of the area under the circles around objects of kinds to label; the drawn half sizes are "
        "scaled to it, but hold the largest object; null leaves them",
    )  # fmt: skip
    arrangement: Factor = factor(
        "scattered", Kind.NAME, options=ARRANGEMENTS, help="how objects to label are laid out"
    )
    physics: Factor = factor(
        False, Kind.FLAG, options=(True, False),
        help="whether what is rigid falls and comes to rest by physics; piles always do",
    )  # fmt: skip
    object_free: Factor = factor(
        False, Kind.FLAG, options=(True, False), help="whether a scene has no objects to label"
    )
    gap_m: Factor = number(
        0.0, unit="m", low=0, high=10, help="least distance between scattered objects of a kind"
    )
    center_x_fraction: Factor = number(
        ["uniform", -0.7, 0.7], low=-1, high=1,
        help="of rows, grid, stacks, pile and fan: where in the room they leave, -1 left to 1 right",
    )  # fmt: skip
    center_y_fraction: Factor = number(
        ["uniform", -0.7, 0.7], low=-1, high=1,
        help="of rows, grid, stacks, pile and fan: where in the room they leave, -1 near to 1 far",
    )  # fmt: skip
    turn_deg: Factor = number(
        ["uniform", 0, 360], unit="deg", low=0, high=360,
        help="direction of rows, turn of a fan, and the side that what is held leans to; 0 is +x",
    )  # fmt: skip
    spacing: Factor = number(
        ["uniform", 0.05, 0.6], low=0, high=10,
        help="of rows, grid and stacks: gap between neighbours over their size; less where room is short",
    )  # fmt: skip
    disorder: Factor = number(
        ["uniform", 0, 0.1], low=0, high=1,
        help="of what is arranged: 0 is ruler straight, at 1 shifts fill the gaps and turns are as drawn",
    )  # fmt: skip
    stack_height: Factor = factor(
        ["integer", 2, 6], Kind.INTEGER, low=1, high=200, help="objects of a stack, at most"
    )
    pile_radius_fraction: Factor = number(
        ["uniform", 0.2, 0.6], low=0, high=1,
        help="of a pile: its radius over the smaller half size; of sheets that of the place of their middles",
    )  # fmt: skip
    drop_height_m: Factor = number(
        ["log_uniform", 0.01, 0.06], unit="m", low=0.001, high=2,
        help="of a pile: how high over the ground the lowest begin to fall",
    )  # fmt: skip
    fan_style: Factor = factor(
        ["choice", {"pivot": 2, "cascade": 1}], Kind.NAME, options=("pivot", "cascade"),
        help="of overlapping sheets: turned about a pivot, or one below the other",
    )  # fmt: skip
    fan_opening_deg: Factor = number(
        ["uniform", 20, 100], unit="deg", low=0, high=300,
        help="of sheets about a pivot: from the first to the last",
    )  # fmt: skip
    fan_overlap: Factor = number(
        ["uniform", 0.45, 0.85], low=0, high=1, help="of sheets of a fan: share of a side the next covers"
    )
    held_height_m: Factor = number(
        ["uniform", 0.02, 0.08], unit="m", low=0.001, high=10,
        help="of what is held: how high the lowest of it and of the fingers is",
    )  # fmt: skip
    held_tilt_deg: Factor = number(
        ["uniform", 10, 55], unit="deg", low=0, high=90, help="of what is held: how far it leans to turn_deg"
    )
    finger_width_m: Factor = number(
        ["uniform", 0.014, 0.02], unit="m", low=0.001, high=0.1, help="of the two fingers that hold an object"
    )
    skin_color: Factor = factor(
        ["choice", ["#f1c9b0", "#e0ac8a", "#c68863", "#a06a45", "#74482c", "#472a1b"]], Kind.COLOR,
        help="of the fingers",
    )  # fmt: skip
