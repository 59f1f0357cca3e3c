"""Keys that are right alone and wrong together."""

import math
from collections.abc import Sequence

from renderer.errors import RecipeError, unknown_name_message
from renderer.recipe.imaging import Camera
from renderer.recipe.lighting import THE_SUN, Lighting
from renderer.recipe.objects import Foreground
from renderer.recipe.schema import Recipe

# Of each row only one key can count.
EXCLUSIVE = (("fov_deg", "K"), ("distance_m", "height_m"), ("direction", "height_m"))


def check_camera(recipe: Recipe) -> None:
    """Check the keys of the camera against each other, and against the views and objects.

    Raises:
        RecipeError: two keys say different things, or a camera has nothing to look at.
    """
    camera = recipe.camera
    for first, second in EXCLUSIVE:
        if getattr(camera, first) is not None and getattr(camera, second) is not None:
            raise RecipeError(
                f"camera.{first} and camera.{second} exclude each other, got both: set one of them to null"
            )
    _check_matrix(camera.K, "camera.K")
    if camera.look_at is not None and camera.look_at not in recipe.objects:
        raise RecipeError(unknown_name_message("camera.look_at", camera.look_at, recipe.objects))
    if camera.look_at is not None and isinstance(recipe.objects[camera.look_at], Foreground):
        raise RecipeError(
            f"camera.look_at must be a kind of objects that lie on the ground, got '{camera.look_at}', which "
            "floats before the camera"
        )
    if camera.rig:
        _check_rig(camera, recipe.views)
    _check_crop(camera)


def _check_crop(camera: Camera) -> None:
    crop = camera.crop
    if (crop.width_px is None) != (crop.height_px is None):
        raise RecipeError(
            "camera.crop.width_px and height_px belong together, got one of them: give both or none"
        )
    for side in ("width_px", "height_px"):
        whole, part = getattr(camera, side), getattr(crop, side)
        if part is not None and part > whole:
            raise RecipeError(f"camera.crop.{side} must be at most camera.{side}, got {part} > {whole}")
    if crop.width_px is not None and camera.distortion.model != "none":
        raise RecipeError(
            "camera.crop and camera.distortion exclude each other, got both: set camera.distortion.model to "
            "none or camera.crop.width_px and height_px to null"
        )


def _check_rig(camera: Camera, views: int) -> None:
    if views > len(camera.rig):
        raise RecipeError(
            f"views must be at most the {len(camera.rig)} cameras of camera.rig, got {views}: "
            "add a camera to the rig or take fewer views"
        )
    for name, fixed in camera.rig.items():
        key = f"camera.rig.{name}"
        if fixed.K is not None and fixed.focal_length_mm is not None:
            raise RecipeError(
                f"{key}.focal_length_mm and {key}.K exclude each other, got both: set one of them to null"
            )
        _check_matrix(fixed.K, f"{key}.K")
        if math.dist(fixed.position_m, fixed.target_m) == 0:
            raise RecipeError(
                f"{key}.target_m must differ from its position_m, got {fixed.target_m} for both"
            )


def _check_matrix(matrix: Sequence[float] | None, name: str) -> None:
    if matrix is not None and not (matrix[0] > 0 and matrix[1] > 0):
        raise RecipeError(f"{name} must have focal lengths fx and fy above 0 px, got {list(matrix)}")


def check_casters(lighting: Lighting) -> None:
    """Check that what casters block is there.

    Raises:
        RecipeError: it is no light of the recipe and not the sun.
    """
    for name, casters in lighting.casters.items():
        if casters.blocks is not None and casters.blocks not in (*lighting.lights, THE_SUN):
            raise RecipeError(
                unknown_name_message(
                    f"lighting.casters.{name}.blocks", casters.blocks, [*lighting.lights, THE_SUN]
                )
            )
