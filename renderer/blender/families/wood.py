"""Wood: growth rings about an axis, fibres and pores along it."""

from renderer.blender.families.ingredients import Ingredients, scaled
from renderer.blender.fields import Scalar, Vector, joined, noise, noise_vector, object_points
from renderer.blender.nodes import set_inputs
from renderer.scene import Vector3

# Early and late wood of pine, oak, walnut, maple, cherry, teak and wenge, sanded, by eye; linear RGB.
WOODS: tuple[tuple[Vector3, Vector3], ...] = (
    ((0.62, 0.38, 0.17), (0.38, 0.17, 0.055)),
    ((0.43, 0.26, 0.12), (0.22, 0.115, 0.045)),
    ((0.16, 0.075, 0.035), (0.06, 0.026, 0.012)),
    ((0.66, 0.47, 0.28), (0.47, 0.28, 0.13)),
    ((0.36, 0.135, 0.055), (0.2, 0.065, 0.026)),
    ((0.34, 0.18, 0.07), (0.17, 0.075, 0.026)),
    ((0.075, 0.04, 0.022), (0.026, 0.014, 0.009)),
)


def build_wood(mix: Ingredients) -> None:
    """Rings of size_m; the species is the seed's, tinted by color; color_2 has no say.

    Roughness runs from lacquer (under a clear coat) to raw wood.
    """
    early, late = (mix.natural(color) for color in mix.one_of(WOODS))
    at = _trunk(mix)
    ring = _rings(mix, at)
    fibre = noise(at * (0.7, 14.0, 14.0), detail=1.0, roughness=0.6)
    pore = noise(at * (1.6, 38.0, 38.0), detail=0.0).ramp(0.66, 0.76) * (1.0 - ring * 0.6)
    age = noise(at * (0.06, 0.35, 0.35), detail=0.0).ramp(0.3, 0.7)
    tone = (ring * 0.7 + fibre.ramp(0.25, 0.75) * 0.3).between(age * 0.18, 1.0)
    color = pore.blend(tone.blend(early, late), scaled(late, 0.45))
    lacquer = max(0.0, 1.0 - 2.5 * mix.material.roughness)
    set_inputs(
        mix.tree,
        {
            "Base Color": color,
            "Roughness": mix.roughness(0.22, 0.85) + (fibre - 0.5) * 0.3 - ring * 0.06,
            "Normal": mix.relief(fibre, 0.015 * mix.size_m),
            "Coat Weight": lacquer,
            "Coat Roughness": mix.roughness(0.03, 0.4),
            "Specular IOR Level": 0.35,
        },
    )


def _trunk(mix: Ingredients) -> Vector:
    """Places in units of rings; x runs along the trunk, whose pith lies below and aside."""
    below, aside = mix.uniform(3.0, 25.0), mix.uniform(-12.0, 12.0)
    lean_rad = (0.0, mix.uniform(-0.12, 0.12), mix.uniform(-0.12, 0.12))
    straight = object_points(mix.tree) * (1 / mix.size_m) + (0.0, aside, below)
    return straight.turned(lean_rad)


def _rings(mix: Ingredients, at: Vector) -> Scalar:
    """0 in early wood, rising to 1 at the end of a year, then falling at once; the trunk bends."""
    _, y, z = (at + noise_vector(mix.points(mix.size_m) * (0.05, 0.18, 0.18)) * 3.2).parts()
    years = joined(y, z, 0.0).length()
    year = years.fraction()
    return year ** mix.uniform(1.6, 3.5) * year.ramp(1.0, 0.93)
