"""Power of a paired comparison of two networks, planned before a study is run."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .intervals import Counts, Floats

POWER = 0.8


@dataclass(frozen=True, slots=True)
class Spread:
    """The variance of the difference between two networks: of photographs' true means, and of a pair about them."""

    between: float
    within: float

    def of_mean(self, pairs: int) -> float:
        """Return the variance of a photograph's mean over so many pairs."""
        return self.between + self.within / pairs


def spread(differences: Floats, photographs: Counts) -> Spread:
    """Return the variance components of paired differences, by analysis of variance (Searle, Linear Models 1971).

    Args:
        differences: of each pair, (N,), with equally many pairs for each photograph.
        photographs: the photograph of each pair, numbered from 0, (N,).
    """
    counts = np.bincount(photographs)
    pairs = len(differences) / len(counts)
    means = np.bincount(photographs, differences) / counts
    freedom = len(differences) - len(counts)
    within = float(((differences - means[photographs]) ** 2).sum()) / freedom if freedom else 0.0
    return Spread(max(0.0, float(means.var(ddof=1)) - within / pairs), within)


def smallest_difference(spread: Spread, photographs: int, pairs: int, *, tests: int = 1) -> float | None:
    """Return the smallest true difference that a paired t test finds with the probability POWER; None for n < 2.

    Args:
        spread: the variance to expect.
        photographs, pairs: the size of the study; ``pairs`` for each photograph.
        tests: number of comparisons that share the two-sided level of 5 % (Bonferroni, the first step of Holm).

    Student's t distribution, as in Cohen (Statistical Power Analysis 1988), in the usual approximation by the sum of
    two quantiles.
    """
    from scipy.special import stdtrit

    if photographs < 2:
        return None
    freedom = photographs - 1
    quantiles = float(stdtrit(freedom, 1 - 0.025 / tests) + stdtrit(freedom, POWER))
    return min(1.0, quantiles * math.sqrt(spread.of_mean(pairs) / photographs))
