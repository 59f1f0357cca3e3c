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
    """The rectangle in which objects are placed, centred on the origin."""

    half_width_m: Factor = number(
        ["uniform", 0.08, 0.2], unit="m", low=0.01, high=10, help="half of its width"
    )
    half_depth_m: Factor = number(
        ["uniform", 0.08, 0.2], unit="m", low=0.01, high=10, help="half of its depth"
    )
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
