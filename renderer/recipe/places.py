"""The schema of what objects lie on, and of how they are laid out there."""

from collections.abc import Mapping
from dataclasses import dataclass

from renderer.recipe.keys import Factor, Kind, factor, group, number, setting
from renderer.recipe.objects import ARRANGEMENTS, Appearance

TABLE_SHAPES = ("rectangle", "round")
LEGS = ("four", "one", "none")
# The places, and which groups of the surface each has beside its appearance and tray.
PLACES: Mapping[str, tuple[str, ...]] = {
    "plane": (),
    "table": ("table", "beneath", "room"),
    "floor": ("room",),
    "shelf": ("shelf", "beneath", "room"),
    "photo": (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tray:
    """A tray around the layout area, or a bin where its walls are high."""

    presence: Factor = factor(
        ["choice", {True: 1, False: 2}], Kind.FLAG, options=(True, False), help="whether there is a tray"
    )
    wall_height_m: Factor = number(
        ["uniform", 0.015, 0.05], unit="m", low=0.001, high=0.5, help="height of the walls"
    )
    wall_height_fraction: Factor | None = number(
        None, low=0.01, high=5, optional=True,
        help="height of the walls over the layout area's shorter side; takes the place of wall_height_m",
    )  # fmt: skip
    wall_thickness_m: Factor = number(
        ["uniform", 0.002, 0.012], unit="m", low=5e-4, high=0.1, help="thickness of the walls"
    )
    wall_slope_deg: Factor = number(
        0.0, unit="deg", low=0, high=60, help="how far the walls lean outwards, 0 is upright"
    )
    rounded: Factor = factor(
        False, Kind.FLAG, options=(True, False), help="whether rim and outer corners are round"
    )
    spill: bool = setting(
        False,
        bool,
        help="what ends outside of it after falling: true keeps it, false leaves it out of the scene",
    )
    appearance: Appearance = group()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table: a top that ends at its edges, on legs or on nothing."""

    width_m: Factor = number(
        ["uniform", 0.6, 1.8],
        unit="m",
        low=0.05,
        high=10,
        help="along x; more where the layout area needs it",
    )
    depth_m: Factor = number(
        ["uniform", 0.5, 0.9],
        unit="m",
        low=0.05,
        high=10,
        help="along y; more where the layout area needs it",
    )
    x_fraction: Factor = number(
        ["uniform", -1, 1],
        low=-1,
        high=1,
        help="where on it the layout area lies: -1 at its left edge, 1 right",
    )
    y_fraction: Factor = number(
        ["uniform", -1, 1],
        low=-1,
        high=1,
        help="where on it the layout area lies: -1 at its near edge, 1 far",
    )
    height_m: Factor = number(
        ["uniform", 0.4, 0.8], unit="m", low=0.15, high=3, help="height of the top above the floor"
    )
    thickness_m: Factor = number(
        ["uniform", 0.015, 0.045], unit="m", low=0.004, high=0.12, help="thickness of the top"
    )
    shape: Factor = factor(
        ["choice", {"rectangle": 5, "round": 1}], Kind.NAME, options=TABLE_SHAPES,
        help="a round one is as wide as it is deep",
    )  # fmt: skip
    corner_radius_m: Factor = number(
        ["choice", {0.0: 3, 0.02: 1, 0.08: 1}], unit="m", low=0, high=2, help="of the corners of a rectangle"
    )
    edge_radius_m: Factor = number(
        ["log_uniform", 0.0005, 0.006], unit="m", low=1e-4, high=0.05,
        help="rounding of its edges; less where the top is too thin for it",
    )  # fmt: skip
    legs: Factor = factor(
        ["choice", {"four": 4, "one": 1}], Kind.NAME, options=LEGS,
        help="four near the corners, one in the middle, or none: a top that is fixed to something unseen",
    )  # fmt: skip
    leg_width_m: Factor = number(["uniform", 0.03, 0.08], unit="m", low=0.005, high=0.3, help="of each leg")
    appearance: Appearance = group()  # of the legs


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfBoard:
    """A board of a shelf, between boards above and below, two sides and a back; open at y < 0."""

    width_m: Factor = number(
        ["uniform", 0.5, 1.0], unit="m", low=0.05, high=10, help="between the sides; more where needed"
    )
    depth_m: Factor = number(
        ["uniform", 0.25, 0.4], unit="m", low=0.05, high=5, help="from front to back; more where needed"
    )
    x_fraction: Factor = number(
        ["uniform", -1, 1],
        low=-1,
        high=1,
        help="where the layout area lies: -1 at the left side, 1 at the right",
    )
    y_fraction: Factor = number(
        ["uniform", -1, 0], low=-1, high=1, help="where the layout area lies: -1 at the front, 1 at the back"
    )
    opening_m: Factor = number(
        ["uniform", 0.28, 0.45], unit="m", low=0.05, high=3, help="height between two boards"
    )
    thickness_m: Factor = number(
        ["uniform", 0.015, 0.03], unit="m", low=0.003, high=0.1, help="of boards and sides"
    )
    height_m: Factor = number(
        ["uniform", 0.4, 1.4], unit="m", low=0.15, high=3, help="height of the board above the floor"
    )
    appearance: Appearance = group()  # of the back


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Four walls around a floor, table or shelf. They are seen and reflected, and let all light through."""

    presence: Factor = factor(
        ["choice", {True: 3, False: 1}], Kind.FLAG, options=(True, False), help="whether there are walls"
    )
    wall_distance_m: Factor = number(
        ["log_uniform", 0.02, 2], unit="m", low=0, high=50,
        help="from table or layout area to the wall at +y; a shelf stands against it",
    )  # fmt: skip
    side_distance_m: Factor = number(
        ["log_uniform", 0.05, 3], unit="m", low=0, high=50, help="from there to the wall at +x"
    )
    size_m: Factor = number(
        ["uniform", 2.5, 5], unit="m", low=0.1, high=100,
        help="from table, shelf or layout area to the walls at -y and -x",
    )  # fmt: skip
    height_m: Factor = number(
        ["uniform", 2.3, 3], unit="m", low=0.1, high=20, help="of the walls, above the floor"
    )
    skirting_m: Factor = number(
        ["choice", {0.0: 1, 0.06: 1, 0.1: 1}],
        unit="m",
        low=0,
        high=0.5,
        help="height of the white skirting boards",
    )
    appearance: Appearance = group()  # of the walls


@dataclass(frozen=True, slots=True, kw_only=True)
class Beneath:
    """The floor on which a table or a shelf stands."""

    appearance: Appearance = group()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """What objects lie on: a table, a floor or a shelf, perhaps with a tray."""

    image_folder: str | None = setting(
        None, str, optional=True, help="folder of images for pattern 'image'; null takes built-in ones"
    )
    pbr_folder: str | None = setting(
        None, str, optional=True, help="folder of PBR image sets, for material 'pbr'"
    )
    photo_folder: str | None = setting(
        None, str, optional=True,
        help="folder of background photographs, for place 'photo'; objects pasted on photos train worse than "
        "scenes, as published work found",
    )  # fmt: skip
    place: Factor = factor(
        "plane", Kind.NAME, options=tuple(PLACES),
        help="an endless plane, a table, a room's floor, a board of a shelf, or a photograph as the ground",
    )  # fmt: skip
    photo: Factor = number(
        ["uniform", 0, 1], low=0, high=1, help="which photograph, as a fraction of the sorted list"
    )
    appearance: Appearance = group()
    tray: Tray = group()
    table: Table = group()
    shelf: ShelfBoard = group()
    room: Room = group()
    beneath: Beneath = group()


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
