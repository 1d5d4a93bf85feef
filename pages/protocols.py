"""Protocols page: how often one pixel changes the answer over many photographs (Figures 2 and 6; Table 1)."""

import streamlit as st

from pages.parts.protocols import figures, numbers
from pages.parts.session import state
from pages.parts.sidebar import networks
from pages.parts.studies import studies

st.markdown("##### Protocols: over many photographs, how often does one pixel change the answer?")
networks.offer_weights(state.choice().cards)
figure = st.segmented_control(
    "Figure",
    list(figures.FIGURES),
    default=next(iter(figures.FIGURES)),
    required=True,
    format_func=figures.FIGURES.__getitem__,
    key="figure",
    bind="query-params",
    label_visibility="collapsed",
)
results = studies.section(figure)
if results is not None and figure == "protocols":
    figures.draw_figure_2(results)
    numbers.draw_table_1(results)
    numbers.draw_comparisons(results)
    figures.draw_accuracy(results)
    figures.draw_flips(results)
elif results is not None:
    figures.draw_figure_6(results)
if results is not None:
    numbers.draw_downloads(results)
