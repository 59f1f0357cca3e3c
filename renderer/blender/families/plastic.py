"""Plastic and rubber."""

from renderer.blender.families.ingredients import Ingredients, scaled, towards
from renderer.blender.fields import cells, noise, noise_vector
from renderer.blender.nodes import set_inputs


def build_plastic(mix: Ingredients) -> None:
    """Moulded plastic of color, into which light enters a little; streaks of the flow turn to color_2.

    Roughness runs from polished to a spark-eroded grain of size_m / 25.
    """
    at = mix.points(mix.size_m)
    flow = noise(at * (0.25, 0.8, 0.8) + noise_vector(at * 0.5, detail=0.0) * 1.5, detail=1.0)
    streak = flow.ramp(0.45, 0.75) * mix.uniform(0.0, 0.35)
    grain = noise(at * 25.0, detail=0.0)
    sheen = noise(at * 0.6 + (5.0, 0.0, 0.0), detail=0.0)
    set_inputs(
        mix.tree,
        {
            "Base Color": streak.blend(mix.color, mix.color_2),
            "Roughness": mix.roughness(0.05, 0.62) + (sheen - 0.5) * 0.12,
            "Normal": mix.relief(grain, mix.size_m / 25 * mix.roughness(0.0, 0.35)),
            "Subsurface Weight": mix.uniform(0.15, 0.4),
            "Subsurface Radius": towards(mix.color, (1.0, 1.0, 1.0), 0.3),
            "Subsurface Scale": 0.0015,  # m, of opaque ABS by eye
            "IOR": 1.5,
        },
    )


def build_rubber(mix: Ingredients) -> None:
    """Rubber of a darkened color, bloomed grey in patches of size_m, with crumbs of color_2 in some.

    Roughness runs from new and oily to old and dull.
    """
    at = mix.points(mix.size_m)
    dark = towards(scaled(mix.color, 0.09), (0.016, 0.016, 0.017), 0.4)
    bloom = noise(at, detail=2.0, roughness=0.65).ramp(0.4, 0.75) * mix.roughness(0.1, 0.9)
    body = bloom.blend(dark, towards(scaled(dark, 1.8), (0.1, 0.1, 0.1), 0.5))
    kind, shade, _ = cells(at * 12.0 + noise_vector(at * 24.0, detail=0.0) * 0.7).shade.parts()
    crumb = kind.above(1.0 - mix.one_of((0.0, 0.12))) * shade.between(0.5, 1.0)
    grain = noise(at * 30.0, detail=1.0)
    set_inputs(
        mix.tree,
        {
            "Base Color": crumb.blend(body, scaled(mix.color_2, 0.7)),
            "Roughness": mix.roughness(0.28, 0.92) + bloom * 0.15,
            "Normal": mix.relief(grain, mix.size_m / 30 * mix.roughness(0.1, 0.5)),
            "Specular IOR Level": 0.35,
            "Sheen Weight": 0.12,
            "Sheen Roughness": 0.5,
        },
    )
