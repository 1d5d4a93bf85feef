"""The end of a study's page: its comparison with another study, and its downloads."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from core.experiments.drawing.style import short
from core.images.protocols.readings import reading_difference
from core.statistics.between import between
from core.statistics.tables import MEASURES
from core.studies import Results, rows
from core.studies.config import get, names
from pages.parts.components import downloads
from pages.parts.components.widgets import plain
from pages.parts.studies import studies

Tables = Mapping[str, Callable[[], pd.DataFrame]]


def section(results: Results, tables: Tables, *more: tuple[Results, Tables]) -> None:
    """Draw the comparison with another study, then the downloads.

    Args:
        tables: title → table, to save as CSV.
        more: further studies of the page, with their tables.
    """
    every = ((results, tables), *more)
    for study, _ in every:
        _draw_other_study(study)
    st.subheader("Download", anchor="save")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for study, tables_of_study in every:
            _draw_buttons(study, tables_of_study, alone=not more)
        downloads.choose_figure_format()
    for study, _ in every:
        path = study.folder / (rows.RESULTS if study.manifest.finished else rows.PARTS)
        st.caption(f"All pairs, one row each: `{path}`. The command that measures them again:")
        st.code(study.manifest.command, language="bash", wrap_lines=True)


def _draw_buttons(study: Results, tables: Tables, *, alone: bool) -> None:
    for title, make in tables.items():
        file = f"{study.folder.name}-{title.lower().replace(' ', '-')}.csv"
        downloads.draw_button(f"{title} (CSV)", file, "text/csv", lambda make=make: make().to_csv(index=False))
    title = "Results (JSON)" if alone else f"Results of {study.folder.name} (JSON)"
    downloads.draw_button(
        title,
        f"{study.folder.name}-results.json",
        "application/json",
        lambda: json.dumps(studies.read_study_results(study).as_dict(), indent=1),
    )


def _draw_other_study(results: Results) -> None:
    """Draw the choice of another finished study, and the differences from it."""
    own, layered = results.folder.resolve(), get(results.manifest.study).layered
    others = [
        study
        for study in studies.list_studies(tuple(name for name in names() if get(name).layered == layered))
        if study.status.state == "finished" and study.status.folder.resolve() != own
    ]
    with st.expander(f"Compare {results.folder.name} with another study", icon=":material/compare_arrows:"):
        st.caption(
            "The same networks on two collections of photographs, or the same photographs in two settings. Photographs "
            "that both studies have are compared in pairs."
        )
        if not others:
            st.caption("There is no other finished study. Run one above.")
            return
        chosen = st.selectbox(
            "The other study",
            others,
            None,
            format_func=lambda study: study.label,
            placeholder="choose one",
            key=f"against {results.folder}",
        )
        if chosen is not None and (other := studies.read_results(chosen.status)) is not None:
            _draw_differences(results, other)


def _draw_differences(results: Results, other: Results) -> None:
    if text := reading_difference(results.manifest.reading, other.manifest.reading):
        st.warning(plain(text), icon=":material/warning:")
    table = studies.derive(results, f"against {studies.key(other)}", lambda r: between(r.pairs, other.pairs))
    if table.empty:
        st.info(
            "The two studies have no network under the same protocol and side. Choose another study.",
            icon=":material/info:",
        )
        return
    shown = pd.DataFrame([_format(row) for _, row in table.iterrows()])
    st.dataframe(shown, hide_index=True, key=f"differences {results.folder}")
    methods = "; ".join(dict.fromkeys(table["method"]))
    sizes = " or ".join(sorted({str(size) for size in table["family_size"]}))
    st.caption(
        plain(
            f"{results.folder.name} minus {other.folder.name}, with its 95 % interval, not corrected; {methods}. p is "
            f"corrected by Holm's method for the {sizes} tests of each measure."
        )
    )


def _format(row: pd.Series[Any]) -> dict[str, str]:
    sides = [None if pd.isna(row[name]) else f"{row[name]} px" for name in ("side", "side_against")]
    side = " against ".join(dict.fromkeys(filter(None, sides)))
    span = "" if pd.isna(row["low"]) else f" [{row['low']:+.3f}, {row['high']:+.3f}]"
    return {
        "network": short(row["network"]),
        "protocol": f"{row['protocol']} {side}".strip(),
        "measure": MEASURES[row["measure"]],
        "this study": f"{row['value']:.3f}",
        "the other": f"{row['value_against']:.3f}",
        "difference": f"{row['difference']:+.3f}{span}",
        "p (Holm)": "no test" if pd.isna(row["p_holm"]) else f"{row['p_holm']:.3g}",
        "photographs": f"{row['photographs']:,}"
        + (", paired" if row["paired"] else f" and {row['photographs_against']:,}"),
    }
