"""95 % intervals: Wilson's of a proportion; the bootstrap of units (photographs, or pairs of one photograph)."""

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
DRAWS = 1_000_000  # of the bootstrap, held at once
MANY = 5_000  # units above which the means of resamples are drawn from their normal limit
Z95 = 1.959963984540054  # two-sided 95 %


def wilson(successes: int, n: int) -> Interval:
    """95 % Wilson score interval of a proportion."""
    p, z2 = successes / n, Z95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return (0.0 if successes == 0 else centre - half, 1.0 if successes == n else centre + half)


def bootstrap(values: Floats, units: Integers, *, seed: int) -> Interval | None:
    """95 % percentile interval of the mean of ``values`` (N,) when ``units`` (N,) are drawn with replacement.

    A unit (a photograph, or a pair) is drawn with all its values. None when there is one unit only.
    """
    sums, counts = np.bincount(units, values).astype(float), np.bincount(units).astype(float)
    if len(sums) < 2:
        return None
    low, high = percentiles(resampled(sums[:, None, None], counts[:, None], seed=seed))[:, 0, 0]
    return float(low), float(high)


def percentiles(means: Floats) -> Floats:
    """Means of resamples (R, …) → (2, …): 2.5 and 97.5 %; a resample that is no number is left out."""
    ends: Floats = np.nanquantile(means, [0.025, 0.975], axis=0)
    return ends


def resampled(sums: Floats, counts: Floats, *, seed: int) -> Floats:
    """``sums`` (n, G, M) of M measures of G tables over the same number of units, ``counts`` (n, G) → means
    (RESAMPLES, G, M).

    The k-th resample draws the same units for every table and measure. Above MANY units the means come from their
    normal limit, whose standard error is that of a ratio of sums. To the bit, none depends on which others are there.
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
        drawn_sizes = [drawn @ one for one in size]
        for k, column in enumerate(total):  # one by one: a product of matrices rounds as its shape has it
            table, measure = divmod(k, measures)
            part[:, table, measure] = drawn @ column / drawn_sizes[table]
    return means


def _columns(values: Floats) -> list[Floats]:
    return [np.ascontiguousarray(column) for column in values.T]


def resamples(n: int, *, seed: int) -> Iterator[tuple[int, Floats]]:
    """How often each of ``n`` units is drawn: (first resample's number, (rows, n)), at bounded memory.

    The same draws as one resample at a time.
    """
    rng = np.random.default_rng(seed)
    most = max(1, DRAWS // n)
    for start in range(0, RESAMPLES, most):
        rows = min(most, RESAMPLES - start)
        drawn = rng.integers(0, n, (rows, n)) + n * np.arange(rows)[:, None]
        yield start, np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(float)


def _limit(sums: Floats, counts: Floats, z: Floats) -> Floats:
    """Means (R,) of resamples at standard normal ``z`` (R,), of one measure's sums (n,) over counts (n,)."""
    mean = sums.sum() / counts.sum()
    residual = sums - mean * counts
    means: Floats = mean + residual.std() / math.sqrt(len(sums)) / counts.mean() * z
    return means
