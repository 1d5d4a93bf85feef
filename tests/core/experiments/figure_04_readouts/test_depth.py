"""The first layer and the deepest are compared on the same pairs."""

from __future__ import annotations

import pandas as pd
import pytest

from core.experiments.figure_04_readouts.depth import compare_depths
from tests.support.layered import readout_tables
from tests.support.study_tables import TWO


def deepened(networks: tuple[str, ...] = TWO, *, upside_down: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the comparison of depths of a study of readouts, and its tables."""
    pairs, centres = readout_tables(networks)
    if upside_down:
        pairs["depth"] = 1.1 - pairs["depth"]
    return compare_depths(pairs), pairs.merge(centres[["digest", "network", "layer", "right"]])


def test_the_first_layer_is_set_against_the_deepest_on_the_same_pairs() -> None:
    compared, pairs = deepened()
    rows = compared[compared["measure"] == "p_top1_change"]
    assert list(rows["network"]) == list(dict.fromkeys(pairs["network"]))
    for row in rows.itertuples():
        mine = pairs[pairs["network"] == row.network]
        first, last = (
            mine[mine["layer"] == layer].set_index(["digest", "pair"])["changed"].astype(float)
            for layer in ("stem", "last")
        )
        assert (row.first, row.second, row.pairs, row.photographs) == ("stem", "last", 60, 30)
        assert row.difference == pytest.approx((last - first).mean())
        assert row.low < row.difference < row.high
