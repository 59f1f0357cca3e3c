"""Folds of photographs: no series is in two of them, and they are about equally large."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.errors import DataError
from train_eval.gap.folds import series_folds

GROUPS = st.lists(st.integers(0, 12), min_size=3, max_size=60).map(np.array)


@given(GROUPS, st.integers(1, 3))
def test_series_is_in_one_fold_and_no_fold_is_empty(groups, folds):
    if len(np.unique(groups)) < folds:
        return
    fold_of = series_folds(groups, folds)
    assert all(len(np.unique(fold_of[groups == name])) == 1 for name in np.unique(groups))
    assert set(fold_of) == set(range(folds))


@given(GROUPS, st.integers(1, 3))
def test_folds_differ_by_no_more_than_the_largest_series(groups, folds):
    names, sizes = np.unique(groups, return_counts=True)
    if len(names) < folds:
        return
    images_in = np.bincount(series_folds(groups, folds), minlength=folds)
    assert images_in.max() - images_in.min() <= sizes.max()


def test_largest_series_are_dealt_first():
    np.testing.assert_array_equal(series_folds(np.array([0, 1, 1, 1, 2, 2]), 2), [1, 0, 0, 0, 1, 1])


def test_more_folds_than_series_are_refused():
    with pytest.raises(DataError, match="folds must be at most 2, .*, got 3: take fewer"):
        series_folds(np.array([0, 1, 1, 0]), 3)
