"""Accuracy by size, counted row by row."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest

from core.experiments.figure_10_11_augmentation import sizes
from core.statistics.intervals import wilson
from tests.support.sized import PLAIN, WIDE, sized


@pytest.mark.parametrize("pairs", [1, 2])
def test_accuracy_by_side_is_counted_row_by_row(pairs: int) -> None:
    table = sized(pairs, photographs=30)
    got = {(one.network, one.side): one for one in sizes.accuracies(table)}
    assert [one.side for one in sizes.accuracies(table)] == sorted([8, 12, 16, 24] * 2)
    for network, side in itertools.product((PLAIN, WIDE), (8, 12, 16, 24)):
        rights = [
            row.class_before == row.label_index
            for row in table.itertuples()
            if row.network == network and row.side == side and not pd.isna(row.label_index)
        ]
        one = got[network, side]
        assert (one.accuracy, one.n) == (pytest.approx(sum(rights) / len(rights)), len(rights))
        assert one.interval is not None
        assert one.interval[0] <= one.accuracy <= one.interval[1]
        if pairs == 1:
            assert one.interval == wilson(sum(rights), len(rights))
