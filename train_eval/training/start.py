"""Beginning with the weights of another training."""

from dataclasses import replace
from pathlib import Path

from renderer.errors import RecipeError
from train_eval.models.detector import DetectorSpec
from train_eval.settings import Training
from train_eval.training.checkpoint import load_checkpoint

SAME_KEYS = ("architecture", "backbone", "fpn_channels", "head_convolutions")


def starting_spec(settings: Training) -> DetectorSpec | None:
    """The detector of `initial_checkpoint`, for images of the size that is wanted now; None without one.

    Its categories, levels and anchors are those of its weights, whatever the boxes of the new data.

    Raises:
        DataError: the checkpoint is missing, damaged or something else.
        RecipeError: a key of the model is not that of the checkpoint.
    """
    if settings.initial_checkpoint is None:
        return None
    spec = load_checkpoint(Path(settings.initial_checkpoint).expanduser()).spec
    for key in SAME_KEYS:
        wanted, there = getattr(settings.model, key), getattr(spec, key)
        if wanted != there:
            raise RecipeError(
                f"model.{key} must be {there}, as in initial_checkpoint '{settings.initial_checkpoint}', "
                f"got {wanted}; set model.{key}={there}"
            )
    resize = spec.resize if settings.resize == "auto" else settings.resize
    return replace(spec, image_size_px=settings.image_size_px, resize=resize)
