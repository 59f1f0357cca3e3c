"""Metals: brushed, with lines that stretch highlights; and cast, grainy and pitted."""

from renderer.blender.families.ingredients import Ingredients, scaled
from renderer.blender.fields import Scalar, Vector, cells, joined, noise, object_normal, object_points
from renderer.blender.nodes import set_inputs
from renderer.scene import Vector3

# Steel, aluminium, brass, copper, bronze and titanium: reflectance at normal incidence, linear RGB, rounded
# from tables of measured metals such as physicallybased.info; titanium by eye.
SHEETS: tuple[Vector3, ...] = (
    (0.53, 0.51, 0.49), (0.9, 0.91, 0.92), (0.89, 0.75, 0.42), (0.93, 0.62, 0.52), (0.72, 0.5, 0.28),
    (0.54, 0.5, 0.45),
)  # fmt: skip
# Iron, aluminium, bronze and zinc as they come out of a mould, with the oxide in their pits; by eye.
CASTINGS: tuple[tuple[Vector3, Vector3], ...] = (
    ((0.13, 0.13, 0.135), (0.03, 0.024, 0.02)),
    ((0.56, 0.57, 0.58), (0.16, 0.16, 0.16)),
    ((0.42, 0.25, 0.1), (0.06, 0.05, 0.026)),
    ((0.38, 0.39, 0.41), (0.1, 0.1, 0.105)),
)
ACROSS = 0.25  # of a turn: highlights stretch across the lines


def build_brushed_metal(mix: Ingredients) -> None:
    """Lines size_m / 60 apart, straight or turned on a lathe; the metal is the seed's, tinted by color.

    Roughness widens the highlight; color_2 has no say.
    """
    color = mix.natural(mix.one_of(SHEETS))
    lines_at, tangent = mix.one_of((_straight, _straight, _turned))(mix)
    fine = noise(lines_at, detail=1.0, roughness=0.7)
    coarse = noise(lines_at * (0.5, 0.2, 0.2), detail=0.0)
    line = (fine * 0.65 + coarse * 0.35).ramp(0.25, 0.75)
    set_inputs(
        mix.tree,
        {
            "Base Color": line.blend(scaled(color, 0.7), scaled(color, 1.08)),
            "Metallic": 1.0,
            "Roughness": mix.roughness(0.16, 0.6) + (line - 0.5) * mix.roughness(0.22, 0.35),
            "Anisotropic": 0.8,
            "Anisotropic Rotation": ACROSS,
            "Tangent": tangent.to_world(),
            "Normal": mix.relief(line, mix.size_m * mix.roughness(0.0015, 0.005)),
        },
    )


def _straight(mix: Ingredients) -> tuple[Vector, Vector]:
    """Lines along x; along y on faces across x."""
    x, y, _ = object_normal(mix.tree).absolute().parts()
    across_x = x.above(y.larger(0.8))
    at = mix.points(mix.size_m / 60)
    lines = across_x.blend(at * (0.012, 1.0, 1.0), at * (1.0, 0.012, 1.0))
    return lines, across_x.blend((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))


def _turned(mix: Ingredients) -> tuple[Vector, Vector]:
    """Lines around z, as a lathe leaves them."""
    at = object_points(mix.tree) * (60 / mix.size_m)
    x, y, z = at.parts()
    radius = joined(x, y, 0.0).length()
    start = mix.uniform(0.0, 1000.0)
    around = joined(x, y, 0.0).unit() * 1.5
    lines = joined(radius + z * 0.9 + start, 0.0, 0.0) + around
    return lines, at.cross((0.0, 0.0, 1.0))


def build_cast_metal(mix: Ingredients) -> None:
    """Grains of size_m / 12 with pits among them; the metal is the seed's, tinted by color.

    Roughness runs from tumbled smooth to sand-cast; color_2 has no say.
    """
    metal, oxide = (mix.natural(color) for color in mix.one_of(CASTINGS))
    at = mix.points(mix.size_m / 12)
    grain = noise(at, detail=1.0, roughness=0.6)
    lumps = noise(at * 0.15, detail=0.0)
    pit = _pits(mix, at)
    dark = pit.larger(grain.ramp(0.48, 0.25) * mix.roughness(0.35, 0.8)).larger(lumps.ramp(0.5, 0.2) * 0.3)
    set_inputs(
        mix.tree,
        {
            "Base Color": dark.blend(metal, oxide),
            "Metallic": 1.0 - dark * 0.25,
            "Roughness": mix.roughness(0.24, 0.6) + dark * 0.2 + (grain - 0.5) * 0.2,
            "Normal": mix.relief(grain, mix.size_m / 24 * mix.roughness(0.2, 1.2)),
        },
    )


def _pits(mix: Ingredients, at: Vector) -> Scalar:
    """1 within some of the cells, near their points."""
    holes = cells(at * 0.45)
    some, wide, _ = holes.shade.parts()
    return (holes.distance - wide * 0.25).ramp(0.1, 0.0) * some.above(mix.uniform(0.55, 0.8))
