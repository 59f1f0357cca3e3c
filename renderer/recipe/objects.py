"""The schema of objects: what each kind of them may be, and what objects and surfaces look like."""

from collections.abc import Mapping
from dataclasses import dataclass

from renderer.recipe.keys import Factor, Kind, Level, factor, group, number, setting

RANKS = (
    "ace", "two", "three", "four", "five", "six", "seven",
    "eight", "nine", "ten", "jack", "queen", "king",
)  # fmt: skip
SUITS = ("spades", "hearts", "diamonds", "clubs")
PATTERNS = ("plain", "noise", "cells", "waves", "checker", "bricks", "marble", "image")
DECKS = ("classic", "heritage", "jumbo", "four_colour", "vintage", "minimal", "casino", "continental")
SHAPES = ("box", "sphere", "cylinder", "cone", "torus", "book")
FOREGROUND_SHAPES = ("finger", *SHAPES)
FAMILIES = (
    "wood", "stone", "fabric", "brushed_metal", "cast_metal", "flake_paint", "plastic", "translucent",
    "glass", "paper", "rubber",
)  # fmt: skip
MATERIALS = ("generic", *FAMILIES, "pbr")
ARRANGEMENTS = ("scattered", "rows", "grid", "stacks", "pile", "fan", "held")
AXES = ("x", "y", "z", "-x", "-y", "-z")
UNITS = ("m", "cm", "mm", "inch", "foot")


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """Colour, texture and gloss of a surface or an object."""

    material: Factor = factor(
        "generic", Kind.NAME, options=MATERIALS,
        help="a family of materials, a set of PBR images, or 'generic': what pattern, colours and gloss say",
    )  # fmt: skip
    pattern: Factor = factor(
        "plain", Kind.NAME, options=PATTERNS, help="of a generic material: how the two colours are laid out"
    )
    color: Factor = factor(["hsv", [0, 1], [0, 0.8], [0.1, 0.9]], Kind.COLOR, help="first colour")
    color_2: Factor = factor(["hsv", [0, 1], [0, 0.8], [0.1, 0.9]], Kind.COLOR, help="second colour")
    pattern_size_m: Factor = number(
        ["log_uniform", 0.005, 0.1], unit="m", low=1e-4, high=10, help="size of the pattern's features"
    )
    image: Factor = number(
        ["uniform", 0, 1], low=0, high=1, help="which image or PBR set, as a fraction of the sorted list"
    )
    image_scale: Factor = number(1.0, low=0.01, high=100, help="size of an image's tile over its own")
    image_turn_deg: Factor = number(0.0, unit="deg", low=0, high=360, help="turn of an image's tiles")
    image_shift: Factor = number(
        0.0, low=0, high=1, help="how far an image's tiles are shifted by pattern_seed, 1 is anywhere"
    )
    pattern_seed: Factor = factor(
        ["integer", 0, 999999], Kind.INTEGER, low=0, high=10**9,
        help="which variant of a pattern, a material, a built-in image, or of wear",
    )  # fmt: skip
    bump_m: Factor = number(0.0, unit="m", low=0, high=0.05, help="height of the pattern's relief")
    roughness: Factor = number(["uniform", 0.2, 0.9], low=0, high=1, help="microfacet roughness")
    metallic: Factor = number(0.0, low=0, high=1, help="of a generic material: 0 is a dielectric, 1 a metal")
    stains: Factor = number(0.0, low=0, high=1, help="share of the surface under stains")
    scratches: Factor = number(0.0, low=0, high=1, help="how densely it is scratched")
    dust: Factor = number(0.0, low=0, high=1, help="how densely dust covers what faces up")
    fingerprints: Factor = number(0.0, low=0, high=1, help="how densely fingers have touched it")


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
    arrangement: Factor | None = factor(
        None, Kind.NAME, options=ARRANGEMENTS, shared=True, optional=True,
        help="how they are laid out; null: as layout.arrangement says what is labelled, scattered all else",
    )  # fmt: skip
    tumble: Factor = factor(
        ["rotation_uniform"], Kind.ROTATION,
        help="how it is turned where it falls scattered or in a pile, in place of rotation",
    )  # fmt: skip


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
class Meshes(Placed):
    """Meshes from the user's files; the category follows from the file's place or name."""

    source: str = setting("mesh", str, options=("mesh",), help="mesh files of your own")
    path: str | None = setting(
        None, str, optional=True, help="folder of meshes, or one file; null takes objects.path"
    )
    labelled: bool = setting(True, bool, help="false: distractors, without categories")
    category_from: str = setting(
        "folder", str, options=("folder", "file", "kind"),
        help="category: the name of the folder below path that a file lies in (of the file where there is "
        "none), of the file, or of the kind",
    )  # fmt: skip
    categories: dict[str, str | None] = setting(
        {}, dict, help="category by pattern, such as {'mugs/*.obj': mug}; null is a distractor"
    )
    symmetries: dict[str, str | None] = setting(
        {}, dict, help="by pattern: an axis for any turn about it, such as z, or turns about it, such as z4"
    )
    keypoints: dict[str, str | None] = setting(
        {}, dict, help="by pattern: names with x y z, m in the object's frame at the mesh's own size, "
        "such as 'handle 0.04 0 0.03, rim 0 0 0.09'",
    )  # fmt: skip
    unit: str = setting(
        "auto", str, options=("auto", *UNITS), help="of the files; auto: what the format says, else metres"
    )
    up: str = setting(
        "auto", str, options=("auto", *AXES), help="axis that points up; auto: what the format says, else z"
    )
    origin: str = setting(
        "center", str, options=("center", "bottom", "file"), help="the object's origin in its bounding box"
    )
    broken: str = setting(
        "skip", str, options=("skip", "stop"), help="what a file that cannot be used does; it is always named"
    )
    allow_flat: bool = setting(False, bool, help="true: meshes without volume, such as leaves, may be used")
    max_triangles: int = setting(1_000_000, int, low=1, high=10**9, help="a mesh with more counts as broken")
    decimate_to: int | None = setting(
        None, int, optional=True, low=4, high=10**9, help="meshes with more triangles are reduced, once"
    )
    count: Factor = factor(
        ["integer", 1, 6], Kind.INTEGER, low=0, high=200, shared=True, help="number of objects"
    )
    stack: bool = setting(False, bool, help="true: dropped on top of others; false: pushed aside")
    mesh: Factor = number(
        ["uniform", 0, 1], low=0, high=1, help="which mesh, as a fraction of the sorted list"
    )
    size_m: Factor | None = number(
        None,
        unit="m",
        low=1e-4,
        high=100,
        optional=True,
        help="largest extent; null keeps the file's own size",
    )
    scale: Factor = number(1.0, low=1e-4, high=1e4, help="factor on the size")
    look: Factor = factor(
        "keep", Kind.NAME, options=("keep", "replace"),
        help="the mesh's own look, or that of appearance, which a mesh without a look gets anyway",
    )  # fmt: skip
    hue_shift_deg: Factor = number(
        0.0, unit="deg", low=-180, high=180, help="of its own look: turn of the hue"
    )
    saturation_scale: Factor = number(1.0, low=0, high=4, help="of its own look: factor on the saturation")
    value_scale: Factor = number(1.0, low=0, high=4, help="of its own look: factor on the brightness")
    roughness_shift: Factor = number(0.0, low=-1, high=1, help="of its own look: added to the roughness")
    appearance: Appearance = group()


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreground:
    """Plain shapes close to the camera that hide part of what it sees; never labelled."""

    source: str = setting("foreground", str, options=("foreground",), help="shapes close to the camera")
    count: Factor = factor(
        ["choice", {0: 3, 1: 1}], Kind.INTEGER, low=0, high=20, shared=True, help="number of shapes"
    )
    shape: Factor = factor(
        ["choice", list(FOREGROUND_SHAPES)], Kind.NAME, options=FOREGROUND_SHAPES, help="shape"
    )
    size_m: Factor = number(
        ["log_uniform", 0.01, 0.05], unit="m", low=1e-3, high=1,
        help="largest extent; less where it would hold the camera or reach the ground",
    )  # fmt: skip
    flatness: Factor = number(["uniform", 0.3, 1], low=0.02, high=1, help="factor on the shape's height")
    appearance: Appearance = group()
    distance_fraction: Factor = number(
        ["uniform", 0.3, 0.7], low=0.05, high=0.95, level=Level.VIEW,
        help="how far on the way from the camera to what it looks at, or to the ground before it",
    )  # fmt: skip
    edge_fraction: Factor = number(
        ["uniform", 0.6, 1.1], low=0, high=1.5, level=Level.VIEW,
        help="place in the image: 0 is the middle, 1 its edge",
    )  # fmt: skip
    edge_angle_deg: Factor = number(
        ["uniform", 0, 360], unit="deg", low=0, high=360, level=Level.VIEW,
        help="place in the image: 0 is right of the middle, 90 below it",
    )  # fmt: skip
    rotation: Factor = factor(["rotation_uniform"], Kind.ROTATION, level=Level.VIEW, help="turn")


ObjectKind = Dice | Cards | Primitives | Meshes | Foreground
OBJECT_SOURCES: Mapping[str, type[ObjectKind]] = {
    "die": Dice, "playing_card": Cards, "primitive": Primitives, "mesh": Meshes, "foreground": Foreground,
}  # fmt: skip
