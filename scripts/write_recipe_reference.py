#!/usr/bin/env python3
"""Write docs/recipe.md from the schema of a recipe; --check only says whether it is up to date."""

import argparse
import sys
from pathlib import Path

from renderer.inspect.reference import reference_sections, section_markdown

PATH = Path(__file__).resolve().parents[1] / "docs" / "recipe.md"
DISTRIBUTIONS = {
    "constant": ("`3`, `red`, `[constant, 3]`", "always the same value"),
    "uniform": ("`[uniform, low, high]`", "numbers, equally likely"),
    "log_uniform": ("`[log_uniform, low, high]`", "numbers above 0, equally likely in the logarithm"),
    "truncated_normal": (
        "`[truncated_normal, mean, sd, low, high]`",
        "numbers of a normal distribution that is cut to the range",
    ),
    "integer": ("`[integer, low, high]`", "whole numbers, both ends included"),
    "choice": (
        "`[choice, [a, b]]`, `[choice, {a: 3, b: 1}]`, `[choice, [a, b], [3, 1]]`",
        "one of some values, by weight",
    ),
    "sometimes": (
        "`[sometimes, 0.3, VALUE]`",
        "a value or distribution with this probability, else null: for factors that may be null",
    ),
    "srgb": ("`[srgb, r, g, b]`", "colours: each axis a number or `[low, high]` in [0, 1]"),
    "hsv": ("`[hsv, h, s, v]`", "the same by hue, saturation and value"),
    "blackbody": ("`[blackbody, low, high]`", "colours of a black body, 1667 to 25000 kelvin"),
    "direction_cap": (
        "`[direction_cap, max]`, `[direction_cap, min, max]`",
        "directions between two angles from +Z in degrees, equally likely by solid angle",
    ),
    "rotation_uniform": ("`[rotation_uniform]`", "all rotations, equally likely"),
    "rotation_about": (
        "`[rotation_about, [x, y, z], low, high]`",
        "rotations about an axis, by an angle in degrees",
    ),
}
INTRODUCTION = """\
# The recipe: every key

Generated from the schema by `scripts/write_recipe_reference.py`: do not edit.

A recipe declares a distribution over scenes. It is put together from the YAML groups in `configs/` (or in
your own `--config-dir`) and from the command line, and what they leave out has the defaults below. Look at
the outcome with

    gapless recipe show recipe=dice            # every key with its value
    gapless recipe factors recipe=dice camera  # what is drawn, from what
    gapless recipe check recipe=dice           # whether it can be rendered, and what is worth a look
    gapless recipe diff dice cards             # what differs
    gapless render recipe=dice frames=1000 dry_run=true   # histograms of what would be drawn, and its cost

A key is a *setting*, which has one value, or a *factor*, which is drawn. The unit of a key stands at the
end of its name; write numbers without it.

## Factors

A factor holds a value, or a list that begins with the name of a distribution, in YAML and on the command
line alike:

    camera:
      tilt_deg: [uniform, 0, 35]

    gapless render recipe=dice 'camera.tilt_deg=[uniform, 0, 35]' objects.die.color='"#aa2010"'

"""
LEVELS = """
Where null is allowed it switches off what the factor controls: `sensor.iso=null` leaves
the noise out, `camera.f_stop=null` is a pinhole. A factor that is off, or needs one that is off, is not
drawn. Each draw has a random stream of its own, so that switching a factor off leaves every other draw as
it was.

## Levels

*Drawn* says how often. A *scene* has `views` *views* (cameras), a view has `shots` *shots* (photometric
variants of one traced image), and each shot is a frame: frame i is shot `i % shots` of view `i // shots %
views` of scene `i // (shots * views)`. In maps such as `objects` and `lighting.lights`, *scene, each* is
drawn for each object or light of the kind, and *scene* once for all of them.

Maps have names of your own: `objects.die` and `objects.big_die` may both be dice, with draws of their own.
A name begins with a letter and goes on with letters, digits, `-` and `_`.

## Relations between factors

    conditions:                      # where `when` holds, the factor is drawn from `draw` instead
      dim_at_night:
        factor: lighting.environment.strength
        when: "lighting.environment.image < 0.2"
        draw: [log_uniform, 0.05, 0.3]
    correlations:                    # factors with a common cause; loadings in [-1, 1]
      far_and_steep:
        factors: {camera.field_width_m: 0.8, camera.tilt_deg: 0.6}
    constraints:                     # drawn again until they hold, with an error if they never do
      not_too_flat: "camera.tilt_deg < 30 or camera.field_width_m > 0.3"

Of several conditions on one factor the first that holds counts, in the order of their names. Correlated
factors keep their own distributions exactly; the normal scores of two correlate by the product of their
loadings (a Gaussian copula of one cause). If all belong to one kind of object or light, each object has a
cause of its own. For a constraint, the factors at the finest level (scene, view, shot; in a level those of
each object) are drawn again together, and coarser ones stay; one that is not met in 1000 attempts is named
before Blender starts. All other draws stay as they were, whatever is related. Null takes an entry back.

Expressions are made of the names of factors, numbers, quoted names, `true`, `false`, `+ - * /`,
comparisons (also `0 < a < b`), `in ('a', 'b')`, `and`, `or`, `not`, `min`, `max` and `abs`. A comparison with
a factor that is off, or with a division by zero, does not hold. A factor may depend on those of its own level
or a coarser one, and an object's factor on the same object's others. What is drawn again until it fits
(places, pips, lenses) can be the target of a condition, but nothing can depend on it. A name with a `-` in it
cannot stand in an expression. On the command line:

    gapless render recipe=dice 'constraints.wide="camera.field_width_m >= 0.3"' \\
        'conditions.flat={factor: camera.tilt_deg, when: "surface.tray.presence", draw: [uniform, 0, 10]}'

## Objects of your own, objects in the way, and none

    gapless recipe check recipe=tabletop objects.path=my_meshes    # reports each file
    gapless render recipe=tabletop objects.path=my_meshes \\
        'objects.mesh.categories={"mugs/*": mug, "junk/*": null}' 'objects.mesh.symmetries={"mugs/*": z}'
    gapless render recipe=tabletop objects.path=my_meshes \\
        'objects.mesh.keypoints={"mugs/*": "handle 0.04 0 0.03, rim 0 0 0.09"}'
    gapless render recipe=tabletop objects.path=my_meshes objects.mesh.look=replace
    gapless render recipe=cards 'objects=[cards,occluders,foreground]' \\
        'layout.object_free=[choice,{true: 1, false: 9}]'

`objects.path` is for all kinds of source mesh without a path of their own, so that `objects.trash: {source:
mesh, path: my_trash, labelled: false}` in a recipe adds distractors from another folder. `foreground` floats
before each camera and hides what is behind it. Where `layout.object_free` holds, a scene has no objects to
label; what else it has stays.

## Cameras and sensors

One scene of dice under twelve cameras, with the labels that follow, and under twelve sensors
(`scripts/draw_variants.py`):

![Twelve cameras](images/cameras.jpg)

![Twelve sensors](images/sensors.jpg)

The sensor's steps come in the order of a camera: exposure by a meter; in the lens chromatic aberration,
defocus, motion blur, vignetting; in the raw image the mosaic, the noise, saturation, the gain; in the
development the wrong white balance, the mosaic undone, tone curve, contrast, sharpening, rescaling; and the
JPEG file, as libjpeg writes it. `sensor=varied` has all but the gain. Pixels are those of the rendered image:
a recipe for larger images needs larger blurs. Depth of field and motion blur come in two kinds: of the scene
(`camera.f_stop`, `camera.motion_deg`), traced, and right for near and far, or of the image
(`sensor.defocus_px`, `sensor.motion_blur_px`), free, and alike everywhere.

## Keys

"""


def reference() -> str:
    """The whole page."""
    rows = [f"| {syntax} | {meaning} |" for syntax, meaning in DISTRIBUTIONS.values()]
    table = "\n".join(["| written | draws |", "| --- | --- |", *rows]) + "\n"
    sections = "\n\n".join(map(section_markdown, reference_sections()))
    return f"{INTRODUCTION}{table}{LEVELS}{sections}\n"


def main() -> int:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the page is old")
    if parser.parse_args().check:
        is_new = PATH.is_file() and PATH.read_text(encoding="utf-8") == reference()
        print(f"{PATH} is {'up to date' if is_new else 'old: run this script without --check'}")
        return 0 if is_new else 1
    PATH.write_text(reference(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
