"""The planned difference against a simulated study, and the variance components against known ones."""

from __future__ import annotations

import numpy as np
import pytest

from core.statistics.comparisons import paired_t
from core.statistics.power import Spread, smallest_difference, spread


@pytest.mark.parametrize(("n", "pairs"), [(10, 4), (60, 1), (200, 4)])
def test_the_smallest_difference_is_found_in_eighty_per_cent(n: int, pairs: int) -> None:
    rng, expected, found, runs = np.random.default_rng(0), Spread(0.01, 0.1), 0, 1500
    shift = smallest_difference(expected, n, pairs)
    for _ in range(runs):
        means = shift + rng.normal(0, 0.1, n) + rng.normal(0, np.sqrt(0.1 / pairs), n)
        found += (paired_t(means, np.ones(n))[1] or 0) < 0.05
    assert found / runs == pytest.approx(0.8, abs=0.04)


def test_more_photographs_and_more_pairs_show_less_and_more_tests_need_more() -> None:
    expected = Spread(0.01, 0.1)
    sizes = [smallest_difference(expected, n, 1) for n in (2, 10, 100, 50_000)]
    assert sizes == sorted(sizes, reverse=True)
    assert smallest_difference(expected, 100, 4) < smallest_difference(expected, 100, 1)
    assert smallest_difference(expected, 100, 1, tests=30) > smallest_difference(expected, 100, 1)
    assert smallest_difference(expected, 1, 16) is None
    assert smallest_difference(expected, 2, 1) <= 1


@pytest.mark.parametrize("pairs", [1, 6])
def test_variance_components(pairs: int) -> None:
    rng, n = np.random.default_rng(0), 6000
    own = np.repeat(rng.normal(0, 0.3, n), pairs)
    found = spread(own + rng.normal(0, 0.5, n * pairs), np.repeat(np.arange(n), pairs))
    if pairs == 1:  # one pair cannot tell the two apart, and their sum is what counts
        assert found.of_mean(1) == pytest.approx(0.34, rel=0.05)
        return
    assert (found.between, found.within) == pytest.approx((0.09, 0.25), rel=0.1)
