"""Results of a study of protocols or embedded sizes: figures, Table 1, networks compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.experiments.drawing.style import short
from core.experiments.figure_02_protocols import figure as bars
from core.experiments.figure_02_protocols.accuracy_figure import against_accuracy
from core.experiments.figure_02_protocols.flips_figure import flips as flips_by_kind
from core.experiments.figure_02_protocols.sentence import sentence as protocols_sentence
from core.experiments.figure_06_embedded_size.figure import embedded_size
from core.experiments.figure_06_embedded_size.sentence import sentence as size_sentence
from core.images import protocols
from core.statistics import comparisons, tables
from core.statistics.accuracy import Accuracy
from core.statistics.tables import MEASURES, Measurement
from core.studies import Results
from pages.parts.components import charts
from pages.parts.components.widgets import plain
from pages.parts.studies import studies
from pages.parts.studies.behind import behind

FIGURES = {"protocols": "Figure 2 and Table 1", "embedded_size": "Figure 6"}
COUPLES = 3  # of networks that are compared in one table; of more, one couple at a time
TWO = ("p_top1_change", "mean_absolute_change")  # the paper's; the third needs no classes


def all_of(results: Results) -> list[Measurement]:
    """Return the sensitivity of every network under every protocol and side."""
    return studies.derived(results, "measured", lambda r: tables.measured(r.pairs))


def figure_2(results: Results) -> None:
    """Draw the sentence, the bars of both measures, and the photographs of a bar."""
    found = all_of(results)
    charts.draw_finding(protocols_sentence(found))
    clicked: list[Measurement] = []
    for column, measure in zip(st.columns(2), measures_of(found), strict=False):
        fig = bars.protocol_bars(found, protocols.names(), measure)
        with column:
            points = charts.draw(fig, f"figure 2 {measure}", MEASURES[measure])
        made = bars.bars(found)
        for point in points:
            slot = str(fig.data[point["curve_number"]].offsetgroup)
            clicked += [
                one for one, bar in zip(found, made, strict=True) if (str(bar.slot), bar.protocol) == (slot, point["x"])
            ]
    behind_measured(results, found, clicked, "bar")


def figure_6(results: Results) -> None:
    """Draw the sentence, the curves against size, and the photographs of a point."""
    found = all_of(results)
    charts.draw_finding(size_sentence(found))
    share = st.toggle("Size as a share of the input", key="share", bind="query-params")
    sizes = {one["key"]: one["preprocessing"]["crop"] for one in results.manifest.networks} if share else None
    clicked: list[Measurement] = []
    for column, measure in zip(st.columns(2), measures_of(found), strict=False):
        fig = embedded_size(found, measure, sizes=sizes)
        with column:
            points = charts.draw(fig, f"figure 6 {measure}", f"{MEASURES[measure]} against size")
        for point in points:
            name = fig.data[point["curve_number"]].name
            clicked += [one for one in found if short(one.network) == name and _near(one, point["x"], sizes)]
    behind_measured(results, found, clicked, "point")


def _near(one: Measurement, x: float, sizes: dict[str, int] | None) -> bool:
    scale = 100 / sizes[one.network] if sizes else 1.0
    return one.side is not None and abs(scale * one.side - x) < 1e-6


def table_1(results: Results) -> None:
    """Draw the study's numbers as the paper's Table 1."""
    st.subheader("Table 1", anchor="table-1")
    table = studies.derived(results, "table 1", lambda _: tables.table_1(all_of(results)))
    if table.empty:
        st.caption("Networks without classes have no P(top-1 change): see their representation change.")
        return
    with st.container(key="table-1"):
        shown = table.rename(columns=short).reset_index()
        shown["protocol"] = [text.split(", step ")[0] for text in shown["protocol"]]  # one step in all, said below
        st.table(shown, border="horizontal", hide_index=True)
    st.caption(plain(tables.about(all_of(results))))


def compared(results: Results) -> None:
    """Draw the comparison of two networks on the same frames."""
    st.subheader("Networks compared, on the same frames", anchor="compared")
    table = _comparisons(results)
    if table.empty:
        st.caption("A comparison needs two networks that share pairs.")
        return
    shown = table[table["measure"].isin(measures_of(all_of(results)))]
    couples = list(dict.fromkeys(zip(shown["first"], shown["second"], strict=True)))
    if len(couples) > COUPLES:
        two = st.selectbox("Which two", couples, format_func=lambda c: " and ".join(map(short, c)), key="which two")
        shown = shown[(shown["first"] == two[0]) & (shown["second"] == two[1])]
    compared_table(shown, len(table))


def compared_table(shown: pd.DataFrame, together: int) -> None:
    """Draw rows of ``core.statistics.comparisons.comparisons``. ``together`` is how many were corrected together."""
    rows = [_compared(row) for _, row in shown.iterrows()]
    with st.container(key="comparisons"):
        st.table(pd.DataFrame(rows), border="horizontal", hide_index=True)
    methods = "; ".join(dict.fromkeys(shown["method"]))
    frames = "; ".join(dict.fromkeys(shown["frames"]))
    st.caption(f"Second minus first, 95 % interval; {methods}; {frames}; p corrected by Holm for {together} together.")


def _compared(row: pd.Series[Any]) -> dict[str, str]:
    side = "" if pd.isna(row["side"]) else f" {row['side']} px"
    span = "" if pd.isna(row["low"]) else f" [{row['low']:+.3f}, {row['high']:+.3f}]"
    return {
        "protocol": f"{row['protocol']}{side}",
        "measure": MEASURES[row["measure"]],
        "first": f"{short(row['first'])} {row['value_first']:.3f}",
        "second": f"{short(row['second'])} {row['value_second']:.3f}",
        "difference": f"{row['difference']:+.3f}{span}",
        "p (Holm)": "" if pd.isna(row["p_holm"]) else f"{row['p_holm']:.3g}",
        "pairs": f"{row['pairs']:,}",
        "photographs": f"{row['photographs']:,}",
    }


def accuracy(results: Results) -> None:
    """Draw sensitivity against accuracy."""
    st.subheader("Sensitivity against accuracy", anchor="accuracy")
    charts.draw(
        against_accuracy(all_of(results), _accuracies(results)),
        "accuracy",
        "P(top-1 change) against accuracy",
        select=False,
    )


def flips(results: Results) -> None:
    """Draw the shares of right and wrong flips."""
    st.subheader("What changes into what", anchor="flips")
    found = all_of(results)
    if any(one.sensitivity.flips for one in found):
        charts.draw(flips_by_kind(found), "flips", "Flips by kind", select=False)
    else:
        st.caption("The right class of no photograph is known, so flips are not split into right and wrong.")


def take_away(results: Results) -> None:
    """Draw the downloads of the study's tables."""
    found, right = all_of(results), _accuracies(results)
    measures, compared = (lambda: tables.tidy(found, right)), (lambda: comparisons.comparisons(results.pairs))
    studies.take_away(results, {"Measures": measures, "Comparisons": compared})


def _accuracies(results: Results) -> dict[str, Accuracy]:
    return studies.derived(results, "accuracies", lambda r: tables.accuracies(r.photographs))


def _comparisons(results: Results) -> pd.DataFrame:
    return studies.derived(results, "comparisons", lambda r: comparisons.comparisons(r.pairs))


def measures_of(found: Sequence[Measurement]) -> list[str]:
    """Return the measures to draw: the paper's two, or representation change for networks without classes."""
    known = [one.sensitivity.p_top1_change is not None for one in found]
    return [*(TWO if any(known) else ()), *(() if all(known) else ["representation_change"])]


def behind_measured(results: Results, found: Sequence[Measurement], clicked: Sequence[Measurement], what: str) -> None:
    """Draw the photographs that were clicked, or chosen in the list by keyboard or on a phone."""
    names = [f"{short(one.network)}, {one.settings}" for one in found]
    first = names.index(f"{short(clicked[-1].network)}, {clicked[-1].settings}") if clicked else None
    name = st.selectbox(
        f"The photographs behind a {what}",
        names,
        first,
        placeholder=f"click a {what}, or choose one",
        key=f"behind {what} {first}",
    )
    if name is None:
        return
    one = found[names.index(name)]
    behind(results, tables.rows_of(results.pairs, one), f"{what} {names.index(name)}")
