"""Every figure of a study, from its tables: what the pages draw, in one call."""

from __future__ import annotations

from collections.abc import Callable

import plotly.graph_objects as go

from core.figures import protocols
from core.figures.accuracy import against_accuracy
from core.figures.antialiasing import antialiasing
from core.figures.augmentation import accuracy, against_size
from core.figures.confidence import against_confidence
from core.figures.embedded_size import embedded_size
from core.figures.failures import failures
from core.figures.flips import flips
from core.figures.readouts import readout_accuracy, readouts
from core.figures.typicality import against_typicality
from core.sizes import accuracies as accuracies_by_side
from core.statistics.tables import MEASURES, accuracies, layer_accuracies, measured, per_photograph
from core.studies import Results


def figures_of(results: Results, twins: dict[str, str] | None = None) -> dict[str, go.Figure]:
    """Title → figure, of the kind of study that it is."""
    made: dict[str, Callable[[Results, dict[str, str]], dict[str, go.Figure]]] = {
        "protocols": _protocols, "embedded_size": _sizes, "typicality": _typicality, "confidence": _confidence,
        "augmentation": _against_size, "antialiasing": _antialiasing, "failures": _failures, "readouts": _readouts,
    }  # fmt: skip
    return made[results.manifest.study](results, twins or {})


def text_below(fig: go.Figure) -> str:
    """What stands below a figure."""
    return str(fig.layout.annotations[-1].text).replace("<br>", " ")


def _protocols(results: Results, _: dict[str, str]) -> dict[str, go.Figure]:
    found = measured(results.pairs)
    bars = {name: protocols.study(found, results.manifest.config["protocols"], name) for name in MEASURES}
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
