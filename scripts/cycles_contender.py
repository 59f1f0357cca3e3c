#!/usr/bin/env python
"""Bare Cycles on frames of a recipe: of each, only the seconds between the render operator's start and end.

    scripts/cycles_contender.py recipe=dice frames=4 out=outputs/bare

Takes the keys of `gapless render`. A session of gapless builds and traces the scenes, and Blender's handlers
`render_init` and `render_post` stop the time; nothing is labelled. The operator leaves the passes in shared
memory, which takes some milliseconds. The last line printed is a JSON list: the seconds of each frame. Of the
last frame OUT/radiance.png, without exposure or tone curve, and OUT/ids.npy are left to compare others with.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from cube_scenes import with_recipe

from renderer.blender.session import BlenderSession, open_session
from renderer.buffers import Buffers
from renderer.catalog.library import Library
from renderer.randomize.scenes import sample_scene
from renderer.recipe.schema import Recipe
from renderer.settle import settle

GAMMA = 2.4  # of sRGB (IEC 61966-2-1), as the two numbers below


def watch_operator() -> Callable[[], float]:
    """A function that gives the seconds spent in the render operator since it was last asked."""
    import bpy  # noqa: PLC0415 - a session has to start Blender first

    begins: list[float] = []
    ends: list[float] = []
    bpy.app.handlers.render_init.append(lambda *_: begins.append(time.perf_counter()))
    bpy.app.handlers.render_post.append(lambda *_: ends.append(time.perf_counter()))

    def take() -> float:
        spent = sum(ends) - sum(begins)
        assert len(begins) == len(ends) > 0, "Blender's handlers were not called"
        begins.clear()
        ends.clear()
        return spent

    return take


def trace_frame(recipe: Recipe, library: Library, session: BlenderSession, index: int) -> Buffers:
    """The buffers of the first view of a scene."""
    scene = settle(sample_scene(recipe, library, index), library)
    try:
        session.build(scene)
        return session.trace(scene.views[0])
    finally:
        session.clear()


def write_buffers(buffers: Buffers, out: Path) -> None:
    """Write radiance as sRGB, and ids."""
    out.mkdir(parents=True, exist_ok=True)
    linear = np.clip(buffers.radiance, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / GAMMA) - 0.055)
    cv2.imwrite(str(out / "radiance.png"), np.rint(255 * encoded[..., ::-1]).astype(np.uint8))
    np.save(out / "ids.npy", buffers.ids)


def main(arguments: Sequence[str]) -> int:
    """Trace and print the seconds."""

    def work(recipe: Recipe, library: Library) -> None:
        seconds = []
        with open_session(recipe.engine, library, recipe.execution.threads or 0) as session:
            take = watch_operator()
            for index in range(recipe.first_frame, recipe.first_frame + recipe.frames):
                buffers = trace_frame(recipe, library, session, index)
                seconds.append(take())
            write_buffers(buffers, Path(recipe.out))
        print(json.dumps(seconds))

    with_recipe(arguments, work)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
