"""Association of sensitivity with a value of each photograph: typicality (Figure 8) or confidence (Figure 12)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from .intervals import Z95, Floats, Integers, Interval, few
from .sensitivity import measure_interval

QUINTILES = 5
TINY = 1e-12  # what is left of a variance of 1 where one column determines another


@dataclass(frozen=True, slots=True)
class Spearman:
    """Rank correlation over ``n`` photographs.

    ``rho``, ``interval`` and ``p_value`` are None for too few photographs, or where one column is constant. Three
    photographs have no interval.
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
        return _text(self.rho, self.interval, self.n)


def _text(value: float | None, interval: Interval | None, n: int) -> str:
    span = f" [{interval[0]:.2f}, {interval[1]:.2f}]" if interval else ""
    return "" if value is None else f"{value:.2f}{span}" + (f" ({few(n)})" if span and few(n) else "")


def spearman(x: npt.ArrayLike, y: npt.ArrayLike) -> Spearman:
    """Return the rank correlation of two columns (N,), without the rows in which either is NaN.

    The 95 % interval is that of Bonett and Wright (Psychometrika 2000): where photographs are few and most of them
    never change, it covers the correlation more often than a bootstrap of photographs. The p-value is scipy's.

    >>> print(spearman([1, 2, 3, 4, 5, 6], [1, 2, 3, 5, 4, 6]))
    Spearman 0.94 [0.38, 1.00] (few photographs: approximate), n = 6
    """
    from scipy.stats import spearmanr

    x, y = _finite(x, y)
    n = len(x)
    if n < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Spearman(None, None, None, n)
    result = spearmanr(x, y)
    rho = float(result.statistic)
    return Spearman(rho, _interval(rho, n), float(result.pvalue), n)


def partial_spearman(x: npt.ArrayLike, y: npt.ArrayLike, given: npt.ArrayLike) -> Spearman:
    """Return the rank correlation of two columns (N,) given a third, without the rows in which any is NaN.

    The partial correlation of the mean ranks (Conover, Practical Nonparametric Statistics 1999, 5.4). The interval is
    that of ``spearman`` with one degree of freedom less. The p-value is that of Student's t with N - 3 degrees of
    freedom.

    All are None for fewer than five photographs, where a column is constant, and where ``given`` has the ranks of x or
    of y, or the opposite ones.
    """
    from scipy.special import stdtr

    columns = _finite(x, y, given)
    n = len(columns[0])
    if n < 5 or any(np.ptp(column) == 0 for column in columns):
        return Spearman(None, None, None, n)
    xy, xz, yz = _rank_correlations(columns)
    rest = (1 - xz**2) * (1 - yz**2)
    if rest < TINY:
        return Spearman(None, None, None, n)
    rho = max(-1.0, min(1.0, (xy - xz * yz) / math.sqrt(rest)))
    t = rho * math.sqrt((n - 3) / (1 - rho**2)) if abs(rho) < 1 else math.inf
    return Spearman(rho, _interval(rho, n - 1), 2 * float(stdtr(n - 3, -abs(t))), n)


@dataclass(frozen=True, slots=True)
class RhoDifference:
    """Difference of two rank correlations over the same ``n`` photographs; None where either is missing."""

    value: float | None
    interval: Interval | None
    n: int

    @property
    def estimate(self) -> str:
        """The difference with its interval, as text; empty where there is none."""
        return _text(self.value, self.interval, self.n)


def rho_difference(first: npt.ArrayLike, second: npt.ArrayLike, y: npt.ArrayLike) -> RhoDifference:
    """Return rho(first, y) - rho(second, y), Spearman's, over the rows (N,) in which no column is NaN.

    Both share y and the photographs, so that they depend on each other. The 95 % interval is Zou's (Psychol. Methods
    2007), from the intervals of ``spearman``. None for fewer than five photographs, or where a column is constant.
    """
    columns = _finite(first, second, y)
    n = len(columns[0])
    if n < 5 or any(np.ptp(column) == 0 for column in columns):
        return RhoDifference(None, None, n)
    between, one, other = _rank_correlations(columns)
    own = (1 - one**2) * (1 - other**2)
    rest = 1 - one**2 - other**2 - between**2
    shared = ((between - one * other / 2) * rest + between**3) / own if own > TINY else float(between > 0)
    (low, high), (other_low, other_high) = (_fisher(rho, n) for rho in (one, other))
    below, above = (
        math.sqrt(max(0.0, a**2 + b**2 - 2 * shared * a * b))
        for a, b in ((one - low, other_high - other), (high - one, other - other_low))
    )
    return RhoDifference(one - other, (one - other - below, one - other + above), n)


def _interval(rho: float, n: int) -> Interval | None:
    return _fisher(rho, n) if n > 3 else None


def _fisher(rho: float, n: int) -> Interval:
    """Return the interval of a rank correlation by Fisher's z, with the variance of Bonett and Wright."""
    half = Z95 * math.sqrt((1 + rho**2 / 2) / (n - 3))
    centre = math.atanh(max(-1 + TINY, min(1 - TINY, rho)))
    return math.tanh(centre - half), math.tanh(centre + half)


def _rank_correlations(columns: Sequence[Floats]) -> list[float]:
    """Return Spearman's correlation of every pair of columns (n,), in the order of ``combinations``."""
    from scipy.stats import rankdata

    matrix = np.corrcoef([rankdata(column) for column in columns])
    return [float(matrix[pair]) for pair in combinations(range(len(columns)), 2)]


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


def _finite(*columns: npt.ArrayLike) -> list[Floats]:
    """Return the columns (N,) as float64, in their order, without the rows in which any is not finite."""
    numbers = [np.asarray(pd.to_numeric(pd.Series(column)), float) for column in columns]
    keep = np.logical_and.reduce([np.isfinite(column) for column in numbers])
    return [column[keep] for column in numbers]
