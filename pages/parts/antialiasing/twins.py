"""Networks beside their antialiased twins (Figure 9), and the twins' failures (Figure 13)."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.experiments.drawing.style import assign_slots
from core.experiments.figure_09_13_antialiasing.failures_figure import failures
from core.experiments.figure_09_13_antialiasing.figure import antialiasing
from core.networks.card import short
from core.networks.variants.twins import antialiased_pairs
from core.statistics.ranking import worst
from core.statistics.tables import MEASURES, Measurement
from core.studies import Results
from pages.parts.components import charts
from pages.parts.studies import against_axis, pair_gallery, sensitivities, studies

SIMILARITIES = {"psnr": "PSNR", "ssim": "SSIM"}


def list_twins(results: Results) -> dict[str, str]:
    """Return a mapping of each original to its antialiased twin, among the study's networks."""
    return antialiased_pairs([network["key"] for network in results.manifest.networks])


def section(results: Results) -> None:
    """Draw the sentence, the bars, the paired differences and the curves against typicality."""
    twins = list_twins(results)
    if not twins:
        st.info(
            "This study has no network together with its antialiased version. Choose such a pair in the sidebar and "
            "run the study again.",
            icon=":material/info:",
        )
        return
    differences = read_differences(results)
    measured = sensitivities.compute(results)
    measures = sensitivities.choose_measures(measured)
    charts.draw_finding(studies.read_study_results(results).findings.get(f"Figure 9 {measures[0]}", ""))
    clicked: list[Measurement] = []
    for column, measure in zip(st.columns(2), measures, strict=False):
        fig = antialiasing(measured, twins, measure)
        with column:
            points = charts.draw(fig, f"figure 9 {measure}", MEASURES[measure])
        clicked += [row for point in points if (row := _find_bar(measured, fig, point, twins, measure)) is not None]
    both = [row for row in measured if row.network in {*twins, *twins.values()}]
    sensitivities.draw_pairs(results, both, clicked, "bar")
    sensitivities.draw_comparisons(differences[differences["measure"].isin(measures)])
    if against_axis.average_photographs(results)["typicality"].notna().any():
        against_axis.section(
            results, axes=("typicality",), slots=assign_slots(_list_keys(results), twins), leading=False
        )
    else:
        st.caption("With an index, this study would also draw the curves of Figure 9 against typicality.")


def read_differences(results: Results) -> pd.DataFrame:
    """Return the differences twin minus original, with paired intervals."""
    return studies.read_study_results(results).differences


def draw_failures(results: Results) -> None:
    """Draw the worst failures of the antialiased networks: the chart of |Δp| against similarity, and the pairs."""
    st.subheader("Failures of antialiased networks (Figure 13)", anchor="failures")
    if "psnr" not in results.pairs:
        st.caption("Only a study of failures measures how similar the two frames are (PSNR, SSIM). Run one above.")
        return
    twins = list_twins(results)
    keys = _list_keys(results)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            "Networks",
            keys,
            default=[key for key in keys if key in twins.values()] or keys,
            format_func=short,
            key="failing",
        )
        similarity = st.segmented_control(
            "Similarity measure",
            list(SIMILARITIES),
            default="psnr",
            required=True,
            format_func=SIMILARITIES.__getitem__,
            key="likeness",
            bind="query-params",
        )
    pairs = results.pairs[results.pairs["network"].isin(chosen)]
    fig = studies.derive(
        results,
        f"figure 13 {chosen} {similarity}",
        lambda _: failures(pairs, similarity, slots=assign_slots(keys, twins)),
    )
    points = charts.draw(go.Figure(fig), "figure 13", f"|Δp| against {SIMILARITIES[similarity]}")
    if points:
        st.markdown("**The clicked pair**")
        pair_gallery.draw(
            results, _select_pair(pairs, fig.data[points[0]["curve_number"]].name, points[0]["customdata"]), "failure"
        )
    failed_pairs = studies.derive(results, f"worst {chosen}", lambda _: worst(pairs))
    if len(failed_pairs):
        st.markdown("**Worst pairs first**")
        pair_gallery.draw(results, failed_pairs.drop(columns="change"), "worst")


def _select_pair(pairs: pd.DataFrame, curve: str, about: list[str]) -> pd.DataFrame:
    """Return the rows of a clicked point: its curve's network and its customdata (digest, name, protocol, pair)."""
    digest, _, protocol, pair = about
    rows = pairs[(pairs["digest"] == digest) & (pairs["protocol"] == protocol) & (pairs["pair"] == int(pair))]
    return rows[[f"{short(str(network))}, {protocol}" == curve for network in rows["network"]]]


def _list_keys(results: Results) -> list[str]:
    return [str(network["key"]) for network in results.manifest.networks]


def _find_bar(
    measured: list[Measurement], fig: Any, point: dict[str, Any], twins: dict[str, str], measure: str
) -> Measurement | None:
    """Return the measurement that a clicked bar shows.

    The trace says whether the bar is of an original or of a twin. The height says which network it is.
    """
    networks = twins.keys() if fig.data[point["curve_number"]].name == "original" else twins.values()
    heights = ((row, getattr(row.sensitivity, measure)) for row in measured if row.network in networks)
    return next((row for row, y in heights if y == point["y"] and point["x"].startswith(row.protocol)), None)
