"""Networks beside their antialiased twins (Figure 9), and the twins' failures (Figure 13)."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.experiments.drawing.style import assign_slots
from core.experiments.figure_09_13_antialiasing.failures_figure import failures
from core.experiments.figure_09_13_antialiasing.figure import antialiasing
from core.experiments.figure_09_13_antialiasing.sentence import sentence
from core.networks.card import short
from core.networks.variants.twins import antialiased_pairs
from core.statistics.comparisons import comparisons
from core.statistics.ranking import worst
from core.statistics.tables import MEASURES, Measurement
from core.studies import Results
from pages.parts.components import charts
from pages.parts.studies import against_axis, pair_gallery, sensitivities, studies

LIKENESS = {"psnr": "PSNR", "ssim": "SSIM"}


def twins_of(results: Results) -> dict[str, str]:
    """Return a mapping of each original to its antialiased twin, among the study's networks."""
    return antialiased_pairs([one["key"] for one in results.manifest.networks])


def section(results: Results) -> None:
    """Draw the sentence, the bars, the paired differences and the curves against typicality."""
    twins = twins_of(results)
    if not twins:
        st.info(
            "No network of this study has its trained antialiased twin beside it. Choose one in the sidebar whose twin "
            "is here too, and run the study again.",
            icon=":material/info:",
        )
        return
    compared = difference_table(results)
    found = sensitivities.compute(results)
    shown = sensitivities.choose_measures(found)
    charts.finding(sentence(compared, shown[0]))
    clicked: list[Measurement] = []
    for column, measure in zip(st.columns(2), shown, strict=False):
        fig = antialiasing(found, twins, measure)
        with column:
            points = charts.draw(fig, f"figure 9 {measure}", MEASURES[measure])
        clicked += [one for point in points if (one := _bar(found, fig, point, twins, measure)) is not None]
    both = [one for one in found if one.network in {*twins, *twins.values()}]
    sensitivities.draw_pairs(results, both, clicked, "bar")
    sensitivities.draw_comparisons(compared[compared["measure"].isin(shown)], len(compared))
    if against_axis.average_photographs(results)["typicality"].notna().any():
        against_axis.section(results, axes=("typicality",), slots=assign_slots(_keys(results), twins), leading=False)
    else:
        st.caption("With an index, this study would also draw the curves of Figure 9 against typicality.")


def difference_table(results: Results) -> pd.DataFrame:
    """Return the differences twin minus original, with paired intervals."""
    return studies.derive(results, "twins", lambda r: comparisons(r.pairs, couples=list(twins_of(r).items())))


def failed(results: Results) -> None:
    """Draw the worst failures of the antialiased networks: the chart of |Δp| against similarity, and the pairs."""
    st.subheader("Failures of antialiased networks (Figure 13)", anchor="failures")
    if "psnr" not in results.pairs:
        st.caption("A study of failures also measures how alike the two frames are (PSNR, SSIM): run one above.")
        return
    twins = twins_of(results)
    keys = _keys(results)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            "Networks",
            keys,
            default=[key for key in keys if key in twins.values()] or keys,
            format_func=short,
            key="failing",
        )
        like = st.segmented_control(
            "How alike by",
            list(LIKENESS),
            default="psnr",
            required=True,
            format_func=LIKENESS.__getitem__,
            key="likeness",
            bind="query-params",
        )
    pairs = results.pairs[results.pairs["network"].isin(chosen)]
    fig = studies.derive(
        results, f"figure 13 {chosen} {like}", lambda _: failures(pairs, like, slots=assign_slots(keys, twins))
    )
    points = charts.draw(go.Figure(fig), "figure 13", f"|Δp| against {LIKENESS[like]}")
    if points:
        st.markdown("**The pair that was clicked**")
        pair_gallery.draw(
            results, _pair(pairs, fig.data[points[0]["curve_number"]].name, points[0]["customdata"]), "failure"
        )
    bad = studies.derive(results, f"worst {chosen}", lambda _: worst(pairs))
    if len(bad):
        st.markdown("**The worst, first**")
        pair_gallery.draw(results, bad.drop(columns="change"), "worst")


def _pair(pairs: pd.DataFrame, curve: str, about: list[str]) -> pd.DataFrame:
    """Return the rows of a clicked point: its curve's network and its customdata (digest, name, protocol, pair)."""
    digest, _, protocol, pair = about
    rows = pairs[(pairs["digest"] == digest) & (pairs["protocol"] == protocol) & (pairs["pair"] == int(pair))]
    return rows[[f"{short(str(network))}, {protocol}" == curve for network in rows["network"]]]


def _keys(results: Results) -> list[str]:
    return [str(one["key"]) for one in results.manifest.networks]


def _bar(
    found: list[Measurement], fig: Any, point: dict[str, Any], twins: dict[str, str], measure: str
) -> Measurement | None:
    """Return the measurement that a clicked bar shows.

    The trace tells original or twin; the height tells which network.
    """
    networks = twins.keys() if fig.data[point["curve_number"]].name == "original" else twins.values()
    heights = ((one, getattr(one.sensitivity, measure)) for one in found if one.network in networks)
    return next((one for one, y in heights if y == point["y"] and point["x"].startswith(one.protocol)), None)
