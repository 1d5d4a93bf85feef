"""Every figure of a study, from its tables: what the pages draw, in one call."""

from __future__ import annotations

from collections.abc import Callable

import plotly.graph_objects as go

from core.experiments.figure_02_protocols import figure as protocols_figure
from core.experiments.figure_02_protocols.accuracy_figure import against_accuracy
from core.experiments.figure_02_protocols.flips_figure import flips
from core.experiments.figure_04_readouts.figure import readout_accuracy, readouts
from core.experiments.figure_06_embedded_size.figure import embedded_size
from core.experiments.figure_07_08_typicality.figure import against_typicality
from core.experiments.figure_09_13_antialiasing.failures_figure import failures
from core.experiments.figure_09_13_antialiasing.figure import antialiasing
from core.experiments.figure_10_11_augmentation.figure import accuracy, against_size
from core.experiments.figure_10_11_augmentation.sizes import accuracies as accuracies_by_side
from core.experiments.figure_12_confidence.figure import against_confidence
from core.statistics.tables import MEASURES, accuracies, layer_accuracies, measured, per_photograph
from core.studies import Results


def figures_of(results: Results, twins: dict[str, str] | None = None) -> dict[str, go.Figure]:
    """Title → figure, of the kind of study that it is."""
    made: dict[str, Callable[[Results, dict[str, str]], dict[str, go.Figure]]] = {
        "protocols": _protocols,
        "embedded_size": _sizes,
        "typicality": _typicality,
        "confidence": _confidence,
        "augmentation": _against_size,
        "antialiasing": _antialiasing,
        "failures": _failures,
        "readouts": _readouts,
    }
    return made[results.manifest.study](results, twins or {})


def text_below(fig: go.Figure) -> str:
    """Return the text below a figure."""
    return str(fig.layout.annotations[-1].text).replace("<br>", " ")


def _protocols(results: Results, _: dict[str, str]) -> dict[str, go.Figure]:
    found = measured(results.pairs)
    bars = {
        name: protocols_figure.protocol_bars(found, results.manifest.config["protocols"], name) for name in MEASURES
    }
    return bars | {"accuracy": against_accuracy(found, accuracies(results.photographs)), "flips": flips(found)}


def _sizes(results: Results, _: dict[str, str]) -> dict[str, go.Figure]:
    return {name: embedded_size(measured(results.pairs), name) for name in MEASURES}


def _against_size(results: Results, _: dict[str, str]) -> dict[str, go.Figure]:
    found = measured(results.pairs)
    curves = {name: against_size(found, name, trained={}, frame=96) for name in MEASURES}
    return curves | {"accuracy": accuracy(accuracies_by_side(results.pairs), trained={}, frame=96)}


def _typicality(results: Results, _: dict[str, str]) -> dict[str, go.Figure]:
    crops = per_photograph(results.pairs[results.pairs["protocol"] == "crop"])
    index = results.manifest.index
    assert index is not None
    return {f"{name} by typicality": against_typicality(crops, index["dataset"], name) for name in MEASURES}


def _confidence(results: Results, _: dict[str, str]) -> dict[str, go.Figure]:
    sure = results.manifest.confidence
    assert sure is not None
    return {name: against_confidence(per_photograph(results.pairs), sure["key"], name) for name in MEASURES}


def _antialiasing(results: Results, twins: dict[str, str]) -> dict[str, go.Figure]:
    bars = {name: antialiasing(measured(results.pairs), twins, name) for name in MEASURES}
    return bars | (_typicality(results, twins) if results.manifest.index else {})


def _failures(results: Results, _: dict[str, str]) -> dict[str, go.Figure]:
    return {name: failures(results.pairs, name) for name in ("psnr", "ssim")}


def _readouts(results: Results, _: dict[str, str]) -> dict[str, go.Figure]:
    found = measured(results.pairs)
    drawn = {name: readouts(found, name) for name in MEASURES}
    return drawn | {"accuracy": readout_accuracy(found, layer_accuracies(results.photographs))}
