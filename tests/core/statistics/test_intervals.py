"""The intervals against independent references, by their properties, and by simulation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, t

from core.statistics.intervals import few, mean, paired_proportions, proportion, student, wilson


@pytest.mark.parametrize("n", [1, 2, 3, 10, 40, 300, 1000])
def test_wilson_is_scipys(n: int) -> None:
    for successes in sorted({0, 1, n // 10, n // 3, n // 2, n - 1, n}):
        interval = binomtest(successes, n).proportion_ci(0.95, method="wilson")
        got = wilson(successes, n)
        assert got == pytest.approx((interval.low, interval.high), abs=1e-12)
        assert 0 <= got[0] <= successes / n <= got[1] <= 1
        assert got[0] < got[1]


def slow_proportion(counts: list[int], pairs: int) -> tuple[float, float]:
    """The rule in docs/measures.md, word by word, for equally many pairs."""
    n, total, k = len(counts), len(counts) * pairs, sum(counts)
    p, q = k / total, (k + 1.959963984540054**2 / 2) / (total + 1.959963984540054**2)
    observed = sum((c / pairs - p) ** 2 for c in counts) / (n - 1)
    expected = q * (1 - q) * (1 + 0.3 * (pairs - 1)) / pairs
    weight = (n - 1) * 4 * q * (1 - q)
    variance = (weight * observed + 5 * expected) / (weight + 5) / n
    effective = min(max(q * (1 - q) / variance, n), total)
    z = float(t.ppf(0.975, weight + 5))
    middle, half = p + z * z / 2 / effective, z * math.sqrt(p * (1 - p) / effective + (z / effective) ** 2 / 4)
    return (middle - half) / (1 + z * z / effective), (middle + half) / (1 + z * z / effective)


@pytest.mark.parametrize(("n", "pairs"), [(2, 2), (5, 16), (20, 4), (150, 3)])
def test_a_proportion_is_the_written_rule(n: int, pairs: int) -> None:
    rng = np.random.default_rng(n)
    for rate in (0.0, 0.02, 0.3, 1.0):
        counts = rng.binomial(pairs, np.minimum(1, rate * 2 * rng.random(n) if rate < 1 else 1.0), n)
        got = proportion(counts, np.full(n, pairs))
        assert got == pytest.approx(slow_proportion(counts.tolist(), pairs), abs=1e-12)


@pytest.mark.parametrize(("n", "pairs"), [(1, 16), (30, 1)])
def test_independent_pairs_have_wilsons_interval(n: int, pairs: int) -> None:
    for k in range(n * pairs + 1):
        counts = np.array([k]) if n == 1 else (np.arange(n) < k).astype(int)
        assert proportion(counts, np.full(n, pairs)) == wilson(k, n * pairs)


def orders(n: int, pairs: int, seed: int) -> list[tuple[float, float]]:
    """Return the interval after each change, the changes being added in a random order."""
    counts, found = np.zeros(n, int), [proportion(np.zeros(n), np.full(n, pairs))]
    for photograph in np.random.default_rng(seed).permutation(n * pairs) // pairs:
        counts[photograph] += 1
        found.append(proportion(counts, np.full(n, pairs)))
    return found


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 25), pairs=st.integers(1, 20), seed=st.integers(0, 10**6))
def test_both_ends_rise_with_every_change_hold_p_and_are_never_narrower_than_independent_pairs(
    n: int, pairs: int, seed: int
) -> None:
    found, total = orders(n, pairs, seed), n * pairs
    for before, after in itertools.pairwise(found):
        assert after[0] >= before[0] - 1e-12
        assert after[1] >= before[1] - 1e-12
    for k, (low, high) in enumerate(found):
        assert 0 <= low <= k / total <= high <= 1
        assert high - low >= wilson(k, total)[1] - wilson(k, total)[0] - 1e-12
        mirrored = proportion(np.full(n, pairs), np.full(n, pairs)) if k == total else None
        assert mirrored is None or mirrored == pytest.approx((1 - found[0][1], 1 - found[0][0]), abs=1e-12)


def test_changes_of_one_photograph_tell_less_than_those_of_many() -> None:
    spread, together = np.ones(16), np.eye(1, 16).ravel() * 16
    (_, high_spread), (_, high_together) = (proportion(counts, np.full(16, 16)) for counts in (spread, together))
    assert high_together > high_spread + 0.02


def simulated(n: int, pairs: int, rate: float, clustering: float, runs: int) -> float:
    """Return how often the interval holds the rate; photographs' own rates are beta distributed."""
    rng, inside = np.random.default_rng(0), 0
    rates = np.full((runs, n), rate)
    if clustering:
        rates = rng.beta(rate * (1 / clustering - 1), (1 - rate) * (1 / clustering - 1), (runs, n))
    for counts in rng.binomial(pairs, rates):
        low, high = proportion(counts, np.full(n, pairs))
        inside += low <= rate <= high
    return inside / runs


@pytest.mark.parametrize(("n", "pairs"), [(10, 4), (20, 16), (50, 4)])
def test_a_proportion_covers(n: int, pairs: int) -> None:
    """The bootstrap of photographs covered .87 with 10 x 4 pairs and .80 with 20 x 16."""
    found = [simulated(n, pairs, rate, icc, 300) for rate in (0.02, 0.1, 0.5) for icc in (0.0, 0.3, 0.6)]
    assert np.mean(found) >= 0.93
    assert min(found) >= 0.89


def slow_mean(values: np.ndarray) -> tuple[float, float]:
    """Hall's transformation g(x) = x + s x² / 3 + s² x³ / 27 + s / 6n, inverted by search."""
    n, average, deviation = len(values), values.mean(), values.std(ddof=1)
    skew = float(np.mean((values - average) ** 3) / values.std() ** 3) * math.sqrt(n * (n - 1)) / (n - 2)
    ends = []
    for target in (t.ppf(0.975, n - 1) / math.sqrt(n), -t.ppf(0.975, n - 1) / math.sqrt(n)):
        low, high = -50.0, 50.0
        for _ in range(200):
            x = (low + high) / 2
            low, high = (x, high) if x + skew * x**2 / 3 + skew**2 * x**3 / 27 + skew / (6 * n) < target else (low, x)
        ends.append(average - deviation * (low + high) / 2)
    return ends[0], ends[1]


@pytest.mark.parametrize("n", [3, 8, 40])
def test_a_mean_is_halls_skewness_corrected_t(n: int) -> None:
    values = np.random.default_rng(n).lognormal(size=n)
    assert mean(values, np.arange(n)) == pytest.approx(slow_mean(values), abs=1e-9)
    symmetric = np.concatenate([values, -values])
    half = t.ppf(0.975, 2 * n - 1) * symmetric.std(ddof=1) / math.sqrt(2 * n)
    assert mean(symmetric, np.arange(2 * n)) == pytest.approx((-half, half), abs=1e-9)


def test_a_mean_is_over_units_and_stays_in_its_bounds() -> None:
    values, units = np.array([0.0, 0.2, 0.1, 0.3, 0.0, 0.0]), np.array([0, 0, 1, 1, 2, 2])
    assert mean(values, units) == pytest.approx(mean(np.array([0.1, 0.2, 0.0]), np.arange(3)))
    assert mean(values, np.zeros(6, int)) is None
    low, high = mean(np.array([0.0, 1.0]), np.arange(2), bounds=(0, 1))
    assert (low, high) == (0, 1)
    assert mean(np.array([0.25, 0.25]), np.arange(2)) == (0.25, 0.25)
    unequal = mean(np.array([1.0, 0.0, 0.0, 0.0]), np.array([0, 1, 1, 1]))
    assert unequal[0] < 0.25 < unequal[1]


def test_a_mean_of_skewed_values_covers_better_than_student_alone() -> None:
    rng, n, runs, inside, plain = np.random.default_rng(0), 20, 600, 0, 0
    for values in rng.beta(0.2, 3.8, (runs, n)):  # mean .05
        low, high = mean(values, np.arange(n), bounds=(0, 1))
        inside += low <= 0.05 <= high
        half = student(n - 1) * values.std(ddof=1) / math.sqrt(n)
        plain += abs(values.mean() - 0.05) <= half
    assert inside / runs >= 0.9
    assert inside > plain + 0.03 * runs


def test_a_difference_of_proportions_is_bonett_and_prices_with_one_pair_each() -> None:
    more, fewer, n = 7, 2, 40
    up, down = (np.arange(n) < more).astype(int), (np.arange(n) >= n - fewer).astype(int)
    a, b = (more + 1) / (n + 2), (fewer + 1) / (n + 2)
    half = 1.959963984540054 * math.sqrt((a + b - (a - b) ** 2) / (n + 2))
    assert paired_proportions(up, down, np.ones(n)) == pytest.approx((a - b - half, a - b + half), abs=1e-12)


@pytest.mark.parametrize(("n", "pairs"), [(1, 8), (10, 1), (10, 8), (2, 2)])
def test_a_difference_keeps_its_width_where_nothing_differs(n: int, pairs: int) -> None:
    low, high = paired_proportions(np.zeros(n), np.zeros(n), np.full(n, pairs))
    assert low == pytest.approx(-high)
    assert high >= 1 / (n * pairs + 2)
    assert low >= -1


@pytest.mark.parametrize("pairs", [1, 4])
def test_a_difference_of_proportions_covers(pairs: int) -> None:
    rng, n, runs, inside = np.random.default_rng(0), 60, 400, 0
    for _ in range(runs):
        own = rng.beta(0.3, 1.7, n)[:, None]
        one = rng.random((n, pairs)) < own
        other = np.where(rng.random((n, pairs)) < 0.7, one, rng.random((n, pairs)) < 0.35)
        up, down = (other & ~one).sum(1), (one & ~other).sum(1)
        low, high = paired_proportions(up, down, np.full(n, pairs))
        inside += low <= 0.3 * (0.35 - 0.15) <= high
    assert 0.92 <= inside / runs <= 0.995


def test_few_photographs_are_called_so() -> None:
    assert [bool(few(n)) for n in (1, 2, 19, 20, 400)] == [False, True, True, False, False]
