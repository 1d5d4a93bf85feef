"""Downloads: tables, the record that reproduces them, figures, a report, a link."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.exploration import Exploration, curves, report
from pages.parts.session import state

# these buttons would cover the legend on a phone; a drag zooms and a double click resets without them
BUTTONS = ["select2d", "lasso2d", "autoScale2d", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]


def chart_config(name: str) -> dict[str, Any]:
    """Return the plotly config of a figure. Its camera button saves the chosen format, SVG or PNG."""
    kind = state.figure_format()
    return {
        "displaylogo": False,
        "toImageButtonOptions": {"format": kind, "filename": name, "scale": 1 if kind == "svg" else 3},
        "modeBarButtonsToRemove": BUTTONS,
    }


def section(exploration: Exploration) -> None:
    """Draw the downloads of an exploration. Nothing is drawn before the work has ended."""
    st.subheader("Download", anchor="save")
    if not exploration.finished:
        st.caption("Downloads are ready when the measurement has finished.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        stem = report.stem(exploration)
        draw_button("Pairs (CSV)", f"{stem}-pairs.csv", "text/csv", lambda: report.pairs_csv(exploration))
        draw_button("Curves (CSV)", f"{stem}-curves.csv", "text/csv", lambda: curves.curves_csv(exploration))
        draw_button("Record (JSON)", f"{stem}.json", "application/json", lambda: report.record_json(exploration))
        draw_button("Report (HTML)", f"{stem}.html", "text/html", lambda: report.html(exploration))
        choose_figure_format()
    st.caption(
        "The address of this page holds the settings and the example: send it to share them. An uploaded photograph is "
        "not shared. The report is one file with all figures. The record is enough to reproduce all numbers."
    )


def choose_figure_format() -> None:
    """Draw the choice of the format that camera buttons save."""
    st.segmented_control(
        "Save figures as",
        ("png", "svg"),
        default="png",
        required=True,
        key=state.FIGURE_FORMAT,
        format_func=str.upper,
    )


def draw_button(label: str, name: str, mime: str, make: Any) -> None:
    """Draw a download button. ``make`` is called when the file is wanted."""
    st.download_button(label, make, name, mime, on_click="ignore", icon=":material/download:", key=f"save {label}")
