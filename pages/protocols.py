"""Protocols page: how often one pixel changes the answer over many photographs (Figures 2 and 6; Table 1)."""

import streamlit as st

from pages.parts.session import state
from pages.parts.sidebar import networks
from pages.parts.studies import measured, studies

st.markdown("##### Protocols: over many photographs, how often does one pixel change the answer?")
networks.offer_weights(state.choice().cards)
figure = st.segmented_control(
    "Figure",
    list(measured.FIGURES),
    default=next(iter(measured.FIGURES)),
    required=True,
    format_func=measured.FIGURES.__getitem__,
    key="figure",
    bind="query-params",
    label_visibility="collapsed",
)
results = studies.section(figure)
if results is not None and figure == "protocols":
    measured.figure_2(results)
    measured.table_1(results)
    measured.compared(results)
    measured.accuracy(results)
    measured.flips(results)
elif results is not None:
    measured.figure_6(results)
if results is not None:
    measured.take_away(results)
