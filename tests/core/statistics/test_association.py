"""core.statistics.association against scipy and slow loops."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import sem, spearmanr

from core.statistics.association import Spearman, binned, quintiles, spearman
from core.statistics.intervals import MANY, RESAMPLES, mean, proportion
from core.statistics.tables import per_photograph
from tests.support.study_tables import TWO, pairs_table


def invented(n: int, ties: bool) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    x = rng.random(n)
    y = -x + rng.random(n)
    return (np.round(x, 1), np.round(4 * y) / 4) if ties else (x, y)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("n", [3, 8, 31])
def test_spearman_is_scipys_and_its_interval_a_plain_loops(n: int, ties: bool) -> None:
    x, y = invented(n, ties)
    found, wanted = spearman(x, y, seed=4), spearmanr(x, y)
    assert found.n == n
    assert (found.rho, found.p_value) == pytest.approx((wanted.statistic, wanted.pvalue), rel=1e-12)
    rng, rhos, order = np.random.default_rng(4), [], np.argsort(x, kind="stable")
    for _ in range(RESAMPLES):
        drawn = rng.integers(0, n, n)
        one, other = x[order][drawn], y[order][drawn]
        if np.ptp(one) and np.ptp(other):
            rhos.append(_rho(one, other))
    assert found.interval == pytest.approx(np.percentile(rhos, [2.5, 97.5]), abs=1e-9)


def _rho(x: np.ndarray, y: np.ndarray) -> float:
    ranks = [pd.Series(column).rank().to_numpy() for column in (x, y)]
    return float(np.corrcoef(*ranks)[0, 1])


def test_what_has_no_correlation_says_so() -> None:
    for x, y in (([], []), ([1, 2], [2, 1]), ([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [0, 0, 0])):
        assert spearman(x, y) == Spearman(None, None, None, len(x))
    assert str(spearman([], [])) == "no rank correlation (n = 0)"
    assert spearman([1, 2, math.nan, 4, 5], [1, 2, 3, None, 7]).n == 3
    found = spearman(*invented(31, ties=False))
    low, high = found.interval or (0, 0)
    assert str(found) == f"Spearman {found.rho:.2f} [{low:.2f}, {high:.2f}], n = 31"


def test_above_many_the_formula_is_what_the_bootstrap_would_say() -> None:
    x, y = invented(MANY + 1, ties=False)
    more, fewer = spearman(x, y).interval, spearman(x[1:], y[1:]).interval
    assert more is not None
    assert fewer is not None
    assert more == pytest.approx(fewer, abs=0.3 * (fewer[1] - fewer[0]))


def test_typicality_predicts_sensitivity_in_the_invented_table() -> None:
    table = per_photograph(pairs_table(TWO, ("crop",), photographs=300, pairs=4))
    one = table[table["network"] == TWO[1]]
    found = spearman(one["typicality"], one["p_top1_change"])
    assert found.interval is not None
    assert found.interval[1] < 0


@pytest.mark.parametrize(("n", "bins"), [(1, 5), (4, 10), (23, 5), (100, 7)])
def test_bins_are_of_equal_count(n: int, bins: int) -> None:
    x, y = invented(n, ties=True)
    found = binned(x, y, bins)
    assert len(found) == min(n, bins)
    assert found["n"].max() - found["n"].min() <= 1
    assert found["n"].sum() == n
    order, start = np.argsort(x, kind="stable"), 0
    for row in found.itertuples():
        part = order[start : start + row.n]
        start += row.n
        assert (row.x, row.y, row.low, row.high) == (x[part].mean(), y[part].mean(), x[part].min(), x[part].max())
        assert row.standard_error == pytest.approx(sem(y[part]) if row.n > 1 else math.nan, nan_ok=True)
    assert binned([], [], 5).empty


@pytest.mark.parametrize("measure", ["p_top1_change", "mean_absolute_change"])
def test_quintiles(measure: str) -> None:
    table = per_photograph(pairs_table(TWO, ("crop",), photographs=52, pairs=4))
    one = table[table["network"] == TWO[0]].assign()
    found = quintiles(one, "typicality", measure)
    assert list(found["quintile"]) == [1, 2, 3, 4, 5]
    assert list(found["typicality"]) == sorted(found["typicality"])
    ordered, start = one.sort_values("typicality", kind="stable"), 0
    for row in found.itertuples():
        part = ordered[measure].to_numpy()[start : start + row.n]
        start += row.n
        assert getattr(row, measure) == pytest.approx(part.mean())
        changes = proportion(np.round(4 * part), np.full(row.n, 4))
        wanted = changes if measure == "p_top1_change" else mean(part, np.arange(row.n), bounds=(0, 1))
        assert tuple(getattr(row, f"{measure}_{end}") for end in ("low", "high")) == pytest.approx(wanted)
    assert len(quintiles(one.head(3), "typicality", "p_top1_change")) == 3
    assert quintiles(one.head(0), "typicality", "p_top1_change").empty
