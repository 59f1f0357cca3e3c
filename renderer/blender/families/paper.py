"""Paper: fibres, and the creases of what was crumpled."""

from renderer.blender.families.ingredients import Ingredients, scaled, towards
from renderer.blender.fields import Scalar, Vector, cells, noise, noise_vector, world_normal
from renderer.blender.nodes import bumped, set_inputs
from renderer.scene import Vector3

# Bleached, natural white, newsprint, recycled and kraft, by eye; linear RGB.
PAPERS: tuple[Vector3, ...] = (
    (0.82, 0.82, 0.82), (0.8, 0.79, 0.75), (0.55, 0.52, 0.45), (0.48, 0.46, 0.42), (0.42, 0.27, 0.145),
)  # fmt: skip
FIBRE_TURNS = ((0.3, 0.4, 0.2), (1.2, 0.5, 1.7))


def build_paper(mix: Ingredients) -> None:
    """Fibres of size_m / 3, over facets of 2 size_m where it was crumpled; the stock is the seed's.

    color tints it, and dyes it through where the seed makes it craft paper; color_2 has no say.
    Roughness runs from coated to blotting paper.
    """
    stock = mix.natural(mix.one_of(PAPERS))
    stock = towards(stock, mix.color, mix.one_of((0.0, 0.0, 0.6)))
    at = mix.points(mix.size_m)
    fibre = _fibres(at)
    cloud = noise(at * 1.5, detail=1.0)
    spot = fibre.ramp(0.66, 0.76) * mix.roughness(0.15, 0.6)
    tone = (fibre * 0.6 + cloud * 0.4).ramp(0.4, 0.65)
    crumple = mix.one_of((0.25, 0.4, 0.6))
    height_m = mix.size_m / 26 * mix.roughness(0.1, 0.5) + mix.material.bump_m
    set_inputs(
        mix.tree,
        {
            "Base Color": spot.blend(tone.blend(scaled(stock, 0.8), scaled(stock, 1.06)), scaled(stock, 0.5)),
            "Roughness": mix.roughness(0.3, 0.95),
            "Normal": bumped(fibre, height_m, _crumpled(at, crumple)),
            "Specular IOR Level": mix.roughness(0.5, 0.15),
            "Subsurface Weight": 0.1,
            "Subsurface Radius": (1.0, 0.95, 0.85),
            "Subsurface Scale": 0.0004,  # m, by eye: light spreads over a few fibres
        },
    )


def _fibres(at: Vector) -> Scalar:
    """Fibres in two directions: the higher of noises that are stretched along each."""
    some, others = (noise(at.turned(turn) * (2.5, 26.0, 26.0), detail=0.0) for turn in FIBRE_TURNS)
    return some.larger(others)


def _crumpled(at: Vector, strength: float) -> Vector:
    """Facets that lean at random, of two sizes."""
    bent = at + noise_vector(at * 0.5, detail=0.0) * 0.8
    lean = (cells(bent * 0.5).shade - (0.5, 0.5, 0.5)) * 2.0
    small = (cells(bent * 1.3).shade - (0.5, 0.5, 0.5)) * 1.0
    return (world_normal(at.tree) + (lean + small) * strength).unit()
