"""What light passes through: clear glass, and wax or frosted acrylic."""

from renderer.blender.families.ingredients import Ingredients, scaled, towards
from renderer.blender.fields import Scalar, light_path, noise, noise_vector
from renderer.blender.nodes import principled, set_inputs
from renderer.scene import Vector3

WHITE = (1.0, 1.0, 1.0)


def build_glass(mix: Ingredients) -> None:
    """Glass tinted by color, more or less as the seed has it, wavy over size_m; color_2 has no say.

    Roughness runs from clear to sand-blasted.
    """
    tint = towards(WHITE, _bright(mix.color), mix.one_of((0.05, 0.15, 0.4, 0.8)))
    at = mix.points(mix.size_m)
    wave = noise(at, detail=0.0)
    set_inputs(
        mix.tree,
        {
            "Base Color": tint,
            "Roughness": mix.roughness(0.0, 0.55),
            "Normal": mix.relief(wave, 0.01 * mix.size_m),
            "Transmission Weight": 1.0,
            "IOR": 1.5,
        },
    )
    _let_light_pass(mix, scaled(tint, 0.92))


def build_translucent(mix: Ingredients) -> None:
    """Wax or frosted acrylic of color, into which light goes size_m / 2 deep; clouds turn to color_2.

    Roughness runs from polished to matt.
    """
    at = mix.points(mix.size_m)
    cloud = noise(at + noise_vector(at * 0.6, detail=0.0) * 1.2, detail=2.0).ramp(0.35, 0.75) * mix.uniform(
        0.1, 0.5
    )
    pale = towards(_bright(mix.color), WHITE, 0.1)
    clear = mix.one_of((0.0, 0.0, 0.45))
    set_inputs(
        mix.tree,
        {
            "Base Color": cloud.blend(pale, towards(_bright(mix.color_2), WHITE, 0.1)),
            "Roughness": mix.roughness(0.12, 0.75),
            "Normal": mix.relief(noise(at * 4.0, detail=0.0), 0.004 * mix.size_m),
            "Subsurface Weight": 1.0,
            "Subsurface Radius": towards(pale, WHITE, 0.2),
            "Subsurface Scale": mix.size_m / 2,
            "Transmission Weight": clear,
            "IOR": 1.45,
        },
    )


def _bright(color: Vector3) -> Vector3:
    """The hue of a colour, as bright as it can be."""
    return scaled(color, 1 / max(*color, 0.05))


def _let_light_pass(mix: Ingredients, tint: Vector3) -> None:
    """Where a ray only asks for light, go straight through, and so after several refractions.

    Without caustics nothing is lit through a refracting surface: glass would throw black shadows, and
    paths that end inside it would be black.
    """
    tree = mix.tree
    ray = [light_path(tree, name) for name in ("Is Shadow Ray", "Is Diffuse Ray")]
    late: Scalar = light_path(tree, "Ray Depth").above(2.5)
    clear = tree.nodes.new("ShaderNodeBsdfTransparent")
    clear.inputs["Color"].default_value = (*tint, 1.0)
    choice = tree.nodes.new("ShaderNodeMixShader")
    output = next(node for node in tree.nodes if node.type == "OUTPUT_MATERIAL")
    tree.links.new(ray[0].larger(ray[1]).larger(late).socket, choice.inputs["Fac"])
    tree.links.new(principled(tree).outputs["BSDF"], choice.inputs[1])
    tree.links.new(clear.outputs["BSDF"], choice.inputs[2])
    tree.links.new(choice.outputs["Shader"], output.inputs["Surface"])
