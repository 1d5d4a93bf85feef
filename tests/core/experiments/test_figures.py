"""core.experiments.drawing: what is drawn is what the data say."""

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
from tests.core.experiments import test_study_figures
from tests.core.experiments.figure_05_photographers_bias import test_bias, test_labelling
from tests.core.experiments.section_2_invariance import test_invariance
from tests.support.drawn import text_below

ORDER = ("crop", "black", "inpaint", "scale")
TOPS = ("cat", "cat", "cup", "cup", "cat", "cat")
P = (0.5, 0.52, 0.3, 0.31, 0.6, 0.61)


def bar(place: int, protocol: str, changed: int = 1, pairs: int = 8) -> Bar:
    rows = [Outcome("aa", k, 0, int(k < changed), 0.5, 0.45 - 0.01 * k, 0.9) for k in range(pairs)]
    return Bar(f"net {place}", place, protocol, sensitivity(rows))


def curve(place: int = 0, *, stride: int | None = None, values: tuple[int, ...] = tuple(range(6))) -> Curve:
    n = len(values)
    return Curve(f"net {place}", place, "cat", values, P[:n], TOPS[:n], stride)


BARS = [bar(place, name, changed=2 * place + k) for place in (0, 1) for k, name in enumerate(ORDER)]
FRAMES, MAPS = [np.zeros((8, 8, 3), np.uint8)] * 2, (np.arange(32, dtype=np.uint8) * 8).reshape(2, 4, 4)
LINE = Line("net", 1, ("a", "b"), (0.5, 1.0), (2, 4), (0.1, 0.4))
CLASSLESS = Bar("net 2", 2, "crop", sensitivity([Outcome("aa", k, None, None, nan, nan, 0.99) for k in range(8)]))
MAP = np.arange(25.0).reshape(5, 5) / 50
MAP[4, 4] = nan
ANSWERS = np.where(np.isnan(MAP), nan, np.arange(25.0).reshape(5, 5) // 3)  # nine classes, more than there are colours
CLASSES = [f"class {k}" for k in range(9)]
PLACES = test_bias.invented(np.linspace(0, 1, 30))
ANSWERED = test_invariance.invented(0.0, 0.2, 0.6)
EXAMPLES: dict[str, Callable[[], go.Figure]] = {
    "p_top1_change": lambda: p_top1_change(BARS, ORDER),
    "mean_absolute_change": lambda: mean_absolute_change(BARS, ORDER),
    "representation_change": lambda: representation_change([*BARS, CLASSLESS], ORDER),
    "trajectory": lambda: trajectory(
        [curve(0, stride=2), curve(1)], axis="shift right (px)", span=(0, 5), cursor=3, strides=True
    ),
    "probability_map": lambda: probability_map(MAP, measure="P(cat)", stride=4, protocol="net 0; black."),
    "class_map": lambda: class_map(ANSWERS, CLASSES, stride=4, protocol="net 0; black."),
    "spectrum_map": lambda: spectrum_map(spectrum(MAP[:4, :4]), (2, 4, 32), protocol="net 0; black."),
    "among_references": lambda: among_references(0.7, [0.5, 0.6, 0.8]),
    "stems": lambda: stems([(f"shift {by}", stages((0, 1, 2), Bench(), by)) for by in (0, 1)]),
    **test_study_figures.EXAMPLES,
    "feature_maps": lambda: maps_figure(FRAMES, (0, 8), [Row("depth 1.00", MAPS, (120.0, 376.0))], "n = 1 photograph"),
    "shiftability": lambda: curves_figure([LINE], DRIFT, "n = 1 photograph"),
    "object_centres": lambda: bias_figures.object_centres(PLACES),
    "place_map": lambda: bias_figures.place_map(PLACES, Photographer()),
    "place_histogram": lambda: bias_figures.place_histogram(PLACES, "u", Photographer()),
    "size_histogram": lambda: bias_figures.size_histogram(PLACES, Photographer()),
    "changes_of_one_pixel": lambda: invariance_figures.changes_of_one_pixel(ANSWERED),
    "accuracy_of": lambda: invariance_figures.accuracy_of(ANSWERED),
    "sums_over": lambda: sums_over(
        (0, 1), [corollaries_figure.Line("a", 0, np.array([3.0, 1.0]))], "a network; n = 1 photograph."
    ),
    "point_places": lambda: eyes_figures.point_places(test_labelling.invented(), test_labelling.EYES),
    "distance_histogram": lambda: eyes_figures.distance_histogram(test_labelling.invented(), *test_labelling.EYES),
    "changes_along": lambda: invariance_figures.changes_along(ANSWERED),
}


def test_what_has_no_classes_shows_its_representation_alone() -> None:
    assert list(measures(BARS)) == ["P(top-1 change)", "Mean absolute change"]
    assert list(measures([CLASSLESS])) == ["Representation change"]
    assert len(measures([*BARS, CLASSLESS])) == 3
    assert [trace.name for trace in p_top1_change([*BARS, CLASSLESS], ORDER).data] == ["net 0", "net 1"]
    drawn = representation_change([*BARS, CLASSLESS], ORDER).data
    assert [trace.name for trace in drawn] == ["net 0", "net 1", "net 2"]
    assert drawn[2].y[0] == pytest.approx(0.01)


def drawings() -> dict[str, Any]:
    """Every function of core.experiments.drawing that draws, by name."""
    found = {}
    for module in pkgutil.iter_modules(drawing.__path__, "core.experiments.drawing."):
        for name, thing in vars(import_module(module.name)).items():
            makes = inspect.isfunction(thing) and thing.__annotations__.get("return") == "go.Figure"
            if makes and thing.__module__ == module.name and not name.startswith("_"):
                found[name] = thing
    return found


def test_every_figure_is_tested() -> None:
    # "figure" is the empty one that all begin with; "square" shapes it, and "said" is what stands below
    assert drawings().keys() - {"figure", "said", "square", "said_square"} == EXAMPLES.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_axes_have_names_and_the_figure_goes_anywhere(name: str) -> None:
    fig = EXAMPLES[name]()
    for axis in (fig.layout.xaxis, fig.layout.yaxis):
        assert axis.title.text
        assert axis.automargin is True
    assert fig.layout.paper_bgcolor == fig.layout.plot_bgcolor == "rgba(0,0,0,0)"  # light and dark
    assert fig.layout.height
    assert json.loads(fig.to_json()) == json.loads(EXAMPLES[name]().to_json())
    assert fig.data


@pytest.mark.parametrize("name", EXAMPLES)
def test_lengths_agree(name: str) -> None:
    for trace in EXAMPLES[name]().data:
        if trace.type not in ("histogram", "image", "heatmap"):
            assert len(trace.x) == len(trace.y)


# Bars


@pytest.mark.parametrize("draw", [p_top1_change, mean_absolute_change])
def test_bars_and_intervals_are_those_of_the_data(draw: Callable[..., go.Figure]) -> None:
    fig, measure = draw(BARS, ORDER), draw.__name__
    assert [trace.name for trace in fig.data] == ["net 0", "net 1"]
    highest = 0.0
    for place, trace in enumerate(fig.data):
        mine = [b for b in BARS if b.place == place]
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


def test_nothing_measured_is_an_empty_figure() -> None:
    assert p_top1_change([], ORDER).layout.yaxis.range[1] > 0
    assert not trajectory([], axis="shift (px)", span=(0, 32)).data


# Colours


def test_a_network_keeps_its_colour_in_every_figure_whoever_else_is_there() -> None:
    assert (len(set(COLOURS)), len(set(DASHES))) == (6, 4)
    for places in ((0,), (2,), (1, 3), (3, 1), (0, 1, 2, 3)):
        bars = p_top1_change([bar(place, "crop") for place in places], ORDER)
        assert {t.name: t.marker.color for t in bars.data} == {f"net {k}": COLOURS[k] for k in places}
        lines = trajectory([curve(place) for place in places], axis="shift (px)", span=(0, 5)).data[::2]
        assert {t.name: (t.line.color, t.line.dash) for t in lines} == {
            f"net {k}: cat": (COLOURS[k], DASHES[k]) for k in places
        }
    patterns = [t.marker.pattern.shape for t in p_top1_change([bar(k, "crop") for k in range(4)], ORDER).data]
    assert len(set(patterns)) == 4  # told apart without colours too


def test_faded() -> None:
    assert faded("#0072B2", 0.6) == "rgba(0,114,178,0.6)"


# Curves


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


def shapes(fig: go.Figure) -> list[float]:
    assert all(shape.x0 == shape.x1 for shape in fig.layout.shapes)
    return [shape.x0 for shape in fig.layout.shapes]


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


# Typicality


def test_the_photograph_stands_among_the_references() -> None:
    reference = [0.5, 0.55, 0.6, 0.8]
    fig = among_references(0.7123, reference)
    assert list(fig.data[0].x) == reference
    assert shapes(fig) == [0.7123]
    assert [a.text for a in fig.layout.annotations] == ["this photograph 0.712"]
    assert fig.layout.yaxis.title.text == "reference photographs"


# Maps over all shifts


def test_a_map_is_the_grid_and_what_is_not_known_stays_empty() -> None:
    fig = EXAMPLES["probability_map"]()
    [cells] = fig.data
    assert list(cells.x) == list(cells.y) == [-2, -1, 0, 1, 2]
    assert cells.z[4][4] is None
    assert list(cells.z[0]) == MAP[0].tolist()
    assert cells.z[1][3] == MAP[1, 3]  # one up, one to the right
    assert fig.layout.yaxis.range[0] > fig.layout.yaxis.range[1]  # down is down
    assert "n = 24 of 25 shifts" in text_below(fig)
    assert "net 0; black." in text_below(fig)


def test_tiles_of_the_total_stride_are_outlined_where_they_fit() -> None:
    assert sorted({shape.x0 for shape in EXAMPLES["probability_map"]().layout.shapes if shape.x0 == shape.x1}) == [
        -2,
        2,
    ]
    wide = probability_map(MAP, measure="P(cat)", stride=32, protocol="")
    assert not wide.layout.shapes
    assert "Its total stride, 32 px, is wider than this map" in text_below(wide)
    assert not probability_map(MAP, measure="P(cat)", stride=None, protocol="").layout.shapes


def test_the_most_frequent_classes_have_a_colour_each_and_the_others_share_one() -> None:
    cells, *legend = EXAMPLES["class_map"]().data
    assert [trace.name for trace in legend] == [*CLASSES[:6], OTHERS]  # three cells each; a tie goes by place
    assert [trace.marker.color for trace in legend[:6]] == list(COLOURS)
    assert list(cells.z[0][:4]) == [0, 0, 0, 1]
    assert cells.z[4][0] == 6
    assert cells.z[4][4] is None
    assert cells.text[4][0] == CLASSES[6]
    few = class_map(np.zeros((3, 3)), CLASSES, protocol="")
    assert [trace.name for trace in few.data[1:]] == [CLASSES[0]]


def test_a_spectrum_marks_the_strides_that_the_map_holds() -> None:
    fig = EXAMPLES["spectrum_map"]()
    cells, across, down = fig.data
    assert (list(across.x), list(across.y)) == ([0.5, 0.25], [0, 0])
    assert (list(down.x), list(down.y)) == ([0, 0], [0.5, 0.25])
    assert max(map(max, cells.z)) <= 0
    assert min(map(min, cells.z)) == -6  # the mean, which is taken off
    assert "1/2, 1/4. The map is too narrow for 32 px." in text_below(fig)
    assert "no stride above 1 px" in text_below(spectrum_map(spectrum(MAP[:4, :4]), (), protocol=""))


def test_maps_have_one_scale_a_row_and_their_sums_beneath() -> None:
    fig = EXAMPLES["feature_maps"]()
    shown = [np.asarray(trace.z) for trace in fig.data if trace.type == "heatmap"]
    assert [(z.min(), z.max()) for z in shown] == [(0, 120), (128, 248)]
    assert {(trace.zmin, trace.zmax) for trace in fig.data if trace.type == "heatmap"} == {(0, 255)}
    beneath = [fig.layout[f"xaxis{k}"].title.text for k in ("", 2, 3, 4)]
    assert beneath == ["0 px", "8 px", "120", "376"]
    said = " ".join(annotation.text for annotation in fig.layout.annotations)
    assert "depth 1.00" in said
    assert "n = 1 photograph" in said.replace("<br>", " ")


def test_curves_are_the_values_against_depth() -> None:
    fig = EXAMPLES["shiftability"]()
    (trace,) = fig.data
    assert (list(trace.x), list(trace.y), trace.name) == ([0.5, 1.0], [0.1, 0.4], "net")
    assert (fig.layout.xaxis.title.text, fig.layout.yaxis.title.text) == ("relative depth", DRIFT)
    assert fig.layout.yaxis.range[1] > 0.4
