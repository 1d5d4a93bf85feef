"""Figures 9 and 13 have the numbers of the tables."""

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


def test_figure_9_pairs_each_network_with_its_twin() -> None:
    fig = antialiasing(TWINNED, TWINS)
    original, other = trace(fig, "original"), trace(fig, "antialiased")
    assert list(original.x) == list(other.x)
    assert set(original.x) == {f"{p}<br>{n}" for p in ("crop", "black") for n in ("resnet50", "vgg16")}
    values = {(one.network, one.protocol): one.sensitivity for one in TWINNED}
    for x, before, after in zip(original.x, original.y, other.y, strict=True):
        protocol, name = x.split("<br>")
        key = next(k for k in TWINS if name in k)
        assert before == values[key, protocol].p_top1_change
        assert after == values[TWINS[key], protocol].p_top1_change
    assert [y for t in fig.data if t.name == "paper" and t.offsetgroup == "1" for y in t.y if y] == [0.15, 0.15]
    alone = antialiasing([one for one in TWINNED if one.network != BIN5["VGG16"]], TWINS)
    assert "antialiased version not measured: vgg16.imagenet1k_v1" in text_below(alone)
    curves = against_typicality(CROPS, "i", slots=assign_slots((*PAPERS, DINO), {PAPERS[0]: PAPERS[1]}))
    assert len({t.line.color for t in curves.data if t.mode == "lines+markers"}) == 1


def test_figure_13_shows_pairs_that_changed() -> None:
    fig = failures(FAILED)
    changed = FAILED[FAILED["changed"].fillna(False) & np.isfinite(FAILED["psnr"])]
    drawn = {
        (*one, round(x, 9)): y for t in fig.data for one, x, y in zip(map(tuple, t.customdata), t.x, t.y, strict=True)
    }
    assert len(drawn) == len(changed) == sum(len(t.x) for t in fig.data)
    for row in changed.itertuples():
        key = (row.digest, row.name, row.protocol, str(row.pair), round(row.psnr, 9))
        assert drawn[key] == pytest.approx(abs(float(row.p_after) - float(row.p_before)))
    total = int(FAILED["changed"].sum())
    assert f"n = {total} pairs whose arg-max changed, of {len(FAILED)}" in text_below(fig)
    assert f"median PSNR {changed['psnr'].median():.3g}" in text_below(fig)
    assert "SSIM" in failures(FAILED, "ssim").layout.xaxis.title.text
