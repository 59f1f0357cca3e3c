"""Categories by name: renaming them, joining those of several sets, and matching a set to a detector."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Int

from renderer.errors import DataError, nearest_first
from train_eval.data.records import DetectionSet, ImageRecord


def rename_categories(detections: DetectionSet, category_map: Mapping[str, str | None]) -> DetectionSet:
    """Give categories other names, {theirs: ours}.

    Two that get one name become one. A category renamed to nothing ('' or None) is dropped on purpose:
    its objects are background from then on.
    """
    new_names = [_renamed(name, category_map) for name in detections.categories]
    categories = tuple(dict.fromkeys(name for name in new_names if name))
    return _renumbered(detections, new_names, categories)


def used_categories(detections: DetectionSet) -> tuple[str, ...]:
    """The categories that have a box, in the set's order."""
    used = {int(label) for image in detections.images for label in image.labels}
    return tuple(name for label, name in enumerate(detections.categories, start=1) if label in used)


def match_categories(detections: DetectionSet, categories: Sequence[str], owner: str) -> DetectionSet:
    """Relabel a set by the categories of another set or of a detector.

    Categories are compared by name. One that the set lists without having a box of it may be missing in
    `categories` (it goes), and one of `categories` may be missing in the set (it has no objects there).

    Args:
        owner: whose categories they are, for the message: 'checkpoint.pt', 'the training set'.

    Raises:
        DataError: objects of the set have a category that `categories` does not.
    """
    unknown = [name for name in used_categories(detections) if name not in categories]
    if unknown:
        raise DataError(_mismatch(detections, categories, owner, unknown))
    return relabel(detections, categories)


def relabel(detections: DetectionSet, categories: Sequence[str]) -> DetectionSet:
    """The set with labels counted in `categories`, among which are all that have a box."""
    assert set(used_categories(detections)) <= set(categories), "match_categories tells users what differs"
    known = [name if name in categories else None for name in detections.categories]
    return _renumbered(detections, known, tuple(categories))


def _renumbered(
    detections: DetectionSet, new_names: Sequence[str | None], categories: tuple[str, ...]
) -> DetectionSet:
    """The set with category k called `new_names[k - 1]`, numbered as in `categories`; None: no boxes."""
    if tuple(new_names) == detections.categories == categories:
        return detections
    place = {name: label for label, name in enumerate(categories, start=1)}
    new_label = np.array([0, *(place[name] if name else 0 for name in new_names)], dtype=np.int64)
    images = tuple(_relabelled_image(image, new_label) for image in detections.images)
    return replace(detections, categories=categories, images=images)


def _renamed(name: str, category_map: Mapping[str, str | None]) -> str | None:
    return category_map.get(name, name) or None


def _relabelled_image(image: ImageRecord, new_label: Int[np.ndarray, " k"]) -> ImageRecord:
    labels = new_label[image.labels]
    return _selected(replace(image, labels=labels), np.flatnonzero(labels))


def _selected(image: ImageRecord, kept: Int[np.ndarray, " m"]) -> ImageRecord:
    """The record with some of its boxes."""
    return replace(
        image,
        boxes_xyxy=image.boxes_xyxy[kept],
        labels=image.labels[kept],
        ignore=image.ignore[kept],
        masks=None if image.masks is None else tuple(image.masks[i] for i in kept),
    )


def _mismatch(detections: DetectionSet, categories: Sequence[str], owner: str, unknown: list[str]) -> str:
    free = [name for name in categories if name not in detections.categories]
    only_there = f", and {', '.join(free)} only by {owner}" if free else ""
    pairs = [f"{name}: {nearest_first(name, free or categories)[0]}" for name in unknown]
    return (
        f"the categories of {detections.name} and of {owner} differ: {', '.join(unknown)} are known only by "
        f"{detections.name}{only_there}; say which is which, theirs before ours, for instance "
        f"'category_map={{{', '.join(pairs)}}}' (\"\" as our name drops a category's objects)"
    )
