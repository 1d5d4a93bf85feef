"""The curves of Figure 6 have bands and the paper's two sizes."""

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


def test_figure_6_has_bands_and_the_papers_two_sizes() -> None:
    fig = embedded_size(SIDED)
    for network in KERAS.values():
        name = network.split("/")[1]
        line, band = trace(fig, name, "lines+markers"), trace(fig, f"{name}, 95 % interval")
        mine = sorted((one for one in SIDED if one.network == network and one.side), key=lambda one: one.side)
        assert list(line.x) == [40, 100, 160, 220]
        assert list(line.y) == [one.sensitivity.p_top1_change for one in mine]
        spans = [one.sensitivity.p_top1_change_interval for one in mine]
        assert list(zip(reversed(band.y[4:]), band.y[:4], strict=True)) == spans
        assert list(band.x) == [40, 100, 160, 220, 220, 160, 100, 40]
    marks = trace(fig, "paper")
    drawn = {(who, x): y for who, x, y in zip(marks.customdata, marks.x, marks.y, strict=True)}
    resnet, inception = (KERAS[k].split("/")[1] for k in ("ResNet50", "InceptionResNetV2"))
    assert (drawn[resnet, 220], drawn[inception, 220], drawn[inception, 100]) == (0.1, 0.1, 0.3)
    assert drawn[resnet, 100] == 0.29  # Table 1 is exact, Figure 6 is read off
    share = embedded_size(SIDED, sizes=dict.fromkeys(KERAS.values(), 200))
    assert list(trace(share, resnet, "lines+markers").x) == [20, 50, 80, 110]
