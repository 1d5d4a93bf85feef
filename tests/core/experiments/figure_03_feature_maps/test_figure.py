"""Feature maps have one scale a row, and their sums below."""

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
