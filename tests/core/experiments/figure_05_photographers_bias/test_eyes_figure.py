"""The figures of clicked points hold the points."""

from __future__ import annotations

import numpy as np
import pytest

from core.experiments.figure_05_photographers_bias.eyes_figure import distance_histogram, point_places
from core.experiments.figure_05_photographers_bias.labelling import fold
from core.experiments.figure_05_photographers_bias.labelling.places import distances, table
from tests.support.drawn import text_below
from tests.support.labelled import EYES, clicked, invented_labels


def test_figures_hold_the_points() -> None:
    found = invented_labels(15, ("me", "anna"))
    fig = point_places(found, EYES)
    for trace, eye in zip(fig.data, EYES, strict=True):
        mine = found[found["point"] == eye]
        assert (trace.name, list(trace.x), list(trace.y)) == (eye, list(mine["x_share"]), list(mine["y_share"]))
    assert tuple(fig.layout.yaxis.range) == (1, 0)  # down is down
    mine = found[found["point"] == "left eye"]
    assert f"left eye: standard deviation {mine['x_share'].std(ddof=0):.2f} across" in text_below(fig)
    assert "n = 15 photographs, labelled 30 times." in text_below(fig)
    fig, apart = distance_histogram(found, *EYES), distances(found, *EYES)["distance"]
    assert list(fig.data[0].y) == np.histogram(apart, 20, (0, 1))[0].tolist()
    assert f"mean {apart.mean():.2f}" in text_below(fig)


def test_no_distance_is_beyond_the_histogram() -> None:
    upright = {"width": 20, "height": 100}
    found = table({"me": fold(clicked("a.png", (10, 5), (10, 95), **upright))})  # 4.5 widths apart
    (bars,) = distance_histogram(found, *EYES).data
    assert (sum(bars.y), bars.x[list(bars.y).index(1)]) == (1, pytest.approx(4.475))
    (empty,) = distance_histogram(found[:1], *EYES).data
    assert sum(empty.y) == 0
