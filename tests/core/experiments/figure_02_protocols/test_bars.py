"""Bars and intervals are those of the data."""

from __future__ import annotations

from collections.abc import Callable

import plotly.graph_objects as go
import pytest

from core.experiments.figure_02_protocols.figure import (
    mean_absolute_change,
    measures,
    p_top1_change,
    representation_change,
)
from tests.support.figures import BARS, CLASSLESS, ORDER, bar


def test_what_has_no_classes_shows_its_representation_alone() -> None:
    assert list(measures(BARS)) == ["P(top-1 change)", "Mean absolute change"]
    assert list(measures([CLASSLESS])) == ["Representation change"]
    assert len(measures([*BARS, CLASSLESS])) == 3
    assert [trace.name for trace in p_top1_change([*BARS, CLASSLESS], ORDER).data] == ["net 0", "net 1"]
    drawn = representation_change([*BARS, CLASSLESS], ORDER).data
    assert [trace.name for trace in drawn] == ["net 0", "net 1", "net 2"]
    assert drawn[2].y[0] == pytest.approx(0.01)


@pytest.mark.parametrize("draw", [p_top1_change, mean_absolute_change])
def test_bars_and_intervals_are_those_of_the_data(draw: Callable[..., go.Figure]) -> None:
    fig, measure = draw(BARS, ORDER), draw.__name__
    assert [trace.name for trace in fig.data] == ["net 0", "net 1"]
    highest = 0.0
    for place, trace in enumerate(fig.data):
        mine = [b for b in BARS if b.slot == place]
        assert list(trace.x) == list(ORDER)
        assert list(trace.customdata) == [8] * 4
        assert trace.error_y.symmetric is False
        for k, one in enumerate(mine):
            low, high = getattr(one.measured, f"{measure}_interval")
            assert trace.y[k] == getattr(one.measured, measure)
            assert trace.y[k] + trace.error_y.array[k] == pytest.approx(high, abs=1e-12)
            assert trace.y[k] - trace.error_y.arrayminus[k] == pytest.approx(low, abs=1e-12)
            highest = max(highest, high)
    bottom, top = fig.layout.yaxis.range
    assert bottom == 0
    assert top > highest
    assert fig.layout.barmode == "group"


def test_no_interval_draws_none_and_a_missing_protocol_keeps_its_place() -> None:
    fig = mean_absolute_change([bar(0, "scale", pairs=1), bar(0, "crop", pairs=1)], ORDER)
    [trace] = fig.data
    assert list(trace.error_y.array) == list(trace.error_y.arrayminus) == [0, 0]
    assert list(trace.x) == ["scale", "crop"]
    assert tuple(fig.layout.xaxis.categoryarray) == ORDER
    assert tuple(fig.layout.xaxis.range) == (-0.5, 3.5)
