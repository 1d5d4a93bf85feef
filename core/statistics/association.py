"""Sensitivity against what is known of a photograph: its typicality (paper, Figure 8) or a confidence (Figure 12)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from .intervals import MANY, RESAMPLES, Z95, Floats, Integers, Interval, percentiles, resampled, resamples

QUINTILES = 5


@dataclass(frozen=True, slots=True)
class Spearman:
    """Rank correlation over ``n`` photographs; None where it has none (fewer than three, or nothing varies)."""

    rho: float | None
    interval: Interval | None
    p_value: float | None
    n: int

    def __str__(self) -> str:
        if self.rho is None:
            return f"no rank correlation (n = {self.n})"
        return f"Spearman {self.estimate}, n = {self.n:,}"

    @property
    def estimate(self) -> str:
        """The correlation with its interval, as text; empty where there is none."""
        span = f" [{self.interval[0]:.2f}, {self.interval[1]:.2f}]" if self.interval else ""
        return "" if self.rho is None else f"{self.rho:.2f}{span}"


def spearman(x: npt.ArrayLike, y: npt.ArrayLike, *, seed: int = 0) -> Spearman:
    """Of two columns (N,), rows with a value that is no number left out.

    Interval: 95 % percentile bootstrap of photographs; above MANY of them Bonett & Wright's (2000). p: scipy's.
    """
    from scipy.stats import spearmanr

    x, y = _finite(x, y)
    n = len(x)
    if n < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Spearman(None, None, None, n)
    result = spearmanr(x, y)
    rho = float(result.statistic)
    return Spearman(rho, _many(rho, n) if n > MANY else _bootstrap(x, y, seed), float(result.pvalue), n)


def _many(rho: float, n: int) -> Interval:
    half = Z95 * math.sqrt((1 + rho**2 / 2) / (n - 3))
    centre = math.atanh(max(-1 + 1e-12, min(1 - 1e-12, rho)))
    return math.tanh(centre - half), math.tanh(centre + half)


def _bootstrap(x: Floats, y: Floats, seed: int) -> Interval | None:
    """Ranks of a resample need no sorting anew: they follow from how often each value was drawn."""
    n = len(x)
    order = np.argsort(x, kind="stable")
    places = [np.unique(column[order], return_inverse=True)[1] for column in (x, y)]
    found = np.empty(RESAMPLES)
    for start, drawn in resamples(n, seed=seed):
        (one, var_one), (other, var_other) = (_ranks(drawn, place) for place in places)
        covariance = np.einsum("rn,rn,rn->r", drawn, one, other)
        with np.errstate(invalid="ignore"):  # a resample in which nothing varies has no correlation
            found[start : start + len(drawn)] = covariance / np.sqrt(var_one * var_other)
    if np.isnan(found).all():
        return None
    low, high = percentiles(found)
    return float(low), float(high)


def _ranks(drawn: Floats, place: Integers) -> tuple[Floats, Floats]:
    """Values whose order is ``place`` (n,), each taken ``drawn`` (R, n) times → mean ranks less their mean (R, n), and
    n times their variance (R,)."""
    n, order = len(place), np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(place.max() + 1))
    count = np.add.reduceat(drawn[:, order], starts, axis=1)
    ranks = np.cumsum(count, axis=1) - (count - 1) / 2 - (n + 1) / 2
    return ranks[:, place], np.einsum("rg,rg,rg->r", count, ranks, ranks)


def binned(x: npt.ArrayLike, y: npt.ArrayLike, bins: int) -> pd.DataFrame:
    """Photographs in bins of equal count by x → one row a bin: mean ``x``, mean ``y``, ``standard_error`` of it, ``n``.

    ``low``, ``high``: the least and the largest x. Fewer photographs than bins make as many bins as photographs; the
    standard error of one photograph is no number.
    """
    x, y = _finite(x, y)
    rows = []
    for part in _bins(x, bins):
        spread = float(y[part].std(ddof=1) / math.sqrt(len(part))) if len(part) > 1 else math.nan
        rows.append((x[part].mean(), y[part].mean(), spread, len(part), x[part].min(), x[part].max()))
    return pd.DataFrame(rows, columns=["x", "y", "standard_error", "n", "low", "high"])


def quintiles(photographs: pd.DataFrame, axis: str, measure: str, *, seed: int = 0) -> pd.DataFrame:
    """Per-photograph table of one network and protocol → five rows, from the least of ``axis`` to the most.

    The mean of ``measure`` in each with its 95 % interval by bootstrap of photographs.
    """
    x, y = _finite(photographs[axis], photographs[measure])
    found = binned(x, y, QUINTILES).rename(columns={"x": axis, "y": measure})
    low, high = _spans([y[part] for part in _bins(x, QUINTILES)], seed)
    found.insert(0, "quintile", np.arange(1, len(found) + 1))
    return found.assign(**{f"{measure}_low": low, f"{measure}_high": high})


def _spans(parts: Sequence[Floats], seed: int) -> Floats:
    """Columns of values (n,) each → (2, parts): the intervals of their means by bootstrap, not a number for one value.

    As ``bootstrap`` of each; columns of the same length share their draws.
    """
    found = np.full((2, len(parts)), math.nan)
    for n in {len(part) for part in parts} - {1}:
        same = [k for k, part in enumerate(parts) if len(part) == n]
        columns = np.stack([parts[k] for k in same], axis=1)
        found[:, same] = percentiles(resampled(columns[:, :, None], np.ones(columns.shape), seed=seed))[:, :, 0]
    return found


def _bins(x: Floats, bins: int) -> list[Integers]:
    """Places of the values (N,) in at most ``bins`` parts of equal count, the least first."""
    return np.array_split(np.argsort(x, kind="stable"), min(bins, len(x))) if len(x) else []


def _finite(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Floats, Floats]:
    """As float64, in their order, without the rows in which either is no number."""
    one, other = (np.asarray(pd.to_numeric(pd.Series(column)), float) for column in (x, y))
    keep = np.isfinite(one) & np.isfinite(other)
    return one[keep], other[keep]
