"""Opening the SETs of a command: what is wrong with them is said, and what was left out, too."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from renderer.errors import DataError
from train_eval.data.records import DetectionSet
from train_eval.data.sets import open_set


def open_data(
    sets: Sequence[str], *, on_bad_data: str, category_map: Mapping[str, str | None]
) -> DetectionSet:
    """Open SETs as one, and report on standard error what was left out of them.

    Raises:
        DataError: a SET is missing, or has something wrong and `on_bad_data` is 'stop'.
    """
    (data,) = open_each([sets], on_bad_data=on_bad_data, category_map=category_map)
    return data


def open_each(
    groups: Sequence[Sequence[str]], *, on_bad_data: str, category_map: Mapping[str, str | None]
) -> list[DetectionSet]:
    """Open the SETs of each group as one, as `open_data` does.

    A name of the map is reported only where no group has such a category.

    Raises:
        DataError: a SET is missing, or has something wrong and `on_bad_data` is 'stop'.
    """
    said: list[str] = []
    opened = [
        open_set(
            [str(Path(text).expanduser()) for text in group],
            on_bad_data=on_bad_data,
            category_map=category_map,
            report=said.append,
        )
        for group in groups
    ]
    strange = {name: [m for m in said if m.startswith(f"category_map: '{name}' ")] for name in category_map}
    known_somewhere = {m for about in strange.values() if len(about) < len(groups) for m in about}
    for message in said:
        if message not in known_somewhere:
            print(f"gapless: {message}", file=sys.stderr)
    return opened


def check_has_objects(data: DetectionSet) -> None:
    """Refuse to measure on a set in which there is nothing to find.

    Raises:
        DataError: no image has an object that counts.
    """
    if all(record.ignore.all() for record in data.images):
        raise DataError(
            f"{data.name} must hold labelled objects to measure on, and holds none; check the annotations"
        )


def count_text(data: DetectionSet) -> str:
    """How much there is, in words."""
    objects = sum(len(record.boxes_xyxy) for record in data.images)
    return f"{len(data.images)} images, {objects} objects, {len(data.categories)} categories"
