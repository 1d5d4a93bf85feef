"""Readouts at each depth (Figure 4): sentence, curves, table, and the photographs of a point."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.experiments.drawing.style import assign_slots, short
from core.experiments.figure_04_readouts import figure as figures
from core.experiments.replication import paper
from core.inference.linear_probes import STRENGTHS
from core.networks.variants.twins import antialiased_pairs
from core.statistics import tables
from core.statistics.accuracy import Accuracy
from core.statistics.tables import MEASURES, Measurement
from core.studies import Results
from pages.parts.components import charts
from pages.parts.components.widgets import plain
from pages.parts.studies import saving, sensitivities, studies

WHERE = "§ 3, Figure 4"
ABOUT = """
- **Readout**: the global average of every channel of a layer → multinomial logistic regression, on one centre crop of
  each training photograph, features standardised by the training photographs' mean and standard deviation.
- **Solver**: scikit-learn's L-BFGS on mean cross-entropy + λ/2 · |weights|². λ is one of {strengths}, the one with the
  smallest cross-entropy on a held-out fifth of the training photographs of each class, chosen by the seed. Then the
  readout is fitted on all of them.
- **Layers**: the last of each block or stage, after the nonlinearity. Relative depth counts convolutions.
- **The network's own head** is drawn as a star at depth 1, if it has exactly these classes.
- Early readouts are often wrong; the third figure shows how often. The paper does not say how its readouts were
  trained, nor how often they were right.
"""


def section() -> None:
    """Draw the chosen study, or the form for a first one."""
    st.subheader("Readouts at each depth (Figure 4)", anchor="readouts")
    levels = sorted({number.value for number in paper.numbers() if number.where == WHERE})
    st.caption(
        "How shift-sensitive is each layer? A linear classifier reads each layer alone. In the paper, P(top-1 change) "
        f"is below {', '.join(map(str, levels))} for early layers and grows with depth (Keras’s networks)."
    )
    results = studies.section("readouts")
    if results is None:
        return
    measured = sensitivities.compute(results)
    right = studies.derive(results, "layer accuracies", lambda r: tables.layer_accuracies(r.photographs))
    whole = studies.read_study_results(results)
    first, second = (whole.findings.get(f"Figure 4 {measure}", "") for measure in sensitivities.PAPER_MEASURES)
    st.markdown(f"**{plain(first)}**")
    st.markdown(plain(second))
    _draw_curves(results, measured, right)
    with st.expander("How readouts are trained, and all numbers"):
        st.markdown(ABOUT.format(strengths=", ".join(f"{strength:g}" for strength in STRENGTHS)))
        st.dataframe(_make_table(results, measured, right), hide_index=True, key="readouts table")
    saving.section(
        results,
        {
            "Readouts": lambda: tables.tidy(measured),
            "First against deepest": lambda: whole.differences,
        },
    )


def _draw_curves(results: Results, measured: list[Measurement], right: dict[tuple[str, str], Accuracy]) -> None:
    """Draw P(top-1 change), MAC and accuracy against depth, and the pairs of a clicked point."""
    keys = [network["key"] for network in results.manifest.networks]
    slots = assign_slots(keys, antialiased_pairs(keys))
    clicked: list[Measurement] = []
    columns = (*st.columns(2), st.columns(2)[0])
    for column, measure in zip(columns, (*sensitivities.PAPER_MEASURES, None), strict=True):
        if measure is None:
            fig, title = figures.readout_accuracy(measured, right, slots=slots), "accuracy"
        else:
            fig, title = figures.readouts(measured, measure, slots=slots), MEASURES[measure]
        with column:
            points = charts.draw(fig, f"readouts {title}", f"{title} of readouts against depth")
        for point in points:
            name = str(fig.data[point["curve_number"]].legendgroup)
            clicked += [row for row in measured if short(row.network) == name and row.depth == point["x"]]
    sensitivities.draw_pairs(results, measured, clicked, "point of a curve")


def _make_table(results: Results, measured: list[Measurement], right: dict[tuple[str, str], Accuracy]) -> pd.DataFrame:
    """Return a table of text with one row per layer."""
    fitted = {} if results.readouts is None else results.readouts.set_index(["network", "layer"])["strength"].to_dict()
    rows = []
    for m in measured:
        accuracy, strength = right.get((m.network, str(m.layer))), fitted.get((m.network, m.layer))
        rows.append(
            {
                "network": short(m.network),
                "layer": m.layer,
                "depth": f"{m.depth:.2f}",
                "λ": "" if strength is None else f"{strength:g}",
                "accuracy": "" if accuracy is None else _format_accuracy(accuracy),
                **{MEASURES[name]: tables.cell(m.sensitivity, name) for name in sensitivities.PAPER_MEASURES},
            }
        )
    return pd.DataFrame(rows)


def _format_accuracy(accuracy: Accuracy) -> str:
    low, high = accuracy.interval
    return f"{accuracy.top1:.3f} [{low:.3f}, {high:.3f}]"
