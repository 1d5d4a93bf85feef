"""The curves of Figure 4 have the numbers of the tables."""

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


@pytest.mark.parametrize("measure", ["p_top1_change", "mean_absolute_change"])
def test_figure_4_has_the_tables_numbers_at_their_depths(measure: str) -> None:
    fig = readouts(LAYERS, measure)
    for network in TWO:
        name = network.split("/")[1]
        [line] = [t for t in fig.data if t.name == name]
        assert list(line.x) == [depth for _, depth in DEPTHS]
        rows = DEEP[DEEP["network"] == network]
        for (layer, _), y, (about, low, high) in zip(DEPTHS, line.y, line.customdata, strict=True):
            mine = rows[rows["layer"] == layer]
            slow = mine["changed"].mean() if measure == "p_top1_change" else (mine.p_after - mine.p_before).abs().mean()
            assert y == pytest.approx(float(slow))
            assert low <= y < high
            assert about == f"{layer}, n = 60 pairs"
        [star] = [t for t in fig.data if t.name == f"{name}, {HEAD}"]
        assert (list(star.x), len(star.y)) == ([1.0], 1)
    assert "n = 60 pairs of 30 photographs" in text_below(fig)
    assert "star: the network's own head" in text_below(fig)
    alone = readouts(measured(readout_tables(TWO, head=False)[0]), measure)
    assert "without the networks' own heads, which have other classes" in text_below(alone)


def test_the_accuracy_of_readouts_stands_beside() -> None:
    fig = readout_accuracy(LAYERS, RIGHT_THERE)
    [line] = [t for t in fig.data if t.name == TWO[0].split("/")[1]]
    mine = DEEP_CENTRES[(DEEP_CENTRES["network"] == TWO[0]) & DEEP_CENTRES["right"].notna()]
    assert list(line.y) == [pytest.approx(mine[mine["layer"] == layer]["right"].mean()) for layer, _ in DEPTHS]
    assert "n = 30 photographs, centre crops" in text_below(fig)
