"""The figures of the photographer's bias hold the numbers and the truth."""

from __future__ import annotations

import numpy as np
import pytest

from core.datasets.scenes import Photographer
from core.experiments.figure_05_photographers_bias import figure as figures
from tests.support.boxed import scenes


def test_figures_hold_the_numbers_and_the_truth() -> None:
    who = Photographer(spread=0.5, size_mean=0.5)
    found = scenes(who)
    u = found.table["u"].dropna()
    bars, truth = figures.place_histogram(found, "u", who).data
    assert list(bars.y) == np.histogram(u, 10, (0, 1))[0].tolist()
    assert sum(truth.y) / 2 == pytest.approx(len(u))
    assert truth.y[2 * 4] == pytest.approx(len(u) / 5)
    bars, truth = figures.size_histogram(found, who).data
    assert sum(bars.y) == 120
    assert sum(truth.y) / 2 == pytest.approx(120)
    assert len(figures.place_histogram(found, "u").data) == 1
    heat = figures.place_map(found, who)
    assert np.sum(heat.data[0].z) == len(found.table.dropna(subset=["u", "v"]))
    assert (heat.layout.shapes[0].x0, heat.layout.shapes[0].x1) == (0.25, 0.75)
    assert list(figures.object_centres(found).data[0].x) == found.table["x"].tolist()
