"""Figure 8 is the binned curve over its photographs."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from core.experiments.bias_dial import figure as dial_figures
from core.experiments.drawing.bars import Column, grouped
from core.experiments.drawing.scatter import POINTS, curves, sample
from core.experiments.drawing.style import COLOURS, add_caption, assign_slots, colour, dash, pattern
from core.experiments.figure_02_protocols import figure as protocols_figure
from core.experiments.figure_02_protocols.accuracy_figure import against_accuracy
from core.experiments.figure_02_protocols.flips_figure import flips
from core.experiments.figure_04_readouts.figure import readout_accuracy, readouts
from core.experiments.figure_06_embedded_size.figure import embedded_size
from core.experiments.figure_07_08_typicality.figure import against_typicality
from core.experiments.figure_09_13_antialiasing.failures_figure import KEPT, failures
from core.experiments.figure_09_13_antialiasing.figure import antialiasing
from core.experiments.figure_10_11_augmentation import sizes
from core.experiments.figure_10_11_augmentation.figure import accuracy, against_size
from core.experiments.figure_12_confidence.figure import against_confidence
from core.experiments.replication.paper import BIN5, KERAS, TORCH
from core.inference.linear_probes import HEAD
from core.statistics.association import binned, spearman
from core.statistics.intervals import wilson
from core.statistics.sensitivity import FLIPS
from core.statistics.tables import accuracies, layer_accuracies, measured, per_photograph
from tests.support.drawn import text_below
from tests.support.layered import LAYERS as DEPTHS
from tests.support.layered import readout_tables
from tests.support.study_figures import (
    CROPS,
    DEEP,
    DEEP_CENTRES,
    DINO,
    FAILED,
    FOUND,
    LAYERS,
    NOTHING,
    PAIRS,
    PAPERS,
    RIGHT,
    RIGHT_THERE,
    SIDED,
    STUDY_EXAMPLES,
    TWINNED,
    TWINS,
    ends,
    trace,
    with_likeness,
)
from tests.support.study_tables import PROTOCOLS, TWO, pairs_table, photographs_table, turned


def test_figure_8_is_the_binned_curve_over_its_photographs() -> None:
    fig = against_typicality(CROPS, "an index", bins=6)
    for network in PAPERS:
        name = network.split("/")[1]
        mine = CROPS[CROPS["network"] == network]
        wanted = binned(mine["typicality"], mine["p_top1_change"], 6)
        curve, points = trace(fig, name, "lines+markers"), trace(fig, name, "markers")
        assert list(curve.x) == list(wanted["x"])
        assert list(curve.y) == list(wanted["y"])
        assert list(curve.error_y.array) == list(wanted["standard_error"])
        assert list(points.x) == list(mine["typicality"])
        assert [tuple(one) for one in points.customdata] == list(zip(mine["digest"], mine["name"], strict=True))
        found = spearman(mine["typicality"], mine["p_top1_change"])
        assert found.interval is not None
        assert f"{name}: {found.rho:.2f} [{found.interval[0]:.2f}, {found.interval[1]:.2f}] " in f"{text_below(fig)} "
        assert curve.line.color == colour(assign_slots(CROPS["network"])[network])
    assert f"Spearman and its 95 % interval, n = {found.n}: " in text_below(fig)
    assert "crop, step 1 source px diagonal; 4 pairs a photograph; 6 bins" in text_below(fig)
    assert "representation change only: dino" in text_below(fig)
    assert not fig.layout.shapes  # of these networks the paper gives no level
    assert text_below(fig).startswith("typicality among an index ")


def test_the_papers_levels_stand_where_its_networks_do() -> None:
    keras = per_photograph(pairs_table((KERAS["VGG16"],), ("crop",)))
    assert sorted(shape.y0 for shape in against_typicality(keras, "i").layout.shapes) == [0, 0.3]
    bin5 = per_photograph(pairs_table((BIN5["VGG16"],), ("crop",)))
    assert [shape.y0 for shape in against_typicality(bin5, "i").layout.shapes] == [0.2]
    assert not against_typicality(bin5, "i", "mean_absolute_change").layout.shapes


def test_photographs_without_typicality_are_left_out_and_one_is_enough() -> None:
    some = CROPS.assign(typicality=CROPS["typicality"].where(CROPS["digest"].isin(sorted(set(CROPS["digest"]))[:9])))
    assert "51 photographs without typicality left out" in text_below(against_typicality(some, "i"))
    one = against_typicality(CROPS[CROPS["digest"] == CROPS["digest"].iloc[0]], "i")
    assert "no rank correlation (n = 1)" in text_below(one)
    assert list(trace(one, PAPERS[0].split("/")[1], "lines+markers").error_y.array) == [0]
