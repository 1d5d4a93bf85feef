"""Clouds of features for tests of the search: indexes, queries and rankings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support.indexed import brute_force

DIM, ROWS = 32, 1500
LABELS = ("ant", "bee", "cat", None)


def cloud(count: int, seed: int, spread: float = 0.6) -> np.ndarray:
    """Positive features in some clusters, as a network's are."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).exponential(size=(12, DIM))
    return (centres[rng.integers(12, size=count)] + spread * rng.exponential(size=(count, DIM))).astype(np.float32)


Ranked = list[tuple[list[int], list[float]]]


def check(found: list[Any], queries: np.ndarray, rows: np.ndarray, k: int, among: np.ndarray | None = None) -> None:
    """Against one row at a time."""
    check_ranked(found, [brute_force(query, rows, len(rows)) for query in queries], k, among)


def check_ranked(found: list[Any], ranking: Ranked, k: int, among: np.ndarray | None = None) -> None:
    """Against the first k of a ranking, of the rows ``among`` alone."""
    for (nearest, values), (got, cosines) in zip(ranking, found, strict=True):
        first = [n for n, row in enumerate(nearest) if among is None or among[row]][:k]
        assert got.tolist() == [nearest[n] for n in first]
        assert cosines == pytest.approx([values[n] for n in first], abs=1e-12)
