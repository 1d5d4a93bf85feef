"""Association of sensitivity with a value of each photograph: typicality (Figure 8) or confidence (Figure 12)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from .intervals import MANY, RESAMPLES, Z95, Floats, Integers, Interval, percentiles, resamples
from .sensitivity import measure_interval

QUINTILES = 5


@dataclass(frozen=True, slots=True)
class Spearman:
    """Rank correlation over ``n`` photographs.

    ``rho``, ``interval`` and ``p_value`` are None for fewer than three photographs, or where one column is constant.
    """

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
    """Return the rank correlation of two columns (N,), without the rows in which either is NaN.

    The 95 % interval is a percentile bootstrap of photographs, above MANY photographs that of Bonett and Wright
    (Psychometrika 2000). The p-value is scipy's.

    >>> print(spearman([1, 2, 3, 4, 5, 6], [1, 2, 3, 5, 4, 6]))
    Spearman 0.94 [0.50, 1.00], n = 6
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
    """Return the bootstrap interval.

    The ranks within a resample follow from how often each value was drawn, so nothing is sorted again.
    """
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
    """Return centred mean ranks (R, n) in R resamples, and n times their variance (R,).

    Args:
        drawn: how often each of the n values is drawn in each resample, (R, n).
        place: rank of each value among the distinct values, (n,).
    """
    n, order = len(place), np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(place.max() + 1))
    count = np.add.reduceat(drawn[:, order], starts, axis=1)
    ranks = np.cumsum(count, axis=1) - (count - 1) / 2 - (n + 1) / 2
    return ranks[:, place], np.einsum("rg,rg,rg->r", count, ranks, ranks)


def binned(x: npt.ArrayLike, y: npt.ArrayLike, bins: int) -> pd.DataFrame:
    """Return the means of y in bins of equal count by x, one row a bin.

    Columns: mean ``x``, mean ``y``, its ``standard_error`` (NaN for one photograph), ``n``, and the smallest and
    largest x, ``low`` and ``high``. Fewer photographs than bins give one bin each.

    >>> binned([3, 1, 2, 4], [30, 10, 20, 40], 2)[["x", "y", "n"]].to_numpy().tolist()
    [[1.5, 15.0, 2.0], [3.5, 35.0, 2.0]]
    """
    x, y = _finite(x, y)
    rows = []
    for part in _bins(x, bins):
        spread = float(y[part].std(ddof=1) / math.sqrt(len(part))) if len(part) > 1 else math.nan
        rows.append((x[part].mean(), y[part].mean(), spread, len(part), x[part].min(), x[part].max()))
    return pd.DataFrame(rows, columns=["x", "y", "standard_error", "n", "low", "high"])


def quintiles(photographs: pd.DataFrame, axis: str, measure: str) -> pd.DataFrame:
    """Return the mean of ``measure`` in each fifth of the photographs, from the smallest ``axis`` to the largest.

    Args:
        photographs: one row a photograph, of one network and protocol, with its number of ``pairs``.
    """
    rows = photographs[np.isfinite(photographs[[axis, measure]].astype(float)).all(axis=1)]
    x, y, pairs = (rows[name].to_numpy(float) for name in (axis, measure, "pairs"))
    found = binned(x, y, QUINTILES).rename(columns={"x": axis, "y": measure})
    spans = [measure_interval(measure, y[part], pairs[part]) for part in _bins(x, QUINTILES)]
    low, high = np.array([span or (math.nan, math.nan) for span in spans]).reshape(-1, 2).T
    found.insert(0, "quintile", np.arange(1, len(found) + 1))
    return found.assign(**{f"{measure}_low": low, f"{measure}_high": high})


def _bins(x: Floats, bins: int) -> list[Integers]:
    """Return the positions of the values (N,) in at most ``bins`` parts of equal count, the smallest values first."""
    return np.array_split(np.argsort(x, kind="stable"), min(bins, len(x))) if len(x) else []


def _finite(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return both columns as float64, in their order, without the rows in which either is not finite."""
    one, other = (np.asarray(pd.to_numeric(pd.Series(column)), float) for column in (x, y))
    keep = np.isfinite(one) & np.isfinite(other)
    return one[keep], other[keep]
