"""Real renders, small: 1 sample, no denoiser, tiny images."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from blender.objects import PLAIN

from renderer.blender.session import BlenderSession, open_session
from renderer.buffers import Buffers
from renderer.catalog.library import Library, open_library
from renderer.recipe.schema import Recipe
from renderer.recipe.validation import parse_recipe, recipe_defaults
from renderer.scene import Camera, Ground, Pose, Scene, SceneObject, SensorValues, Shot, Sky, View


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    config = recipe_defaults()
    config["objects"] = {"die": {"source": "die"}}
    config["engine"] |= {"samples": 1, "denoise": False, "device": "cpu"}
    return parse_recipe(config)


@pytest.fixture(scope="session")
def library(recipe: Recipe) -> Library:
    return open_library(recipe)


@pytest.fixture(scope="session")
def session(recipe: Recipe, library: Library) -> Iterator[BlenderSession]:
    with open_session(recipe.engine, library) as opened:
        yield opened


@pytest.fixture(scope="session")
def trace(session: BlenderSession) -> Callable[[Scene], Buffers]:
    """Build a scene, trace its first view, clear."""

    def traced(scene: Scene) -> Buffers:
        with built(session, scene):
            return session.trace(scene.views[0])

    return traced


@contextmanager
def built(session: BlenderSession, scene: Scene) -> Iterator[None]:
    try:
        session.build(scene)
        yield
    finally:
        session.clear()


def camera(**changes: Any) -> Camera:
    """160 x 120 pixels, 1 m above the origin, straight down; 1 mm is a fifth of a pixel."""
    above = Pose(position_m=(0.0, 0.0, 1.0), rotation_wxyz=(0.0, 1.0, 0.0, 0.0))
    plain = Camera(width_px=160, height_px=120, fx_px=200.0, fy_px=200.0, cx_px=80.0, cy_px=60.0, pose=above)
    return replace(plain, **changes)


def scene_of(*objects: SceneObject, seen_by: Camera | None = None) -> Scene:
    """Objects on a plain grey table under the studio sky."""
    shot = Shot(sensor=SensorValues(), noise_seed=1, draws={})
    view = View(camera=seen_by or camera(), cycles_seed=1, shots=(shot,), draws={})
    return Scene(
        index=0,
        objects=objects,
        ground=Ground(half_size_m=(0.2, 0.2), parameters=PLAIN, tray=None),
        lights=(),
        sky=Sky(image="built-in:studio.exr", rotation_wxyz=(1.0, 0.0, 0.0, 0.0), strength=1.0),
        views=(view,),
    )
