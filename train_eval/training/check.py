"""Checks of a training's settings that go beyond single keys."""

import math

from renderer.errors import RecipeError
from train_eval.augment.pipeline import check_augmentation
from train_eval.settings import Regime

NORM_GROUPS = 32  # of the group norms in torchvision's heads


def check_regime(settings: Regime) -> None:
    """Check what single keys cannot say.

    Raises:
        RecipeError: the message begins with the key.
    """
    model = settings.model
    if model.fpn_channels % NORM_GROUPS:
        raise RecipeError(
            f"model.fpn_channels must be a multiple of {NORM_GROUPS}, got {model.fpn_channels}; "
            f"take {max(1, round(model.fpn_channels / NORM_GROUPS)) * NORM_GROUPS}"
        )
    if settings.image_size_px % 32:
        raise RecipeError(
            f"image_size_px must be a multiple of 32, got {settings.image_size_px}; "
            f"take {max(2, round(settings.image_size_px / 32)) * 32}"
        )
    check_augmentation(settings.augmentation)


def check_processes(settings: Regime, processes: int) -> None:
    """Check that every process gets an equal part of a batch: their gradients count the same.

    Raises:
        RecipeError: the batch does not divide.
    """
    size = settings.batch_size
    if size % processes:
        raise RecipeError(
            f"batch_size must be a multiple of the {processes} processes, got {size}; "
            f"take {math.ceil(size / processes) * processes}"
        )
