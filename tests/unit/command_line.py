"""What tests of the commands share: an own recipe, quick dry runs, and datasets left half done."""

from pathlib import Path
from typing import Any

from unit.frames import SMALL, finished_frame
from unit.recipes import dice_recipe

from renderer.catalog.library import open_library
from renderer.commands.main import run
from renderer.dataset.identity import dataset_identity
from renderer.dataset.store import open_store

OWN_RECIPE = """\
# @package _global_
defaults:
  - dice
  - _self_
name: own
layout:
  half_width_m: 0.125
"""


def write_own_recipe(folder: Path) -> Path:
    """A folder with a recipe of the user's, inside `folder`."""
    path = folder / "mine" / "recipe" / "own.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(OWN_RECIPE)
    return folder / "mine"


def dry_run(*arguments: str) -> None:
    """A quick dry run that must succeed: of one frame of 2 dice, unless told otherwise."""
    quick = {"recipe": "dice", "frames": 1, "objects.die.count": 2, "dry_run": "true"}
    given = {argument.partition("=")[0] for argument in arguments}
    assert run(["render", *(f"{k}={v}" for k, v in quick.items() if k not in given), *arguments]) == 0


def dice_identity() -> dict[str, Any]:
    recipe = dice_recipe(**SMALL)
    return dataset_identity(recipe, open_library(recipe))


def commit_frames(out: Path, *frames: int) -> None:
    """What `gapless render recipe=dice`, with small images, would have left when it was stopped."""
    store = open_store(str(out), dice_identity())
    for number in frames:
        frame = finished_frame(dice_recipe(**SMALL), number)
        store.commit(frame.record, frame.image_png)
