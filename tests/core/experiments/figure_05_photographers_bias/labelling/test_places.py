"""Tables of clicked points, against slow loops."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from core.experiments.figure_05_photographers_bias.labelling import fold
from core.experiments.figure_05_photographers_bias.labelling.events import SKIP
from core.experiments.figure_05_photographers_bias.labelling.places import (
    COLUMNS,
    agreements,
    distances,
    median_interval,
    table,
)
from tests.support.labelled import EYES, clicked, event, invented_labels


def test_a_row_a_point_and_none_of_skipped_photographs() -> None:
    mine = [*clicked("a.png", (50, 25), (100, 30)), *clicked("b.png", (1, 2)), event(SKIP, "b.png")]
    found = table({"me": fold(mine), "anna": fold(clicked("c.png", (20, 75), labeller="anna", label="dog"))})
    assert tuple(found.columns) == COLUMNS
    again = pd.read_csv(io.StringIO(found.to_csv(index=False)))
    assert again[["photograph", "labeller", "point", "x", "y", "x_share", "y_share"]].to_numpy().tolist() == [
        ["a.png", "me", "left eye", 50, 25, 0.25, 0.25],
        ["a.png", "me", "right eye", 100, 30, 0.5, 0.3],
        ["c.png", "anna", "left eye", 20, 75, 0.1, 0.75],
    ]
    assert again[["width", "height"]].drop_duplicates().to_numpy().tolist() == [[200, 100]]
    assert table({}).empty


def test_distances_and_agreement_are_those_of_a_slow_loop() -> None:
    found = invented_labels(9, ("me", "anna"))
    at = {(r.labeller, r.photograph, r.point): (r.x, r.y) for r in found.itertuples()}
    apart = distances(found, *EYES)
    assert len(apart) == 18
    for row in apart.itertuples():
        (x, y), (u, v) = (at[row.labeller, row.photograph, eye] for eye in EYES)
        assert row.distance == pytest.approx(((x - u) ** 2 + (y - v) ** 2) ** 0.5 / 200)
    (one,) = agreements(found)
    means = []
    for k in range(9):
        mine, hers = ([at[who, f"{k}.png", eye] for eye in EYES] for who in ("me", "anna"))
        means.append(np.mean([np.hypot(a[0] - b[0], a[1] - b[1]) for a, b in zip(mine, hers, strict=True)]))
    ordered = sorted(means)
    assert (one.first, one.second, one.n) == ("anna", "me", 9)
    assert one.median == pytest.approx(ordered[4])
    assert one.interval == pytest.approx((ordered[1], ordered[7]))  # n = 9: the second and the second last
    alone = found[(found["labeller"] == "me") | (found["photograph"] == "3.png")]
    assert [(a.n, a.interval) for a in agreements(alone)] == [(1, None)]
    assert not agreements(found[found["labeller"] == "me"])


def test_the_interval_of_a_median_holds_it_often_enough() -> None:
    for n in range(1, 60):
        interval = median_interval(np.arange(n, dtype=float)[::-1].copy())
        holds = [1 - 2 * binom.cdf(k, n, 0.5) for k in range((n + 1) // 2)]  # when k are left out at either end
        enough = [k for k, chance in enumerate(holds) if chance >= 0.95]
        assert interval == ((enough[-1], n - 1 - enough[-1]) if enough else None)
