"""The identity of a dataset: two runs with equal identity render equal frames."""

from importlib.metadata import version
from typing import Any

from renderer.catalog.library import Library
from renderer.recipe.identity import recipe_identity
from renderer.recipe.schema import Recipe

STORE = "store"  # the key of the kind of store
# Everything that can change a draw, a pixel or a label.
VERSIONED = (
    "gapless", "bpy", "blenderproc", "numpy", "scipy", "opencv-python", "openexr", "pillow", "pycocotools",
    "pyoidn", "torch", "trimesh",
)  # fmt: skip


def dataset_identity(recipe: Recipe, library: Library) -> dict[str, Any]:
    """Scene-relevant keys of the recipe, the user's files by content, versions, and the kind of store.

    The last is there for what is no store of files alone, so that those keep the identity they had.
    """
    identity = {
        "recipe": recipe_identity(recipe),
        "files": library.manifest(),
        "versions": {name: version(name) for name in VERSIONED},
    }
    if recipe.store == "webdataset":
        identity[STORE] = {"kind": recipe.store, "shard_frames": _whole_scenes(recipe)}
    return identity


def _whole_scenes(recipe: Recipe) -> int:
    """Frames of a shard, rounded up so that no scene is cut."""
    scene_frames = recipe.views * recipe.shots
    return -(-recipe.shard_frames // scene_frames) * scene_frames


def first_difference(there: Any, here: Any, path: str = "") -> str | None:
    """The first place, in sorted order, where two identities differ, in words; None where they are equal."""
    if isinstance(there, dict) and isinstance(here, dict):
        for key in sorted(set(there) | set(here)):
            difference = first_difference(there.get(key), here.get(key), f"{path} {key}".strip())
            if difference is not None:
                return difference
        return None
    return None if there == here else f"{path} is {there} there and {here} here"
