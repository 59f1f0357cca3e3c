"""Batches of images of which each has values of its own, or leaves a step out."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor


def apply(operator: Callable[..., Tensor], images: Tensor, *columns: Sequence[Any]) -> Tensor:
    """Apply an operator to those images for which the first column is not None, with their values.

    Args:
        operator: takes a batch of images and, for each column, the values of its images.
        images: all of them; the others stay as they are.
        columns: the values of each image.
    """
    chosen = [n for n, value in enumerate(columns[0]) if value is not None]
    if not chosen:
        return images
    values = [[column[n] for n in chosen] for column in columns]
    if len(chosen) == len(images):
        return operator(images, *values)
    changed = images.clone()
    changed[chosen] = operator(images[chosen], *values)
    return changed


def per_image(numbers: Sequence[float], like: Tensor) -> Float[Tensor, "b 1 1 1"]:
    """One number for each image of a batch, on its device."""
    return torch.tensor(list(numbers), dtype=like.dtype, device=like.device)[:, None, None, None]
