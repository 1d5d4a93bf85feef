"""Sensitivity against accuracy has both intervals."""

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


def test_sensitivity_against_accuracy_has_both_intervals() -> None:
    fig = against_accuracy(FOUND, RIGHT)
    for network in PAPERS:
        points, mine = trace(fig, network.split("/")[1]), [one for one in FOUND if one.network == network]
        assert list(points.x) == [RIGHT[network].top1] * 4
        assert list(points.y) == [one.sensitivity.p_top1_change for one in mine]
        assert [c[0] for c in points.customdata] == [one.protocol for one in mine]
        for span in ends(points, "x"):
            assert span == pytest.approx(RIGHT[network].interval)
        for span, one in zip(ends(points), mine, strict=True):
            assert span == pytest.approx(one.sensitivity.p_top1_change_interval)
    assert "no photograph with a class known to dino" in text_below(fig)
    keras = pairs_table((KERAS["ResNet50"],))
    marks = trace(against_accuracy(measured(keras), accuracies(photographs_table(keras))), "paper")
    assert set(zip(marks.x, marks.y, strict=True)) == {(0.759, 0.14), (0.759, 0.29)}
