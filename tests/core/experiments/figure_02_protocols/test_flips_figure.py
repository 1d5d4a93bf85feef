"""Flips add up to the changes of labelled pairs."""

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


def test_flips_add_up_to_what_changed_of_labelled_pairs() -> None:
    fig = flips(FOUND)
    known = [one for one in FOUND if one.sensitivity.flips is not None]
    assert [t.name for t in fig.data] == list(FLIPS)
    for k, one in enumerate(known):
        n = one.sensitivity.labelled_pairs
        shares = [t.x[k] for t in fig.data]
        assert shares == [one.sensitivity.flips[kind] / n for kind in FLIPS]
        total = sum(one.sensitivity.flips.values())
        last = fig.data[-1].error_x
        assert (sum(shares) - last.arrayminus[k], sum(shares) + last.array[k]) == pytest.approx(wilson(total, n))
    assert "4 results without a known label left out" in text_below(fig)
    assert fig.layout.barmode == "stack"
