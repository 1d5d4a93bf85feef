"""Charts on a page, and the points that were clicked in them."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from pages.parts.components import downloads
from pages.parts.components.widgets import plain


def draw_finding(sentence: str, key: str = "finding") -> None:
    """Draw a sentence in large type. A second one on the same page needs its own ``key``."""
    with st.container(key=key):
        st.markdown(plain(sentence))


def draw(fig: go.Figure, key: str, alt: str, *, select: bool = True) -> list[Any]:
    """Draw a figure and return the points that were clicked."""
    name, config = f"chart {key}", downloads.chart_config(key.replace(" ", "-"))
    if not select:
        st.plotly_chart(fig, key=name, config=config, alt=alt)
        return []
    event: Any = st.plotly_chart(fig, key=name, config=config, alt=alt, on_select="rerun", selection_mode="points")
    return list(event.selection.points)
