"""The curves of Figure 1 are the values, with the network's answers."""

from __future__ import annotations

import inspect
import json
import pkgutil
from collections.abc import Callable
from importlib import import_module
from math import nan
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from core.datasets.scenes import Photographer
from core.experiments import drawing
from core.experiments.drawing.style import COLOURS, DASHES, faded
from core.experiments.figure_01_trajectories.figure import Curve, trajectory
from core.experiments.figure_01_trajectories.shift_map import spectrum
from core.experiments.figure_01_trajectories.shift_map_figure import OTHERS, class_map, probability_map, spectrum_map
from core.experiments.figure_02_protocols.figure import (
    Bar,
    mean_absolute_change,
    measures,
    p_top1_change,
    representation_change,
)
from core.experiments.figure_03_feature_maps.figure import Row
from core.experiments.figure_03_feature_maps.figure import feature_maps as maps_figure
from core.experiments.figure_05_photographers_bias import eyes_figure as eyes_figures
from core.experiments.figure_05_photographers_bias import figure as bias_figures
from core.experiments.figure_07_08_typicality.figure import among_references
from core.experiments.section_2_invariance import figure as invariance_figures
from core.experiments.section_3_shiftability import corollaries_figure
from core.experiments.section_3_shiftability.corollaries_figure import sums_over
from core.experiments.section_3_shiftability.figure import DRIFT, Line
from core.experiments.section_3_shiftability.figure import shiftability as curves_figure
from core.experiments.table_2_signals.figure import stems
from core.experiments.table_2_signals.signals import Bench, stages
from core.statistics.sensitivity import Outcome, sensitivity
from tests.support.answered import invented_answers
from tests.support.boxed import invented_places
from tests.support.drawn import text_below
from tests.support.figures import ANSWERS, BARS, CLASSES, CLASSLESS, EXAMPLES, MAP, ORDER, TOPS, P, bar, curve, shapes
from tests.support.labelled import EYES, invented_labels
from tests.support.study_figures import STUDY_EXAMPLES


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
