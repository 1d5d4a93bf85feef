"""The figures of the dial: points are networks, means are photographers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from core.experiments.bias_dial import dial
from core.experiments.bias_dial.figure import at_typicality, dial_figure, half
from tests.support.study_tables import LEVELS
from tests.support.study_tables import turned as table

P = "p_top1_change"


def test_points_are_networks_and_means_photographers() -> None:
    rows = table(of_place=-0.1)
    fig = dial_figure(rows, P, chosen=(1.0, 0.3))
    plain = dial.means(rows, P)
    alike = plain[plain["size_spread"] == 0.3]
    points, means = fig.data[4], fig.data[5]
    assert sorted(points.y) == pytest.approx(sorted(alike[P]))
    apart = means.x[0]  # beside those whose sizes are spread less
    assert 0 < apart < 0.1
    assert list(means.x) == [apart, 1 + apart]
    assert set(points.x) == set(means.x)
    assert fig.data[1].x[0] == -apart
    free = alike.loc[alike["spread"] == 1.0, P].to_numpy()
    assert means.y[1] == pytest.approx(free.mean())
    assert means.error_y.array[1] == pytest.approx(stats.t.ppf(0.975, 2) * stats.sem(free))
    assert (fig.data[-1].name, fig.data[-1].x[0], fig.data[-1].y[0]) == (
        "selected",
        1 + apart,
        pytest.approx(free.mean()),
    )
    assert "selected" not in [trace.name for trace in dial_figure(rows, P, chosen=(0.35, 0.1)).data]
    assert "n = 15 networks, 200 photographs" in fig.layout.annotations[-1].text.replace("<br>", " ")
    assert half(np.array([0.3])) == 0


def test_the_caption_gives_the_effect_with_both_intervals() -> None:
    rows = table(of_place=-0.1)
    estimates = dial.effects(rows, P)
    assert estimates is not None
    both = estimates.measured[dial.BOTH]
    low, high = both.over_photographers or (0, 0)
    caption = dial_figure(rows, P).layout.annotations[-1].text.replace("<br>", " ")
    assert f"{both} over networks, given these 5 photographers" in caption
    assert f"[{low:+.3f}, {high:+.3f}] with photographers as units" in caption
    for other in (dial_figure(rows, "right"), dial_figure(rows[rows["spread"] == 0], P)):
        assert "as units" not in other.layout.annotations[-1].text


def test_the_interval_of_typicality_is_over_photographs() -> None:
    """All networks of a photographer have the same."""
    rows = table(of_typicality=-0.3)
    fig = dial_figure(rows, "typicality")
    means, free = fig.data[5], rows[(rows["spread"] == 1.0) & (rows["size_spread"] == 0.3)]
    value, interval = dial.level(free, "typicality")
    assert interval is not None
    assert interval[0] < value < interval[1]
    assert means.y[1] == pytest.approx(value)
    assert means.y[1] - means.error_y.arrayminus[1] == pytest.approx(interval[0])
    assert means.y[1] + means.error_y.array[1] == pytest.approx(interval[1])
    assert "intervals over photographs" in fig.layout.annotations[-1].text.replace("<br>", " ")


def test_a_curve_a_photographer_each_photograph_once() -> None:
    fig = at_typicality(table(of_typicality=-0.8), P)
    names = [trace.name for trace in fig.data if trace.mode == "lines+markers"]
    assert names == [f"places {a:g}, sizes ± {b:g}" for a, b in sorted(LEVELS)]
    assert sum(n for n, *_ in fig.data[1].customdata) == 200
