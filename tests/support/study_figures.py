"""Every figure of a study, by name, from invented tables: for tests."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.experiments.bias_dial import figure as dial_figures
from core.experiments.drawing.bars import Column, grouped
from core.experiments.drawing.scatter import curves
from core.experiments.figure_02_protocols import figure as protocols_figure
from core.experiments.figure_02_protocols.accuracy_figure import against_accuracy
from core.experiments.figure_02_protocols.flips_figure import flips
from core.experiments.figure_04_readouts.figure import readout_accuracy, readouts
from core.experiments.figure_06_embedded_size.figure import embedded_size
from core.experiments.figure_07_08_typicality.figure import against_typicality
from core.experiments.figure_09_13_antialiasing.failures_figure import failures
from core.experiments.figure_09_13_antialiasing.figure import antialiasing
from core.experiments.figure_10_11_augmentation import sizes
from core.experiments.figure_10_11_augmentation.figure import accuracy, against_size
from core.experiments.figure_12_confidence.figure import against_confidence
from core.experiments.replication.paper import BIN5, KERAS, TORCH
from core.statistics.tables import accuracies, layer_accuracies, measured, per_photograph
from tests.support.layered import readout_tables
from tests.support.study_tables import PROTOCOLS, TWO, pairs_table, photographs_table, turned

PAPERS = (TORCH["ResNet50"], TORCH["VGG16"])


TWINS = {PAPERS[0]: BIN5["ResNet50"], PAPERS[1]: BIN5["VGG16"]}


DINO = "timm/dino"


PAIRS = pairs_table((*PAPERS, DINO), classless=(DINO,))


FOUND = measured(PAIRS)


CROPS = per_photograph(pairs_table((*PAPERS, DINO), ("crop",), photographs=60, pairs=4, classless=(DINO,)))


RIGHT = accuracies(photographs_table(PAIRS))


SIDED = measured(pairs_table(tuple(KERAS.values()), ("crop", "black"), sides=(40, 100, 160, 220)))


TWINNED = measured(pairs_table((*TWINS, *TWINS.values()), ("crop", "black")))


def with_likeness(pairs: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    psnr = np.where(rng.random(len(pairs)) < 0.1, np.inf, rng.normal(35, 5, len(pairs)))
    return pairs.assign(psnr=psnr, ssim=rng.random(len(pairs)))


DEEP, DEEP_CENTRES = readout_tables(TWO)


LAYERS, RIGHT_THERE = measured(DEEP), layer_accuracies(DEEP_CENTRES)


FAILED = with_likeness(PAIRS)


STUDY_EXAMPLES: dict[str, Callable[[], go.Figure]] = {
    "protocol_bars": lambda: protocols_figure.protocol_bars(FOUND, PROTOCOLS, "p_top1_change"),
    "embedded_size": lambda: embedded_size(SIDED),
    "against_size": lambda: against_size(SIDED, "p_top1_change", trained={}, frame=224),
    "accuracy": lambda: accuracy(
        sizes.accuracies(pairs_table(TWO, ("black",), sides=(8, 16))), trained={TWO[0]: (8, 16)}, frame=32
    ),
    "dial_figure": lambda: dial_figures.dial_figure(turned(), "p_top1_change", chosen=(1.0, 0.3)),
    "at_typicality": lambda: dial_figures.at_typicality(turned(), "p_top1_change"),
    "against_typicality": lambda: against_typicality(CROPS, "an index"),
    "against_confidence": lambda: against_confidence(CROPS, "a network"),
    "curves": lambda: curves(CROPS, "typicality", "typicality", "mean_absolute_change", paper={0.1: "a level"}),
    "failures": lambda: failures(FAILED),
    "against_accuracy": lambda: against_accuracy(FOUND, RIGHT),
    "flips": lambda: flips(FOUND),
    "antialiasing": lambda: antialiasing(TWINNED, TWINS),
    "readouts": lambda: readouts(LAYERS),
    "readout_accuracy": lambda: readout_accuracy(LAYERS, RIGHT_THERE),
    "grouped": lambda: grouped([Column("a", 0, "crop", 0.1, (0.05, 0.2), 9)], ["crop"], "protocol", "P"),
}


NOTHING: dict[str, Callable[[], go.Figure]] = {
    "protocol_bars": lambda: protocols_figure.protocol_bars([], PROTOCOLS, "p_top1_change"),
    "embedded_size": lambda: embedded_size([]),
    "against_typicality": lambda: against_typicality(CROPS.head(0), "an index"),
    "against_confidence": lambda: against_confidence(CROPS.head(0), "a network"),
    "failures": lambda: failures(FAILED.head(0)),
    "against_accuracy": lambda: against_accuracy([], {}),
    "flips": lambda: flips([]),
    "antialiasing": lambda: antialiasing([], {}),
    "readouts": lambda: readouts([]),
    "readout_accuracy": lambda: readout_accuracy([], {}),
}


def ends(trace: go.Bar | go.Scatter, axis: str = "y") -> list[tuple[float, float]]:
    """Return both ends of the whiskers of a trace."""
    bars, values = trace[f"error_{axis}"], trace[axis]
    return [(v - low, v + high) for v, low, high in zip(values, bars.arrayminus, bars.array, strict=True)]


def trace(fig: go.Figure, name: str, kind: str | None = None) -> go.Scatter | go.Bar:
    [found] = [t for t in fig.data if t.name == name and (kind is None or t.mode == kind)]
    return found
