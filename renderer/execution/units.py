"""Which frames are given out together."""

import itertools
from collections.abc import Iterator, Sequence

LARGEST_UNIT = 16  # frames, unless the shots of a view are more: little is lost by a crash


def units(frames: Sequence[int], views: int, shots: int) -> Iterator[list[int]]:
    """Cut frames into units: those of one scene, or a part of them where it has many views.

    The shots of a view share its trace, and stay together however many they are.

    Args:
        frames: ascending.
        views: of a scene.
        shots: of a view.
    """
    for _, of_scene in itertools.groupby(frames, key=lambda frame: frame // (views * shots)):
        unit: list[int] = []
        for _, of_view in itertools.groupby(of_scene, key=lambda frame: frame // shots):
            view = list(of_view)
            if unit and len(unit) + len(view) > LARGEST_UNIT:
                yield unit
                unit = []
            unit += view
        yield unit
