"""core.experiments.figure_01_trajectories.roughness: the roughness of a curve, against plain numpy."""

from __future__ import annotations

import numpy as np
import pytest

from core.experiments.figure_01_trajectories.roughness import Roughness, roughness


@pytest.mark.parametrize("n", [2, 3, 33, 129])
def test_against_numpy(n: int) -> None:
    p = np.random.default_rng(n).random(n)
    found = roughness(p.tolist())
    assert found is not None
    assert found.n == n
    assert found.mean_step == pytest.approx(sum(abs(p[k + 1] - p[k]) for k in range(n - 1)) / (n - 1), abs=1e-12)
    assert found.largest_drop == pytest.approx(max(0.0, *(p[k] - p[k + 1] for k in range(n - 1))), abs=1e-12)
    total = sum(abs(p[k + 1] - p[k]) for k in range(n - 1))
    assert found.excess_variation == pytest.approx(total - abs(p[-1] - p[0]), abs=1e-12)


def test_what_only_rises_or_falls_has_no_excess_variation() -> None:
    rising, falling = roughness([0.1, 0.2, 0.5, 0.9]), roughness([0.9, 0.5, 0.2])
    assert rising is not None
    assert falling is not None
    assert rising == Roughness(4, pytest.approx(0.8 / 3), 0.0, pytest.approx(0.0, abs=1e-12))
    assert (falling.largest_drop, falling.excess_variation) == (pytest.approx(0.4), pytest.approx(0.0, abs=1e-12))
    there_and_back = roughness([0.5, 0.1, 0.5])
    assert there_and_back is not None
    assert there_and_back.excess_variation == pytest.approx(0.8)
    assert roughness([0.3]) is None
    assert roughness([]) is None
