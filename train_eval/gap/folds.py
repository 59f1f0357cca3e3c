"""Folds of photographs: what was tuned on one is judged on another, which shares no series with it."""

import numpy as np
from jaxtyping import Int

from renderer.errors import DataError


def series_folds(groups: Int[np.ndarray, " images"], folds: int) -> Int[np.ndarray, " images"]:
    """The fold of each image, from 0: whole groups, the largest first, each into the fold with least images.

    They depend on the groups alone, so they stay the same from one measurement to the next. (Graham's rule of
    longest processing time, SIAM J. on Applied Mathematics 17, 1969, for folds of about equal size.)

    Raises:
        DataError: there are fewer groups than folds.
    """
    names, member_of, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(names) < folds:
        raise DataError(
            f"folds must be at most {len(names)}, as many as there are series of alike photographs, "
            f"got {folds}: take fewer, or more photographs"
        )
    fold_of_group = np.zeros(len(names), dtype=np.int64)
    images_in = np.zeros(folds, dtype=np.int64)
    for group in np.argsort(-sizes, kind="stable"):
        smallest = np.argmin(images_in)
        fold_of_group[group] = smallest
        images_in[smallest] += sizes[group]
    return fold_of_group[member_of]
