"""Figures of studies on a page, and what was clicked in them."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from pages.parts import save
from pages.parts.widgets import plain


def finding(sentence: str) -> None:
    """In large letters."""
    with st.container(key="finding"):
        st.markdown(plain(sentence))


def draw(fig: go.Figure, key: str, alt: str, *, select: bool = True) -> list[Any]:
    """Drawn; the points that were clicked."""
    more = {"on_select": "rerun", "selection_mode": "points"} if select else {}
    event: Any = st.plotly_chart(fig, key=f"chart {key}", config=save.camera(key.replace(" ", "-")), alt=alt, **more)
    return list(event.selection.points) if select else []
