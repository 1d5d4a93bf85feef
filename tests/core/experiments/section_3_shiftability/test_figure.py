"""The curves of shiftability are the values against depth."""

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


def test_curves_are_the_values_against_depth() -> None:
    fig = EXAMPLES["shiftability"]()
    (trace,) = fig.data
    assert (list(trace.x), list(trace.y), trace.name) == ([0.5, 1.0], [0.1, 0.4], "net")
    assert (fig.layout.xaxis.title.text, fig.layout.yaxis.title.text) == ("relative depth", DRIFT)
    assert fig.layout.yaxis.range[1] > 0.4
