"""Figures of the Protocols page: bars, curves against size, accuracy, and kinds of flips."""

from __future__ import annotations

import streamlit as st

from core.experiments.drawing.style import short
from core.experiments.figure_02_protocols import figure as bars
from core.experiments.figure_02_protocols.accuracy_figure import against_accuracy
from core.experiments.figure_02_protocols.flips_figure import flips as flips_by_kind
from core.experiments.figure_06_embedded_size.figure import embedded_size
from core.images import protocols
from core.statistics.tables import MEASURES, Measurement
from core.studies import Results
from pages.parts.components import charts
from pages.parts.studies import sensitivities, studies

FIGURES = {"protocols": "Figure 2 and Table 1", "embedded_size": "Figure 6"}


def draw_figure_2(results: Results) -> None:
    """Draw the sentence, the bars of both measures, and the photographs of a bar."""
    measured = sensitivities.compute(results)
    charts.draw_finding(studies.read_study_results(results).findings.get("Figure 2", ""))
    clicked: list[Measurement] = []
    for column, measure in zip(st.columns(2), sensitivities.choose_measures(measured), strict=False):
        fig = bars.protocol_bars(measured, protocols.names(), measure)
        with column:
            points = charts.draw(fig, f"figure 2 {measure}", MEASURES[measure])
        drawn = bars.bars(measured)
        for point in points:
            slot = str(fig.data[point["curve_number"]].offsetgroup)
            clicked += [
                row
                for row, bar in zip(measured, drawn, strict=True)
                if (str(bar.slot), bar.protocol) == (slot, point["x"])
            ]
    sensitivities.draw_pairs(results, measured, clicked, "bar")


def draw_figure_6(results: Results) -> None:
    """Draw the sentence, the curves against size, and the photographs of a point."""
    measured = sensitivities.compute(results)
    charts.draw_finding(studies.read_study_results(results).findings.get("Figure 6", ""))
    share = st.toggle("Size as a share of the input", key="share", bind="query-params")
    sizes = (
        {network["key"]: network["preprocessing"]["crop"] for network in results.manifest.networks} if share else None
    )
    clicked: list[Measurement] = []
    for column, measure in zip(st.columns(2), sensitivities.choose_measures(measured), strict=False):
        fig = embedded_size(measured, measure, sizes=sizes)
        with column:
            points = charts.draw(fig, f"figure 6 {measure}", f"{MEASURES[measure]} against size")
        for point in points:
            name = fig.data[point["curve_number"]].name
            clicked += [row for row in measured if short(row.network) == name and _has_size(row, point["x"], sizes)]
    sensitivities.draw_pairs(results, measured, clicked, "point")


def _has_size(row: Measurement, x: float, sizes: dict[str, int] | None) -> bool:
    scale = 100 / sizes[row.network] if sizes else 1.0
    return row.side is not None and abs(scale * row.side - x) < 1e-6


def draw_accuracy(results: Results) -> None:
    """Draw sensitivity against accuracy."""
    st.subheader("Sensitivity against accuracy", anchor="accuracy")
    charts.draw(
        against_accuracy(sensitivities.compute(results), sensitivities.read_accuracies(results)),
        "accuracy",
        "P(top-1 change) against accuracy",
        select=False,
    )


def draw_flips(results: Results) -> None:
    """Draw the shares of right and wrong flips."""
    st.subheader("What changes into what", anchor="flips")
    measured = sensitivities.compute(results)
    if any(row.sensitivity.flips for row in measured):
        charts.draw(flips_by_kind(measured), "flips", "Flips by kind", select=False)
    else:
        st.caption("These photographs have no labels, so right and wrong flips cannot be told apart.")
