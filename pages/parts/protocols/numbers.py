"""Table 1, the comparison of networks, and the downloads of the Protocols page."""

from __future__ import annotations

import streamlit as st

from core.experiments.drawing.style import short
from core.statistics import tables
from core.studies import Results
from pages.parts.components.widgets import plain
from pages.parts.studies import saving, sensitivities, studies

COUPLES = 3  # pairs of networks in one table; with more, the visitor chooses one pair


def draw_table_1(results: Results) -> None:
    """Draw the study's numbers as the paper's Table 1."""
    st.subheader("Table 1", anchor="table-1")
    table = studies.derive(results, "table 1", lambda _: tables.table_1(sensitivities.compute(results)))
    if table.empty:
        st.caption("Networks without classes have no P(top-1 change): see their representation change.")
        return
    with st.container(key="table-1"):
        shown = table.rename(columns=short).reset_index()
        shown["protocol"] = [
            text.split(", step ")[0] for text in shown["protocol"]
        ]  # all rows share one step, which the caption states
        st.table(shown, border="horizontal", hide_index=True)
    st.caption(plain(tables.about(sensitivities.compute(results))))


def draw_comparisons(results: Results) -> None:
    """Draw the comparison of two networks on the same frames."""
    st.subheader("Networks compared, on the same frames", anchor="compared")
    table = studies.read_study_results(results).differences
    if table.empty:
        st.caption("A comparison needs two networks that share pairs.")
        return
    rows = table[table["measure"].isin(sensitivities.choose_measures(sensitivities.compute(results)))]
    couples = list(dict.fromkeys(zip(rows["first"], rows["second"], strict=True)))
    if len(couples) > COUPLES:
        two = st.selectbox("Which two", couples, format_func=lambda c: " and ".join(map(short, c)), key="which two")
        rows = rows[(rows["first"] == two[0]) & (rows["second"] == two[1])]
    sensitivities.draw_comparisons(rows)


def draw_downloads(results: Results) -> None:
    """Draw the downloads of the study's tables."""
    measured, right = sensitivities.compute(results), sensitivities.read_accuracies(results)
    saving.section(
        results,
        {
            "Measures": lambda: tables.tidy(measured, right),
            "Comparisons": lambda: studies.read_study_results(results).differences,
        },
    )
