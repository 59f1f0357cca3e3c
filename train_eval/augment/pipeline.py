"""The whole augmentation of a training image: place, paste, light, camera."""

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np

from renderer.recipe.settings import parse_setting
from train_eval.augment.copy_paste import copy_paste
from train_eval.augment.draws import happens
from train_eval.augment.geometry import Resize, draw_transform
from train_eval.augment.photometric import change_light, photograph
from train_eval.augment.sample import Sample
from train_eval.augment.warp import warp_sample
from train_eval.settings import Augmentation

Donor = Callable[[np.random.Generator], Sample]


def augment(  # noqa: PLR0913 - the generator, the image and four independent choices about it
    rng: np.random.Generator,
    sample: Sample,
    settings: Augmentation,
    *,
    image_size_px: int,
    mode: Resize,
    donor: Donor | None = None,
) -> Sample:
    """A square training image of `image_size_px` and its labels, determined by `rng` alone.

    Each stage draws from a stream of its own: changing one leaves what the others do as it was.

    Args:
        donor: draws another image to copy objects from, not yet augmented; None: nothing is pasted.

    Raises:
        DataError: objects were to be copied from an image without masks.
    """
    placing, pasting, lighting, taking = _streams(rng, 4)
    placed = _place(placing, sample, settings, image_size_px, mode)
    if donor is not None and happens(pasting, settings.copy_paste_probability):
        other = _place(pasting, donor(pasting), settings, image_size_px, mode)
        placed = copy_paste(pasting, placed, other, settings)
    image = change_light(lighting, placed.image, settings)
    return replace(placed, image=photograph(taking, image, settings))


def _streams(rng: np.random.Generator, count: int) -> list[np.random.Generator]:
    return [np.random.default_rng(int(seed)) for seed in rng.integers(2**63, size=count)]


def _place(
    rng: np.random.Generator, sample: Sample, settings: Augmentation, image_size_px: int, mode: Resize
) -> Sample:
    canvas_from_image = draw_transform(rng, sample, settings, image_size_px, mode)
    return warp_sample(sample, canvas_from_image, image_size_px, settings.min_visible)


def check_augmentation(settings: Augmentation) -> None:
    """Check that every range is [low, high] in this order, and every value within its bounds.

    Raises:
        RecipeError: one sentence that begins with the key.
    """
    for field in fields(settings):
        parse_setting(field.metadata["spec"], getattr(settings, field.name), f"augmentation.{field.name}")
