"""core.experiments.figure_01_trajectories.roughness: how jagged a curve is, against plain numpy."""

from __future__ import annotations

import numpy as np
import pytest

from core.experiments.figure_01_trajectories.roughness import Jagged, jagged, sentence


@pytest.mark.parametrize("n", [2, 3, 33, 129])
def test_against_numpy(n: int) -> None:
    p = np.random.default_rng(n).random(n)
    found = jagged(p.tolist())
    assert found is not None
    assert found.n == n
    assert found.mean_step == pytest.approx(sum(abs(p[k + 1] - p[k]) for k in range(n - 1)) / (n - 1), abs=1e-12)
    assert found.largest_drop == pytest.approx(max(0.0, *(p[k] - p[k + 1] for k in range(n - 1))), abs=1e-12)
    total = sum(abs(p[k + 1] - p[k]) for k in range(n - 1))
    assert found.wobble == pytest.approx(total - abs(p[-1] - p[0]), abs=1e-12)


def test_what_only_rises_or_falls_does_not_wobble() -> None:
    rising, falling = jagged([0.1, 0.2, 0.5, 0.9]), jagged([0.9, 0.5, 0.2])
    assert rising is not None
    assert falling is not None
    assert rising == Jagged(4, pytest.approx(0.8 / 3), 0.0, pytest.approx(0.0, abs=1e-12))
    assert (falling.largest_drop, falling.wobble) == (pytest.approx(0.4), pytest.approx(0.0, abs=1e-12))
    there_and_back = jagged([0.5, 0.1, 0.5])
    assert there_and_back is not None
    assert there_and_back.wobble == pytest.approx(0.8)
    assert jagged([0.3]) is None
    assert jagged([]) is None


def test_the_sentence_is_made_of_the_numbers() -> None:
    text = sentence(
        "this photograph moves right by 32 px",
        [("A's P(cat)", Jagged(33, 0.0423, 0.31, 1.2)), ("B's P(cat)", Jagged(33, 0.001, 0.0, 0.0))],
    )
    assert text.startswith("While this photograph moves right by 32 px, A's P(cat) changes by 0.042 ")
    assert "falls by up to 0.31 at once and wobbles by 1.20" in text
    assert "B's P(cat) changes by 0.001 from one frame to the next on average, never falls and" in text
    assert sentence("moves", []) == ""
