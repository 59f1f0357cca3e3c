"""Recipe + seed + index -> Scene."""

from renderer.catalog.library import Library
from renderer.errors import RecipeError
from renderer.randomize.casters import draw_casters
from renderer.randomize.draws import recorder
from renderer.randomize.grounds import draw_ground
from renderer.randomize.lights import draw_lights, draw_sky
from renderer.randomize.placing import draw_objects, layout_half_size_m
from renderer.randomize.streams import FrameAddress, frame_address
from renderer.randomize.views import draw_view
from renderer.recipe.schema import Recipe
from renderer.scene import Scene

CHECKED_SCENES = 16
CHECKED_FRAMES = 10_000  # in about a second, for constraints alone


def sample_scene(recipe: Recipe, library: Library, index: int) -> Scene:
    """Draw every factor of scene `index`; it depends on recipe, seed and index only."""
    draws = recorder(recipe, FrameAddress(scene=index))
    half_size_m = layout_half_size_m(draws, recipe, library)
    ground = draw_ground(draws, recipe.surface, half_size_m)
    objects = draw_objects(draws, recipe, library, half_size_m)
    sky = draw_sky(draws, recipe.lighting, library)
    lights = draw_lights(draws, recipe.lighting, half_size_m)
    casters = draw_casters(draws, recipe.lighting, lights, sky)
    views = tuple(
        draw_view(recipe, FrameAddress(scene=index, view=view), half_size_m, objects, lights)
        for view in range(recipe.views)
    )
    return Scene(
        index=index,
        objects=objects,
        ground=ground,
        lights=lights,
        sky=sky,
        views=views,
        casters=casters,
        draws=draws.record,
    )


def check_constraints(recipe: Recipe, library: Library) -> None:
    """Sample a few scenes, so that a constraint or lens that cannot be had shows before Blender starts.

    Raises:
        RecipeError: a constraint was not met, or a lens could not be rendered, in one of the first scenes of
            the recipe's frames.
    """
    if not recipe.constraints and recipe.camera.distortion.model == "none":
        return
    frames_per_scene = recipe.views * recipe.shots
    first = recipe.first_frame // frames_per_scene
    last = (recipe.first_frame + recipe.frames - 1) // frames_per_scene
    for index in range(first, min(last + 1, first + CHECKED_SCENES)):
        sample_scene(recipe, library, index)
    _meet_constraints(recipe, library)


def _meet_constraints(recipe: Recipe, library: Library) -> None:
    """Draw what the constraints ask for in all frames, and nothing else: one that fails seldom shows too."""
    kinds = {f"objects.{name}": kind.count for name, kind in recipe.objects.items()}
    kinds |= {f"lighting.lights.{name}": lamps.count for name, lamps in recipe.lighting.lights.items()}
    kinds |= {f"lighting.casters.{name}": kind.count for name, kind in recipe.lighting.casters.items()}
    first = recipe.first_frame
    for frame in range(first, first + min(recipe.frames, CHECKED_FRAMES)):
        address = frame_address(frame, recipe.views, recipe.shots)
        try:
            recorder(recipe, address).meet_constraints(kinds)
        except RecipeError:
            sample_scene(recipe, library, address.scene)  # fails too, unless nothing there asks for the draw
