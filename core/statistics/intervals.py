"""95 % intervals: Wilson's for a proportion, and the bootstrap over photographs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.integer[Any]]
Interval = tuple[float, float]

RESAMPLES = 2000
DRAWS = 1_000_000  # numbers of the bootstrap in memory at once
MANY = 5_000  # units above which the means of resamples are drawn from their normal limit
Z95 = 1.959963984540054  # two-sided 95 %


def wilson(successes: int, n: int) -> Interval:
    """Return the 95 % Wilson score interval of a proportion (Wilson, JASA 1927).

    >>> low, high = wilson(5, 10)
    >>> f"{low:.3f} to {high:.3f}"
    '0.237 to 0.763'
    """
    p, z2 = successes / n, Z95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return (0.0 if successes == 0 else centre - half, 1.0 if successes == n else centre + half)


def bootstrap(values: Floats, units: Integers, *, seed: int) -> Interval | None:
    """Return the 95 % percentile interval of a mean, when whole units are drawn with replacement.

    Args:
        values: (N,).
        units: the unit (a photograph, or a pair) of each value, (N,). A unit is drawn with all its values.

    Returns None for a single unit.

    >>> low, high = bootstrap(np.array([0.0, 0.0, 1.0, 1.0]), np.arange(4), seed=0)
    >>> low, high
    (0.0, 1.0)
    """
    sums, counts = np.bincount(units, values).astype(float), np.bincount(units).astype(float)
    if len(sums) < 2:
        return None
    low, high = percentiles(resampled(sums[:, None, None], counts[:, None], seed=seed))[:, 0, 0]
    return float(low), float(high)


def percentiles(means: Floats) -> Floats:
    """Return the 2.5 and 97.5 % percentiles (2, …) of the means of resamples (R, …), leaving NaN out."""
    ends: Floats = np.nanquantile(means, [0.025, 0.975], axis=0)
    return ends


def resampled(sums: Floats, counts: Floats, *, seed: int) -> Floats:
    """Return the means (RESAMPLES, G, M) of M measures of G tables over resampled units.

    Args:
        sums: sum of each measure in each unit, (n, G, M).
        counts: number of values in each unit, (n, G).

    The k-th resample draws the same units for every table and measure. Above MANY units the means are drawn from their
    normal limit, with the standard error of a ratio of sums. Each result is the same to the bit, whatever other tables
    and measures are resampled with it.
    """
    n, tables, measures = sums.shape
    means, total, size = np.empty((RESAMPLES, tables, measures)), _columns(sums.reshape(n, -1)), _columns(counts)
    if n > MANY:
        z = np.random.default_rng(seed).standard_normal(RESAMPLES)
        for k, column in enumerate(total):
            table, measure = divmod(k, measures)
            means[:, table, measure] = _limit(column, size[table], z)
        return means
    for start, drawn in resamples(n, seed=seed):
        part = means[start : start + len(drawn)]
        drawn_sizes = [drawn @ column for column in size]
        for k, column in enumerate(total):  # one by one: rounding in a matrix product depends on its shape
            table, measure = divmod(k, measures)
            part[:, table, measure] = drawn @ column / drawn_sizes[table]
    return means


def _columns(values: Floats) -> list[Floats]:
    return [np.ascontiguousarray(column) for column in values.T]


def resamples(n: int, *, seed: int) -> Iterator[tuple[int, Floats]]:
    """Yield how often each of ``n`` units is drawn: the first resample's number, and counts (rows, n).

    The draws equal those of one resample at a time; the memory is bounded.
    """
    rng = np.random.default_rng(seed)
    most = max(1, DRAWS // n)
    for start in range(0, RESAMPLES, most):
        rows = min(most, RESAMPLES - start)
        drawn = rng.integers(0, n, (rows, n)) + n * np.arange(rows)[:, None]
        yield start, np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(float)


def _limit(sums: Floats, counts: Floats, z: Floats) -> Floats:
    """Return means (R,) of resamples from their normal limit.

    Args:
        sums, counts: of one measure in each unit, (n,).
        z: standard normal draws, (R,).
    """
    mean = sums.sum() / counts.sum()
    residual = sums - mean * counts
    means: Floats = mean + residual.std() / math.sqrt(len(sums)) / counts.mean() * z
    return means
