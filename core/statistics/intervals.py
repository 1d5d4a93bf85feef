"""95 % intervals of a proportion and of a mean over photographs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.integer[Any]]
Counts = npt.NDArray[np.number[Any]]
Interval = tuple[float, float]

RULE = 2  # version of the interval rules and tests, kept in manifests and reports
FEW = 20  # photographs below which every interval is called approximate
FEW_TEXT = "few photographs: approximate"
CLUSTERING = 0.3  # prior correlation of two pairs of one photograph
WEIGHT = 5  # photographs that the prior counts as
Z95 = 1.959963984540054  # two-sided 95 %


def few(photographs: int) -> str:
    """Return the remark that belongs beside an interval over so many photographs; empty for one and for FEW or more.

    The interval of a single photograph is over its pairs, so that it is no statement about other photographs.

    >>> few(12), few(20)
    ('few photographs: approximate', '')
    """
    return FEW_TEXT if 1 < photographs < FEW else ""


def wilson(successes: int, n: int) -> Interval:
    """Return the 95 % Wilson score interval of a proportion (Wilson, JASA 1927).

    >>> low, high = wilson(5, 10)
    >>> f"{low:.3f} to {high:.3f}"
    '0.237 to 0.763'
    """
    return _score(successes / n, n, Z95)


def _score(p: float, n: float, critical: float) -> Interval:
    """Return the score interval of a proportion among ``n`` independent trials."""
    z2 = critical**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = critical / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return (0.0 if p <= 0 else centre - half, 1.0 if p >= 1 else centre + half)


def proportion(changed: Counts, pairs: Counts) -> Interval:
    """Return the 95 % interval of a proportion of pairs, whose photographs are a random sample.

    Args:
        changed: number of pairs that changed, of each photograph, (n,).
        pairs: number of pairs of each photograph, (n,).

    Wilson's interval for the effective number of pairs, p(1 − p) / Var(p), which lies between the number of photographs
    and of all pairs (Kish, Survey Sampling 1965; Korn & Graubard, Survey Methodology 1998). The variance over
    photographs is shrunk towards that of pairs with the correlation CLUSTERING, since few changes tell little about it;
    the critical value is Student's. With one photograph, or one pair a photograph, it is Wilson's interval itself.

    >>> low, high = proportion(np.zeros(20), np.full(20, 16))
    >>> f"{low:.3f} to {high:.3f}"
    '0.000 to 0.090'
    """
    n, total, k = len(pairs), float(pairs.sum()), float(changed.sum())
    p, size = k / total, total / n
    if n == 1 or total == n:
        return _score(p, total, Z95)
    between = (k + Z95**2 / 2) / (total + Z95**2)  # never 0 or 1
    effective, freedom = _effective(changed - p * pairs, size, between * (1 - between), 4)
    return _score(p, effective, student(freedom))


def _effective(residuals: Counts, size: float, variance: float, scale: float) -> tuple[float, float]:
    """Return the effective number of pairs, and the degrees of freedom of the variance over photographs.

    Args:
        residuals: sum of the deviations from the mean over the pairs of each photograph, (n,).
        size: pairs a photograph.
        variance: of one pair.
        scale: ``scale`` · ``variance`` is 1 at most. The rarer the changes, the less the photographs' spread tells.
    """
    n = len(residuals)
    spread = float((residuals**2).sum()) / (size**2 * (n - 1))
    prior = variance * (1 + (size - 1) * CLUSTERING) / size
    told = (n - 1) * scale * variance
    shrunk = (told * spread + WEIGHT * prior) / (told + WEIGHT)
    return min(max(variance * n / shrunk, n), n * size), told + WEIGHT


def paired_proportions(up: Counts, down: Counts, pairs: Counts) -> Interval:
    """Return the 95 % interval of the difference of two proportions on the same pairs.

    Args:
        up, down: number of pairs of each photograph that only the second, or only the first, network changed, (n,).
        pairs: number of pairs of each photograph, (n,).

    The interval is Bonett and Price's (J. Educ. Behav. Stat. 2012), which keeps its width where the networks never
    differ, for the effective number of pairs, as ``proportion`` finds it.
    """
    n, total = len(pairs), float(pairs.sum())
    more, fewer = float(up.sum()) / total, float(down.sum()) / total
    effective, critical = total, Z95
    if 1 < n < total:
        rates = (more * total + 1) / (total + 2), (fewer * total + 1) / (total + 2)
        variance = sum(rates) - (rates[0] - rates[1]) ** 2
        effective, freedom = _effective(up - down - (more - fewer) * pairs, total / n, variance, 1)
        critical = student(freedom)
    high, low = ((share * effective + 1) / (effective + 2) for share in (more, fewer))
    half = critical * math.sqrt((high + low - (high - low) ** 2) / (effective + 2))
    return max(-1.0, high - low - half), min(1.0, high - low + half)


def mean(values: Floats, units: Integers, *, bounds: Interval = (-math.inf, math.inf)) -> Interval | None:
    """Return the 95 % interval of a mean, whose units are a random sample; None for a single unit.

    Args:
        values: (N,).
        units: the unit (a photograph, or a pair) of each value, numbered from 0, (N,).
        bounds: least and greatest possible value.

    Student's t interval of the units' means, corrected for their skewness by Hall's cubic transformation (J. R. Stat.
    Soc. B 1992).

    >>> low, high = mean(np.array([0.0, 0.1, 0.1, 0.2]), np.arange(4), bounds=(0, 1))
    >>> f"{low:.3f} to {high:.3f}"
    '0.000 to 0.230'
    """
    sums, counts = np.bincount(units, values), np.bincount(units).astype(float)
    n = len(sums)
    if n < 2:
        return None
    average = float(sums.sum() / counts.sum())
    residuals = (sums - average * counts) / counts.mean()
    error = math.sqrt(float((residuals**2).sum()) / (n - 1) / n)
    if error == 0:
        return average, average
    half = student(n - 1) / math.sqrt(n)
    steps = [_unskewed(end, _skewness(residuals), n) * math.sqrt(n) * error for end in (half, -half)]
    return max(bounds[0], average - steps[0]), min(bounds[1], average - steps[1])


def _skewness(residuals: Floats) -> float:
    """Return the skewness of residuals (n,), corrected for bias; 0 for two."""
    n, spread = len(residuals), residuals.std()
    if n < 3 or spread == 0:
        return 0.0
    return float(((residuals / spread) ** 3).mean()) * math.sqrt(n * (n - 1)) / (n - 2)


def _unskewed(end: float, skewness: float, n: int) -> float:
    """Return the studentised deviation, over √n, whose transformed value is ``end`` (Hall 1992, inverse of g)."""
    if abs(skewness) < 1e-6:
        return end
    return 3 / skewness * (math.cbrt(1 + skewness * (end - skewness / (6 * n))) - 1)


def student(freedom: float) -> float:
    """Return the two-sided 95 % critical value of Student's t distribution.

    >>> round(student(10), 3)
    2.228
    """
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.975))
