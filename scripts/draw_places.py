#!/usr/bin/env python
"""Dice, cards and meshes in layouts, places and light, on one contact sheet.

    scripts/draw_places.py MESHES outputs/places
    scripts/draw_places.py MESHES outputs/places camera.width_px=320 camera.height_px=240 engine.samples=16

MESHES is a folder of meshes, such as scripts/fetch_meshes.py leaves. Keys of `gapless render` that follow
hold for every cell; writes OUT/places.png.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from renderer.blender.session import BlenderSession, open_session
from renderer.catalog.library import open_library
from renderer.commands.compose import compose_recipe
from renderer.commands.derived import write_picture
from renderer.commands.progress import track
from renderer.execution.shard import render_shard
from renderer.inspect.contact_sheet import LabelledImage, contact_sheet
from renderer.recipe.schema import Recipe

CELL_PX = 320
CELLS = (
    "recipe=dice layout=piles surface=bin lighting=office objects.die.count=25 seed=21",
    "recipe=dice layout.physics=true surface=tray lighting=overcast seed=4",
    "recipe=dice layout=rows surface=desk lighting=desk_lamp seed=5",
    "recipe=dice layout=stacks surface=carpet lighting=sun seed=6",
    "recipe=cards layout=fan surface=desk lighting=desk_lamp camera.field_width_m=0.35 seed=15",
    "recipe=cards surface=carpet lighting=window seed=8",
    "recipe=cards layout=held surface=floor lighting=overcast camera.look_at=card seed=9",
    "recipe=cards layout=piles surface=desk lighting=sun seed=10",
    "recipe=tabletop layout=rows surface=shelf camera=front lighting=office seed=11",
    "recipe=tabletop surface=bin lighting=overcast objects.mesh.count=6 camera.field_width_m=0.5 seed=16",
    "recipe=tabletop surface=desk lighting=window camera.field_width_m=0.6 seed=17",
    "recipe=tabletop surface=floor lighting=sun seed=14",
)


def main(arguments: Sequence[str]) -> int:
    """Run with the arguments of a command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("meshes", help="folder of meshes for recipe=tabletop")
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("keys", nargs="*", help="keys of `gapless render` for every cell")
    options = parser.parse_args(arguments)
    recipes = [compose_recipe([*_words(cell, options.meshes), *options.keys]) for cell in CELLS]
    with open_session(recipes[0].engine, open_library(recipes[0])) as session:
        images = track(images_of(recipes, session), "places", total=len(recipes))
        write_picture(options.out / "places.png", contact_sheet(images, [], cell_px=CELL_PX))
    print(options.out / "places.png")
    return 0


def _words(cell: str, meshes: str) -> list[str]:
    return [*cell.split(), *([f"objects.path={meshes}"] if "tabletop" in cell else [])]


def images_of(recipes: Sequence[Recipe], session: BlenderSession) -> Iterator[LabelledImage]:
    """The first frame of each recipe, under its words."""
    for cell, recipe in zip(CELLS, recipes, strict=True):
        library = open_library(recipe)
        at_home = replace(session, library=library)
        (frame,) = render_shard(recipe, library, at_home, [recipe.first_frame])
        assert frame.image is not None, f"a frame was rejected: {frame.record}"
        yield LabelledImage(image=frame.image, caption=_caption(cell), instances=[])


def _caption(cell: str) -> str:
    """What was chosen of the groups of configurations, such as 'dice, piles, bin, office'."""
    chosen = dict(word.split("=", 1) for word in cell.split())
    return ", ".join(chosen[key] for key in ("recipe", "layout", "surface", "lighting") if key in chosen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
