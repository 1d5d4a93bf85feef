"""The curves of Figure 1 are the values, with the network's answers."""

from __future__ import annotations

import pytest

from core.experiments.drawing.style import COLOURS
from core.experiments.figure_01_trajectories.figure import Curve, trajectory
from tests.support.figures import TOPS, P, curve, shapes


def test_curves_are_the_values_with_what_the_network_says() -> None:
    line, _ = trajectory([curve()], axis="shift right (px)", span=(0, 5)).data
    assert (tuple(line.x), tuple(line.y), tuple(line.customdata)) == (tuple(range(6)), P, TOPS)


def test_diamonds_stand_where_the_arg_max_changed() -> None:
    steady = Curve("net 1", 1, "cat", range(6), P, ("cat",) * 6)
    fig = trajectory([steady, curve(2), curve(3)], axis="shift (px)", span=(0, 5))
    none, *jumps = fig.data[1::2]
    assert len(none.x) == 0
    for place, trace in zip((2, 3), jumps, strict=True):
        assert (list(trace.x), list(trace.y)) == ([2, 4], [P[2], P[4]])
        assert trace.marker.symbol == "diamond-open"
        assert trace.marker.color == COLOURS[place]
    named = [trace.name for trace in fig.data if trace.showlegend]
    assert named.count("arg-max changes") == 1
    assert len(named) == 4


def test_dotted_lines_stand_at_the_multiples_of_each_total_stride() -> None:
    curves = [curve(0, stride=8), curve(1, stride=8), curve(2, stride=32), curve(3)]
    fig = trajectory(curves, axis="shift (px)", span=(0, 32), strides=True)
    assert shapes(fig) == [0, 8, 16, 24, 32, 0, 32]
    assert {shape.line.dash for shape in fig.layout.shapes} == {"dot"}
    assert [(a.x, a.text) for a in fig.layout.annotations] == [(8, "stride 8"), (32, "stride 32")]
    assert not trajectory(curves, axis="size (px)", span=(0, 32)).layout.shapes
    assert not trajectory([curve(3)], axis="shift (px)", span=(0, 32), strides=True).layout.shapes
    beyond = trajectory([curve(0, stride=32)], axis="shift (px)", span=(0, 10), strides=True)
    assert shapes(beyond) == [0]
    assert not beyond.layout.annotations


def test_the_cursor_is_a_line() -> None:
    assert shapes(trajectory([curve()], axis="shift (px)", span=(0, 5), cursor=0)) == [0]
    assert shapes(trajectory([curve()], axis="shift (px)", span=(0, 5), cursor=4)) == [4]


def test_the_whole_path_is_in_view_while_the_curve_grows() -> None:
    for n in (1, 3, 6):
        fig = trajectory([curve(values=tuple(range(n)))], axis="shift (px)", span=(0, 5))
        left, right = fig.layout.xaxis.range
        assert left < 0 < 5 < right
        assert len(fig.data[0].x) == n
    left, right = trajectory([curve(values=(90, 89, 88))], axis="side (px)", span=(90, 58)).layout.xaxis.range
    assert left > 90 > 58 > right  # a square that shrinks: the path still runs to the right


@pytest.mark.parametrize("most", [0.001, 0.05, 0.39, 0.41, 1.0])
def test_every_probability_is_in_view(most: float) -> None:
    one = Curve("net 0", 0, "cat", (0, 1), (0.0, most), ("cat", "cat"))
    bottom, top = trajectory([one], axis="shift (px)", span=(0, 1)).layout.yaxis.range
    assert bottom < 0 < most < top
    assert top < 1.1
