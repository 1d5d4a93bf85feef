"""core.statistics.association against scipy and slow loops."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, rankdata, sem, spearmanr
from scipy.stats import t as student

from core.statistics.association import (
    RhoDifference,
    Spearman,
    binned,
    partial_spearman,
    quintiles,
    rho_difference,
    spearman,
)
from core.statistics.intervals import mean, proportion
from core.statistics.tables import per_photograph
from tests.support.study_tables import TWO, pairs_table


def invented(n: int, ties: bool) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    x = rng.random(n)
    y = -x + rng.random(n)
    return (np.round(x, 1), np.round(4 * y) / 4) if ties else (x, y)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("n", [3, 8, 31])
def test_spearman_is_scipys_with_bonett_and_wrights_interval(n: int, ties: bool) -> None:
    x, y = invented(n, ties)
    result, wanted = spearman(x, y), spearmanr(x, y)
    assert result.n == n
    assert (result.rho, result.p_value) == pytest.approx((wanted.statistic, wanted.pvalue), rel=1e-12)
    assert result.interval == (pytest.approx(bonett_wright(wanted.statistic, n - 3)) if n > 3 else None)


def bonett_wright(rho: float, freedom: int) -> tuple[float, float]:
    z, error = 0.5 * math.log((1 + rho) / (1 - rho)), math.sqrt((1 + rho * rho / 2) / freedom)
    ends = [math.exp(2 * (z + sign * norm.ppf(0.975) * error)) for sign in (-1, 1)]
    return (ends[0] - 1) / (ends[0] + 1), (ends[1] - 1) / (ends[1] + 1)


def predicted(n: int, rate: float, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Typicality, confidence, and the share of four pairs that change, which follows confidence alone."""
    confidence = rng.normal(size=n)
    typicality = 0.85 * confidence + math.sqrt(1 - 0.85**2) * rng.normal(size=n)
    return typicality, confidence, rng.binomial(4, 1 / (1 + np.exp(0.7 * confidence) / rate)) / 4


def by_residuals(x: np.ndarray, y: np.ndarray, given: np.ndarray) -> float:
    """Partial correlation as that of the residuals of two regressions on the ranks of ``given``."""
    ranks = [rankdata(column) for column in (x, y, given)]
    line = np.column_stack([np.ones(len(x)), ranks[2]])
    left, right = (column - line @ np.linalg.lstsq(line, column)[0] for column in ranks[:2])
    return float(np.corrcoef(left, right)[0, 1])


@pytest.mark.parametrize("n", [5, 12, 400])
def test_the_partial_correlation_is_that_of_residuals_of_ranks(n: int) -> None:
    typicality, confidence, change = predicted(n, 0.3, np.random.default_rng(n))
    result = partial_spearman(typicality, change, confidence)
    rho = by_residuals(typicality, change, confidence)
    assert result.n == n
    assert result.rho == pytest.approx(rho)
    assert result.interval == pytest.approx(bonett_wright(rho, n - 4))
    assert result.p_value == pytest.approx(2 * student.sf(abs(rho) * math.sqrt((n - 3) / (1 - rho**2)), n - 3))
    assert ("few photographs: approximate" in result.estimate) == (n < 20)
    assert partial_spearman(-typicality, change, confidence).rho == pytest.approx(-rho)


@pytest.mark.parametrize("n", [5, 12, 400])
def test_the_difference_of_two_correlations_and_its_interval_by_zou(n: int) -> None:
    typicality, confidence, change = predicted(n, 0.3, np.random.default_rng(n))
    result = rho_difference(typicality, confidence, change)
    one, other = (float(spearmanr(column, change).statistic) for column in (typicality, confidence))
    assert result.value == pytest.approx(one - other)
    between = float(spearmanr(typicality, confidence).statistic)
    shared = (between - one * other / 2) * (1 - one**2 - other**2 - between**2) + between**3
    shared /= (1 - one**2) * (1 - other**2)
    (l1, u1), (l2, u2) = (bonett_wright(rho, n - 3) for rho in (one, other))
    low = one - other - math.sqrt((one - l1) ** 2 + (u2 - other) ** 2 - 2 * shared * (one - l1) * (u2 - other))
    high = one - other + math.sqrt((u1 - one) ** 2 + (other - l2) ** 2 - 2 * shared * (u1 - one) * (other - l2))
    assert result.interval == pytest.approx((low, high))
    back = rho_difference(confidence, typicality, change).interval
    assert back == pytest.approx((-high, -low))
    assert ("few photographs: approximate" in result.estimate) == (n < 20)


def test_the_interval_of_the_difference_is_that_of_a_paired_bootstrap_of_many_photographs() -> None:
    rng = np.random.default_rng(3)
    columns = np.array(predicted(600, 0.3, rng))
    drawn = [columns[:, rng.integers(0, 600, 600)] for _ in range(1000)]
    differences = [_rho(part[0], part[2]) - _rho(part[1], part[2]) for part in drawn]
    interval = rho_difference(*columns).interval
    assert interval == pytest.approx(np.percentile(differences, [2.5, 97.5]), abs=0.01)


def test_the_more_two_predictors_agree_the_narrower_is_the_interval_of_their_difference() -> None:
    (x, y), noise = invented(200, ties=False), np.random.default_rng(5).normal(size=200)
    widths = []
    for share in (10.0, 0.3, 0.1, 0.0):
        low, high = rho_difference(x, x + share * noise, y).interval or (0, 0)
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)
    assert rho_difference(x, x, y).value == 0
    assert widths[-1] < 0.05


def test_what_has_no_partial_correlation_or_difference_has_none() -> None:
    x, y = invented(31, ties=False)
    z = np.sin(37 * x)
    for columns in ((x[:4], y[:4], z[:4]), (x, y, 0 * z), (0 * x, y, z), (x, 0 * y, z)):
        n = len(columns[0])
        assert partial_spearman(*columns) == Spearman(None, None, None, n)
        assert rho_difference(columns[0], columns[2], columns[1]) == RhoDifference(None, None, n)
    for given in (x, -x, np.exp(y)):  # nothing of x, or of y, is left
        assert partial_spearman(x, y, given).rho is None
    assert partial_spearman(x, y, np.where(np.arange(31) < 3, np.nan, z)).n == 28
    assert rho_difference(x, z, np.where(np.arange(31) < 3, np.nan, y)).n == 28
    assert rho_difference([], [], []).estimate == ""


@pytest.mark.parametrize(("n", "rate"), [(10, 0.3), (10, 0.05), (20, 0.05), (50, 0.3)])
def test_intervals_cover_where_few_photographs_change(n: int, rate: float) -> None:
    """A bootstrap of photographs covers .58 to .87 of these at 10 photographs."""
    rng = np.random.default_rng(n)
    whole = predicted(200_000, rate, rng)
    truths = (spearman(whole[0], whole[2]).rho, partial_spearman(*(whole[k] for k in (0, 2, 1))).rho)
    truths += (rho_difference(*whole).value,)
    covered, trials = np.zeros(3), 0
    while trials < 600:
        part = predicted(n, rate, rng)
        if np.ptp(part[2]) and _rho(*part[:2]) < 0.999:
            intervals = (
                spearman(part[0], part[2]).interval,
                partial_spearman(part[0], part[2], part[1]).interval,
                rho_difference(*part).interval,
            )
            covered += [low <= true <= high for (low, high), true in zip(intervals, truths, strict=True)]
            trials += 1
    assert (covered / trials > 0.925).all()


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
