"""Paint with metal flakes under a clear coat."""

from renderer.blender.families.ingredients import Ingredients, scaled, towards
from renderer.blender.fields import cells, noise, object_points, world_normal
from renderer.blender.nodes import set_inputs


def build_flake_paint(mix: Ingredients) -> None:
    """Flakes of size_m / 90 that lean at random, in color with a gleam of color_2, under a clear coat.

    Roughness dulls the coat and the flakes; bump_m is orange peel in the coat.
    """
    at = mix.points(mix.size_m / 90)
    flakes = cells(at)
    lean, pick, depth = flakes.shade.parts()
    gleam = towards(scaled(mix.color, 1.6), mix.color_2, mix.uniform(0.15, 0.45))
    base = depth.blend(scaled(mix.color, 0.3), scaled(mix.color, 0.8))
    bright = pick.ramp(0.6, 1.1)
    tilt = (flakes.shade - (0.5, 0.5, 0.5)) * mix.uniform(0.4, 0.7)
    peel = noise(object_points(mix.tree) * (1 / mix.size_m) * 6.0, detail=0.0)
    set_inputs(
        mix.tree,
        {
            "Base Color": bright.blend(base, towards(gleam, (1.0, 1.0, 1.0), 0.15)),
            "Metallic": bright.between(0.75, 1.0),
            "Roughness": mix.roughness(0.24, 0.6) + lean * 0.12,
            "Normal": (world_normal(mix.tree) + tilt).unit(),
            "Coat Weight": 1.0,
            "Coat Roughness": mix.roughness(0.0, 0.5),
            "Coat Normal": mix.relief(peel, 0.004 * mix.size_m),
        },
    )
