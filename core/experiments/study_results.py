"""The results of a study, rates, comparisons and findings: for its page, its report and the command ``results``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..errors import StudyMismatch
from ..images.protocols.readings import reading_difference
from ..networks.card import short
from ..statistics import comparisons as paired
from ..statistics.between import between
from ..statistics.intervals import Interval
from ..statistics.tables import MEASURES, Measurement, layer_accuracies, measured, per_photograph
from ..studies import Results
from ..studies.choices import choices, family
from .figure_02_protocols.sentence import sentence as protocols_sentence
from .figure_04_readouts.depth import compare_depths
from .figure_04_readouts.sentence import sentence as readouts_sentence
from .figure_06_embedded_size.sentence import sentence as size_sentence
from .figure_07_08_typicality.axis import describe_index
from .figure_07_08_typicality.sentence import sentence as trend_sentence
from .figure_09_13_antialiasing.sentence import sentence as antialiasing_sentence
from .figure_10_11_augmentation.sentence import augmentation_sentence, invariance_sentence
from .figure_10_11_augmentation.sizes import Range
from .figure_12_confidence.predictors import compare_predictors
from .figure_12_confidence.predictors import sentence as predictors_sentence

PAPER_MEASURES = ("p_top1_change", "mean_absolute_change")  # the third measure needs no classes
AXES = {"typicality": "Figure 8", "confidence": "Figure 12"}
Findings = dict[str, str]  # figure of the paper → sentence


@dataclass(frozen=True, eq=False)
class StudyResults:
    """The results of one study.

    Attributes:
        rates: the sensitivity of every network, and layer, under every protocol and side.
        differences: as ``compared`` gives them.
        findings: figure of the paper → sentence.
        choices: every choice of the analysis.
        reading: the reading of the paper's protocols.
    """

    study: str
    rates: list[Measurement]
    differences: pd.DataFrame
    findings: Findings
    choices: dict[str, Any]
    reading: str

    @staticmethod
    def of(results: Results) -> StudyResults:
        """Return the results in the tables of a study."""
        name = results.manifest.study
        rates, differences = measured(results.pairs), compared(results)
        findings = {
            figure: text for figure, text in _FINDINGS.get(name, _of_twins)(results, rates, differences).items() if text
        }
        return StudyResults(name, rates, differences, findings, choices(name, _keys(results)), results.manifest.reading)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as ``results --json`` prints them."""
        return {
            "study": self.study,
            "reading": self.reading,
            "choices": self.choices,
            "rates": [_rate(one, measure) for one in self.rates for measure in MEASURES if _has(one, measure)],
            "comparisons": [comparison_record(row) for row in self.differences.to_dict("records")],
            "findings": list(self.findings.values()),
        }


def compared(results: Results) -> pd.DataFrame:
    """Return the comparisons of a study's family, as ``core.statistics.comparisons.comparisons`` gives them.

    For linear probes they have the ``network`` too, and ``first`` and ``second`` are its layers.
    """
    own = family(results.manifest.study, _keys(results))
    if "layer" in results.pairs:
        return compare_depths(results.pairs)
    return paired.comparisons(results.pairs, couples=own.couples, family=own.text)


def between_record(results: Results, against: Results) -> dict[str, Any]:
    """Return the differences between two studies as plain values. Raises StudyMismatch for one and the same study."""
    if results.folder.resolve() == against.folder.resolve():
        raise StudyMismatch(
            f"{results.folder} is compared with itself.", "Two studies are needed.", "Name another study."
        )
    rows = between(results.pairs, against.pairs).to_dict("records")
    return {
        "against": {
            "study": against.manifest.study,
            "folder": str(against.folder),
            "reading": against.manifest.reading,
        },
        "warning": reading_difference(results.manifest.reading, against.manifest.reading) or None,
        "between": [between_row(row) for row in rows],
    }


def between_row(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a row of ``between`` as plain values."""
    plain: dict[Any, Any] = {name: None if pd.isna(value) else value for name, value in row.items()}
    low, high, p, holm = (plain.pop(name) for name in ("low", "high", "p_value", "p_holm"))
    sides = {name: None if plain[name] is None else int(plain[name]) for name in ("side", "side_against")}
    tests = {"interval": None if low is None else [low, high], "p": p, "p_corrected": holm}
    return plain | sides | tests | {"paired": bool(plain["paired"]), "family_size": int(plain["family_size"])}


def trend(results: Results, photographs: pd.DataFrame, axis: str, measure: str) -> str:
    """Return whether sensitivity falls with typicality or confidence, over a study's photographs of one protocol."""
    own = own_confidence(results) if axis == "confidence" else None
    return trend_sentence(photographs, axis, _describe_axis(results, axis), measure, own)


def _describe_axis(results: Results, axis: str) -> str:
    """Return the name of the index or of the network of an axis, typicality or confidence."""
    m = results.manifest
    if axis == "confidence":
        return f"of {short(m.confidence['key'])} on the centre crop" if m.confidence else ""
    return f"among {describe_index(m.index)}" if m.index else ""


def own_confidence(results: Results) -> str | None:
    """Return the network of the study whose confidence is an axis; None where it is of no network of the study."""
    confidence = results.manifest.confidence
    return str(confidence["key"]) if confidence and confidence["key"] in _keys(results) else None


def trained_sides(results: Results) -> Mapping[str, Range]:
    """Return network → least and greatest side of its training, for the networks whose recipe states one."""
    sides = {network["key"]: network.get("trained_sides") for network in results.manifest.networks}
    return {key: (both[0], both[1]) for key, both in sides.items() if both}


def _keys(results: Results) -> list[str]:
    return [str(network["key"]) for network in results.manifest.networks]


def _has(one: Measurement, measure: str) -> bool:
    return getattr(one.sensitivity, measure) is not None


def _rate(one: Measurement, measure: str) -> dict[str, Any]:
    interval: Interval | None = getattr(one.sensitivity, f"{measure}_interval")
    layer = {} if one.layer is None else {"layer": one.layer, "depth": one.depth}
    return {
        "network": one.network,
        "protocol": one.protocol,
        "side": one.side,
        "measure": measure,
        "photographs": one.sensitivity.photographs,
        "pairs": one.sensitivity.pairs,
        "value": getattr(one.sensitivity, measure),
        "interval": list(interval) if interval else None,
        "approximate": one.sensitivity.approximate,
    } | layer


def comparison_record(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a row of comparisons as plain values. ``difference`` is ``network`` minus ``against``."""
    plain: dict[Any, Any] = {name: None if pd.isna(value) else value for name, value in row.items()}
    layers = {"layer": plain["second"], "against_layer": plain["first"]} if "network" in plain else {}
    return {
        "network": plain.get("network") or plain["second"],
        "against": plain.get("network") or plain["first"],
        "protocol": plain["protocol"],
        "side": None if plain["side"] is None else int(plain["side"]),
        "measure": plain["measure"],
        "difference": plain["difference"],
        "interval": None if plain["low"] is None else [plain["low"], plain["high"]],
        "p": plain["p_value"],
        "p_corrected": plain["p_holm"],
        "family": plain["family"],
        "family_size": int(plain["family_size"]),
    } | layers


def _of_protocols(results: Results, rates: list[Measurement], differences: pd.DataFrame) -> Findings:
    return {"Figure 2": protocols_sentence(rates)} | _of_twins(results, rates, differences)


def _of_sizes(results: Results, rates: list[Measurement], differences: pd.DataFrame) -> Findings:
    return {"Figure 6": size_sentence(rates)} | _of_twins(results, rates, differences)


def _of_axes(results: Results, rates: list[Measurement], differences: pd.DataFrame) -> Findings:
    table = per_photograph(results.pairs)
    first = table[table["protocol"] == table["protocol"].iloc[0]] if len(table) else table
    own = own_confidence(results)
    trends = {
        f"{figure} {measure}": trend(results, first, axis, measure)
        for axis, figure in AXES.items()
        for measure in PAPER_MEASURES
        if first[axis].notna().any()
    }
    added = {
        f"{AXES['confidence']} {measure}, added": predictors_sentence(
            compare_predictors(first, measure, own), measure, own
        )
        for measure in PAPER_MEASURES
    }
    return trends | added | _of_twins(results, rates, differences)


def _of_twins(results: Results, rates: list[Measurement], differences: pd.DataFrame) -> Findings:
    if family(results.manifest.study, _keys(results)).couples is None:
        return {}
    return {f"Figure 9 {measure}": antialiasing_sentence(differences, measure) for measure in MEASURES}


def _of_readouts(results: Results, rates: list[Measurement], differences: pd.DataFrame) -> Findings:
    right = layer_accuracies(results.photographs)
    return {f"Figure 4 {measure}": readouts_sentence(differences, right, measure) for measure in PAPER_MEASURES}


def _of_augmentation(results: Results, rates: list[Measurement], differences: pd.DataFrame) -> Findings:
    return {
        "Figure 10": augmentation_sentence(differences, trained_sides(results)),
        "Figure 11": invariance_sentence(results.pairs),
        "Figure 6": size_sentence(rates),
    } | _of_twins(results, rates, differences)


_FINDINGS: Mapping[str, Callable[[Results, list[Measurement], pd.DataFrame], Findings]] = {
    "protocols": _of_protocols,
    "embedded_size": _of_sizes,
    "typicality": _of_axes,
    "confidence": _of_axes,
    "antialiasing": _of_twins,
    "failures": _of_twins,
    "readouts": _of_readouts,
    "augmentation": _of_augmentation,
}
