"""Stone: granite, marble or sandstone, as the seed has it."""

from renderer.blender.families.ingredients import Ingredients, scaled
from renderer.blender.fields import Scalar, Vector, cells, joined, noise, noise_vector
from renderer.blender.nodes import set_inputs
from renderer.scene import Vector3

# Feldspar, quartz and mica of grey, red, black and blue granite, by eye; linear RGB.
GRANITES: tuple[tuple[Vector3, Vector3, Vector3], ...] = (
    ((0.55, 0.53, 0.5), (0.3, 0.29, 0.28), (0.025, 0.025, 0.027)),
    ((0.5, 0.2, 0.13), (0.42, 0.36, 0.33), (0.03, 0.022, 0.022)),
    ((0.06, 0.062, 0.065), (0.16, 0.16, 0.165), (0.012, 0.012, 0.013)),
    ((0.19, 0.24, 0.29), (0.36, 0.37, 0.37), (0.02, 0.024, 0.03)),
)
# Ground and veins of white, cream, green, black and red marble.
MARBLES: tuple[tuple[Vector3, Vector3], ...] = (
    ((0.78, 0.77, 0.75), (0.17, 0.18, 0.2)),
    ((0.68, 0.55, 0.4), (0.3, 0.15, 0.07)),
    ((0.03, 0.09, 0.06), (0.42, 0.52, 0.45)),
    ((0.016, 0.016, 0.018), (0.62, 0.58, 0.5)),
    ((0.25, 0.06, 0.04), (0.62, 0.5, 0.42)),
)
# Light and dark layers of yellow, red and grey sandstone.
SANDSTONES: tuple[tuple[Vector3, Vector3], ...] = (
    ((0.56, 0.4, 0.22), (0.4, 0.23, 0.1)),
    ((0.42, 0.19, 0.1), (0.27, 0.09, 0.045)),
    ((0.4, 0.38, 0.34), (0.26, 0.24, 0.21)),
)


def build_stone(mix: Ingredients) -> None:
    """Grains of size_m / 4, veins or layers size_m apart; the stone is the seed's, tinted by color.

    Roughness runs from polished to broken, which raises the relief; color_2 has no say.
    """
    mix.one_of((_granite, _marble, _sandstone))(mix)


def _granite(mix: Ingredients) -> None:
    feldspar, quartz, mica = (mix.natural(color) for color in mix.one_of(GRANITES))
    at = mix.points(mix.size_m / 4)
    crystals = cells(at + noise_vector(at * 2.0, detail=0.0) * 0.9)
    kind, shade, _ = crystals.shade.parts()
    flecks = noise(at * 0.8, detail=1.0).ramp(0.58, 0.62)
    light = kind.above(mix.uniform(0.45, 0.7)).blend(feldspar, quartz) * shade.between(0.75, 1.2)
    dark = kind.above(0.86).larger(flecks)
    _finish(mix, dark.blend(light, mica), noise(at * 3.0, detail=0.0), dark * 0.06)


def _marble(mix: Ingredients) -> None:
    ground, vein = (mix.natural(color) for color in mix.one_of(MARBLES))
    at = mix.points(mix.size_m)
    folded = at + noise_vector(at * 0.7, detail=2.0) * mix.uniform(1.0, 2.2)
    thick = _vein(folded * (0.55, 0.35, 0.45), 0.045) * noise(at * 0.9, detail=0.0).ramp(0.35, 0.6)
    thin = _vein(folded * 1.4 + (7.0, 3.0, 1.0), 0.03) * noise(at * 1.1 + (9.0, 0.0, 0.0), detail=0.0).ramp(
        0.4, 0.65
    )
    cloud = noise(folded * 0.6, detail=1.0).ramp(0.35, 0.7)
    veins = thick.larger(thin * 0.6).larger(cloud * 0.22)
    _finish(mix, veins.blend(ground, vein), noise(at * 12.0, detail=0.0), veins * 0.05)


def _vein(at: Vector, width: float) -> Scalar:
    """1 on the thin sheets where noise has its middle value."""
    return (noise(at, detail=2.0, roughness=0.55) - 0.5).absolute().ramp(width, 0.0) ** 1.5


def _sandstone(mix: Ingredients) -> None:
    light, dark = (mix.natural(color) for color in mix.one_of(SANDSTONES))
    at = mix.points(mix.size_m)
    tilted = at.turned((mix.uniform(-0.5, 0.5), mix.uniform(-0.5, 0.5), 0.0))
    _, _, height = (tilted + noise_vector(at * 0.35) * 1.6).parts()
    layers = noise(joined(height, 0.0, 0.0), detail=2.0, roughness=0.7).ramp(0.3, 0.7)
    grain, kind, _ = cells(at * 22.0).shade.parts()
    color = layers.blend(light, dark) * grain.between(0.65, 1.25)
    speckled = kind.above(0.93).blend(color, scaled(dark, 0.35))
    _finish(mix, speckled, noise(at * 11.0, detail=1.0), 0.25)


def _finish(mix: Ingredients, color: Vector, relief: Scalar, dull: Scalar | float) -> None:
    """Polished stone is darker, smooth and glossy; a broken face is dull and rough to the touch."""
    broken = mix.material.roughness
    set_inputs(
        mix.tree,
        {
            "Base Color": color * (0.85 + 0.25 * broken),
            "Roughness": dull + mix.roughness(0.02, 0.95),
            "Normal": mix.relief(relief, mix.size_m * (0.0002 + 0.06 * broken**2)),
        },
    )
