"""Every figure of the experiments, by name: for tests."""

from __future__ import annotations

from collections.abc import Callable
from math import nan

import numpy as np
import plotly.graph_objects as go

from core.datasets.scenes import Photographer
from core.experiments.figure_01_trajectories.figure import Curve, trajectory
from core.experiments.figure_01_trajectories.shift_map import spectrum
from core.experiments.figure_01_trajectories.shift_map_figure import class_map, probability_map, spectrum_map
from core.experiments.figure_02_protocols.figure import (
    Bar,
    mean_absolute_change,
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
from tests.support.labelled import EYES, invented_labels
from tests.support.study_figures import STUDY_EXAMPLES

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


MAP = np.where(np.arange(25).reshape(5, 5) == 24, nan, np.arange(25.0).reshape(5, 5) / 50)


ANSWERS = np.where(np.isnan(MAP), nan, np.arange(25.0).reshape(5, 5) // 3)  # nine classes, more than there are colours


CLASSES = [f"class {k}" for k in range(9)]


PLACES = invented_places(np.linspace(0, 1, 30))


ANSWERED = invented_answers(0.0, 0.2, 0.6)


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
    "among_references": lambda: among_references(0.7, [0.5, 0.6, 0.8], "a network's features"),
    "stems": lambda: stems([(f"shift {by}", stages((0, 1, 2), Bench(), by)) for by in (0, 1)]),
    **STUDY_EXAMPLES,
    "feature_maps": lambda: maps_figure(FRAMES, (0, 8), [Row("depth 1.00", MAPS, (120.0, 376.0))], "n = 1 photograph"),
    "shiftability": lambda: curves_figure([LINE], DRIFT, "n = 1 photograph"),
    "object_centres": lambda: bias_figures.object_centres(PLACES),
    "place_map": lambda: bias_figures.place_map(PLACES, Photographer()),
    "place_histogram": lambda: bias_figures.place_histogram(PLACES, "u", Photographer()),
    "size_histogram": lambda: bias_figures.size_histogram(PLACES, Photographer()),
    "one_pixel_changes": lambda: invariance_figures.one_pixel_changes(ANSWERED),
    "scene_accuracy": lambda: invariance_figures.scene_accuracy(ANSWERED),
    "sums_over": lambda: sums_over(
        (0, 1), [corollaries_figure.Line("a", 0, np.array([3.0, 1.0]))], "a network; n = 1 photograph."
    ),
    "point_places": lambda: eyes_figures.point_places(invented_labels(), EYES),
    "distance_histogram": lambda: eyes_figures.distance_histogram(invented_labels(), *EYES),
    "changes_by_shift": lambda: invariance_figures.changes_by_shift(ANSWERED),
}


def shapes(fig: go.Figure) -> list[float]:
    assert all(shape.x0 == shape.x1 for shape in fig.layout.shapes)
    return [shape.x0 for shape in fig.layout.shapes]
