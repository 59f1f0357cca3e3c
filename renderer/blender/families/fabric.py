"""Fabric: threads over and under one another, and fuzz."""

import math
from dataclasses import dataclass

from renderer.blender.families.ingredients import Ingredients, scaled, towards
from renderer.blender.fields import Scalar, flattened, joined, noise, shades
from renderer.blender.nodes import set_inputs

THREADS = 8  # in a size


@dataclass(frozen=True, slots=True)
class Weave:
    """How high the threads along v and along u lie, and the numbers of the two that cross at a place."""

    warp: Scalar
    weft: Scalar
    warp_number: Scalar
    weft_number: Scalar


def build_fabric(mix: Ingredients) -> None:
    """Threads of size_m / 8, woven plain or as twill; as the seed has it, the weft turns to color_2.

    Roughness runs from satin to wool: the sheen and the fuzz grow with it.
    """
    u, v, _ = flattened(mix.points(mix.size_m / THREADS))
    weave = _woven(u, v, period=mix.one_of((1, 2)))
    over = weave.warp.above(weave.weft)
    height = weave.warp.larger(weave.weft)
    number = over.between(weave.weft_number, weave.warp_number)
    shade, _, _ = shades(joined(number, over, 0.0)).parts()
    along = over.blend(joined(u * 0.8, v * 7.0, number), joined(v * 0.8, u * 7.0, number))
    fibre = noise(along, detail=0.0)
    second = towards(mix.color, mix.color_2, mix.one_of((0.0, 0.35, 1.0)))
    dyed = over.blend(second, mix.color) * shade.between(0.85, 1.1) * fibre.between(0.6, 1.35)
    fuzz = mix.roughness(0.0, 1.0)
    set_inputs(
        mix.tree,
        {
            "Base Color": dyed * height.ramp(-0.6, 0.9).between(0.35, 1.0),
            "Roughness": mix.roughness(0.42, 1.0),
            "Normal": mix.relief(height, (0.22 + 0.1 * fuzz) * mix.size_m / THREADS),
            "Specular IOR Level": 0.45 - 0.35 * fuzz,
            "Sheen Weight": 0.1 + 0.5 * fuzz,
            "Sheen Roughness": 0.35,
            "Sheen Tint": towards(scaled(mix.color, 1.5), (1.0, 1.0, 1.0), 0.5),
        },
    )


def _woven(u: Scalar, v: Scalar, period: int) -> Weave:
    """A plain weave of period 1, or a twill: each thread passes over as many as its period, then under."""
    column, row = u.floor(), v.floor()
    turn, phase = math.pi / period, (period - 1) / 2 - 0.5
    warp = ((v + column + phase) * turn).cosine() * 0.5
    weft = ((u + row + phase) * turn).cosine() * -0.5
    return Weave(warp + _round(u), weft + _round(v), column, row)


def _round(across: Scalar) -> Scalar:
    """The profile of a thread: 1 on its middle, 0 at its edges."""
    from_middle = across.fraction() * 2.0 - 1.0
    return (1.0 - from_middle * from_middle).root()
